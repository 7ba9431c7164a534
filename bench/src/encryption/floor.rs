//! The floor of an encrypted session: the blocks of SHA-512 that the HMAC needs with precomputed
//! key states, the blocks of AES-256-CBC with a key that is already expanded, the base64, and a
//! parse of the claims into a struct that borrows. For sealing: the JSON, the padding, the blocks
//! and the base64.

use std::hint::black_box;

use aes::Aes256;
use base64::{
    Engine as _,
    engine::{general_purpose::NO_PAD, simd::Simd},
};
use cbc::{
    Decryptor, Encryptor,
    cipher::{Array, BlockModeDecrypt as _, BlockModeEncrypt as _, InnerIvInit as _, KeyInit as _},
};
use sha2::block_api::compress512;

use super::{encrypted, token};
use crate::{floor::Borrowed, rounds::Rounds, subject::data};

pub(crate) const MAC: &str = "floor: encrypted MAC";
pub(crate) const OPEN: &str = "floor: encrypted open";
pub(crate) const SAVE: &str = "floor: encrypted save";

/// One token, prepared for hashing and decrypting at minimum cost.
pub(super) struct Floor {
    /// The authenticated bytes, padded.
    inner: Vec<[u8; 128]>,
    outer: [u8; 128],
    /// The encoded parts.
    iv: String,
    ciphertext: String,
    tag: String,
    /// Their buffers.
    bytes: Bytes,
    encoded: [u8; 1024],
    aes: Aes256,
    base64: Simd,
}

struct Bytes {
    iv: [u8; 16],
    tag: [u8; 32],
    text: Vec<u8>,
}

impl Floor {
    /// Prepares a token. The key is another one: the cost is the same for any key.
    pub(super) fn new(token: &str) -> Self {
        let base64 = Simd::url_safe(NO_PAD);
        let parts: Vec<&str> = token.split('.').collect();
        let [header, "", iv, ciphertext, tag] = parts[..] else { panic!("a token") };
        let decode = |part: &str| base64.decode(part).expect("base64");
        let bits = (header.len() as u64 * 8).to_be_bytes();
        let message = [header.as_bytes(), &decode(iv), &decode(ciphertext), &bits].concat();
        let text = decode(ciphertext);
        let bytes = Bytes { iv: decode(iv).try_into().unwrap(), tag: [0; 32], text };
        Self {
            inner: padded(&message),
            outer: [0; 128],
            iv: iv.into(),
            ciphertext: ciphertext.into(),
            tag: tag.into(),
            bytes,
            encoded: [0; 1024],
            aes: Aes256::new(&[7; 32].into()),
            base64,
        }
    }

    /// As [`new`](Self::new), with a ciphertext of `claims` that the floor's key decrypts.
    fn of(token: &str, claims: &[u8]) -> Self {
        let mut floor = Self::new(token);
        assert_eq!(floor.bytes.text.len(), claims.len().next_multiple_of(16));
        let padding = floor.bytes.text.len() - claims.len();
        floor.bytes.text.fill(u8::try_from(padding).unwrap());
        floor.bytes.text[..claims.len()].copy_from_slice(claims);
        floor.encrypt();
        floor.ciphertext = floor.base64.encode(&floor.bytes.text);
        floor
    }

    /// The bytes of the ciphertext.
    pub(super) fn ciphertext(&self) -> usize {
        self.bytes.text.len()
    }

    /// The blocks of SHA-512, with the outer one.
    pub(super) fn blocks(&self) -> usize {
        self.inner.len() + 1
    }

    /// Hashes the blocks of the HMAC.
    #[inline(never)]
    fn mac(&mut self) -> [u64; 8] {
        // The cost is the same for any state.
        let mut state = [0x6a09_e667_f3bc_c908; 8];
        compress512(&mut state, &self.inner);
        for (to, from) in self.outer.chunks_mut(8).zip(state) {
            to.copy_from_slice(&from.to_be_bytes());
        }
        let mut state = [0xbb67_ae85_84ca_a73b; 8];
        compress512(&mut state, std::slice::from_ref(&self.outer));
        state
    }

    /// Hashes, decodes and decrypts.
    fn claims(&mut self) -> &[u8] {
        let Bytes { iv, tag, text } = &mut self.bytes;
        self.base64.decode_slice(&self.iv, iv).expect("base64");
        self.base64.decode_slice(&self.tag, tag).expect("base64");
        self.base64.decode_slice(&self.ciphertext, text).expect("base64");
        black_box(self.mac());
        let Bytes { iv, text, .. } = &mut self.bytes;
        let (blocks, _) = Array::slice_as_chunks_mut(text);
        Decryptor::inner_iv_init(&self.aes, (&*iv).into()).decrypt_blocks(blocks);
        let padding = text.last().map_or(0, |padding| usize::from(*padding));
        &text[..text.len() - padding]
    }

    fn encrypt(&mut self) {
        let Bytes { iv, text, .. } = &mut self.bytes;
        let (blocks, _) = Array::slice_as_chunks_mut(text);
        Encryptor::inner_iv_init(&self.aes, (&*iv).into()).encrypt_blocks(blocks);
    }

    /// Pads, encrypts, hashes and encodes.
    fn seal(&mut self, json: &[u8]) -> &[u8] {
        let text = &mut self.bytes.text;
        text[..json.len()].copy_from_slice(json);
        text[json.len()..].fill(1);
        self.encrypt();
        black_box(self.mac());
        let mut at = 0;
        let Bytes { iv, tag, text } = &self.bytes;
        for part in [&iv[..], text, tag] {
            at += self.base64.encode_slice(part, &mut self.encoded[at..]).expect("room");
        }
        &self.encoded[..at]
    }
}

/// The padded blocks of a message after the key block.
fn padded(message: &[u8]) -> Vec<[u8; 128]> {
    let mut bytes = message.to_vec();
    bytes.push(0x80);
    while bytes.len() % 128 != 112 {
        bytes.push(0);
    }
    bytes.extend_from_slice(&((message.len() as u128 + 128) * 8).to_be_bytes());
    bytes.chunks(128).map(|block| block.try_into().expect("whole blocks")).collect()
}

pub(super) fn add(rounds: &mut Rounds) {
    let token = token(&encrypted());
    let mut floor = Floor::new(&token);
    rounds.add("encrypted reject", MAC, move || floor.mac());

    let mut floor = Floor::of(&token, &claims());
    rounds.add("encrypted open", OPEN, move || {
        let borrowed: Borrowed<'_> = serde_json::from_slice(floor.claims()).unwrap();
        black_box(&borrowed);
    });

    let (mut floor, data) = (Floor::new(&token), data());
    rounds.add("encrypted save", SAVE, move || {
        let json = serde_json::to_vec(&data).unwrap();
        black_box(floor.seal(&json));
    });
}

/// The claims of the session: those of the signed token.
fn claims() -> Vec<u8> {
    let token = super::token(&crate::ours::sealer());
    let claims = token.split('.').nth(1).expect("a token");
    Simd::url_safe(NO_PAD).decode(claims).expect("base64")
}
