//! The device binding of the session of a request.

use alloc::{borrow::Cow, boxed::Box, string::String};

use crate::{data::Data, device_bound::confirmation, time::UnixTime};

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

#[derive(Clone, Default)]
pub(super) struct DeviceState {
    /// The thumbprint of the presented session, if the request has no valid proof cookie for it.
    /// While it is set, no save replaces the session cookie.
    pub(super) unproven: Option<Box<str>>,
    /// The expiry of the proof cookie of the presented session.
    pub(super) proof_expires_at: Option<UnixTime>,
    /// The thumbprint of the presented session, if its cookie does not name the key yet.
    pub(super) thumbprint: Option<Box<str>>,
    /// Whether the response invites the browser to register a key.
    pub(super) offers_registration: bool,
}

impl DeviceState {
    /// The data of a cookie that names the key.
    pub(super) fn with_name<'d>(&self, mut data: Cow<'d, Data>) -> Cow<'d, Data> {
        if let Some(thumbprint) = &self.thumbprint {
            data.to_mut().set_claim("cnf", &confirmation(thumbprint));
        }
        data
    }
}
