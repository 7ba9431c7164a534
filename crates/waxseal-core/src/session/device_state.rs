//! What a request knows of the device of its session.

use alloc::{boxed::Box, string::String};

use crate::time::UnixTime;

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
    /// The expiry of the proof of the presented session.
    pub(super) proof_expires_at: Option<UnixTime>,
    /// Whether the response offers the browser to register a key.
    pub(super) offers_registration: bool,
    /// Whether the request registers a key.
    pub(super) registers: bool,
}
