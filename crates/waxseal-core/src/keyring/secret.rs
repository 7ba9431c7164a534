//! What an operator configures.

use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroizing;

use crate::error::SecretError;

/// The bytes an operator configures, at least 32 of them. Keys are derived
/// from it, one for each cookie name.
///
/// Wiped from memory when dropped; `Debug` shows none of it.
///
/// ```
/// use waxseal_core::Secret;
///
/// let secret = Secret::new(*b"32 bytes of /dev/urandom, please")?;
/// assert_eq!(format!("{secret:?}"), "Secret(..)");
/// # Ok::<(), waxseal_core::SecretError>(())
/// ```
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// The least number of bytes: the output of SHA-256 (RFC 7518, section
    /// 3.2).
    const MIN_LEN: usize = 32;

    /// A secret from its bytes, as they are: never decoded, never trimmed.
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

    /// A secret from the environment variable `variable`: the UTF-8 bytes of
    /// its value as they are.
    ///
    /// # Errors
    ///
    /// Where the variable is not set, not UTF-8, or has fewer than 32 bytes.
    #[cfg(feature = "std")]
    pub fn from_env(variable: &str) -> Result<Self, SecretError> {
        use std::env::VarError;

        match std::env::var(variable) {
            Ok(value) => Self::new(value),
            Err(VarError::NotPresent) => Err(SecretError::NotSet { variable: variable.into() }),
            Err(VarError::NotUnicode(value)) => {
                // The bytes are a secret, if not a usable one.
                drop(Zeroizing::new(value.into_encoded_bytes()));
                Err(SecretError::NotUnicode { variable: variable.into() })
            }
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}
