//! The key of the session of a request, and the unbound copy of a bound session.

use alloc::string::String;

use super::{
    device_state::BoundDevice,
    state::{Origin, SessionState},
};
use crate::{
    claims,
    device_bound::{self, Binding, GRACE_SECS},
    revocation::SessionRef,
    sealer::Sealer,
};

impl SessionState {
    /// Names the key of the presented session in its data.
    pub(super) fn name_device(&mut self) {
        if let Some(thumbprint) = &self.device.thumbprint {
            self.data.set_claim("cnf", &device_bound::confirmation(thumbprint));
        }
    }

    pub(super) fn binding(&self) -> Option<BoundDevice> {
        let named = || self.data.claim("cnf").map(device_bound::thumbprint);
        let thumbprint = self.device.thumbprint.as_deref().or_else(named)?.into();
        let proof_expires_at = self.device.proof_expires_at?;
        Some(BoundDevice { thumbprint, proof_expires_at })
    }

    /// The header that offers a registration, if the request saves a login.
    pub(super) fn offer(&self, sealer: &Sealer) -> Option<String> {
        let binding = sealer.binding.as_ref()?;
        if !binding.offers_registration || !self.device.offers_registration {
            return None;
        }
        let session = claims::reference(&self.data, self.id(), self.issued_at?, self.stamp);
        binding.offer(&session, self.now, self.random)
    }

    /// Whether the presented session is unbound, although the sealer binds sessions.
    fn is_presented_unbound(&self, sealer: &Sealer) -> bool {
        let has_key = self.device.thumbprint.is_some() || self.data.claim("cnf").is_some();
        sealer.binding.is_some() && !has_key
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

    /// The session ID under which the revocation list records that the presented session is bound,
    /// if this request continues the session unbound.
    pub(super) fn unbound_id(
        &self,
        sealer: &Sealer,
        origin: Origin,
        before: &SessionRef,
    ) -> Option<String> {
        let continues = origin != Origin::New && self.is_presented_unbound(sealer);
        (continues && !before.id.is_empty()).then(|| Binding::unbound_id(&before.id))
    }
}
