//! What signs and verifies: HMAC-SHA-256, keyed once.

use alloc::{format, string::String};
use core::fmt;

use subtle::{Choice, ConstantTimeEq as _};

use super::{
    mac::{Mac, SIGNATURE_CHARS, SIGNATURE_LEN},
    secret::Secret,
};
use crate::base64url;

/// A key for HMAC-SHA-256 (HS256 of RFC 7518, section 3.2), with the header
/// of every token that it signs.
pub(crate) struct Key {
    kid: Option<String>,
    /// The header, encoded: constant for a key.
    header: String,
    mac: Mac,
}

impl Key {
    /// The key of the cookie `cookie_name`.
    pub(crate) fn derived(secret: &Secret, cookie_name: &str) -> Self {
        let (key, kid) = secret.derive(cookie_name);
        Self::with_kid(key.as_slice(), &kid)
    }

    /// A key as it stands, under a `kid` as it stands.
    pub(crate) fn with_kid(key: &[u8], kid: &str) -> Self {
        Self { kid: Some(kid.into()), ..Self::raw(key, header(kid)) }
    }

    /// A key as it stands, of any length, and the header it writes.
    pub(crate) fn raw(key: &[u8], header: String) -> Self {
        Self { kid: None, header, mac: Mac::new(key) }
    }

    pub(super) fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The encoded header of every token that this key signs.
    pub(crate) fn header(&self) -> &str {
        &self.header
    }

    /// What stands behind this key's header and a dot.
    pub(crate) fn claims_of<'t>(&self, message: &'t [u8]) -> Option<&'t [u8]> {
        message.strip_prefix(self.header.as_bytes())?.strip_prefix(b".")
    }

    /// The message's signature.
    pub(crate) fn sign(&self, message: &[u8]) -> [u8; SIGNATURE_LEN] {
        self.mac.of(message)
    }

    /// Whether `signature` is the message's, in a time that does not depend on
    /// where they differ. Ours is encoded, not theirs decoded: so there is
    /// exactly one string that is accepted.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8; SIGNATURE_CHARS]) -> bool {
        let mut ours = [0; SIGNATURE_CHARS];
        base64url::encode_signature(&self.mac.of(message), &mut ours);
        same(&ours, signature).into()
    }
}

/// Whether no bit differs; eight bytes at a time, and the last eight, which
/// overlap.
#[inline]
fn same(one: &[u8; SIGNATURE_CHARS], other: &[u8; SIGNATURE_CHARS]) -> Choice {
    let words = one.as_chunks().0.iter().chain(one.last_chunk());
    let others = other.as_chunks().0.iter().chain(other.last_chunk());
    let bits =
        words.zip(others).map(|(one, other)| u64::from_ne_bytes(*one) ^ u64::from_ne_bytes(*other));
    bits.fold(0, core::ops::BitOr::bitor).ct_eq(&0)
}

/// The encoded header of every token under the key `kid`, which has no
/// character that JSON would escape.
fn header(kid: &str) -> String {
    base64url::encode(format!(r#"{{"alg":"HS256","kid":"{kid}"}}"#).as_bytes())
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("kid", &self.kid).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7515, appendix A.1: an HS256 token whose key, header and claims are
    /// other people's.
    #[test]
    fn rfc_7515_a_1() {
        let key = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
        let message = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.\
            eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        let key = Key::raw(&base64url::decode(key.as_bytes()).unwrap(), String::new());

        let signature = base64url::encode(&key.sign(message.as_bytes()));
        assert_eq!(signature, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        let signature = signature.as_bytes().try_into().unwrap();
        assert!(key.verifies(message.as_bytes(), signature));
        assert!(!key.verifies(b"another message", signature));
    }

    /// Frozen from another implementation of HKDF (Python's `hmac`, RFC 5869 by hand),
    /// so that a change here cannot log every user out unnoticed.
    #[test]
    fn derivation_is_frozen() {
        let secret = Secret::new(*b"correct horse battery staple 123").unwrap();
        let key = Key::derived(&secret, "__Host-session");
        assert_eq!(key.kid(), Some("K7BC6NvU"));
        assert_eq!(
            base64url::encode(&key.sign(b"waxseal")),
            "TK9RAbuFh_6xASlchgEBj_86jK8hoOMmMRoaDKxjivc"
        );
    }

    #[test]
    fn every_character_of_a_signature_counts() {
        let key = Key::raw(b"key", String::new());
        let good = base64url::encode(&key.sign(b""));
        for at in 0..SIGNATURE_CHARS {
            let mut bad: [u8; SIGNATURE_CHARS] = good.as_bytes().try_into().unwrap();
            assert!(key.verifies(b"", &bad));
            bad[at] ^= 1;
            assert!(!key.verifies(b"", &bad), "{at}");
        }
    }

    #[test]
    fn every_cookie_name_has_its_own_key() {
        let secret = Secret::new([7; 32]).unwrap();
        let (one, other) = (Key::derived(&secret, "one"), Key::derived(&secret, "other"));
        assert_ne!(one.kid(), other.kid());
        assert_ne!(one.sign(b""), other.sign(b""));
    }
}
