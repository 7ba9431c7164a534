//! How long a session lives. Pure functions: times, limits and the current time
//! in, a verdict out.

use crate::{error::Rejection, time::UnixTime};

/// How far the clocks of several servers may differ, in seconds. The leeway
/// accepts a token dated in the future; it never extends a session.
pub(crate) const LEEWAY: u64 = 60;

/// The limits of a session, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Limits {
    /// From the last activity.
    pub(crate) idle_timeout: Option<u64>,
    /// From the issue time of the session (`iat`).
    pub(crate) absolute_timeout: Option<u64>,
    /// A cookie is refreshed if less than this is left of the idle timeout; `None` for
    /// half of it.
    pub(crate) refresh_threshold: Option<u64>,
}

/// The timeouts of one session (`wx_idle` and `wx_abs`), in seconds. They can only shorten
/// those of the sealer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Timeouts {
    pub(crate) idle: Option<u64>,
    pub(crate) absolute: Option<u64>,
}

/// The times in a token, and its stamp.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Times {
    /// `iat`: the issue time of the session.
    pub(crate) issued_at: Option<UnixTime>,
    /// `nbf`.
    pub(crate) not_before: Option<UnixTime>,
    /// `exp`.
    pub(crate) expires_at: Option<UnixTime>,
    pub(crate) timeouts: Timeouts,
    /// `wx_rev`: the stamp up to which its server knew the revocation list.
    pub(crate) stamp: Option<u64>,
}

impl Limits {
    /// These limits with the shorter of each timeout.
    #[inline]
    pub(crate) fn shortened(self, timeouts: Timeouts) -> Self {
        let shorter = |one: Option<u64>, other: Option<u64>| match (one, other) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        let idle_timeout = shorter(self.idle_timeout, timeouts.idle);
        let absolute_timeout = shorter(self.absolute_timeout, timeouts.absolute);
        Self { idle_timeout, absolute_timeout, ..self }
    }

    /// The expiry of a session that was issued at `issued_at` and is active `now`.
    pub(crate) fn expires_at(self, issued_at: UnixTime, now: UnixTime) -> Option<UnixTime> {
        let idle = self.idle_timeout.map(|secs| now.plus(secs));
        let absolute = self.absolute_timeout.map(|secs| issued_at.plus(secs));
        [idle, absolute].into_iter().flatten().min()
    }

