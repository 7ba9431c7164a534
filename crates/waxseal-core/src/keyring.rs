//! The keys: what signs, what verifies, and which of them a token means.

mod key;
mod secret;

use alloc::string::String;

pub(crate) use key::{Key, SIGNATURE_LEN};
pub use secret::Secret;

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
    pub(crate) fn reserves(self, name: &str) -> bool {
        match name {
            "sub" | "aud" | "exp" | "nbf" | "iat" | "jti" => true,
            "iss" | "sid" | "remember" => self == Self::Waxseal,
            _ => false,
        }
    }
}

/// The keys of one cookie: one that signs. Keys that only verify will stand
/// beside it, never in its place.
#[derive(Debug)]
pub(crate) struct Keyring {
    dialect: Dialect,
    signing: Key,
}

/// The headers of the emitters that speak Microdot's dialect, encoded: PyJWT
/// since 2.8 (what we write, too), PyJWT before that, and `MicroPython`.
const MICRODOT_HEADERS: [&str; 3] = [
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9",
    "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9",
    "eyJ0eXAiOiAiSldUIiwgImFsZyI6ICJIUzI1NiJ9",
];

impl Keyring {
    /// The ring of our own cookie `cookie_name`.
    pub(crate) fn derived(secret: &Secret, cookie_name: &str) -> Self {
        Self { dialect: Dialect::Waxseal, signing: Key::derived(secret, cookie_name) }
    }

    /// The ring of Microdot's cookie: its key as it stands.
    pub(crate) fn microdot(key: &[u8]) -> Self {
        let [header, ..] = MICRODOT_HEADERS;
        Self { dialect: Dialect::Microdot, signing: Key::raw(key, String::from(header)) }
    }

    pub(crate) const fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The key that signs.
    pub(crate) const fn signing(&self) -> &Key {
        &self.signing
    }

    /// The key that writes exactly this encoded header.
    pub(crate) fn by_header(&self, header: &[u8]) -> Option<&Key> {
        let known = match self.dialect {
            Dialect::Waxseal => header == self.signing.header().as_bytes(),
            Dialect::Microdot => MICRODOT_HEADERS.iter().any(|known| header == known.as_bytes()),
        };
        known.then_some(&self.signing)
    }

    /// The key that a decoded header's `kid` means. Microdot's tokens have
    /// one key, whatever a `kid` says.
    pub(crate) fn by_kid(&self, kid: Option<&str>) -> Option<&Key> {
        let known = match self.dialect {
            Dialect::Waxseal => kid.is_some() && kid == self.signing.kid(),
            Dialect::Microdot => true,
        };
        known.then_some(&self.signing)
    }
}
