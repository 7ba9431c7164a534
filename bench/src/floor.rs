//! The floor, the minimum cost of a session: the blocks of SHA-256 that the HMAC of the token needs
//! with precomputed key states, the base64, and a parse of the claims into a struct that borrows.
//! For sealing: the JSON, the base64, and the blocks.

use std::hint::black_box;

use base64::{
    Engine as _, decoded_len_estimate,
    engine::{general_purpose::NO_PAD, simd::Simd},
};
use serde::Deserialize;
use sha2::block_api::compress256;

use crate::{
    ours,
    rounds::Rounds,
    subject::{NOW, data},
};

pub(crate) const MAC: &str = "floor: MAC";
pub(crate) const OPEN: &str = "floor: open";
pub(crate) const SAVE: &str = "floor: save";

#[derive(Deserialize)]
#[allow(dead_code)]
pub(crate) struct Borrowed<'a> {
    iat: u64,
    exp: u64,
    pub(crate) username: &'a str,
    #[serde(borrow)]
    cart: &'a serde_json::value::RawValue,
    csrf: &'a str,
}

/// One token, prepared for hashing and decoding at minimum cost.
pub(crate) struct Floor {
    /// The signed bytes, padded.
    inner: Vec<[u8; 64]>,
    outer: [u8; 64],
    claims: String,
    decoded: Vec<u8>,
    base64: Simd,
}

impl Floor {
    /// Prepares the token in a `Cookie` header.
    pub(crate) fn new(header: &str) -> Self {
        let token = header.split_once('=').expect("a cookie").1;
        let message = token.rsplit_once('.').expect("a token").0;
        let claims: String = message.split_once('.').expect("a token").1.into();
        let decoded = vec![0; decoded_len_estimate(claims.len())];
        let inner = padded(message.as_bytes());
        Self { inner, outer: [0; 64], claims, decoded, base64: Simd::url_safe(NO_PAD) }
    }

    /// Hashes the blocks of the HMAC.
    #[inline(never)]
    pub(crate) fn mac(&mut self) -> [u32; 8] {
        // The cost is the same for any state.
        let mut state = [0x6a09_e667; 8];
        compress256(&mut state, &self.inner);
        for (to, from) in self.outer.chunks_mut(4).zip(state) {
            to.copy_from_slice(&from.to_be_bytes());
        }
        let mut state = [0xbb67_ae85; 8];
        compress256(&mut state, std::slice::from_ref(&self.outer));
        state
    }

    /// Decodes and parses the claims, after hashing.
    pub(crate) fn claims(&mut self) -> &[u8] {
        black_box(self.mac());
        let len = self.base64.decode_slice(&self.claims, &mut self.decoded).expect("base64");
        &self.decoded[..len]
    }
}

/// The padded blocks of a message after the key block.
fn padded(message: &[u8]) -> Vec<[u8; 64]> {
    let mut bytes = message.to_vec();
    bytes.push(0x80);
    while bytes.len() % 64 != 56 {
        bytes.push(0);
    }
    bytes.extend_from_slice(&((message.len() as u64 + 64) * 8).to_be_bytes());
    bytes.chunks(64).map(|block| block.try_into().expect("whole blocks")).collect()
}

pub(crate) fn add(rounds: &mut Rounds) {
    let header = ours::cookie(&ours::sealer(), NOW);
    let mut floor = Floor::new(&header);
    rounds.add("reject", MAC, move || floor.mac());

    let mut floor = Floor::new(&header);
    rounds.add("open", OPEN, move || {
        let borrowed: Borrowed<'_> = serde_json::from_slice(floor.claims()).unwrap();
        black_box(&borrowed);
    });

    let (mut floor, data) = (Floor::new(&header), data());
    rounds.add("save", SAVE, move || {
        let json = serde_json::to_vec(&data).unwrap();
        let encoded = floor.base64.encode(&json);
        let state = floor.mac();
        (encoded, floor.base64.encode(&floor.outer[..32]), state)
    });
}
