//! Step 8 of opening: a session that is bound to a device needs a proof cookie.

use alloc::{boxed::Box, string::String};

use super::config::Sealer;
use crate::{
    claims,
    data::Data,
    device_bound::{self, Binding, DeviceClaims, GRACE_SECS},
    error::Rejection,
    lifetime::Times,
    revocation::{RevocationStatus, SessionView},
    time::UnixTime,
};

/// The maximum number of proof cookies of a request that are verified: each costs a MAC. Each login
/// leaves one for some minutes, and the browser sends the oldest first.
pub(super) const MAX_PROOFS: usize = 16;

/// How a session is bound to a device. A session without it is unbound.
#[derive(Clone)]
pub(crate) enum Device {
    /// The request has a valid proof cookie for the session.
    Proven {
        /// The expiry of the proof cookie.
        expires_at: UnixTime,
        /// The thumbprint, if the session does not name the key yet. The next session cookie does.
        to_name: Option<Box<str>>,
    },
    /// The request has no valid proof cookie for the session, so the session is not accepted and
    /// must not be saved over. The thumbprint is empty if the session does not name the key.
    Unproven { thumbprint: Box<str> },
    /// The response saves a login, and offers the browser a registration.
    Offered,
}

impl Device {
    /// The thumbprint that the next session cookie must name.
    pub(crate) fn to_name(&self) -> Option<&str> {
        match self {
            Self::Proven { to_name, .. } => to_name.as_deref(),
            _ => None,
        }
    }
}

impl Sealer {
    /// Checks the proof cookie of a bound session. A session that names no key is bound if a proof
    /// cookie names the session, or if the revocation list has recorded its registration.
    pub(super) fn check_device(
        &self,
        proofs: &[String],
        data: &Data,
        times: &Times,
        now: UnixTime,
    ) -> Result<Option<Device>, Rejection> {
        let cnf = data.claim("cnf").map(device_bound::thumbprint);
        // The proof cookie of a session that names its key needs no session ID.
        let id = if cnf.is_none() { claims::session_id(data) } else { None };
        let id = id.unwrap_or_default();
        let is_of_session = |proof: &DeviceClaims<'_>| match cnf {
            Some(thumbprint) => proof.thumbprint == thumbprint,
            None => proof.session_id == id && !id.is_empty(),
        };
        let proofs = proofs.iter().filter_map(|proof| DeviceClaims::parse(proof));
        let proof = proofs.filter(is_of_session).max_by_key(|proof| proof.expires_at);
        if let Some(proof) = proof.filter(|proof| proof.is_current(now)) {
            let to_name = cnf.is_none().then(|| proof.thumbprint.into());
            let expires_at = UnixTime::from_secs(proof.expires_at);
            return Ok(Some(Device::Proven { expires_at, to_name }));
        }
        let issued_at = times.issued_at.unwrap_or(UnixTime::from_secs(0));
        let is_bound = || {
            // The time is checked first, because it is cheaper than the revocation list.
            if now < issued_at.plus(GRACE_SECS) {
                return Ok(false);
            }
            let user = claims::user(data);
            let stamp = times.stamp.unwrap_or(0);
            let session = SessionView { id: Some(&*id), user: user.as_deref(), issued_at, stamp };
            match self.unbound_status(session) {
                RevocationStatus::Good => Ok(false),
                RevocationStatus::Revoked => Ok(true),
                RevocationStatus::Unknown => Err(Rejection::RevocationUnknown),
            }
        };
        match proof {
            _ if cnf.is_none() && !is_bound()? => Ok(None),
            Some(_) => Err(Rejection::ProofExpired),
            None => Err(Rejection::ProofMissing),
        }
    }

    /// Whether the revocation list has recorded a registration of the session, which names no key.
    pub(crate) fn is_replaced(&self, session: SessionView<'_>) -> bool {
        self.unbound_status(session) == RevocationStatus::Revoked
    }

    /// The status of the unbound copy of a session: revoked after a registration.
    fn unbound_status(&self, session: SessionView<'_>) -> RevocationStatus {
        let (Some(check), Some(id)) = (&self.revocations, session.id) else {
            return RevocationStatus::Good;
        };
        let id = Binding::unbound_id(id);
        check.list.status(SessionView { id: Some(&id), ..session })
    }
}
