//! The secret that an operator configures.

use alloc::{string::String, vec::Vec};
use core::fmt;

use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::{Zeroize as _, Zeroizing};

use crate::{base64url, error::SecretError};

/// The start of the `info` of each HKDF-Expand. The NUL separates it from the context.
const KEY_INFO: &[u8] = b"waxseal/1 HS256\0";
const KID_INFO: &[u8] = b"waxseal/1 kid\0";
#[cfg(feature = "encryption")]
const ENCRYPTION_KEY_INFO: &[u8] = b"waxseal/1 A256CBC-HS512\0";
#[cfg(feature = "encryption")]
const ENCRYPTION_KID_INFO: &[u8] = b"waxseal/1 kid enc\0";

/// At least 32 secret bytes, from which a key is derived for each cookie name
/// and purpose.
///
/// Wiped from memory when dropped; `Debug` shows none of it. The temporary copies on the
/// stack during the derivation of a key are not wiped.
///
/// ```
/// use waxseal_core::Secret;
///
/// # #[cfg(feature = "std")]
/// # fn read() -> Result<Secret, waxseal_core::SecretError> {
/// let secret = Secret::from_env("SESSION_SECRET")?;
/// assert_eq!(format!("{secret:?}"), "Secret(..)");
/// # Ok(secret)
/// # }
/// ```
#[derive(Clone)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// The minimum number of bytes: the output of SHA-256 (RFC 7518, section 3.2).
    const MIN_LEN: usize = 32;

    /// Creates a secret from its bytes, exactly as they are: base64 is not decoded, and a newline
    /// at the end is part of the secret.
    ///
    /// # Errors
    ///
    /// [`SecretError::TooShort`] under 32 bytes.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Result<Self, SecretError> {
        let bytes = Zeroizing::new(bytes.into());
        if bytes.len() < Self::MIN_LEN {
            return Err(SecretError::TooShort { len: bytes.len() });
        }
        Ok(Self(bytes))
    }

    /// Reads a secret from the environment variable `variable`: the UTF-8 bytes of its value,
    /// neither decoded nor trimmed.
    ///
    /// # Errors
    ///
    /// [`SecretError`] if the variable is not set, is not UTF-8, or has fewer than 32
    /// bytes.
    #[cfg(feature = "std")]
    pub fn from_env(variable: &str) -> Result<Self, SecretError> {
        use std::env::VarError;

        match std::env::var(variable) {
            Ok(value) => Self::new(value),
            Err(VarError::NotPresent) => Err(SecretError::NotSet { variable: variable.into() }),
            Err(VarError::NotUnicode(value)) => {
                // The bytes are secret, too.
                drop(Zeroizing::new(value.into_encoded_bytes()));
                Err(SecretError::NotUnicode { variable: variable.into() })
            }
        }
    }

    /// Reads a secret from the file at `path`: its bytes, without one newline at the end (`\n` or
    /// `\r\n`), as editors and `openssl rand` write it.
    ///
    /// With the feature `tracing`, a warning is logged if users other than the owner have
    /// access to the file.
    ///
    /// # Errors
    ///
    /// [`SecretError`] if the file cannot be read, has more than 64 KiB, or contains fewer
    /// than 32 bytes.
    #[cfg(feature = "std")]
    pub fn from_file(path: impl AsRef<std::path::Path>) -> Result<Self, SecretError> {
        let bytes = super::secret_file::read(path.as_ref())?;
        let line = bytes.strip_suffix(b"\n").map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        Self::new(line.unwrap_or(&bytes))
    }

    /// The key of `context` that signs, and its `kid`.
    pub(super) fn derive(&self, context: &str) -> (Zeroizing<[u8; 32]>, String) {
        let mut key = Zeroizing::new([0; 32]);
        let kid = self.derive_into(key.as_mut_slice(), [KEY_INFO, KID_INFO], context);
        (key, kid)
    }

    /// The key of `context` that encrypts, and its `kid`.
    #[cfg(feature = "encryption")]
    pub(super) fn derive_encryption(&self, context: &str) -> (Zeroizing<[u8; 64]>, String) {
        let mut key = Zeroizing::new([0; 64]);
        let infos = [ENCRYPTION_KEY_INFO, ENCRYPTION_KID_INFO];
        let kid = self.derive_into(key.as_mut_slice(), infos, context);
        (key, kid)
    }

    /// Derives a key by HKDF (RFC 5869) without salt, and returns its `kid`.
    fn derive_into(
        &self,
        key: &mut [u8],
        [key_info, kid_info]: [&[u8]; 2],
        context: &str,
    ) -> String {
        let hkdf = extract(&self.0);
        expand(&hkdf, key_info, context, key);
        let mut kid = [0; 6];
        expand(&hkdf, kid_info, context, &mut kid);
        base64url::encode(&kid)
    }
}

/// The first half of HKDF, without salt.
pub(super) fn extract(secret: &[u8]) -> Hkdf<Sha256> {
    let (mut prk, hkdf) = Hkdf::<Sha256>::extract(None, secret);
    prk.as_mut_slice().zeroize();
    hkdf
}

/// The second half of HKDF: its `info` is `start` and `context`.
pub(super) fn expand(hkdf: &Hkdf<Sha256>, start: &[u8], context: &str, out: &mut [u8]) {
    #[expect(clippy::expect_used, reason = "the alternative is to continue with a key of zeros")]
    hkdf.expand_multi_info(&[start, context.as_bytes()], out)
        .expect("64, 32 and 6 bytes are under HKDF's limit of 255 x 32");
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}
