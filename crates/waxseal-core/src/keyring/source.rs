//! Where the keys of waxseal's cookie come from.

use alloc::vec::Vec;

#[cfg(feature = "device-bound")]
use super::{Keyring, purpose::DeviceToken};
use super::{
    jwks::Jwks,
    key::{Algorithm, Key},
    purpose::Purpose,
    secret::Secret,
};
use crate::error::BuildError;
#[cfg(feature = "device-bound")]
use crate::error::DeviceBindingError;

/// Where keys come from: a [`Secret`], which derives a key for the cookie's name,
/// or a [`Jwks`], whose keys are used without derivation.
#[derive(Debug)]
#[non_exhaustive]
pub enum KeySource {
    /// A secret, from which the key of each cookie name and purpose is derived.
    Secret(Secret),
    /// Keys that are used directly, bound to one cookie.
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
    /// The keys of the cookie `cookie_name` for `purpose`: the one that seals and those that only
    /// open, which include those of `fallback`.
    pub(crate) fn keys(
        &self,
        algorithm: Algorithm,
        fallback: &[Secret],
        cookie_name: &str,
        purpose: &Purpose,
    ) -> Result<(Key, Vec<Key>), BuildError> {
        let derived = |secret| Key::derived(secret, algorithm, cookie_name, purpose);
        let (sealing, mut opening) = match self {
            Self::Secret(secret) => (derived(secret), Vec::new()),
            Self::Jwks(jwks) => {
                let (sealing, opening) = jwks.keys(algorithm, cookie_name, purpose)?;
                let algorithm = algorithm.as_str();
                (sealing.ok_or(BuildError::NoSealingKey { algorithm })?, opening)
            }
        };
        opening.extend(fallback.iter().map(derived));
        Ok((sealing, opening))
    }

    /// The keys of another algorithm, which only open.
    #[cfg(feature = "encryption")]
    pub(crate) fn opening_keys(
        &self,
        algorithm: Algorithm,
        fallback: &[Secret],
        cookie_name: &str,
        purpose: &Purpose,
    ) -> Result<Vec<Key>, BuildError> {
        let derived = |secret| Key::derived(secret, algorithm, cookie_name, purpose);
        let (first, mut keys) = match self {
            Self::Secret(secret) => (Some(derived(secret)), Vec::new()),
            Self::Jwks(jwks) => jwks.keys(algorithm, cookie_name, purpose)?,
        };
        keys.extend(first.into_iter().chain(fallback.iter().map(derived)));
        if keys.is_empty() {
            return Err(BuildError::NoKey { algorithm: algorithm.as_str() });
        }
        Ok(keys)
    }

    /// The keys of a token of device binding. Those of fallback secrets only open.
    #[cfg(feature = "device-bound")]
    pub(crate) fn device_keys(
        &self,
        token: DeviceToken,
        fallback: &[Secret],
        cookie_name: &str,
        purpose: &Purpose,
    ) -> Result<Keyring, BuildError> {
        let Self::Secret(_) = self else {
            return Err(BuildError::DeviceBinding(DeviceBindingError::NeedsSecret));
        };
        let purpose = purpose.of_device(token);
        Keyring::new(self.keys(Algorithm::Hs256, fallback, cookie_name, &purpose)?)
    }

    /// The keys of a previous cookie, which only open. A key set is bound to
    /// one cookie and has no keys for another.
    pub(crate) fn previous_keys(
        &self,
        algorithm: Algorithm,
        fallback: &[Secret],
        cookie_name: &str,
        purpose: &Purpose,
    ) -> Result<(Key, Vec<Key>), BuildError> {
        let secret = match self {
            Self::Secret(secret) => Some(secret),
            Self::Jwks(_) => None,
        };
        let derived = |secret| Key::derived(secret, algorithm, cookie_name, purpose);
        let mut keys = secret.into_iter().chain(fallback).map(derived);
        let first = keys.next().ok_or(BuildError::NoPreviousKey)?;
        Ok((first, keys.collect()))
    }
}
