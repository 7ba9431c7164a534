//! What an operator learns: the log through `tracing`, counters through
//! `metrics`. Never a token, a `kid` that nobody verified, or session data.

use std::sync::atomic::{AtomicU64, Ordering};

#[cfg(any(feature = "actix", feature = "axum"))]
use waxseal_core::SaveError;
use waxseal_core::{Closing, NotRecorded, Outcome, Rejection, UnixTime};

#[cfg(any(feature = "actix", feature = "axum"))]
use crate::error::SessionError;

/// A cookie was presented and not accepted.
pub(crate) fn rejected(throttle: &Throttle, cookie: &str, rejection: Rejection, now: UnixTime) {
    let reason = rejection.as_str();
    #[cfg(feature = "metrics")]
    metrics::counter!("waxseal_rejections_total", "cookie" => cookie.to_owned(), "reason" => reason)
        .increment(1);

    match rejection {
        // Somebody tries, or servers do not know each other's keys, or the time.
        Rejection::Signature
        | Rejection::UnknownKey
        | Rejection::ClockNotSet
        | Rejection::StandingUnknown => {
            if let Some(withheld) = throttle.pass(now) {
                tracing::warn!(cookie, reason, withheld, "session cookie rejected: {rejection}");
            } else {
                tracing::debug!(cookie, reason, "session cookie rejected");
            }
        }
        // Day in, day out.
        _ => tracing::debug!(cookie, reason, "session cookie rejected"),
    }
}

/// The response head is made.
pub(crate) fn closed(cookie: &str, closing: &Closing) {
    #[cfg(feature = "metrics")]
    metrics::counter!(
        "waxseal_sessions_total",
        "cookie" => cookie.to_owned(),
        "outcome" => closing.outcome().as_str()
    )
    .increment(1);

    if closing.outcome() == Outcome::Revoked {
        // The handler believes that it was sent.
        tracing::debug!(cookie, "the session was ended meanwhile by another request: not sent");
    }
    if closing.has_unsaved_changes() {
        tracing::warn!(cookie, "the session was changed and not saved");
    }
    if let Some(error) = closing.reseal_error() {
        tracing::warn!(cookie, %error, "the session could not be sealed again");
    }
}

/// A handler has failed.
#[cfg(any(feature = "actix", feature = "axum"))]
pub(crate) fn failed(error: &SessionError) {
    if let SessionError::StandingUnknown | SessionError::Save(SaveError::StandingUnknown) = error {
        // For every request while it lasts: the list's own messages say why.
        tracing::debug!("{error}");
    } else {
        tracing::error!("{error}");
    }
}

/// The log of sessions ended early has not taken one.
pub(crate) fn not_recorded(cookie: &str, error: &NotRecorded) {
    tracing::error!(cookie, "answered 503 to a request that has ended its session: {error}");
}

/// A handler deleted a session whose response was already on its way.
pub(crate) fn deleted_too_late(cookie: &str) {
    tracing::error!(
        cookie,
        "a session was deleted after the response head was made: its cookie stays in the browser"
    );
}

/// Lets one warning through in ten seconds, so that nobody can fill a disk by
/// sending bad cookies.
#[derive(Debug, Default)]
pub(crate) struct Throttle {
    /// When the last one was let through, in seconds since 1970.
    last: AtomicU64,
    withheld: AtomicU64,
}

impl Throttle {
    const SECS: u64 = 10;

    /// How many were withheld since the last, if this one may pass.
    fn pass(&self, now: UnixTime) -> Option<u64> {
        let (now, last) = (now.as_secs(), self.last.load(Ordering::Relaxed));
        // The first one passes also where the clock was never set.
        let due = last == 0 || now.abs_diff(last) >= Self::SECS;
        if due
            && self
                .last
                .compare_exchange(last, now.max(1), Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
        {
            Some(self.withheld.swap(0, Ordering::Relaxed))
        } else {
            self.withheld.fetch_add(1, Ordering::Relaxed);
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_warning_in_ten_seconds() {
        let throttle = Throttle::default();
        let pass = |now| throttle.pass(UnixTime::from_secs(now));
        assert_eq!(pass(1000), Some(0));
        assert_eq!(pass(1000), None);
        assert_eq!(pass(1009), None);
        assert_eq!(pass(1010), Some(2));
        // A clock that was set back does not silence it.
        assert_eq!(pass(10), Some(0));
    }
}
