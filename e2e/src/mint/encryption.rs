//! Encrypted tokens: RFC 7516 and RFC 7518, section 5.2, over single blocks of AES.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use aes::{
    Aes256,
    cipher::{BlockCipherDecrypt as _, BlockCipherEncrypt as _, KeyInit as _},
};
use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, Mac as _};
use sha2::Sha512;

/// The token of `claims` under a key of 64 bytes.
pub(super) fn token(key: &[u8], header: &str, claims: &[u8]) -> String {
    let mut text = claims.to_vec();
    let padding = 16 - text.len() % 16;
    text.resize(text.len() + padding, u8::try_from(padding).expect("at most 16"));
    token_of_blocks(key, header, &text)
}

/// The token of `text`, which has whole blocks, with or without a padding.
pub(super) fn token_of_blocks(key: &[u8], header: &str, text: &[u8]) -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let (mac, encryption) = key.split_at(32);
    let aes = Aes256::new_from_slice(encryption).expect("32 bytes");
    let mut iv = [0x5a; 16];
    iv[..8].copy_from_slice(&NEXT.fetch_add(1, Relaxed).to_be_bytes());
    let (mut last, mut ciphertext) = (iv, Vec::new());
    for block in text.chunks(16) {
        last.iter_mut().zip(block).for_each(|(byte, of_text)| *byte ^= of_text);
        let mut block = last.into();
        aes.encrypt_block(&mut block);
        last = block.into();
        ciphertext.extend(last);
    }
    let header = BASE64URL_NOPAD.encode(header.as_bytes());
    let bits = (header.len() as u64 * 8).to_be_bytes();
    let message = [header.as_bytes(), &iv, &ciphertext, &bits].concat();
    let tag = Hmac::<Sha512>::new_from_slice(mac).expect("a key of any length");
    let tag = tag.chain_update(message).finalize().into_bytes();
    let [iv, ciphertext, tag] =
        [&iv[..], &ciphertext, &tag[..32]].map(|part| BASE64URL_NOPAD.encode(part));
    format!("{header}..{iv}.{ciphertext}.{tag}")
}

/// The text of a token, with its padding.
pub(super) fn text_of_blocks(key: &[u8], token: &str) -> Vec<u8> {
    let parts: Vec<_> = token.split('.').collect();
    let [_, _, iv, ciphertext, _] = parts[..] else { panic!("five parts") };
    let [iv, ciphertext] =
        [iv, ciphertext].map(|part| BASE64URL_NOPAD.decode(part.as_bytes()).expect("base64url"));
    let aes = Aes256::new_from_slice(&key[32..]).expect("32 bytes");
    let before = iv.chunks(16).chain(ciphertext.chunks(16));
    let decrypt = |(block, before): (&[u8], &[u8])| {
        let mut block = block.try_into().expect("a block");
        aes.decrypt_block(&mut block);
        block.iter().zip(before).map(|(byte, before)| byte ^ before).collect::<Vec<_>>()
    };
    ciphertext.chunks(16).zip(before).flat_map(decrypt).collect()
}
