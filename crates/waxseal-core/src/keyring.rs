//! The keys: what signs, what verifies, and which of them a token means.

mod jwks;
mod key;
mod mac;
mod secret;
mod source;
#[cfg(test)]
mod wycheproof;

use alloc::{string::String, vec::Vec};

pub use jwks::Jwks;
pub(crate) use key::Key;
pub(crate) use mac::SIGNATURE_CHARS;
pub use secret::Secret;
pub use source::KeySource;

use crate::error::BuildError;

/// Whose tokens a keyring reads and writes. Our own and Microdot's are never
/// mixed in one ring: a derived key verifies only our cookie, by its `kid`,
/// and a raw key only Microdot's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Ours: `iat` and `exp` required, the key chosen by `kid`.
    Waxseal,
    /// Microdot's session extension: no claim required, no `kid`.
    Microdot,
}

impl Dialect {
    /// Whether `name` belongs to a registered claim and so cannot name data.
    ///
    /// In Microdot's tokens that is what PyJWT looks at; the rest is the
    /// application's.
    pub(crate) fn reserves(self, name: &[u8]) -> bool {
        match name {
            b"sub" | b"aud" | b"exp" | b"nbf" | b"iat" | b"jti" => true,
            b"iss" | b"sid" | b"remember" => self == Self::Waxseal,
            _ => false,
        }
    }
}

/// The keys of one cookie: one that signs, and any number that only verify.
#[derive(Debug)]
pub(crate) struct Keyring {
    dialect: Dialect,
    signing: Key,
    accepted: Vec<Key>,
    /// How the header of each of them ends: quicker to look through.
    endings: Vec<Ending>,
}

/// The headers of the emitters that speak Microdot's dialect, encoded: PyJWT
/// since 2.8 (what we write, too), PyJWT before that, and `MicroPython`.
const MICRODOT_HEADERS: [&str; 3] = [
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9",
    "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9",
    "eyJ0eXAiOiAiSldUIiwgImFsZyI6ICJIUzI1NiJ9",
];

/// The last characters of an encoded header; zeros if it is too short.
type Ending = u64;

fn ending(header: &[u8]) -> Ending {
    header.last_chunk().map_or(0, |end| u64::from_ne_bytes(*end))
}

impl Keyring {
    /// The ring of our own cookie: `signing` signs, `accepted` verify, too.
    pub(crate) fn new(signing: Key, accepted: Vec<Key>) -> Result<Self, BuildError> {
        for (at, key) in accepted.iter().enumerate() {
            let mut others = accepted.iter().take(at).chain([&signing]);
            if others.any(|other| other.header() == key.header()) {
                return Err(BuildError::DuplicateKey);
            }
        }
        let endings = accepted.iter().map(|key| ending(key.header().as_bytes())).collect();
        Ok(Self { dialect: Dialect::Waxseal, signing, accepted, endings })
    }

    /// The ring of Microdot's cookie: its key as it stands.
    pub(crate) fn microdot(key: &[u8]) -> Self {
        let [header, ..] = MICRODOT_HEADERS;
        Self {
            dialect: Dialect::Microdot,
            signing: Key::raw(key, String::from(header)),
            accepted: Vec::new(),
            endings: Vec::new(),
        }
    }

    pub(crate) const fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The key that signs.
    pub(crate) const fn signing(&self) -> &Key {
        &self.signing
    }

    /// Whether `key` is the one that signs.
    pub(crate) fn signs_with(&self, key: &Key) -> bool {
        core::ptr::eq(key, &raw const self.signing)
    }

    /// The key beside the signing one that writes exactly this encoded header;
    /// in Microdot's dialect, the one key.
    pub(crate) fn by_header(&self, header: &[u8]) -> Option<&Key> {
        match self.dialect {
            Dialect::Waxseal => {
                let wanted = ending(header);
                let keys = self.endings.iter().zip(&self.accepted);
                let mut alike = keys.filter(|(ending, _)| **ending == wanted).map(|(_, key)| key);
                alike.find(|key| key.header().as_bytes() == header)
            }
            Dialect::Microdot => {
                let known = MICRODOT_HEADERS.iter().any(|known| header == known.as_bytes());
                known.then_some(&self.signing)
            }
        }
    }

    /// The key that a decoded header's `kid` means. Microdot's tokens have
    /// one key, whatever a `kid` says.
    pub(crate) fn by_kid(&self, kid: Option<&str>) -> Option<&Key> {
        match self.dialect {
            Dialect::Waxseal => {
                let mut keys = core::iter::once(&self.signing).chain(&self.accepted);
                keys.find(|key| kid.is_some() && key.kid() == kid)
            }
            Dialect::Microdot => Some(&self.signing),
        }
    }
}
