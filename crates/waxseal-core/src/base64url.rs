//! Base64url without padding (RFC 4648, section 5; RFC 7515, section 2), strict:
//! exactly one encoding of each byte string is accepted.

use alloc::{string::String, vec::Vec};

use base64::{Engine, decoded_len_estimate, engine::general_purpose::URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use self::vectorized::engine;

/// The codec of the claims. With the vector instructions of the processor it
/// decodes 200 characters in 30 ns instead of 90: 12 % of opening a session. They are `unsafe`
/// code of the crate `base64`, so only bytes under a verified MAC are decoded with them.
#[cfg(all(feature = "std", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod vectorized {
    use std::sync::LazyLock;

    use base64::engine::{general_purpose::NO_PAD, simd::Simd};

    pub(super) fn engine() -> &'static Simd {
        static ENGINE: LazyLock<Simd> = LazyLock::new(|| Simd::url_safe(NO_PAD));
        &ENGINE
    }
}

#[cfg(not(all(feature = "std", any(target_arch = "x86_64", target_arch = "aarch64"))))]
mod vectorized {
    use base64::engine::{GeneralPurpose, general_purpose::URL_SAFE_NO_PAD};

    pub(super) const fn engine() -> &'static GeneralPurpose {
        &URL_SAFE_NO_PAD
    }
}

/// Appends the encoding of `bytes`.
pub(crate) fn encode_onto(bytes: &[u8], out: &mut String) {
    engine().encode_string(bytes, out);
}

/// The encoding of `bytes`.
pub(crate) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The bytes that `text` encodes; `None` for padding, white space, the `+` and
/// `/` of plain base64, nonzero trailing bits, or any other byte.
///
/// Without `unsafe` code. For the ciphertext of an encrypted session of 353 characters this takes
/// 70 ns longer than [`decode_verified`]: 4 % of opening it.
#[cfg(any(feature = "encryption", feature = "device-bound", test))]
pub(crate) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    decode_with(&URL_SAFE_NO_PAD, text)
}

/// As [`decode`], for text whose MAC is verified.
pub(crate) fn decode_verified(text: &[u8]) -> Option<Vec<u8>> {
    #[cfg(test)]
    tests::DECODES.set(tests::DECODES.get() + 1);
    decode_with(engine(), text)
}

fn decode_with(engine: &impl Engine, text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(decoded_len_estimate(text.len()));
    engine.decode_vec(text, &mut out).ok()?;
    Some(out)
}

/// As [`decode`]; the bytes are wiped when dropped, also after an error.
pub(crate) fn decode_secret(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut out = Zeroizing::new(Vec::with_capacity(decoded_len_estimate(text.len())));
    URL_SAFE_NO_PAD.decode_vec(text, &mut out).ok()?;
    Some(out)
}

/// As [`decode`], into the front of `buffer`; `None` also if it is too small.
pub(crate) fn decode_into<'b>(text: &[u8], buffer: &'b mut [u8]) -> Option<&'b [u8]> {
    let len = URL_SAFE_NO_PAD.decode_slice(text, buffer).ok()?;
    buffer.get(..len)
}

/// How often this thread has called [`decode_verified`].
#[cfg(test)]
pub(crate) fn vectorized_decodes() -> usize {
    tests::DECODES.get()
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, thread_local};

    use data_encoding::BASE64URL_NOPAD;
    use proptest::prelude::*;

    use super::*;

    thread_local! {
        pub(super) static DECODES: Cell<usize> = const { Cell::new(0) };
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(5000))]

        /// Another implementation agrees on the verdict and the bytes, at every
        /// length.
        #[test]
        fn agrees_with_data_encoding(
            mut text in "[A-Za-z0-9_-]{0,300}",
            odd in proptest::option::of((any::<prop::sample::Index>(), any::<char>())),
        ) {
            if let Some((at, char)) = odd {
                text.insert(at.index(text.len() + 1), char);
            }
            let text = text.as_bytes();
            prop_assert_eq!(decode(text), BASE64URL_NOPAD.decode(text).ok());
            prop_assert_eq!(decode_verified(text), decode(text));
            prop_assert_eq!(decode_secret(text).map(|secret| secret.to_vec()), decode(text));
        }

        #[test]
        fn encoding_round_trips(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut text = String::from("x");
            encode_onto(&bytes, &mut text);
            let text = text.split_off(1);
            prop_assert_eq!(&text, &BASE64URL_NOPAD.encode(&bytes));
            prop_assert_eq!(decode_verified(text.as_bytes()), Some(bytes));
        }
    }

    #[test]
    fn one_encoding_of_each_value() {
        assert_eq!(decode(b"AQ").unwrap(), [1]);
        for odd in ["AR", "AQ=", "AQ==", "A", " AQ", "AQ\n", "A+", "A/", "A!", "\0"] {
            assert_eq!(decode(odd.as_bytes()), None, "{odd:?}");
            assert_eq!(decode_verified(odd.as_bytes()), None, "{odd:?}");
        }
    }

    #[test]
    fn decoding_stays_within_the_buffer() {
        let mut buffer = [0; 2];
        assert_eq!(decode_into(b"AQI", &mut buffer).unwrap(), [1, 2]);
        assert_eq!(decode_into(b"AQID", &mut buffer), None);
    }
}
