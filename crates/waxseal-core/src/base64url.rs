//! Base64url without padding (RFC 4648, section 5; RFC 7515, section 2),
//! strict: every byte string has exactly one encoding that is accepted.

use alloc::{string::String, vec, vec::Vec};

use data_encoding::BASE64URL_NOPAD;

/// The number of characters that `len` bytes take.
pub(crate) fn encoded_len(len: usize) -> usize {
    BASE64URL_NOPAD.encode_len(len)
}

/// Appends the encoding of `bytes`.
pub(crate) fn encode_onto(bytes: &[u8], out: &mut String) {
    BASE64URL_NOPAD.encode_append(bytes, out);
}

/// The encoding of as many bytes as a signature has.
pub(crate) fn encode_signature(bytes: &[u8; 32]) -> [u8; 43] {
    let mut out = [0; 43];
    BASE64URL_NOPAD.encode_mut(bytes, &mut out);
    out
}

/// The encoding of `bytes`.
pub(crate) fn encode(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}

/// What `text` encodes; `None` for padding, white space, the `+` and `/` of
/// plain base64, nonzero trailing bits, or any other byte.
pub(crate) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = vec![0; BASE64URL_NOPAD.decode_len(text.len()).ok()?];
    BASE64URL_NOPAD.decode_mut(text, &mut out).ok()?;
    Some(out)
}

/// As [`decode`], into the front of `buffer` and without allocation; `None`
/// also where it does not fit.
pub(crate) fn decode_into<'b>(text: &[u8], buffer: &'b mut [u8]) -> Option<&'b [u8]> {
    let len = BASE64URL_NOPAD.decode_len(text.len()).ok()?;
    let out = buffer.get_mut(..len)?;
    BASE64URL_NOPAD.decode_mut(text, out).ok()?;
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

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
