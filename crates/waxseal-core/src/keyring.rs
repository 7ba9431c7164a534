//! The keys of one cookie: the key that seals, the keys that only open, and which
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

pub(crate) use hmac::{HmacKey, SIGNATURE_CHARS};
pub use jwks::Jwks;
pub(crate) use key::{Algorithm, Key, Material};
#[cfg(feature = "device-bound")]
pub(crate) use purpose::DeviceToken;
pub(crate) use purpose::Purpose;
pub use secret::Secret;
pub use source::KeySource;

use crate::{error::BuildError, format::Format};

/// The keys of one cookie: one seals, any number only open.
#[derive(Debug)]
pub(crate) struct Keyring {
    format: Format,
    sealing: Key,
    opening: Vec<Key>,
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
    pub(crate) fn new((sealing, opening): (Key, Vec<Key>)) -> Result<Self, BuildError> {
        for (at, key) in opening.iter().enumerate() {
            let mut others = opening.iter().take(at).chain([&sealing]);
            if others.any(|other| other.header() == key.header() || other.is_same_key(key)) {
                return Err(BuildError::DuplicateKey);
            }
        }
        Ok(Self { format: Format::Waxseal, sealing, opening })
    }

    /// The keyring of Microdot's cookie: its key without derivation.
    pub(crate) fn microdot(key: &[u8]) -> Self {
        let [header, ..] = MICRODOT_HEADERS;
        let sealing = Key::raw(key, String::from(header));
        Self { format: Format::Microdot, sealing, opening: Vec::new() }
    }

    pub(crate) const fn format(&self) -> Format {
        self.format
    }

    pub(crate) const fn sealing(&self) -> &Key {
        &self.sealing
    }

    /// Whether a key opens tokens of this algorithm.
    #[cfg(feature = "encryption")]
    pub(crate) fn accepts(&self, algorithm: Algorithm) -> bool {
        self.keys().any(|key| key.algorithm() == algorithm)
    }

    /// Whether a key of `other` is also one of these, perhaps under another `kid`.
    pub(crate) fn shares_key_with(&self, other: &Self) -> bool {
        self.keys().any(|key| other.keys().any(|known| known.is_same_key(key)))
    }

    /// Whether `key` is the key that seals.
    pub(crate) fn seals_with(&self, key: &Key) -> bool {
        core::ptr::eq(key, &raw const self.sealing)
    }

    /// The key of an algorithm whose tokens have exactly this encoded header. Microdot has one
    /// key and several headers.
    pub(crate) fn by_header(&self, header: &[u8], algorithm: Algorithm) -> Option<&Key> {
        match self.format {
            Format::Waxseal => {
                self.keys_of(algorithm).find(|key| key.header().as_bytes() == header)
            }
            Format::Microdot => {
                let known = MICRODOT_HEADERS.iter().any(|known| header == known.as_bytes());
                known.then_some(&self.sealing)
            }
        }
    }

    /// The key of an algorithm that a decoded header's `kid` names. Microdot ignores the `kid`.
    pub(crate) fn by_kid(&self, kid: Option<&str>, algorithm: Algorithm) -> Option<&Key> {
        match self.format {
            Format::Waxseal => self.keys_of(algorithm).find(|key| key.kid() == kid),
            Format::Microdot => Some(&self.sealing),
        }
    }

    fn keys_of(&self, algorithm: Algorithm) -> impl Iterator<Item = &Key> {
        self.keys().filter(move |key| key.algorithm() == algorithm)
    }

    fn keys(&self) -> impl Iterator<Item = &Key> {
        core::iter::once(&self.sealing).chain(&self.opening)
    }
}
