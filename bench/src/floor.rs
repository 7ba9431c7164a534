//! What nobody can avoid: the blocks of SHA-256 that this token's HMAC needs
//! when the keyed states are kept, the base64, and a parse of the claims into a
//! struct that borrows; for sealing, the JSON written, the base64, the blocks.

use data_encoding::BASE64URL_NOPAD;
use serde::Deserialize;
use sha2::block_api::compress256;

use crate::{
    ours,
    rounds::Rounds,
    subject::{NOW, data},
};

#[derive(Deserialize)]
#[allow(dead_code)]
struct Borrowed<'a> {
    iat: u64,
    exp: u64,
    username: &'a str,
    #[serde(borrow)]
    cart: &'a serde_json::value::RawValue,
    csrf: &'a str,
}

/// The blocks of a message behind a keyed block, padded.
pub(crate) fn blocks(message: &[u8]) -> Vec<[u8; 64]> {
    let mut bytes = message.to_vec();
    bytes.push(0x80);
    while bytes.len() % 64 != 56 {
        bytes.push(0);
    }
    bytes.extend_from_slice(&((message.len() as u64 + 64) * 8).to_be_bytes());
    bytes.chunks(64).map(|block| block.try_into().unwrap()).collect()
}

#[inline(never)]
pub(crate) fn mac(inner: &[[u8; 64]], outer: &mut [u8; 64]) -> [u32; 8] {
    // Any state costs the same.
    let mut state = [0x6a09_e667; 8];
    compress256(&mut state, inner);
    for (to, from) in outer.chunks_mut(4).zip(state) {
        to.copy_from_slice(&from.to_be_bytes());
    }
    let mut state = [0xbb67_ae85; 8];
    compress256(&mut state, std::slice::from_ref(outer));
    state
}

pub(crate) fn add(rounds: &mut Rounds) {
    let header = ours::cookie(&ours::sealer(), NOW);
    let token = header.split_once('=').unwrap().1.to_owned();
    let (message, _) = token.rsplit_once('.').unwrap();
    let claims = message.split_once('.').unwrap().1.to_owned();
    println!("token {} characters, {} blocks", token.len(), blocks(message.as_bytes()).len() + 1);

    let (inner, mut outer) = (blocks(message.as_bytes()), [0; 64]);
    rounds.add("reject", "floor: MAC", move || mac(&inner, &mut outer));

    let (inner, mut outer) = (blocks(message.as_bytes()), [0; 64]);
    let encoded = claims.clone();
    rounds.add("open", "floor: open", move || {
        let state = mac(&inner, &mut outer);
        let mut buffer = [0; 512];
        let buffer = &mut buffer[..BASE64URL_NOPAD.decode_len(encoded.len()).unwrap()];
        BASE64URL_NOPAD.decode_mut(encoded.as_bytes(), buffer).unwrap();
        let borrowed: Borrowed<'_> = serde_json::from_slice(buffer).unwrap();
        std::hint::black_box(&borrowed);
        state
    });

    let (inner, mut outer) = (blocks(message.as_bytes()), [0; 64]);
    let data = data();
    rounds.add("save", "floor: save", move || {
        let json = serde_json::to_vec(&data).unwrap();
        let encoded = BASE64URL_NOPAD.encode(&json);
        let state = mac(&inner, &mut outer);
        (encoded, BASE64URL_NOPAD.encode(&outer[..32]), state)
    });
}
