//! What an operator learns: the log through `tracing`, gauges through
//! `metrics`. Never whose session it was.

use std::fmt::Display;

use waxseal_core::UnixTime;

use crate::status::{Readiness, State};

/// Whether the list can be trusted has changed.
pub(crate) fn state(before: State, now: State, serves: bool) {
    match now {
        State::Loading => {}
        State::Current => tracing::info!(?before, "the revocation list is complete and followed"),
        State::Uninitialised => tracing::error!(
            "the revocation log has no list: sessions get a 503 until an operator runs \
             `waxseal revocations init`, which also ends all sessions that have begun"
        ),
        State::Stale if serves => tracing::error!(
            "the revocation log is out of reach for too long: sessions are served with what is \
             known, as configured; what is ended on other servers is not known here"
        ),
        State::Stale => tracing::error!(
            "the revocation log is out of reach for too long: sessions get a 503 until it is back"
        ),
    }
}

pub(crate) fn nearly_full(entries: usize, max: usize) {
    tracing::error!(
        entries,
        max,
        "the revocation list is at 80 % of what it takes; when it is full, logging out answers \
         503: raise max_entries, or end all sessions with revoke_issued_before"
    );
}

/// Something went wrong that will be tried again.
pub(crate) fn retrying(what: &str, error: &dyn Display, pending: usize) {
    tracing::warn!(%error, pending, "{what}; trying again");
}

/// A server's clock is far ahead, or somebody has written a moment by hand.
pub(crate) fn cut_ahead(before: UnixTime, now: UnixTime) {
    tracing::error!(
        %before,
        %now,
        "the revocation log ends sessions up to a moment ahead of this server's clock, further \
         than clocks may differ; it counts as now: set the clocks"
    );
}

#[cfg(feature = "redis")]
pub(crate) fn read_again(reason: &str) {
    tracing::warn!("{reason}: the revocation log is read again, and completed from memory");
}

#[cfg(feature = "redis")]
pub(crate) fn clocks_differ(secs: u64) {
    tracing::error!(
        secs,
        "this server's clock and that of Redis differ by more than sessions allow for; set them"
    );
}

#[cfg(feature = "metrics")]
pub(crate) fn gauges(status: &Readiness) {
    #[expect(clippy::cast_precision_loss, reason = "gauges are floats")]
    let count = |count: usize| count as f64;
    metrics::gauge!("waxseal_revocation_entries").set(count(status.entries));
    metrics::gauge!("waxseal_revocation_pending").set(count(status.pending));
    metrics::gauge!("waxseal_revocation_lag_seconds").set(status.lag.as_secs_f64());
    metrics::gauge!("waxseal_revocation_contact_age_seconds").set(status.contact_age.as_secs_f64());
    let trusted = status.state == State::Current;
    metrics::gauge!("waxseal_revocation_trusted").set(f64::from(u8::from(trusted)));
}

#[cfg(not(feature = "metrics"))]
pub(crate) const fn gauges(_: &Readiness) {}
