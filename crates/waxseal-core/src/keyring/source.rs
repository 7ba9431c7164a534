//! Where the keys of our own cookie come from.

use alloc::vec::Vec;

use super::{Jwks, Key, Keyring, Secret};
use crate::error::BuildError;

/// Where keys come from: a [`Secret`], from which one is derived for the
/// cookie's name, or a [`Jwks`], whose keys stand as they are.
#[derive(Debug)]
#[non_exhaustive]
pub enum KeySource {
    /// Keys are derived from it.
    Secret(Secret),
    /// Keys as they stand, bound to one cookie.
    Jwks(Jwks),
}

impl From<Secret> for KeySource {
    fn from(secret: Secret) -> Self {
        Self::Secret(secret)
    }
}

impl From<Jwks> for KeySource {
    fn from(jwks: Jwks) -> Self {
        Self::Jwks(jwks)
    }
}

impl KeySource {
    /// The ring of the cookie `cookie_name`; keys from `accepted` only verify.
    pub(crate) fn keyring(
        &self,
        accepted: &[Secret],
        cookie_name: &str,
    ) -> Result<Keyring, BuildError> {
        let (signing, mut verifying) = match self {
            Self::Secret(secret) => (Key::derived(secret, cookie_name), Vec::new()),
            Self::Jwks(jwks) => jwks.keys(cookie_name)?,
        };
        verifying.extend(accepted.iter().map(|secret| Key::derived(secret, cookie_name)));
        Keyring::new(signing, verifying)
    }

    /// The ring of a cookie that was used before under another name. Nothing
    /// is signed with it. A key set is bound to its own cookie and has no keys
    /// for another.
    pub(crate) fn former_keyring(
        &self,
        accepted: &[Secret],
        cookie_name: &str,
    ) -> Result<Keyring, BuildError> {
        let secret = match self {
            Self::Secret(secret) => Some(secret),
            Self::Jwks(_) => None,
        };
        let mut keys =
            secret.into_iter().chain(accepted).map(|secret| Key::derived(secret, cookie_name));
        let first = keys.next().ok_or(BuildError::NoFormerKey)?;
        Keyring::new(first, keys.collect())
    }
}
