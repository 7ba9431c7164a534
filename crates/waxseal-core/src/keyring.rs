//! The keys of one cookie: the signing key, the keys that only verify, and which
//! of them a token's header names.

mod hmac;
mod jwks;
mod key;
mod purpose;
mod secret;
#[cfg(feature = "std")]
mod secret_file;
mod source;
#[cfg(test)]
mod wycheproof;

use alloc::{string::String, vec::Vec};

pub use jwks::Jwks;
pub(crate) use key::{Key, SIGNATURE_CHARS};
pub(crate) use purpose::Purpose;
pub use secret::Secret;
pub use source::KeySource;

use crate::{error::BuildError, format::Format};

/// The keys of one cookie: one signs, any number only verify.
#[derive(Debug)]
pub(crate) struct Keyring {
    format: Format,
    signing: Key,
    verifying: Vec<Key>,
}

/// The encoded headers of the implementations that write Microdot's format:
/// `PyJWT` since 2.8 (which waxseal writes), `PyJWT` before that, `MicroPython`.
const MICRODOT_HEADERS: [&str; 3] = [
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9",
    "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9",
    "eyJ0eXAiOiAiSldUIiwgImFsZyI6ICJIUzI1NiJ9",
];

impl Keyring {
    /// The keyring of waxseal's own cookie.
    pub(crate) fn new((signing, verifying): (Key, Vec<Key>)) -> Result<Self, BuildError> {
        for (at, key) in verifying.iter().enumerate() {
            let mut others = verifying.iter().take(at).chain([&signing]);
            if others.any(|other| other.header() == key.header() || other.is_same_key(key)) {
                return Err(BuildError::DuplicateKey);
            }
        }
        Ok(Self { format: Format::Waxseal, signing, verifying })
    }

    /// The keyring of Microdot's cookie: its key without derivation.
    pub(crate) fn microdot(key: &[u8]) -> Self {
        let [header, ..] = MICRODOT_HEADERS;
        let signing = Key::raw(key, String::from(header));
        Self { format: Format::Microdot, signing, verifying: Vec::new() }
    }

    pub(crate) const fn format(&self) -> Format {
        self.format
    }

    pub(crate) const fn signing(&self) -> &Key {
        &self.signing
    }

    /// Whether a key of `other` is also one of these, perhaps under another `kid`.
    pub(crate) fn shares_key_with(&self, other: &Self) -> bool {
        self.keys().any(|key| other.keys().any(|known| known.is_same_key(key)))
    }

    /// Whether `key` is the signing key.
    pub(crate) fn signs_with(&self, key: &Key) -> bool {
        core::ptr::eq(key, &raw const self.signing)
    }

    /// The key whose tokens have exactly this encoded header. Microdot has one
    /// key and several headers.
    pub(crate) fn by_header(&self, header: &[u8]) -> Option<&Key> {
        match self.format {
            Format::Waxseal => self.keys().find(|key| key.header().as_bytes() == header),
            Format::Microdot => {
                let known = MICRODOT_HEADERS.iter().any(|known| header == known.as_bytes());
                known.then_some(&self.signing)
            }
        }
    }

    /// The key that a decoded header's `kid` names. Microdot ignores the `kid`.
    pub(crate) fn by_kid(&self, kid: Option<&str>) -> Option<&Key> {
        match self.format {
            Format::Waxseal => self.keys().find(|key| key.kid() == kid),
            Format::Microdot => Some(&self.signing),
        }
    }

    fn keys(&self) -> impl Iterator<Item = &Key> {
        core::iter::once(&self.signing).chain(&self.verifying)
    }
}
