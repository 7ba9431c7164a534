//! A key, which seals and opens tokens.

use alloc::{format, string::String};
use core::fmt;

use ctutils::CtEq as _;
#[cfg(feature = "encryption")]
use zeroize::Zeroizing;

use super::{
    hmac::{HmacKey, SIGNATURE_LEN},
    purpose::Purpose,
    secret::Secret,
};
use crate::base64url;
#[cfg(feature = "encryption")]
use crate::encryption::{ContentKey, KEY_LEN};

/// How a key protects its tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    /// Signed: HMAC-SHA-256 (RFC 7518, section 3.2).
    Hs256,
    /// Encrypted: AES-256-CBC and HMAC-SHA-512 (RFC 7518, section 5.2.5).
    #[cfg(feature = "encryption")]
    A256CbcHs512,
}

impl Algorithm {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            #[cfg(feature = "encryption")]
            Self::A256CbcHs512 => "A256CBC-HS512",
        }
    }
}

/// A key, with the header of every token that it seals.
pub(crate) struct Key {
    kid: Option<String>,
    /// Encoded: constant for a key.
    header: String,
    /// The `aud` that its tokens require and carry.
    audience: Option<String>,
    material: Material,
}

/// What a key is made of, by its algorithm.
pub(crate) enum Material {
    Hmac(HmacKey),
    #[cfg(feature = "encryption")]
    Content {
        key: ContentKey,
        /// The HMAC that the key would make.
        fingerprint: Zeroizing<[u8; SIGNATURE_LEN]>,
    },
}

impl Key {
    /// The key that `secret` derives for the cookie `cookie_name` and this purpose.
    pub(crate) fn derived(
        secret: &Secret,
        algorithm: Algorithm,
        cookie_name: &str,
        purpose: &Purpose,
    ) -> Self {
        let context = purpose.context(cookie_name);
        match algorithm {
            Algorithm::Hs256 => {
                let (key, kid) = secret.derive(&context);
                Self::with_kid(key.as_slice(), &kid, None)
            }
            #[cfg(feature = "encryption")]
            Algorithm::A256CbcHs512 => {
                let (key, kid) = secret.derive_encryption(&context);
                Self::encrypting(&key, &kid, None)
            }
        }
    }

    /// A key without derivation, its `kid`, and the audience of its tokens.
    fn with_kid(key: &[u8], kid: &str, audience: Option<String>) -> Self {
        let header = header(r#""alg":"HS256""#, kid);
        Self { kid: Some(kid.into()), audience, ..Self::raw(key, header) }
    }

    /// A key of a key file, with the length that its algorithm requires.
    #[cfg_attr(
        not(feature = "encryption"),
        expect(clippy::unnecessary_wraps, reason = "other algorithms require a length")
    )]
    pub(super) fn from_file(
        algorithm: Algorithm,
        key: &[u8],
        kid: &str,
        audience: Option<String>,
    ) -> Option<Self> {
        match algorithm {
            Algorithm::Hs256 => Some(Self::with_kid(key, kid, audience)),
            #[cfg(feature = "encryption")]
            Algorithm::A256CbcHs512 => Some(Self::encrypting(key.try_into().ok()?, kid, audience)),
        }
    }

    /// A key that encrypts.
    #[cfg(feature = "encryption")]
    fn encrypting(key: &[u8; KEY_LEN], kid: &str, audience: Option<String>) -> Self {
        let fingerprint = Zeroizing::new(HmacKey::new(key).mac(b""));
        let material = Material::Content { key: ContentKey::new(key), fingerprint };
        let header = header(r#""alg":"dir","enc":"A256CBC-HS512""#, kid);
        Self { kid: Some(kid.into()), header, audience, material }
    }

    /// A key without derivation, of any length, and the header that it writes.
    pub(crate) fn raw(key: &[u8], header: String) -> Self {
        Self { kid: None, header, audience: None, material: Material::Hmac(HmacKey::new(key)) }
    }

    pub(crate) const fn algorithm(&self) -> Algorithm {
        match self.material {
            Material::Hmac(_) => Algorithm::Hs256,
            #[cfg(feature = "encryption")]
            Material::Content { .. } => Algorithm::A256CbcHs512,
        }
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

    /// Whether `other` has the same bytes, also for another algorithm.
    pub(super) fn is_same_key(&self, other: &Self) -> bool {
        self.fingerprint().ct_eq(&other.fingerprint()).to_bool()
    }

    fn fingerprint(&self) -> [u8; SIGNATURE_LEN] {
        match &self.material {
            Material::Hmac(key) => key.mac(b""),
            #[cfg(feature = "encryption")]
            Material::Content { fingerprint, .. } => **fingerprint,
        }
    }

    pub(crate) const fn material(&self) -> &Material {
        &self.material
    }
}

/// The encoded header of every token under the key `kid`, which contains no
/// character that JSON escapes.
fn header(algorithm: &str, kid: &str) -> String {
    base64url::encode(format!(r#"{{{algorithm},"kid":"{kid}"}}"#).as_bytes())
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("kid", &self.kid).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keyring::SIGNATURE_CHARS;

    /// RFC 7515, appendix A.1: an HS256 token whose key, header and claims are
    /// other people's.
    #[test]
    fn rfc_7515_a_1() {
        let key = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
        let message = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.\
            eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        let key = HmacKey::new(&base64url::decode(key.as_bytes()).unwrap());

        let signature = base64url::encode(&key.mac(message.as_bytes()));
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
        let key = Key::derived(&secret, Algorithm::Hs256, "__Host-session", &Purpose::default());
        assert_eq!(key.kid(), Some("K7BC6NvU"));
        #[cfg_attr(not(feature = "encryption"), expect(irrefutable_let_patterns))]
        let Material::Hmac(hmac) = key.material() else { panic!("it signs") };
        assert_eq!(
            base64url::encode(&hmac.mac(b"waxseal")),
            "TK9RAbuFh_6xASlchgEBj_86jK8hoOMmMRoaDKxjivc"
        );
    }

    #[test]
    fn debug_shows_the_kid_and_no_key() {
        let secret = Secret::new(*b"correct horse battery staple 123").unwrap();
        let key = Key::derived(&secret, Algorithm::Hs256, "__Host-session", &Purpose::default());
        assert_eq!(format!("{key:?}"), "Key { kid: Some(\"K7BC6NvU\"), .. }");
    }

    #[test]
    fn every_character_of_a_signature_counts() {
        let key = HmacKey::new(b"key");
        let good = base64url::encode(&key.mac(b""));
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
            Key::derived(&secret, Algorithm::Hs256, cookie, &purpose)
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
