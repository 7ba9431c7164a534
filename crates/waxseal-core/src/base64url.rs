//! Base64url without padding (RFC 4648, section 5; RFC 7515, section 2),
//! strict: every byte string has exactly one encoding that is accepted.

use alloc::{string::String, vec::Vec};

use base64::{
    Engine as _, decoded_len_estimate, encoded_len as padded_or_not,
    engine::general_purpose::URL_SAFE_NO_PAD,
};

use zeroize::Zeroizing;

use self::long::LONG;

/// What encodes and decodes texts so long that the processor's vector
/// instructions gain something; which of them it has is found out once.
#[cfg(all(feature = "std", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod long {
    use std::sync::LazyLock;

    use base64::engine::{general_purpose::NO_PAD, simd::Simd};

    pub(super) static LONG: LazyLock<Simd> = LazyLock::new(|| Simd::url_safe(NO_PAD));
}

/// Likewise, where there is nothing to find out.
#[cfg(not(all(feature = "std", any(target_arch = "x86_64", target_arch = "aarch64"))))]
mod long {
    pub(super) use base64::engine::general_purpose::URL_SAFE_NO_PAD as LONG;
}

/// The number of characters that `len` bytes take.
pub(crate) fn encoded_len(len: usize) -> usize {
    padded_or_not(len, false).unwrap_or(usize::MAX)
}

/// Appends the encoding of `bytes`.
pub(crate) fn encode_onto(bytes: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start.saturating_add(encoded_len(bytes.len())), 0);
    // It fits.
    let _ = LONG.encode_slice(bytes, out.get_mut(start..).unwrap_or_default());
}

/// The encoding of as many bytes as a signature has.
#[inline]
pub(crate) fn encode_signature(bytes: &[u8; 32], out: &mut [u8; 43]) {
    // It fits.
    let _ = URL_SAFE_NO_PAD.encode_slice(bytes, out);
}

/// The encoding of `bytes`.
pub(crate) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// What `text` encodes; `None` for padding, white space, the `+` and `/` of
/// plain base64, nonzero trailing bits, or any other byte.
pub(crate) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(decoded_len_estimate(text.len()));
    LONG.decode_vec(text, &mut out).ok()?;
    Some(out)
}

/// As [`decode`], wiped from memory when dropped, also where it went wrong.
pub(crate) fn decode_secret(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut out = Zeroizing::new(Vec::with_capacity(decoded_len_estimate(text.len())));
    URL_SAFE_NO_PAD.decode_vec(text, &mut out).ok()?;
    Some(out)
}

/// As [`decode`], into the front of `buffer` and without allocation; `None`
/// also where it does not fit.
pub(crate) fn decode_into<'b>(text: &[u8], buffer: &'b mut [u8]) -> Option<&'b [u8]> {
    let len = URL_SAFE_NO_PAD.decode_slice(text, buffer).ok()?;
    buffer.get(..len)
}

#[cfg(test)]
mod tests {
    use data_encoding::BASE64URL_NOPAD;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(5000))]

        /// Another implementation comes to the same verdict and the same bytes,
        /// at every length, with the vector instructions and without.
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
            prop_assert_eq!(decode_secret(text).map(|secret| secret.to_vec()), decode(text));
        }

        #[test]
        fn encoding_comes_back(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut text = Vec::from(b"x".as_slice());
            encode_onto(&bytes, &mut text);
            let text = text.split_off(1);
            prop_assert_eq!(text.len(), encoded_len(bytes.len()));
            prop_assert_eq!(str::from_utf8(&text), Ok(&*BASE64URL_NOPAD.encode(&bytes)));
            prop_assert_eq!(decode(&text), Some(bytes));
        }
    }

    #[test]
    fn one_string_per_value() {
        assert_eq!(decode(b"AQ").unwrap(), [1]);
        for odd in ["AR", "AQ=", "AQ==", "A", " AQ", "AQ\n", "A+", "A/", "A!", "\0"] {
            assert_eq!(decode(odd.as_bytes()), None, "{odd:?}");
        }
    }

    #[test]
    fn into_a_buffer_only_where_it_fits() {
        let mut buffer = [0; 2];
        assert_eq!(decode_into(b"AQI", &mut buffer).unwrap(), [1, 2]);
        assert_eq!(decode_into(b"AQID", &mut buffer), None);
    }
}
