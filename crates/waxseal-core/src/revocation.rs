//! The interface of a revocation list.

mod acknowledgement;

use alloc::string::String;
use core::{fmt, time::Duration};

use serde::ser::{Serialize, SerializeStruct as _, Serializer};

pub use self::acknowledgement::{Acknowledgement, NotDurable};
use crate::time::UnixTime;

/// A list of revoked sessions.
///
/// Each server holds the whole list in memory, so that no request waits for a
/// network; a store behind it carries the changes. The crate
/// [waxseal-revocation] is an implementation; implement this trait to provide
/// another.
///
/// A session is identified by its session ID (`sid`), its user (`sub`), if any,
/// and its issue time (`iat`).
///
/// [waxseal-revocation]: https://docs.rs/waxseal-revocation
pub trait Revocations: fmt::Debug + Send + Sync {
    /// The longest absolute timeout of the sessions that the list can revoke: an
    /// entry lives at least until the session's issue time plus this timeout plus
    /// twice the [leeway](crate::Sealer::LEEWAY). A sealer with a longer timeout
    /// cannot be built over the list.
    fn absolute_timeout(&self) -> Duration;

    /// Whether a session is revoked. Called for every session that is opened, so
    /// it answers from memory and does not allocate.
    fn status(&self, id: Option<&str>, user: Option<&str>, issued_at: UnixTime)
    -> RevocationStatus;

    /// Returns the issue time of a new session of `user`: `now`, or a later time if a
    /// revocation of this user's sessions would otherwise revoke the new session, too.
    /// `None` if the list cannot be trusted.
    fn issued_at(&self, user: Option<&str>, now: UnixTime) -> Option<UnixTime>;

    /// Revokes a session. [`status`](Self::status) reports it as soon as this returns; it
    /// is durable when the acknowledgement completes. If the list has no room, the
    /// acknowledgement fails and the session is not revoked.
    ///
    /// Dropping the acknowledgement does not undo the revocation.
    fn revoke(&self, session: SessionRef, now: UnixTime) -> Acknowledgement;
}

/// The status of a session in a revocation list (the words of OCSP, RFC 6960).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RevocationStatus {
    /// The session is not revoked.
    Good,
    /// The session is revoked: its cookie is rejected.
    Revoked,
    /// The list cannot be trusted: no request with a session is served.
    Unknown,
}

/// A session, as a revocation list identifies it.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionRef {
    /// The session ID (`sid`).
    pub id: String,
    /// The user (`sub`), if any. A list may combine the entries of one user.
    pub user: Option<String>,
    /// The issue time (`iat`).
    pub issued_at: UnixTime,
}

/// An object with the fields `id`, `user` and `issued_at`, which is in seconds since 1970.
impl Serialize for SessionRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("SessionRef", 3)?;
        fields.serialize_field("id", &self.id)?;
        fields.serialize_field("user", &self.user)?;
        fields.serialize_field("issued_at", &self.issued_at.as_secs())?;
        fields.end()
    }
}

impl fmt::Debug for SessionRef {
    // A session ID and a user do not belong in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionRef").field("issued_at", &self.issued_at).finish_non_exhaustive()
    }
}
