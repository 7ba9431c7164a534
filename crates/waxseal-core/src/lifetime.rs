//! How long a session lives. Pure: times, limits and now in, a verdict out.

use crate::{error::Rejection, time::UnixTime};

/// How far the clocks of several servers may differ, in seconds. It excuses a
/// token dated in the future and never extends one that has expired.
pub(crate) const LEEWAY: u64 = 60;

/// The limits of a session, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Limits {
    /// From the last activity.
    pub(crate) idle: Option<u64>,
    /// From the session's beginning.
    pub(crate) absolute: Option<u64>,
}

/// The times that a token states.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Times {
    /// `iat`: when the session began.
    pub(crate) issued: Option<UnixTime>,
    /// `nbf`.
    pub(crate) not_before: Option<UnixTime>,
    /// `exp`.
    pub(crate) expires: Option<UnixTime>,
}

/// What is to be done about a session that has not expired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing: it lives long enough.
    Keep,
    /// Its end is near and activity moves it on: seal it again.
    Renew,
}

impl Limits {
    /// The end of a session that began at `began` and is active `now`.
    pub(crate) fn expires(self, began: UnixTime, now: UnixTime) -> Option<UnixTime> {
        let idle = self.idle.map(|secs| now.plus(secs));
        let absolute = self.absolute.map(|secs| began.plus(secs));
        [idle, absolute].into_iter().flatten().min()
    }

    /// Step 6 of opening: whether a session with these times is alive `now`,
    /// and whether it is to be renewed.
    pub(crate) fn judge(self, times: &Times, now: UnixTime) -> Result<Verdict, Rejection> {
        if times.expires.is_some_and(|expires| expires <= now) {
            return Err(Rejection::Expired);
        }
        let latest = Some(now.plus(LEEWAY));
        if times.issued > latest || times.not_before > latest {
            return Err(Rejection::NotYetValid);
        }
        let Some(began) = times.issued else { return Ok(Verdict::Keep) };
        // Whatever `exp` says: so a limit that was lowered works at once.
        if self.absolute.is_some_and(|secs| began.plus(secs) <= now) {
            return Err(Rejection::Expired);
        }
        Ok(self.activity(began, times.expires, now))
    }

    /// Activity moves the end on only when less than half of the idle time is
    /// left, so that a busy user's responses carry no cookie; and never
    /// backwards.
    fn activity(self, began: UnixTime, expires: Option<UnixTime>, now: UnixTime) -> Verdict {
        match (self.idle, expires) {
            (Some(idle), Some(expires))
                if expires.since(now) < idle.div_ceil(2)
                    && self.expires(began, now) > Some(expires) =>
            {
                Verdict::Renew
            }
            _ => Verdict::Keep,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGAN: u64 = 1_800_000_000;
    const LIMITS: Limits = Limits { idle: Some(100), absolute: Some(1000) };

    fn judge(issued: u64, expires: u64, now: u64) -> Result<Verdict, Rejection> {
        let times = Times {
            issued: Some(UnixTime::from_secs(issued)),
            expires: Some(UnixTime::from_secs(expires)),
            ..Times::default()
        };
        LIMITS.judge(&times, UnixTime::from_secs(now))
    }

    #[test]
    fn ends_at_the_nearer_limit() {
        let end = |now| LIMITS.expires(UnixTime::from_secs(BEGAN), UnixTime::from_secs(now));
        assert_eq!(end(BEGAN), Some(UnixTime::from_secs(BEGAN + 100)));
        assert_eq!(end(BEGAN + 950), Some(UnixTime::from_secs(BEGAN + 1000)));
    }

    #[test]
    fn expires_at_exp_without_leeway() {
        assert!(judge(BEGAN, BEGAN + 100, BEGAN + 99).is_ok());
        assert_eq!(judge(BEGAN, BEGAN + 100, BEGAN + 100), Err(Rejection::Expired));
    }

    #[test]
    fn expires_at_the_absolute_limit_whatever_exp_says() {
        assert!(judge(BEGAN, BEGAN + 9999, BEGAN + 999).is_ok());
        assert_eq!(judge(BEGAN, BEGAN + 9999, BEGAN + 1000), Err(Rejection::Expired));
    }

    #[test]
    fn the_future_begins_after_the_leeway() {
        assert!(judge(BEGAN + 60, BEGAN + 160, BEGAN).is_ok());
        assert_eq!(judge(BEGAN + 61, BEGAN + 160, BEGAN), Err(Rejection::NotYetValid));
        let times = Times { not_before: Some(UnixTime::from_secs(BEGAN + 61)), ..Times::default() };
        let now = UnixTime::from_secs(BEGAN);
        assert_eq!(Limits::default().judge(&times, now), Err(Rejection::NotYetValid));
    }

    #[test]
    fn renews_in_the_second_half_of_the_idle_time() {
        assert_eq!(judge(BEGAN, BEGAN + 100, BEGAN + 50), Ok(Verdict::Keep));
        assert_eq!(judge(BEGAN, BEGAN + 100, BEGAN + 51), Ok(Verdict::Renew));
        // Near the absolute limit the end cannot move any further.
        assert_eq!(judge(BEGAN, BEGAN + 1000, BEGAN + 960), Ok(Verdict::Keep));
    }
}
