//! The token's header: that of a known key byte for byte, or one that another
//! implementation wrote, parsed strictly.

use crate::{
    base64url,
    error::Rejection,
    json,
    keyring::{Algorithm, Key, Keyring},
};

/// The maximum characters of an encoded header.
const MAX_LEN: usize = 256;

/// The key of an algorithm that the encoded `header` names.
pub(super) fn key<'k>(
    header: &[u8],
    keyring: &'k Keyring,
    algorithm: Algorithm,
) -> Result<&'k Key, Rejection> {
    keyring.by_header(header, algorithm).map_or_else(|| parsed(header, keyring, algorithm), Ok)
}

#[cold]
fn parsed<'k>(
    header: &[u8],
    keyring: &'k Keyring,
    algorithm: Algorithm,
) -> Result<&'k Key, Rejection> {
    if header.len() > MAX_LEN {
        return Err(Rejection::Header);
    }
    // MAX_LEN characters decode to 192 bytes.
    let mut buffer = [0; 192];
    let json = base64url::decode_into(header, &mut buffer).ok_or(Rejection::Malformed)?;
    let json = core::str::from_utf8(json).map_err(|_| Rejection::Header)?;
    keyring.by_kid(kid(json, algorithm)?, algorithm).ok_or(Rejection::UnknownKey)
}

/// The `kid` of an accepted header: `alg` is exactly HS256, or `dir` with an `enc` of exactly
/// A256CBC-HS512; `typ` is absent or JWT, and the only other parameter is `kid`. An unknown
/// extension must be refused (RFC 7515, section 4.1.11), and a key that the token embeds or
/// references is never used.
fn kid(json: &str, algorithm: Algorithm) -> Result<Option<&str>, Rejection> {
    let (mut alg, mut enc, mut typ, mut kid) = (None, None, None, None);
    json::members(json, |member| {
        // Names, `alg`, `typ` and every configured `kid` are spelled without escapes.
        // Microdot ignores the `kid`.
        let name = json.get(member.name)?;
        let value = json.get(member.value)?.strip_prefix('"')?.strip_suffix('"')?;
        let duplicate = match name {
            "alg" => alg.replace(value),
            "enc" => enc.replace(value),
            "typ" => typ.replace(value),
            "kid" => kid.replace(value),
            _ => return None,
        };
        duplicate.is_none().then_some(())
    })
    .ok_or(Rejection::Header)?;
    let expected = match algorithm {
        Algorithm::Hs256 => (Some("HS256"), None),
        #[cfg(feature = "encryption")]
        Algorithm::A256CbcHs512 => (Some("dir"), Some("A256CBC-HS512")),
    };
    let is_known = (alg, enc) == expected && typ.is_none_or(|typ| typ.eq_ignore_ascii_case("JWT"));
    if is_known { Ok(kid) } else { Err(Rejection::Header) }
}
