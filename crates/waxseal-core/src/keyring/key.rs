//! What signs and verifies: HMAC-SHA-256, keyed once.

use alloc::{format, string::String};
use core::fmt;

use hmac::{
    Hmac, KeyInit as _, Mac as _,
    digest::{CtOutput, Output},
};
use sha2::{Digest as _, Sha256};
use zeroize::{Zeroize as _, Zeroizing};

use super::secret::Secret;
use crate::base64url;

/// The bytes of a signature: the output of SHA-256.
pub(crate) const SIGNATURE_LEN: usize = 32;

/// The bytes of SHA-256's block, which is the key that HMAC really takes.
const BLOCK_LEN: usize = 64;

/// A key for HMAC-SHA-256 (HS256 of RFC 7518, section 3.2), with the header
/// of every token that it signs.
pub(crate) struct Key {
    kid: Option<String>,
    /// The header, encoded: constant for a key.
    header: String,
    /// The hash states after the key's own blocks, kept: keying afresh would
    /// cost three blocks for each token. Wiped on drop by the crate's feature.
    keyed: Hmac<Sha256>,
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
        // RFC 2104, section 2: a key longer than a block is hashed first, a
        // shorter one is padded with zeros.
        let mut block = Zeroizing::new([0; BLOCK_LEN]);
        if key.len() > BLOCK_LEN {
            let mut hashed = Sha256::digest(key);
            block.iter_mut().zip(&hashed).for_each(|(to, from)| *to = *from);
            hashed.as_mut_slice().zeroize();
        } else {
            block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
        }
        Self { kid: None, header, keyed: Hmac::new((&*block).into()) }
    }

    pub(super) fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The encoded header of every token that this key signs.
    pub(crate) fn header(&self) -> &str {
        &self.header
    }

    pub(crate) fn sign(&self, message: &[u8]) -> [u8; SIGNATURE_LEN] {
        self.mac(message).into_bytes().into()
    }

    /// Whether `signature` is the message's, in a time that does not depend on
    /// where they differ.
    pub(crate) fn verifies(&self, message: &[u8], signature: [u8; SIGNATURE_LEN]) -> bool {
        self.mac(message) == CtOutput::new(Output::<Hmac<Sha256>>::from(signature))
    }

    /// All hashing of messages. A function of its own, so that code which the
    /// compiler vectorizes around it stays apart from the SHA instructions.
    #[inline(never)]
    fn mac(&self, message: &[u8]) -> CtOutput<Hmac<Sha256>> {
        self.keyed.clone().chain_update(message).finalize()
    }
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

        let signature = key.sign(message.as_bytes());
        assert_eq!(base64url::encode(&signature), "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
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

    /// Against the crate's own treatment of keys shorter than, as long as and
    /// longer than a block.
    #[test]
    fn raw_keys_of_any_length() {
        for len in [1, 10, 63, 64, 65, 200] {
            let bytes = [0xA5; 200];
            let reference = Hmac::<Sha256>::new_from_slice(&bytes[..len]).unwrap();
            let signature = Key::raw(&bytes[..len], String::new()).sign(b"message");
            let expected: [u8; 32] =
                reference.chain_update(b"message").finalize().into_bytes().into();
            assert_eq!(signature, expected, "{len}");
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
