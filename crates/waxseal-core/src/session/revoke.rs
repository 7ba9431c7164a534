//! The presented session and the revocation list.

use alloc::{borrow::Cow, string::String};

use crate::{
    claims,
    data::Data,
    error::SaveError,
    revocation::{Acknowledgement, RevocationStatus, SessionRef},
    sealer::Sealer,
    time::UnixTime,
};

/// The session that the request presented, as a revocation list identifies it.
#[derive(Clone)]
pub(super) struct Presented {
    id: Option<String>,
    user: Option<String>,
    issued_at: UnixTime,
}

impl Presented {
    pub(super) fn new(data: &Data, issued_at: UnixTime) -> Self {
        let (id, user) = (claims::session_id(data), claims::user(data));
        Self { id: id.map(Cow::into_owned), user: user.map(Cow::into_owned), issued_at }
    }

    /// Whether it is revoked by now. A status that has become unknown does not undo the
    /// good status at the start of the request.
    pub(super) fn is_revoked(&self, sealer: &Sealer) -> bool {
        sealer.revocations.as_ref().is_some_and(|check| {
            let status =
                check.list.status(self.id.as_deref(), self.user.as_deref(), self.issued_at);
            status == RevocationStatus::Revoked
        })
    }

    /// Revokes it. A session without a session ID cannot be revoked alone.
    pub(super) fn revoke(self, sealer: &Sealer, now: UnixTime) -> Option<Acknowledgement> {
        let Self { id, user, issued_at } = self;
        let check = sealer.revocations.as_ref()?;
        Some(check.list.revoke(SessionRef { id: id?, user, issued_at }, now))
    }
}

/// The `iat` of a session that is saved for the first time.
pub(super) fn new_issued_at(
    sealer: &Sealer,
    data: &Data,
    now: UnixTime,
) -> Result<UnixTime, SaveError> {
    let Some(check) = &sealer.revocations else { return Ok(now) };
    let user = claims::user(data);
    check.list.issued_at(user.as_deref(), now).ok_or(SaveError::RevocationUnknown)
}
