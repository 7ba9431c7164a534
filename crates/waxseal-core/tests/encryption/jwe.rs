//! The second implementation: RFC 7516 and RFC 7518, section 5.2, over single blocks of AES.

use aes::{
    Aes256,
    cipher::{BlockCipherDecrypt as _, BlockCipherEncrypt as _, KeyInit as _},
};
use hmac::{Hmac, Mac as _};
use sha2::{Sha256, Sha512};

use super::support::{SECRET, b64, unb64_bytes};

/// Encrypts and decrypts any claims.
pub struct Jwe {
    key: [u8; 64],
    pub header: String,
}

fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    Hmac::<Sha256>::new_from_slice(key)
        .unwrap()
        .chain_update(message)
        .finalize()
        .into_bytes()
        .into()
}

impl Jwe {
    pub fn own() -> Self {
        Self::derived("__Host-session")
    }

    /// HKDF (RFC 5869) by hand.
    pub fn derived(context: &str) -> Self {
        let prk = hmac(&[0; 32], SECRET);
        let info = [b"waxseal/1 A256CBC-HS512\0", context.as_bytes()].concat();
        let first = hmac(&prk, &[&info, &[1][..]].concat());
        let second = hmac(&prk, &[&first[..], &info, &[2]].concat());
        let kid = hmac(&prk, &[b"waxseal/1 kid enc\0", context.as_bytes(), &[1]].concat());
        let key = [first, second].concat().try_into().unwrap();
        Self::with_key(key, &b64(&kid[..6]))
    }

    pub fn with_key(key: [u8; 64], kid: &str) -> Self {
        Self { key, header: format!(r#"{{"alg":"dir","enc":"A256CBC-HS512","kid":"{kid}"}}"#) }
    }

    pub fn token(&self, claims: impl AsRef<[u8]>) -> String {
        self.token_with(&self.header, claims)
    }

    pub fn token_with(&self, header: &str, claims: impl AsRef<[u8]>) -> String {
        let mut text = claims.as_ref().to_vec();
        let padding = 16 - text.len() % 16;
        text.resize(text.len() + padding, u8::try_from(padding).unwrap());
        self.padded(header, &text)
    }

    /// A token whose text is padded already, rightly or not.
    pub fn padded(&self, header: &str, text: &[u8]) -> String {
        let aes = Aes256::new_from_slice(&self.key[32..]).unwrap();
        let (header, iv) = (b64(header), [7; 16]);
        let (mut last, mut ciphertext) = (iv, Vec::new());
        for block in text.chunks(16) {
            for (byte, of_text) in last.iter_mut().zip(block) {
                *byte ^= of_text;
            }
            let mut block = last.into();
            aes.encrypt_block(&mut block);
            last = block.into();
            ciphertext.extend(last);
        }
        let tag = self.tag(&header, &iv, &ciphertext);
        format!("{header}..{}.{}.{}", b64(iv), b64(ciphertext), b64(tag))
    }

    /// The claims, if the tag is right.
    pub fn claims(&self, token: &str) -> Option<String> {
        let parts: Vec<_> = token.split('.').collect();
        let [header, "", iv, ciphertext, tag] = parts[..] else { return None };
        let [iv, ciphertext, tag] = [iv, ciphertext, tag].map(unb64_bytes);
        if self.tag(header, &iv, &ciphertext) != tag[..] {
            return None;
        }
        let aes = Aes256::new_from_slice(&self.key[32..]).unwrap();
        let (mut last, mut text) = (iv, Vec::new());
        for block in ciphertext.chunks(16) {
            let mut plain = <[u8; 16]>::try_from(block).unwrap().into();
            aes.decrypt_block(&mut plain);
            text.extend(plain.iter().zip(&last).map(|(byte, of_last)| byte ^ of_last));
            last = block.to_vec();
        }
        text.truncate(text.len() - usize::from(*text.last().unwrap()));
        String::from_utf8(text).ok()
    }

    fn tag(&self, header: &str, iv: &[u8], ciphertext: &[u8]) -> [u8; 32] {
        let bits = (header.len() as u64 * 8).to_be_bytes();
        let message = [header.as_bytes(), iv, ciphertext, &bits].concat();
        let mac = Hmac::<Sha512>::new_from_slice(&self.key[..32]).unwrap().chain_update(message);
        mac.finalize().into_bytes()[..32].try_into().unwrap()
    }
}
