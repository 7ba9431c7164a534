//! Log events and gauges for operators. They contain no session ID and no user.

use crate::readiness::{Readiness, State};

pub(crate) fn state(readiness: &Readiness) {
    let Readiness { entries, error, .. } = readiness;
    if readiness.state == State::Current {
        tracing::info!(entries, "the revocation list is current");
    } else {
        tracing::error!(
            error = error.as_deref().unwrap_or("no answer"),
            "the revocation list is stale: requests with a session get a 503 until its store \
             answers"
        );
    }
}

pub(crate) fn store_failed(error: &str, pending: usize) {
    tracing::warn!(error, pending, "an exchange with the revocation store failed; trying again");
}

pub(crate) fn created_with_cutoff() {
    tracing::warn!(
        "the revocation store was empty, and earlier revocations are not known: every session \
         that was issued before is revoked, and all users must log in once more"
    );
}

pub(crate) fn created_from_copy(entries: usize) {
    tracing::warn!(
        entries,
        "the revocation store was empty; this server has created the list again from its copy"
    );
}

pub(crate) fn merged(entries: usize) {
    tracing::warn!(entries, "the revocation store lacked entries; this server has added them");
}

pub(crate) fn clock_behind(secs: u64) {
    tracing::error!(
        secs,
        "the clock of the revocation store is behind its last record, or was ahead when the record was \
         written; if it is wrong now, set it: until it has passed the record, entries live longer than \
         necessary"
    );
}

pub(crate) fn nearly_full(readiness: &Readiness) {
    let Readiness { sessions, max_sessions, .. } = readiness;
    tracing::error!(
        sessions,
        max_sessions,
        "the revocation list has 80 % of its maximum number of sessions; when it is full, a \
         logout revokes all sessions of its user: raise max_sessions"
    );
}

pub(crate) fn loop_ended() {
    tracing::error!(
        "the thread of the revocation list has panicked: requests with a session get a 503 \
         until the server is restarted"
    );
}

#[cfg(feature = "metrics")]
pub(crate) fn gauges(readiness: &Readiness) {
    #[expect(clippy::cast_precision_loss, reason = "gauges are floats")]
    let count = |count: usize| count as f64;
    metrics::gauge!("waxseal_revocation_entries").set(count(readiness.entries));
    metrics::gauge!("waxseal_revocation_pending").set(count(readiness.pending));
    let age = readiness.contact_age.map_or(f64::INFINITY, |age| age.as_secs_f64());
    metrics::gauge!("waxseal_revocation_contact_age_seconds").set(age);
    let trusted = readiness.state == State::Current;
    metrics::gauge!("waxseal_revocation_trusted").set(f64::from(u8::from(trusted)));
}

#[cfg(not(feature = "metrics"))]
pub(crate) const fn gauges(_: &Readiness) {}
