//! What an operator learns: log events through `tracing`, counters through
//! `metrics`. They contain no token, no unverified `kid` and no session data.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use waxseal_core::{Outcome, Rejection, ResponseChanges, Unavailable, UnixTime};

use crate::config::Config;

/// Whether the warning of a session without a user was logged: once per process, because
/// anonymous visitors may have sessions.
static WARNED_OF_NO_USER: AtomicBool = AtomicBool::new(false);

/// A handler has asked for a session, and no cookie of the request was accepted.
pub(crate) fn rejected(config: &Config, now: UnixTime, rejection: Rejection) {
    let sealer = config.sealer.current();
    let (cookie, reason) = (sealer.cookie().name(), rejection.as_str());
    #[cfg(feature = "metrics")]
    metrics::counter!("waxseal_rejections_total", "cookie" => cookie.to_owned(), "reason" => reason)
        .increment(1);

    match rejection {
        // A forged or damaged token, servers with different keys, a clock that is not set,
        // an unavailable list.
        Rejection::Signature
        | Rejection::UnknownKey
        | Rejection::ClockNotSet
        | Rejection::RevocationUnknown => {
            if let Some(withheld) = config.rejections.pass(now) {
                tracing::warn!(cookie, reason, withheld, "session cookie rejected: {rejection}");
            } else {
                tracing::debug!(cookie, reason, "session cookie rejected");
            }
        }
        // Everyday events.
        _ => tracing::debug!(cookie, reason, "session cookie rejected"),
    }
}

/// The outcome of a session that gets a 503.
pub(crate) const UNAVAILABLE: &str = "unavailable";

/// Counts a session that a request has used.
#[cfg_attr(not(feature = "metrics"), expect(unused_variables, reason = "there is no counter"))]
pub(crate) fn count(cookie: &str, outcome: &'static str) {
    #[cfg(feature = "metrics")]
    metrics::counter!(
        "waxseal_sessions_total",
        "cookie" => cookie.to_owned(),
        "outcome" => outcome
    )
    .increment(1);
}

/// The response head is complete.
pub(crate) fn finished(
    config: &Config,
    cookie: &str,
    finished: &Result<ResponseChanges, Unavailable>,
) {
    let changes = match finished {
        Ok(changes) => {
            count(cookie, changes.outcome().as_str());
            changes
        }
        Err(unavailable) => {
            count(cookie, UNAVAILABLE);
            tracing::error!(cookie, "the response is a 503: {unavailable}");
            &unavailable.changes
        }
    };

    if changes.has_unrevoked_session() {
        #[cfg(feature = "metrics")]
        metrics::counter!("waxseal_not_revoked_total", "cookie" => cookie.to_owned()).increment(1);
        if let Some(withheld) = config.not_revoked.pass(config.clock.now()) {
            tracing::warn!(
                cookie,
                withheld,
                "the revocation list has no room left for sessions without a user: a copy of the \
                 cookie that this response replaces or removes is accepted until it expires"
            );
        }
    }
    if changes.is_saved_without_user() && !WARNED_OF_NO_USER.swap(true, Ordering::Relaxed) {
        tracing::warn!(
            cookie,
            "a session without a user was saved, which is correct for a visitor; if a user is logged \
             in, call log_in, or the revocation list cannot revoke this session together with the \
             user's other sessions"
        );
    }
    if changes.outcome() == Outcome::Revoked {
        // The handler was told that it is saved.
        tracing::debug!(cookie, "another request has revoked the session: the save is not sent");
    }
    if changes.has_unsaved_changes() {
        tracing::warn!(
            cookie,
            "the session was changed and not saved: call save() after the last change"
        );
    }
    if let Some(error) = changes.refresh_error() {
        tracing::warn!(cookie, %error, "the session cookie could not be refreshed");
    }
}

/// The layer has answered a request to a route of device binding, or with the page that loads
/// itself again.
#[cfg(all(feature = "device-bound", any(feature = "actix", feature = "tower")))]
pub(crate) fn device(cookie: &str, outcome: &'static str) {
    #[cfg(feature = "metrics")]
    metrics::counter!(
        "waxseal_device_binding_total",
        "cookie" => cookie.to_owned(),
        "outcome" => outcome
    )
    .increment(1);
    tracing::debug!(cookie, outcome, "device binding");
}

/// Passes one warning every ten seconds, so that no client can fill a disk.
#[derive(Debug, Default)]
pub(crate) struct Throttle {
    /// When the last warning passed, in seconds since 1970.
    last: AtomicU64,
    withheld: AtomicU64,
}

impl Throttle {
    const SECS: u64 = 10;

    /// How many warnings were withheld since the last, if this one passes.
    fn pass(&self, now: UnixTime) -> Option<u64> {
        let (now, last) = (now.as_secs(), self.last.load(Ordering::Relaxed));
        // The first warning passes even if the clock is not set.
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
        // A clock that was set back does not silence the warnings.
        assert_eq!(pass(10), Some(0));
    }
}
