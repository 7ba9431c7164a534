//! Step 7 of opening: the revocation list.

use alloc::boxed::Box;

use crate::{
    claims,
    data::Data,
    error::Rejection,
    lifetime::Times,
    revocation::{RevocationStatus, Revocations, SessionView},
    time::UnixTime,
};

#[derive(Debug)]
pub(crate) struct RevocationCheck {
    pub(crate) list: Box<dyn Revocations>,
    /// Whether a token without a session ID is accepted, and gets one.
    pub(super) accepts_without_sid: bool,
}

impl RevocationCheck {
    /// Returns whether the session needs a session ID.
    pub(super) fn check(&self, data: &Data, times: &Times) -> Result<bool, Rejection> {
        let id = claims::session_id(data);
        if id.is_none() && !self.accepts_without_sid {
            return Err(Rejection::NoSid);
        }
        let user = claims::user(data);
        match self.list.status(SessionView {
            id: id.as_deref(),
            user: user.as_deref(),
            issued_at: times.issued_at.unwrap_or(UnixTime::from_secs(0)),
            stamp: times.stamp.unwrap_or(0),
        }) {
            RevocationStatus::Good => Ok(id.is_none()),
            RevocationStatus::Revoked => Err(Rejection::Revoked),
            RevocationStatus::Unknown => Err(Rejection::RevocationUnknown),
        }
    }
}
