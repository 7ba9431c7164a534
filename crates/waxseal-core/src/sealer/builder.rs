//! Configuration, checked when built.

use core::time::Duration;

use super::{MAX_LINE, Sealer};
use crate::{
    cookie::CookieSpec,
    error::BuildError,
    keyring::{Keyring, Secret},
    lifetime::Limits,
};

const DAY: u64 = 86_400;

/// Builds a [`Sealer`] of our own cookies.
#[derive(Debug)]
#[must_use = "nothing is checked before `build`"]
pub struct SealerBuilder {
    secret: Secret,
    cookie: CookieSpec,
    limits: Limits,
    max_token: usize,
}

impl SealerBuilder {
    pub(super) fn new(secret: Secret) -> Self {
        Self {
            secret,
            cookie: CookieSpec::default(),
            limits: Limits { idle: Some(7 * DAY), absolute: Some(30 * DAY) },
            max_token: MAX_LINE,
        }
    }

    /// The cookie's name and attributes; [`CookieSpec::default`] unless given.
    /// Keys are derived for its name: another name is another key.
    pub fn cookie(mut self, cookie: CookieSpec) -> Self {
        self.cookie = cookie;
        self
    }

    /// How long a session lives without activity, in whole seconds; 7 days
    /// unless given, `None` for no such limit.
    pub fn idle(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.limits.idle = limit.into().map(|limit| limit.as_secs());
        self
    }

    /// How long a session lives from its beginning, whatever its user does,
    /// in whole seconds; 30 days unless given, `None` for no such limit. A
    /// lowered limit also ends sessions that have begun already.
    pub fn absolute(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.limits.absolute = limit.into().map(|limit| limit.as_secs());
        self
    }

    /// The longest cookie value that is looked at, in bytes; 4096 unless
    /// given. Under 4096 it also bounds what is saved.
    pub fn max_token_bytes(mut self, limit: usize) -> Self {
        self.max_token = limit;
        self
    }

    /// The checked sealer.
    ///
    /// # Errors
    ///
    /// A [`BuildError`] where the limits make no sense.
    pub fn build(self) -> Result<Sealer, BuildError> {
        let Limits { idle, absolute } = self.limits;
        if idle.is_none() && absolute.is_none() {
            return Err(BuildError::NoLimit);
        }
        if idle == Some(0) || absolute == Some(0) {
            return Err(BuildError::ZeroLimit);
        }
        if self.max_token < 256 {
            return Err(BuildError::SizeLimit);
        }
        let keyring = Keyring::derived(&self.secret, self.cookie.name());
        Ok(Sealer { cookie: self.cookie, keyring, limits: self.limits, max_token: self.max_token })
    }
}