    /// Step 6 of opening: the session is alive `now`. Returns whether its cookie needs a
    /// refresh, with a later expiry.
    pub(crate) fn judge(self, times: &Times, now: UnixTime) -> Result<bool, Rejection> {
        if times.expires_at.is_some_and(|expires_at| expires_at <= now) {
            return Err(Rejection::Expired);
        }
        let latest = Some(now.plus(LEEWAY));
        if times.issued_at > latest || times.not_before > latest {
            return Err(Rejection::NotYetValid);
        }
        let Some(issued_at) = times.issued_at else { return Ok(false) };
        // Independent of `exp`, so a lowered absolute timeout applies at once.
        if self.absolute_timeout.is_some_and(|secs| issued_at.plus(secs) <= now) {
            return Err(Rejection::Expired);
        }
        // A refresh waits, so that most responses to an active user set no cookie. It never
        // shortens a session.
        let (Some(idle), Some(expires_at)) = (self.idle_timeout, times.expires_at) else {
            return Ok(false);
        };
        // The session's own idle timeout can be shorter than the threshold.
        let threshold = self.refresh_threshold.filter(|secs| *secs <= idle);
        let threshold = threshold.unwrap_or_else(|| idle.div_ceil(2));
        let is_late = expires_at.saturating_since(now).as_secs() < threshold;
        Ok(is_late && self.expires_at(issued_at, now) > Some(expires_at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISSUED_AT: u64 = 1_800_000_000;
    const LIMITS: Limits =
        Limits { idle_timeout: Some(100), absolute_timeout: Some(1000), refresh_threshold: None };

    fn judge(issued_at: u64, expires_at: u64, now: u64) -> Result<bool, Rejection> {
        judge_by(LIMITS, issued_at, expires_at, now)
    }

    fn judge_by(
        limits: Limits,
        issued_at: u64,
        expires_at: u64,
        now: u64,
    ) -> Result<bool, Rejection> {
        let times = Times {
            issued_at: Some(UnixTime::from_secs(issued_at)),
            expires_at: Some(UnixTime::from_secs(expires_at)),
            ..Times::default()
        };
        limits.judge(&times, UnixTime::from_secs(now))
    }

    #[test]
    fn expires_at_the_nearer_timeout() {
        let end = |now| LIMITS.expires_at(UnixTime::from_secs(ISSUED_AT), UnixTime::from_secs(now));
        assert_eq!(end(ISSUED_AT), Some(UnixTime::from_secs(ISSUED_AT + 100)));
        assert_eq!(end(ISSUED_AT + 950), Some(UnixTime::from_secs(ISSUED_AT + 1000)));
    }

    #[test]
    fn expires_at_exp_without_leeway() {
        assert!(judge(ISSUED_AT, ISSUED_AT + 100, ISSUED_AT + 99).is_ok());
        assert_eq!(judge(ISSUED_AT, ISSUED_AT + 100, ISSUED_AT + 100), Err(Rejection::Expired));
    }

    #[test]
    fn expires_at_the_absolute_timeout_even_if_exp_is_later() {
        assert!(judge(ISSUED_AT, ISSUED_AT + 9999, ISSUED_AT + 999).is_ok());
        assert_eq!(judge(ISSUED_AT, ISSUED_AT + 9999, ISSUED_AT + 1000), Err(Rejection::Expired));
    }

    #[test]
    fn the_future_starts_after_the_leeway() {
        assert!(judge(ISSUED_AT + 60, ISSUED_AT + 160, ISSUED_AT).is_ok());
        assert_eq!(judge(ISSUED_AT + 61, ISSUED_AT + 160, ISSUED_AT), Err(Rejection::NotYetValid));
        let times =
            Times { not_before: Some(UnixTime::from_secs(ISSUED_AT + 61)), ..Times::default() };
        let now = UnixTime::from_secs(ISSUED_AT);
        assert_eq!(Limits::default().judge(&times, now), Err(Rejection::NotYetValid));
    }

    #[test]
    fn refreshes_in_the_second_half_of_the_idle_timeout() {
        assert_eq!(judge(ISSUED_AT, ISSUED_AT + 100, ISSUED_AT + 50), Ok(false));
        assert_eq!(judge(ISSUED_AT, ISSUED_AT + 100, ISSUED_AT + 51), Ok(true));
        // Near the absolute timeout the expiry cannot move.
        assert_eq!(judge(ISSUED_AT, ISSUED_AT + 1000, ISSUED_AT + 960), Ok(false));
    }

    #[test]
    fn refreshes_under_the_threshold() {
        let limits = Limits { refresh_threshold: Some(20), ..LIMITS };
        let judge =
            |limits, left| judge_by(limits, ISSUED_AT, ISSUED_AT + 100, ISSUED_AT + 100 - left);
        assert_eq!(judge(limits, 20), Ok(false));
        assert_eq!(judge(limits, 19), Ok(true));
        // A session with an idle timeout under the threshold is refreshed at half of it.
        let shorter = limits.shortened(Timeouts { idle: Some(10), absolute: None });
        assert_eq!(judge(shorter, 5), Ok(false));
        assert_eq!(judge(shorter, 4), Ok(true));
    }

    #[test]
    fn a_session_can_only_shorten_its_timeouts() {
        let longer = Timeouts { idle: Some(101), absolute: Some(u64::MAX) };
        assert_eq!(LIMITS.shortened(longer), LIMITS);
        let shorter = LIMITS.shortened(Timeouts { idle: Some(99), absolute: Some(10) });
        assert_eq!((shorter.idle_timeout, shorter.absolute_timeout), (Some(99), Some(10)));
        let unlimited = Limits::default().shortened(Timeouts { idle: Some(9), absolute: None });
        assert_eq!((unlimited.idle_timeout, unlimited.absolute_timeout), (Some(9), None));
    }
}
