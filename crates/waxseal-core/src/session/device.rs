//! The key of the session of a request, and the unbound copy of a bound session.

use alloc::{borrow::Cow, string::String};

use super::state::{Origin, SessionState};
use crate::{
    data::Data,
    device_bound::{self, Binding, GRACE_SECS},
    revocation::SessionRef,
    sealer::{Device, Sealer},
    time::UnixTime,
};

/// The device that a session is bound to (feature `device-bound`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BoundDevice {
    /// The SHA-256 thumbprint of the browser's key (RFC 7638), in base64url.
    pub thumbprint: String,
    /// The time until which the server accepts the proof cookie. The browser drops the cookie, and
    /// so refreshes it, at least one minute earlier.
    pub proof_expires_at: UnixTime,
}

impl SessionState {
    /// Whether the presented session is bound and has no valid proof cookie.
    pub(super) fn is_unproven(&self) -> bool {
        matches!(self.found.device, Some(Device::Unproven { .. }))
    }

    /// Names the key of the presented session in its data.
    pub(super) fn name_device(&mut self) {
        if let Some(thumbprint) = self.found.device.as_ref().and_then(|device| device.to_name()) {
            self.found.data.set_claim("cnf", &device_bound::confirmation(thumbprint));
        }
    }

    /// The data of a cookie that names the key.
    pub(super) fn with_device_named<'d>(&self, mut data: Cow<'d, Data>) -> Cow<'d, Data> {
        if let Some(thumbprint) = self.found.device.as_ref().and_then(|device| device.to_name()) {
            data.to_mut().set_claim("cnf", &device_bound::confirmation(thumbprint));
        }
        data
    }

    pub(super) fn binding(&self) -> Option<BoundDevice> {
        let Some(Device::Proven { expires_at, to_name }) = &self.found.device else {
            return None;
        };
        let named = || self.found.data.claim("cnf").map(device_bound::thumbprint);
        let thumbprint = to_name.as_deref().or_else(named)?.into();
        Some(BoundDevice { thumbprint, proof_expires_at: *expires_at })
    }

    /// The header that offers a registration, if the request saves a login.
    pub(super) fn offer(&self, sealer: &Sealer) -> Option<String> {
        let binding = sealer.binding.as_ref()?;
        let is_offered = matches!(self.found.device, Some(Device::Offered));
        if !binding.offers_registration || !is_offered {
            return None;
        }
        binding.offer(&self.reference(), self.now, self.random)
    }

    /// Whether the presented session is unbound, although the sealer binds sessions.
    fn is_presented_unbound(&self, sealer: &Sealer) -> bool {
        let to_name = self.found.device.as_ref().and_then(|device| device.to_name());
        let has_key = to_name.is_some() || self.found.data.claim("cnf").is_some();
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
