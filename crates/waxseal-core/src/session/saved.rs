//! A saved session whose revocations are not recorded yet.

use alloc::{string::String, vec::Vec};

use crate::{
    claims::{self, Claims},
    data::Data,
    error::SaveError,
    random::Random,
    revocation::SessionRef,
    sealer::Sealer,
    time::UnixTime,
};

/// The content of a saved session, to seal it again with the stamp of a revocation: later
/// changes of the data do not alter it.
#[derive(Clone)]
pub(super) struct Saved {
    pub(super) data: Data,
    pub(super) issued_at: UnixTime,
    pub(super) expires_at: Option<UnixTime>,
    /// The session ID as JSON text.
    pub(super) id: Option<String>,
    pub(super) stamp: Option<u64>,
    /// The time of the request.
    pub(super) now: UnixTime,
    pub(super) random: Option<Random>,
    /// Which previous cookies the response removes.
    pub(super) previous: Vec<usize>,
}

impl Saved {
    /// The reference of the session in a revocation list.
    pub(super) fn reference(&self) -> SessionRef {
        claims::reference(&self.data, self.id.as_deref(), self.issued_at, self.stamp)
    }

    /// The offer of a registration, for the session with another stamp.
    #[cfg(feature = "device-bound")]
    pub(super) fn offer_with(&self, sealer: &Sealer, stamp: u64) -> Option<String> {
        let session = SessionRef { stamp, ..self.reference() };
        sealer.binding.as_ref()?.offer(&session, self.now, self.random)
    }

    /// The lines that set its cookie, with another stamp.
    pub(super) fn seal_with(&self, sealer: &Sealer, stamp: u64) -> Result<Vec<String>, SaveError> {
        let Self { data, issued_at, expires_at, id, now, random, previous, .. } = self;
        let claims = Claims {
            issued_at: *issued_at,
            expires_at: *expires_at,
            session_id: id.as_deref(),
            stamp: Some(stamp),
        };
        Ok(sealer.set_lines(sealer.seal(data, claims, *now, *random)?, previous))
    }
}
