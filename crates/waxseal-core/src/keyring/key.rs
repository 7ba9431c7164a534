//! A key for HMAC-SHA-256, which signs and verifies.

use alloc::{format, string::String};
use core::fmt;

use ctutils::CtEq as _;

use super::{hmac::HmacKey, purpose::Purpose, secret::Secret};
use crate::base64url;

/// The bytes of an HMAC-SHA-256.
pub(super) const SIGNATURE_LEN: usize = 32;

/// The characters of an encoded signature.
pub(crate) const SIGNATURE_CHARS: usize = 43;

/// A key for HMAC-SHA-256 (HS256 of RFC 7518, section 3.2), with the header of
/// every token that it signs.
pub(crate) struct Key {
    kid: Option<String>,
    /// Encoded: constant for a key.
    header: String,
    /// The `aud` that its tokens require and carry.
    audience: Option<String>,
    hmac: HmacKey,
}

impl Key {
    /// The key that `secret` derives for the cookie `cookie_name` and this purpose.
    pub(crate) fn derived(secret: &Secret, cookie_name: &str, purpose: &Purpose) -> Self {
        let (key, kid) = secret.derive(&purpose.context(cookie_name));
        Self::with_kid(key.as_slice(), &kid, None)
    }

    /// A key without derivation, its `kid`, and the audience of its tokens.
    pub(crate) fn with_kid(key: &[u8], kid: &str, audience: Option<String>) -> Self {
        Self { kid: Some(kid.into()), audience, ..Self::raw(key, header(kid)) }
    }

    /// A key without derivation, of any length, and the header that it writes.
    pub(crate) fn raw(key: &[u8], header: String) -> Self {
        Self { kid: None, header, audience: None, hmac: HmacKey::new(key) }
    }

    pub(super) fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    pub(crate) fn header(&self) -> &str {
        &self.header
    }

    pub(crate) fn audience(&self) -> Option<&str> {
        self.audience.as_deref()
    }

    /// Whether `other` makes the same signatures.
    pub(super) fn is_same_key(&self, other: &Self) -> bool {
        self.sign(b"").ct_eq(&other.sign(b"")).to_bool()
    }

    /// The signature of `message`.
    pub(crate) fn sign(&self, message: &[u8]) -> [u8; SIGNATURE_LEN] {
        self.hmac.mac(message)
    }

    /// Whether `signature` is that of `message`, in constant time. The codec is
    /// strict, so exactly one string is accepted.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8; SIGNATURE_CHARS]) -> bool {
        let mut buffer = [0; SIGNATURE_LEN];
        let Some(signature) = base64url::decode_into(signature, &mut buffer) else { return false };
        self.sign(message).as_slice().ct_eq(signature).to_bool()
    }
}

/// The encoded header of every token under the key `kid`, which contains no
/// character that JSON escapes.
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
        let key = Key::derived(&secret, "__Host-session", &Purpose::default());
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
            bad[at] = if bad[at] == b'E' { b'I' } else { b'E' };
            assert!(!key.verifies(b"", &bad), "{at}");
        }
    }

    #[test]
    fn every_purpose_has_its_own_key() {
        let secret = Secret::new([7; 32]).unwrap();
        let key = |cookie: &str, application: Option<&str>, marker| {
            let purpose = Purpose::new(application.map(String::from), marker).unwrap();
            Key::derived(&secret, cookie, &purpose)
        };
        let keys = [
            key("one", None, None),
            key("other", None, None),
            key("one", Some("shop"), None),
            key("one", None, Some("shop")),
            key("one", Some("shop"), Some("admin")),
            key("one", Some("admin"), Some("shop")),
        ];
        for (at, key) in keys.iter().enumerate() {
            for other in &keys[..at] {
                assert_ne!(key.kid(), other.kid());
                assert!(!key.is_same_key(other));
            }
        }
        assert!(key("one", None, Some("main")).is_same_key(&keys[0]));
    }
}
