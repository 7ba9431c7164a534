//! A cookie that a sealer reads, and its keys.

use crate::{
    cookie::CookieSpec,
    data::Data,
    format::Format,
    keyring::Keyring,
    lifetime::{Limits, Times},
    time::UnixTime,
};

#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) cookie: CookieSpec,
    pub(crate) keyring: Keyring,
    /// The `iat` of migrated sessions: Microdot's tokens contain none that is trusted.
    migration: Option<UnixTime>,
}

impl Source {
    pub(super) const fn new(cookie: CookieSpec, keyring: Keyring) -> Self {
        Self { cookie, keyring, migration: None }
    }

    /// Microdot's cookie, whose sessions migrate to waxseal's.
    pub(super) fn migrated_microdot(key: &[u8], since: UnixTime) -> Self {
        let keyring = Keyring::microdot(key);
        Self { cookie: CookieSpec::microdot(), keyring, migration: Some(since) }
    }

    /// Turns a session of this cookie into one of waxseal's, if it migrates.
    ///
    /// The `exp` of Microdot's application stays binding: `iat` becomes `exp` minus the
    /// absolute timeout, so that the session ends at `exp`.
    pub(super) fn migrate(&self, data: &mut Data, times: &mut Times, limits: Limits) {
        let Some(since) = self.migration else { return };
        let bound = times.expires_at.zip(limits.absolute_timeout);
        let earlier = bound.map(|(expires_at, absolute)| expires_at.minus(absolute));
        times.issued_at = earlier.into_iter().chain([since]).min();
        data.migrate();
    }

    /// The new `exp`, if the cookie needs a refresh although no handler saves the
    /// session: it `is_late`, the session migrates, or it is `outdated` (signed by another
    /// key, or in another cookie).
    pub(super) fn refresh(
        &self,
        is_late: bool,
        outdated: bool,
        limits: Limits,
        times: &Times,
        now: UnixTime,
    ) -> Option<UnixTime> {
        let issued_at = times.issued_at?;
        if is_late || self.migration.is_some() {
            return limits.expires_at(issued_at, now);
        }
        times.expires_at.filter(|_| outdated)
    }

    /// Whether the last cookie with this name is tried first, as Microdot does.
    pub(super) fn last_first(&self) -> bool {
        self.keyring.format() == Format::Microdot
    }
}
