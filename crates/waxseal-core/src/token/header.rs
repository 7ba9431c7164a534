//! A header that is not, byte for byte, the signing key's: another key's, or
//! read strictly, for the sake of other emitters of the same tokens.

use core::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};

use crate::{
    base64url,
    error::Rejection,
    keyring::{Key, Keyring},
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
    let header: Header<'_> = serde_json::from_slice(json).map_err(|_| Rejection::Header)?;
    keyring.by_kid(header.kid).ok_or(Rejection::UnknownKey)
}

/// `alg` is exactly HS256, `typ` is absent or JWT, and beside them is nothing
/// but a `kid`: every extension that we do not know must be refused (RFC 7515,
/// section 4.1.11), and an embedded or referenced key is never used.
struct Header<'a> {
    kid: Option<&'a str>,
}

/// A string that counts as empty if there are escapes in it: no key of ours
/// has such a `kid`, and Microdot's dialect ignores it.
struct Kid<'a>(&'a str);

impl<'de> Deserialize<'de> for Kid<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(KidVisitor)
    }
}

struct KidVisitor;

impl<'de> Visitor<'de> for KidVisitor {
    type Value = Kid<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E>(self, kid: &'de str) -> Result<Self::Value, E> {
        Ok(Kid(kid))
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(Kid(""))
    }
}

impl<'de> Deserialize<'de> for Header<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Only a map: serde's derive would take an array, too.
        deserializer.deserialize_map(HeaderVisitor)
    }
}

struct HeaderVisitor;

impl<'de> Visitor<'de> for HeaderVisitor {
    type Value = Header<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JOSE header")
    }

    // Borrowed strings only: a name, `alg` or `typ` with an escape in it is
    // refused, so each has one spelling.
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut alg, mut typ, mut kid) = (None, None, None);
        while let Some(name) = map.next_key::<&str>()? {
            let former = match name {
                "alg" => alg.replace(map.next_value::<&str>()?),
                "typ" => typ.replace(map.next_value::<&str>()?),
                "kid" => kid.replace(map.next_value::<Kid<'_>>()?.0),
                _ => return Err(A::Error::custom("unknown parameter")),
            };
            if former.is_some() {
                return Err(A::Error::custom("duplicate parameter"));
            }
        }
        match (alg, typ) {
            (Some("HS256"), None) => Ok(Header { kid }),
            (Some("HS256"), Some(typ)) if typ.eq_ignore_ascii_case("JWT") => Ok(Header { kid }),
            _ => Err(A::Error::custom("another algorithm or type")),
        }
    }
}
