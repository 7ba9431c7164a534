//! What a request knows of the device of its session.

use alloc::{borrow::Cow, boxed::Box, string::String};

use crate::{data::Data, device_bound::confirmation, time::UnixTime};

/// A session that is bound to a device (the feature `device-bound`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BoundDevice {
    /// The SHA-256 thumbprint of the browser's key (RFC 7638), in base64url.
    pub thumbprint: String,
    /// When the browser must have proved again that it has the key.
    pub proof_expires_at: UnixTime,
}

#[derive(Clone, Default)]
pub(super) struct DeviceState {
    /// The key of the presented session, if the request has no good proof of it: until the next
    /// login, nothing is saved over its cookie.
    pub(super) unproven: Option<Box<str>>,
    /// The proof of the presented session.
    pub(super) proof_expires_at: Option<UnixTime>,
    /// The key of the presented session, if its cookie does not name it yet.
    pub(super) thumbprint: Option<Box<str>>,
    /// Whether the response offers the browser to register a key.
    pub(super) offers_registration: bool,
    /// Whether the request registers a key.
    pub(super) registers: bool,
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
