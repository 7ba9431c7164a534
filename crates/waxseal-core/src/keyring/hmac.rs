//! HMAC-SHA-256 (RFC 2104) whose key is hashed once, and not again for each token.
//!
//! The `hmac` crate keeps the same two states, but copies and wipes them with two buffers
//! for each message. `scripts/bench`: with it, opening a session takes 1.47 times the
//! floor instead of 1.33. SHA-256 itself is the `sha2` crate's. The tests compare the
//! results with Project Wycheproof and, for every length of the last block, with the
//! `hmac` crate.

use alloc::boxed::Box;

use ctutils::CtEq as _;
use sha2::{Digest as _, Sha256, block_api::compress256};
use zeroize::Zeroizing;

use crate::base64url;

/// The bytes of an HMAC-SHA-256.
pub(super) const SIGNATURE_LEN: usize = 32;

/// The characters of an encoded signature.
pub(crate) const SIGNATURE_CHARS: usize = 43;

/// The bytes of a block of SHA-256.
const BLOCK_LEN: usize = 64;

/// The initial state of SHA-256 (FIPS 180-4, section 5.3.3).
#[rustfmt::skip]
const INITIAL: [u32; 8] = [
    0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a,
    0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
];

/// A key of any length, as the states of SHA-256 after `key ^ ipad` and `key ^ opad`.
/// Wiped from memory when dropped; boxed, so that a move of the key leaves no copy behind.
pub(crate) struct HmacKey(Box<Zeroizing<[[u32; 8]; 2]>>);

impl HmacKey {
    pub(super) fn new(key: &[u8]) -> Self {
        // A key longer than a block is replaced with its hash; a shorter one is padded
        // with zeros (RFC 2104, section 2).
        let mut hash = Zeroizing::new([0; 32]);
        let key = if key.len() > BLOCK_LEN {
            Sha256::new_with_prefix(key).finalize_into((&mut *hash).into());
            hash.as_slice()
        } else {
            key
        };
        let mut block = Zeroizing::new([0; BLOCK_LEN]);
        block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
        let mut states = Box::new(Zeroizing::new([INITIAL; 2]));
        // The inner pad, and the outer pad in its place.
        for (state, pad) in states.iter_mut().zip([0x36, 0x36 ^ 0x5c]) {
            block.iter_mut().for_each(|byte| *byte ^= pad);
            compress256(state, core::slice::from_ref(&*block));
        }
        Self(states)
    }

    /// Not inlined: among the code of its callers, the SHA instructions take 8 % longer.
    #[inline(never)]
    pub(crate) fn mac(&self, message: &[u8]) -> [u8; SIGNATURE_LEN] {
        let [inner, outer] = **self.0;
        finish(outer, &finish(inner, message))
    }

    /// Whether `signature` is that of `message`, in constant time. The codec is
    /// strict, so exactly one string is accepted.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8; SIGNATURE_CHARS]) -> bool {
        let mut buffer = [0; SIGNATURE_LEN];
        let Some(signature) = base64url::decode_into(signature, &mut buffer) else { return false };
        self.mac(message).as_slice().ct_eq(signature).to_bool()
    }
}

/// The hash of one block and `message`, where `state` is the state after the block.
#[inline]
fn finish(mut state: [u32; 8], message: &[u8]) -> [u8; 32] {
    let (blocks, rest) = message.as_chunks();
    // Padding (FIPS 180-4, section 5.1.1): a one bit, zeros, the length in bits as 8 bytes.
    let mut end = [[0; BLOCK_LEN]; 2];
    if let Some((start, padding)) = end.as_flattened_mut().split_at_mut_checked(rest.len()) {
        start.copy_from_slice(rest);
        padding.first_mut().into_iter().for_each(|byte| *byte = 0x80);
    }
    let (end, _) = end.split_at_mut(if rest.len() < BLOCK_LEN - 8 { 1 } else { 2 });
    let bits = (BLOCK_LEN as u64).wrapping_add(message.len() as u64).wrapping_mul(8);
    if let Some(length) = end.as_flattened_mut().last_chunk_mut() {
        *length = bits.to_be_bytes();
    }
    compress256(&mut state, blocks);
    compress256(&mut state, end);

    let mut hash = [0; 32];
    hash.as_chunks_mut().0.iter_mut().zip(state).for_each(|(to, word)| *to = word.to_be_bytes());
    hash
}

#[cfg(test)]
mod tests {
    use hmac::{Hmac, KeyInit as _, Mac as _};

    use super::*;

    /// Every length of the last block; keys shorter than, as long as and longer than one.
    #[test]
    fn agrees_with_the_hmac_crate() {
        let bytes: [u8; 300] = core::array::from_fn(|at| u8::try_from(at % 251).unwrap());
        for key in [0, 1, 10, 32, 63, 64, 65, 200] {
            let (key, mac) = (&bytes[..key], HmacKey::new(&bytes[..key]));
            for len in 0..bytes.len() {
                let reference = Hmac::<Sha256>::new_from_slice(key).unwrap();
                let expected = reference.chain_update(&bytes[..len]).finalize().into_bytes();
                assert_eq!(mac.mac(&bytes[..len]), *expected, "key {}, message {len}", key.len());
            }
        }
    }
}
