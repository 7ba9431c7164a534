//! HMAC-SHA-256 (RFC 2104) over hash states that are kept: the two blocks of
//! the key itself are hashed once, when the key is made, and not again for each
//! token. The compression function is the `sha2` crate's.

use core::fmt;

use sha2::{Digest as _, Sha256, block_api::compress256};
use zeroize::{Zeroize as _, Zeroizing};

/// The bytes of a signature: the output of SHA-256.
pub(crate) const SIGNATURE_LEN: usize = 32;

/// The characters of an encoded signature.
pub(crate) const SIGNATURE_CHARS: usize = 43;

/// The bytes of SHA-256's block.
const BLOCK_LEN: usize = 64;

/// The state that SHA-256 starts from (FIPS 180-4, section 5.3.3).
const START: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// The two states behind the key: what `key ^ ipad` and `key ^ opad` lead to.
/// Wiped from memory when dropped.
pub(super) struct Mac {
    inner: [u32; 8],
    outer: [u32; 8],
}

impl Mac {
    /// Keyed with any number of bytes.
    pub(super) fn new(key: &[u8]) -> Self {
        // A key longer than a block is hashed first, a shorter one is padded
        // with zeros (RFC 2104, section 2).
        let mut block = Zeroizing::new([0; BLOCK_LEN]);
        if key.len() > BLOCK_LEN {
            let mut hashed = Sha256::digest(key);
            block.iter_mut().zip(&hashed).for_each(|(to, from)| *to = *from);
            hashed.as_mut_slice().zeroize();
        } else {
            block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
        }
        let behind = |pad: u8| {
            let mut state = START;
            let padded = Zeroizing::new(block.map(|byte| byte ^ pad));
            compress256(&mut state, core::slice::from_ref(&padded));
            state
        };
        Self { inner: behind(0x36), outer: behind(0x5c) }
    }

    /// All hashing of messages. A function of its own, so that code which the
    /// compiler vectorizes around it stays apart from the SHA instructions.
    #[inline(never)]
    pub(super) fn of(&self, message: &[u8]) -> [u8; SIGNATURE_LEN] {
        let (blocks, rest) = message.as_chunks();
        // The one bit of the padding has a byte of its own, the length eight.
        let mut end = [[0; BLOCK_LEN]; 2];
        let (end, _) = end.split_at_mut(if rest.len() < const { BLOCK_LEN - 8 } { 1 } else { 2 });
        pad(end.as_flattened_mut(), rest, message.len());
        let mut inner = self.inner;
        compress256(&mut inner, blocks);
        compress256(&mut inner, end);

        let mut last = [0; BLOCK_LEN];
        pad(&mut last, &bytes(inner), SIGNATURE_LEN);
        let mut outer = self.outer;
        compress256(&mut outer, core::slice::from_ref(&last));
        bytes(outer)
    }
}

/// Writes the `rest` of a message of `len` bytes, which follows the block of
/// the key, into zeros, and its padding (FIPS 180-4, section 5.1.1): a one bit,
/// zeros, the length of it all in bits.
fn pad(zeros: &mut [u8], rest: &[u8], len: usize) {
    let bits = (len as u64).wrapping_add(BLOCK_LEN as u64).wrapping_mul(8);
    if let Some(end) = zeros.last_chunk_mut() {
        *end = bits.to_be_bytes();
    }
    if let Some((start, padding)) = zeros.split_at_mut_checked(rest.len()) {
        start.copy_from_slice(rest);
        padding.first_mut().into_iter().for_each(|byte| *byte = 0x80);
    }
}

fn bytes(state: [u32; 8]) -> [u8; SIGNATURE_LEN] {
    let mut bytes = [0; SIGNATURE_LEN];
    bytes.as_chunks_mut().0.iter_mut().zip(state).for_each(|(to, from)| *to = from.to_be_bytes());
    bytes
}

impl Drop for Mac {
    fn drop(&mut self) {
        self.inner.zeroize();
        self.outer.zeroize();
    }
}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mac(..)")
    }
}

#[cfg(test)]
mod tests {
    use hmac::{Hmac, KeyInit as _, Mac as _};

    use super::*;

    /// Against the `hmac` crate, over every length of the last block, and keys
    /// shorter than, as long as and longer than one.
    #[test]
    fn agrees_with_the_hmac_crate() {
        let bytes: [u8; 300] = core::array::from_fn(|at| u8::try_from(at % 251).unwrap());
        for key in [1, 10, 32, 63, 64, 65, 200] {
            let mac = Mac::new(&bytes[..key]);
            for len in 0..bytes.len() {
                let reference = Hmac::<Sha256>::new_from_slice(&bytes[..key]).unwrap();
                let expected: [u8; 32] =
                    reference.chain_update(&bytes[..len]).finalize().into_bytes().into();
                assert_eq!(mac.of(&bytes[..len]), expected, "key {key}, message {len}");
            }
        }
    }
}
