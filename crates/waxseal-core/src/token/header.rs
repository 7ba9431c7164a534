//! A header that is not, byte for byte, the signing key's: another key's, or
//! read strictly, for the sake of other emitters of the same tokens.

use crate::{
    base64url,
    error::Rejection,
    keyring::{Key, Keyring},
    state::scan,
};

/// The most characters an encoded header may have.
const MAX_LEN: usize = 256;

/// The key that the encoded `header` means.
pub(super) fn key<'k>(header: &[u8], keyring: &'k Keyring) -> Result<&'k Key, Rejection> {
    keyring.by_header(header).map_or_else(|| parsed(header, keyring), Ok)
}

/// Apart, because tokens of our own never come here.
#[inline(never)]
fn parsed<'k>(header: &[u8], keyring: &'k Keyring) -> Result<&'k Key, Rejection> {
    if header.len() > MAX_LEN {
        return Err(Rejection::Header);
    }
    // MAX_LEN characters are 192 bytes.
    let mut buffer = [0; 192];
    let json = base64url::decode_into(header, &mut buffer).ok_or(Rejection::Malformed)?;
    let json = core::str::from_utf8(json).map_err(|_| Rejection::Header)?;
    let header = Header::parse(json).ok_or(Rejection::Header)?;
    keyring.by_kid(header.kid).ok_or(Rejection::UnknownKey)
}

/// A header that we accept. `alg` is exactly HS256,
/// `typ` is absent or JWT, and beside them is nothing but a `kid`: every
/// extension that we do not know must be refused (RFC 7515, section 4.1.11), and
/// an embedded or referenced key is never used.
struct Header<'t> {
    kid: Option<&'t str>,
}

impl<'t> Header<'t> {
    fn parse(json: &'t str) -> Option<Self> {
        let (mut alg, mut typ, mut kid) = (None, None, None);
        scan::members(json, |found| {
            // Names, `alg` and `typ` have one spelling: without escapes. So has
            // the `kid` of every key of ours; Microdot's dialect ignores it.
            let name = json.get(found.name)?;
            let value = json.get(found.value)?.strip_prefix('"')?.strip_suffix('"')?;
            let former = match name {
                "alg" => alg.replace(value),
                "typ" => typ.replace(value),
                "kid" => kid.replace(value),
                _ => return None,
            };
            former.is_none().then_some(())
        })?;
        let known = alg == Some("HS256") && typ.is_none_or(|typ| typ.eq_ignore_ascii_case("JWT"));
        known.then_some(Self { kid })
    }
}
