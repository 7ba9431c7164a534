//! A session, as a revocation list identifies it.

use alloc::string::String;
use core::fmt;

use serde::ser::{Serialize, SerializeStruct as _, Serializer};

use crate::time::UnixTime;

/// A session, as a revocation list identifies it.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionRef {
    /// The session ID (`sid`); empty only for a session without one, which
    /// [`dangerous_accept_without_sid`](crate::SealerBuilder::dangerous_accept_without_sid)
    /// accepts.
    pub id: String,
    /// The user (`sub`), if any.
    pub user: Option<String>,
    /// The issue time (`iat`).
    pub issued_at: UnixTime,
    /// The stamp (`wx_rev`) up to which the server that issued the session knew the revocation
    /// list. 0 if a server without a list issued the session.
    pub stamp: u64,
}

impl SessionRef {
    /// Borrows the reference. An empty session ID becomes `None`.
    #[must_use]
    pub fn view(&self) -> SessionView<'_> {
        let Self { id, user, issued_at, stamp } = self;
        let (id, user) = (Some(id.as_str()).filter(|id| !id.is_empty()), user.as_deref());
        SessionView { id, user, issued_at: *issued_at, stamp: *stamp }
    }
}

/// An object with the fields `id`, `user`, `issued_at` (in seconds since 1970) and `stamp`.
impl Serialize for SessionRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("SessionRef", 4)?;
        fields.serialize_field("id", &self.id)?;
        fields.serialize_field("user", &self.user)?;
        fields.serialize_field("issued_at", &self.issued_at.as_secs())?;
        fields.serialize_field("stamp", &self.stamp)?;
        fields.end()
    }
}

impl fmt::Debug for SessionRef {
    // A session ID and a user do not belong in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionRef")
            .field("issued_at", &self.issued_at)
            .field("stamp", &self.stamp)
            .finish_non_exhaustive()
    }
}

/// A [`SessionRef`] that borrows, and may have no session ID.
#[derive(Clone, Copy)]
pub struct SessionView<'s> {
    /// The session ID (`sid`); `None` only with
    /// [`dangerous_accept_without_sid`](crate::SealerBuilder::dangerous_accept_without_sid).
    pub id: Option<&'s str>,
    /// The user (`sub`), if any.
    pub user: Option<&'s str>,
    /// The issue time (`iat`).
    pub issued_at: UnixTime,
    /// The stamp (`wx_rev`); 0 if the session has none.
    pub stamp: u64,
}

impl fmt::Debug for SessionView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionView")
            .field("issued_at", &self.issued_at)
            .field("stamp", &self.stamp)
            .finish_non_exhaustive()
    }
}
