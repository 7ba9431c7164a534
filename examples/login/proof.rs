//! The proofs of a browser, in a build with the feature `device-bound`.

use std::time::Duration;

use waxseal::{BoundDevice, Rejection, Session, UnixTime};

use crate::{anatomy::date, binding::Proof};

/// How long the browser keeps the cookie of a proof.
pub const LIFETIME: Duration = Duration::from_secs(10 * 60);

/// How much longer the server accepts the cookie, in seconds.
const LEEWAY: u64 = 60;

impl Proof {
    pub fn new(device: BoundDevice, now: UnixTime) -> Self {
        let next = device.proof_expires_at.as_secs().saturating_sub(LEEWAY);
        let shown = |secs: u64| i64::try_from(secs).ok().and_then(date).unwrap_or_default();
        Self {
            thumbprint: device.thumbprint,
            last: shown(next.saturating_sub(LIFETIME.as_secs())),
            next: shown(next),
            secs_to_next: next.saturating_sub(now.as_secs()),
        }
    }
}

/// Why the session in the cookie is not open, if it is a bound one.
pub fn complaint(session: &Session) -> Option<&'static str> {
    matches!(session.rejection()?, Rejection::ProofMissing | Rejection::ProofExpired).then_some(
        "This session is bound to a device, and this browser has not proved that it is on that \
         device. Log in again.",
    )
}
