//! A cookie that a sealer reads, and its keys.

use crate::{
    cookie::CookieSpec,
    data::Data,
    format::Format,
    keyring::{Algorithm, Key, Keyring},
    lifetime::{Limits, Times},
    time::UnixTime,
};

#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) cookie: CookieSpec,
    pub(crate) keyring: Keyring,
    /// The `iat` of migrated sessions: Microdot's tokens contain none that is trusted.
    migration: Option<UnixTime>,
    /// Signed sessions of a sealer that encrypts were issued before this time.
    signed_before: Option<UnixTime>,
}

impl Source {
    pub(super) const fn new(
        cookie: CookieSpec,
        keyring: Keyring,
        signed_before: Option<UnixTime>,
    ) -> Self {
        Self { cookie, keyring, migration: None, signed_before }
    }

    /// Microdot's cookie, whose sessions migrate to waxseal's.
    pub(super) fn migrated_microdot(key: &[u8], since: UnixTime, cookie: CookieSpec) -> Self {
        let keyring = Keyring::microdot(key);
        Self { cookie, keyring, migration: Some(since), signed_before: None }
    }

    /// Whether a session that is signed, although this source encrypts, is accepted.
    pub(super) fn accepts_signed(&self, key: &Key, times: &Times) -> bool {
        match self.signed_before {
            Some(time) if key.algorithm() == Algorithm::Hs256 => {
                times.issued_at.is_some_and(|issued_at| issued_at < time)
            }
            _ => true,
        }
    }

    /// Turns a session of this cookie into one of waxseal's, if it migrates.
    ///
    /// The `exp` of Microdot's application stays binding: it becomes the session's own
    /// absolute timeout, which later limits of a sealer cannot extend.
    pub(super) fn migrate(&self, data: &mut Data, times: &mut Times) {
        let Some(since) = self.migration else { return };
        let left = times.expires_at.map(|expires_at| expires_at.saturating_since(since).as_secs());
        times.issued_at = Some(since);
        times.timeouts.absolute = left;
        data.migrate(left);
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
