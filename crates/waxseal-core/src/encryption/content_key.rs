//! A key for `A256CBC-HS512` (RFC 7518, section 5.2.5).

use alloc::{boxed::Box, vec::Vec};

use aes::Aes256;
use cbc::{
    Decryptor, Encryptor,
    cipher::{
        Array, BlockModeDecrypt as _, BlockModeEncrypt as _, InnerIvInit as _, KeyInit as _,
        block_padding::{Padding as _, Pkcs7},
        consts::{U32, U64},
    },
};
use ctutils::CtEq as _;
use hmac::{Hmac, Mac as _};
use sha2::Sha512;
use zeroize::Zeroizing;

/// The bytes of a key: one half for HMAC, one for AES.
pub(crate) const KEY_LEN: usize = 64;
pub(crate) const IV_LEN: usize = 16;
pub(super) const TAG_LEN: usize = 32;

/// The bytes of a block of AES.
const BLOCK_LEN: usize = 16;

/// Wiped from memory when dropped; boxed, so that a move of the key leaves no copy behind.
pub(crate) struct ContentKey(Box<Keyed>);

struct Keyed {
    hmac: Hmac<Sha512>,
    aes: Aes256,
}

impl ContentKey {
    pub(crate) fn new(key: &[u8; KEY_LEN]) -> Self {
        // The first half is for HMAC, the second for AES (RFC 7518, section 5.2.2.1).
        let key: &Array<u8, U64> = key.into();
        let (mac, encryption) = key.split_ref::<U32>();
        // HMAC pads a key to a block of 128 bytes with zeros (RFC 2104, section 2).
        let mut block = Zeroizing::new([0; 128]);
        block.iter_mut().zip(mac).for_each(|(to, from)| *to = *from);
        let hmac = Hmac::new((&*block).into());
        Self(Box::new(Keyed { hmac, aes: Aes256::new(encryption) }))
    }

    /// The ciphertext and the tag. The header is authenticated, too.
    pub(super) fn encrypt(
        &self,
        header: &[u8],
        iv: &[u8; IV_LEN],
        mut text: Vec<u8>,
    ) -> (Vec<u8>, [u8; TAG_LEN]) {
        // PKCS #7: from 1 to 16 bytes, each the number of them (RFC 5652, section 6.3).
        let padding = BLOCK_LEN.saturating_sub(text.len() % BLOCK_LEN);
        let length = text.len().saturating_add(padding);
        text.resize(length, u8::try_from(padding).unwrap_or(0));
        let (blocks, _) = Array::slice_as_chunks_mut(&mut text);
        Encryptor::inner_iv_init(&self.0.aes, iv.into()).encrypt_blocks(blocks);
        let tag = self.tag(header, iv, &text);
        (text, tag)
    }

    /// The text; `None` if the tag differs. It is compared in constant time, before anything is
    /// decrypted.
    pub(super) fn decrypt(
        &self,
        header: &[u8],
        iv: &[u8; IV_LEN],
        mut ciphertext: Vec<u8>,
        tag: &[u8; TAG_LEN],
    ) -> Option<Vec<u8>> {
        if !self.tag(header, iv, &ciphertext).ct_eq(tag).to_bool() {
            return None;
        }
        let mut decryptor = Decryptor::inner_iv_init(&self.0.aes, iv.into());
        let (blocks, rest) = Array::slice_as_chunks_mut(&mut ciphertext);
        if !rest.is_empty() {
            return None;
        }
        if cfg!(feature = "std") {
            decryptor.decrypt_blocks(blocks);
        } else {
            // Block by block, without the code that decrypts several at the same time: 7 KB less.
            for block in &mut *blocks {
                decryptor.decrypt_block(block);
            }
        }
        let length = Pkcs7::unpad_blocks(blocks).ok()?.len();
        ciphertext.truncate(length);
        Some(ciphertext)
    }

    /// The first half of the HMAC of the header, the IV, the ciphertext, and the header's length
    /// in bits.
    fn tag(&self, header: &[u8], iv: &[u8; IV_LEN], ciphertext: &[u8]) -> [u8; TAG_LEN] {
        let bits = u64::try_from(header.len()).unwrap_or(u64::MAX).saturating_mul(8);
        let mut hmac = self.0.hmac.clone();
        for part in [header, iv, ciphertext, &bits.to_be_bytes()] {
            hmac.update(part);
        }
        let (tag, _) = hmac.finalize().into_bytes().split::<U32>();
        tag.into()
    }
}
