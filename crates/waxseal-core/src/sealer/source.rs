//! A cookie that is read, and the keys that verify it.

use crate::{
    cookie::CookieSpec,
    keyring::{Dialect, Keyring},
    lifetime::{Limits, Times, Verdict},
    state::State,
    time::UnixTime,
};

#[derive(Debug)]
pub(super) struct Source {
    pub(super) cookie: CookieSpec,
    pub(super) keyring: Keyring,
    /// When its sessions count as begun, whatever they say of themselves:
    /// Microdot's say nothing that could be trusted.
    since: Option<UnixTime>,
}

impl Source {
    pub(super) const fn new(cookie: CookieSpec, keyring: Keyring) -> Self {
        Self { cookie, keyring, since: None }
    }

    /// Microdot's cookie, taken over into our own.
    pub(super) fn microdot(key: &[u8], since: UnixTime) -> Self {
        let keyring = Keyring::microdot(key);
        Self { cookie: CookieSpec::microdot(), keyring, since: Some(since) }
    }

    /// A session of this cookie as one of ours.
    ///
    /// The `exp` that Microdot's application has set binds for good: the session
    /// counts as begun so early that the absolute limit ends it then.
    pub(super) fn take_over(&self, state: &mut State, times: &mut Times, limits: Limits) {
        let Some(since) = self.since else { return };
        let bound = times.expires.zip(limits.absolute);
        let began = bound.map(|(expires, absolute)| expires.minus(absolute));
        times.issued = began.into_iter().chain([since]).min();
        state.adopt();
    }

    /// When a session has to be sealed again, although nobody saves it, and
    /// the `exp` that it then gets: if its end moves on; if it is to get our
    /// cookie instead of this one; if its key signs no more.
    pub(super) fn reseal(
        &self,
        verdict: Verdict,
        outdated: bool,
        limits: Limits,
        times: &Times,
        now: UnixTime,
    ) -> Option<UnixTime> {
        let began = times.issued?;
        match (self.since, verdict) {
            (Some(_), _) | (None, Verdict::Renew) => limits.expires(began, now),
            (None, Verdict::Keep) if outdated => times.expires,
            (None, Verdict::Keep) => None,
        }
    }

    /// The order in which several cookies of one name are tried.
    pub(super) fn last_first(&self) -> bool {
        self.keyring.dialect() == Dialect::Microdot
    }
}
