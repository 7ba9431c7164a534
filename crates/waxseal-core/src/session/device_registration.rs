//! The registration of a browser's key after a login.

use alloc::{borrow::ToOwned as _, string::String};
use core::ops::Deref;

use super::device_answer::{
    DeviceAnswer, DeviceRequest, DeviceResponse, refused, response, unavailable,
};
use crate::{
    device_bound::{Binding, DeviceClaims, DeviceProof},
    revocation::{Recorded, Revocation, RevocationStatus, SessionRef, Successor, Target},
    sealer::Sealer,
    time::UnixTime,
};

/// A key that binds a session.
pub(super) struct Registration {
    /// The session as its login response left it.
    session: SessionRef,
    /// The public key as text.
    key: String,
    thumbprint: String,
    now: UnixTime,
}

/// Binds a session to the key in the proof. The challenge, which only the response to the login
/// contained, names the session. The cookies of the request are ignored.
pub(super) fn register<S: Deref<Target = Sealer> + Clone>(
    sealer: &S,
    binding: &Binding,
    request: &DeviceRequest<'_>,
    now: UnixTime,
) -> Result<DeviceAnswer<S>, DeviceResponse> {
    let proof = request.proof.and_then(|proof| DeviceProof::parse(proof, &binding.register_path));
    let proof = proof.ok_or_else(refused)?;
    let session = binding.session_of(&proof.challenge, now).ok_or_else(refused)?;
    if let Some(check) = &sealer.revocations {
        match check.list.status(session.view()) {
            RevocationStatus::Unknown => return Err(unavailable()),
            RevocationStatus::Revoked => return Err(refused()),
            // The first registration wins.
            RevocationStatus::Good if sealer.is_replaced(session.view()) => return Err(refused()),
            RevocationStatus::Good => {}
        }
    }
    let (key, thumbprint) = proof.registered_key().ok_or_else(refused)?;
    let registration = Registration { session, key: key.text(), thumbprint, now };
    Ok(match &sealer.revocations {
        None => DeviceAnswer::ready(registration.response(sealer, None)),
        Some(check) => {
            let acknowledgement = check.list.revoke(registration.record());
            DeviceAnswer::recording(sealer.clone(), acknowledgement, registration)
        }
    })
}

impl Registration {
    /// The record in the revocation list: with it, the list refuses a second registration, and after
    /// the grace period the unbound copy.
    fn record(&self) -> Revocation {
        let session = self.session.clone();
        let unbound = Binding::unbound_id(&session.id);
        Revocation {
            target: Target::Session(SessionRef { id: unbound.clone(), ..session.clone() }),
            successor: Some(Successor { session, also: Some(unbound), must_be_good: true }),
        }
    }

    /// The response, which sets the proof cookie. The session cookie stays, because a parallel
    /// response may have saved other data; the next save or refresh names the key.
    pub(super) fn response(&self, sealer: &Sealer, recorded: Option<Recorded>) -> DeviceResponse {
        let Some(binding) = &sealer.binding else { return refused() };
        // Another server has bound or revoked the session, or the list has no room.
        if recorded.is_some_and(|recorded| recorded.was_revoked || !recorded.is_revoked) {
            return refused();
        }
        let Self { session, key, thumbprint, now } = self;
        let stamp = recorded.filter(|recorded| recorded.is_cutoff).map_or(0, |cutoff| cutoff.stamp);
        let expires_at = sealer
            .limits
            .absolute_timeout
            .map_or(UnixTime::LAST, |secs| session.issued_at.plus(secs))
            .as_secs();
        let session_id = &*session.id;
        let identifier = DeviceClaims { expires_at, stamp, thumbprint, key, session_id };
        let mut response = response(200, "registered");
        response.headers.push(("content-type", "application/json".to_owned()));
        response.headers.push(("set-cookie", binding.proof_line(identifier, *now)));
        response.body = binding.config(&identifier.seal(&binding.identifiers), thumbprint);
        response
    }
}
