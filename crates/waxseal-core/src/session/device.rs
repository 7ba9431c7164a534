//! Binding the session of a request to a key, and the unbound copy that remains.

use alloc::string::String;

use super::{
    device_state::BoundDevice,
    state::{Origin, SessionState},
};
use crate::{
    claims,
    device_bound::{self, Binding, GRACE_SECS, REGISTRATION_SECS},
    error::SaveError,
    json::decode_string,
    revocation::SessionRef,
    sealer::Sealer,
};

impl SessionState {
    /// Binds the presented session to the key with this thumbprint.
    pub(super) fn bind(&mut self, sealer: &Sealer, thumbprint: &str) -> Result<(), SaveError> {
        self.set_claim("cnf", &device_bound::confirmation(thumbprint));
        self.device.registers = true;
        self.seal(sealer)
    }

    pub(super) fn binding(&self) -> Option<BoundDevice> {
        let thumbprint = device_bound::thumbprint(self.data.claim("cnf")?).into_owned();
        let proof_expires_at = self.device.proof_expires_at?;
        Some(BoundDevice { thumbprint, proof_expires_at })
    }

    /// The header that offers a registration, if the request saves a login with a session ID.
    pub(super) fn offer(&self, sealer: &Sealer) -> Option<String> {
        let binding = sealer.binding.as_ref()?;
        if !binding.offers_registration || !self.device.offers_registration {
            return None;
        }
        Some(binding.offer(&decode_string(self.id()?)?, self.now))
    }

    /// Whether the presented session is unbound, although the sealer binds sessions.
    fn is_presented_unbound(&self, sealer: &Sealer) -> bool {
        sealer.binding.is_some() && (self.device.registers || self.data.claim("cnf").is_none())
    }

    /// Whether the presented session is the unbound copy of a session that has been bound, and must
    /// not be saved. During the grace period it may be saved, because the request may come from the
    /// browser that has just registered: the proof cookie of that browser binds the copy again. A
    /// copy under another session ID could not be bound again, so it is never saved.
    pub(super) fn is_replaced(&self, sealer: &Sealer, session: &SessionRef) -> bool {
        let is_in_time = self.now < session.issued_at.plus(GRACE_SECS);
        let is_saved_in_time = is_in_time && !matches!(self.origin, Origin::Renewed { .. });
        !is_saved_in_time && self.is_presented_unbound(sealer) && sealer.is_replaced(session.view())
    }

    /// The record in the revocation list of the first registration or renewal of an unbound
    /// session. With this record, the list refuses a second registration, and after the grace
    /// period the unbound copy.
    pub(super) fn unbound_record(
        &self,
        sealer: &Sealer,
        origin: Origin,
        replaced: Option<&SessionRef>,
    ) -> Option<SessionRef> {
        if !self.is_presented_unbound(sealer) {
            return None;
        }
        let session = match origin {
            Origin::Existing { .. } if self.device.registers => {
                let id = self.data.claim("sid");
                claims::reference(&self.data, id, self.issued_at?, self.stamp)
            }
            // Another server may be answering a registration at the same time.
            Origin::Renewed { .. } => replaced.cloned().filter(|session| {
                self.now < session.issued_at.plus(REGISTRATION_SECS) && session.user.is_some()
            })?,
            _ => return None,
        };
        (!session.id.is_empty())
            .then(|| SessionRef { id: Binding::unbound_id(&session.id), ..session })
    }
}
