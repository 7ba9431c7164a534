//! Step 8 of opening: a session that is bound to a device needs a proof cookie.

use alloc::{format, string::String};

use super::config::Sealer;
use crate::{
    claims,
    data::Data,
    device_bound::{self, Binding, DeviceClaims, GRACE_SECS},
    error::Rejection,
    format::Format,
    lifetime::Times,
    revocation::{RevocationStatus, SessionView},
    time::UnixTime,
};

/// The maximum number of proof cookies of a request that are verified: each costs a MAC.
pub(super) const MAX_PROOFS: usize = 4;

impl Sealer {
    /// Checks the proof cookie of a bound session, and returns its expiry. An unbound session can
    /// be the unbound copy of a bound one. Such a copy is rejected after the grace period. But if
    /// the request has the proof cookie of that session, `data` is bound to the same key.
    pub(super) fn check_device(
        &self,
        proofs: &[String],
        data: &mut Data,
        times: &Times,
        now: UnixTime,
    ) -> Result<Option<UnixTime>, Rejection> {
        if self.binding.is_none() {
            return Ok(None);
        }
        let mut proofs = proofs.iter().filter_map(|proof| DeviceClaims::parse(proof));
        let expiry = |proof: DeviceClaims<'_>| UnixTime::from_secs(proof.expires_at);
        if let Some(cnf) = data.claim("cnf") {
            let thumbprint = device_bound::thumbprint(cnf);
            let proofs = proofs.filter(|proof| proof.thumbprint.as_ref() == Some(&thumbprint));
            return match proofs.map(expiry).max() {
                Some(expires_at) if expires_at <= now => Err(Rejection::ProofExpired),
                None => Err(Rejection::ProofMissing),
                found => Ok(found),
            };
        }
        let Some(id) = claims::session_id(data) else { return Ok(None) };
        let registered = |proof: &DeviceClaims<'_>| {
            proof.is_current(now) && proof.session_id.as_ref() == Some(&id)
        };
        if let Some(proof) = proofs.find(registered)
            && let Some(thumbprint) = &proof.thumbprint
        {
            // A response to an earlier request has replaced the bound cookie with the unbound copy.
            *data = bind(data, thumbprint).ok_or(Rejection::Claims)?;
            return Ok(Some(expiry(proof)));
        }
        let user = claims::user(data);
        let issued_at = times.issued_at.unwrap_or(UnixTime::from_secs(0));
        let stamp = times.stamp.unwrap_or(0);
        let session = SessionView { id: Some(&*id), user: user.as_deref(), issued_at, stamp };
        let is_late = now >= issued_at.plus(GRACE_SECS);
        // The time is checked first, because it is cheaper than the revocation list.
        if is_late && self.is_replaced(session) { Err(Rejection::Revoked) } else { Ok(None) }
    }

    /// Whether the unbound session is the copy of a session that has been bound.
    pub(crate) fn is_replaced(&self, session: SessionView<'_>) -> bool {
        let (Some(check), Some(id)) = (&self.revocations, session.id) else { return false };
        let id = Binding::unbound_id(id);
        check.list.status(SessionView { id: Some(&id), ..session }) != RevocationStatus::Good
    }
}

/// The same data with the claim `cnf`, as if the token had contained it.
fn bind(data: &Data, thumbprint: &str) -> Option<Data> {
    let (_, members) = data.text().split_once('{')?;
    let text = format!(r#"{{"cnf":{},{members}"#, device_bound::confirmation(thumbprint));
    Data::parse(text, Format::Waxseal, |_, _| true)
}
