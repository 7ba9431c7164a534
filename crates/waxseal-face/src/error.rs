//! Whatever a handler can get wrong, as one type that `?` converts into.

use std::{error::Error, fmt};

use waxseal_core::{NotRecorded, ReadError, SaveError, WriteError};

/// What stands in the way of a handler. As a response it is empty: a 503 where
/// the list of sessions ended early is at fault, else a 500, because it is a
/// mistake of the application. The cause goes to the log.
#[derive(Debug)]
#[non_exhaustive]
pub enum SessionError {
    /// A handler asks for a session on a route that no `SessionLayer` (in
    /// actix-web: `SessionMiddleware`) with this marker wraps.
    MissingLayer {
        /// The marker's type name.
        marker: &'static str,
    },
    /// Two layers with different markers have the same cookie: one session
    /// would overwrite the other, and be read as it.
    SharedCookie {
        /// The cookie's name.
        cookie: String,
    },
    /// The session was first asked for after the response head was made.
    Closed,
    /// The list of sessions ended early cannot be trusted now, so it is not
    /// known whether the one presented is still good. As a response it is a 503
    /// that leaves the cookie alone.
    StandingUnknown,
    /// A session was ended early and the log of such has not taken it. As a
    /// response it is a 503.
    NotRecorded(NotRecorded),
    /// A member is not of the type it was read as.
    Read(ReadError),
    /// A value cannot be kept in the session.
    Write(WriteError),
    /// The session could not be saved.
    Save(SaveError),
}

impl SessionError {
    /// Whether the application has made no mistake and the same request may
    /// succeed later: the answer is a 503.
    #[must_use]
    pub const fn is_temporary(&self) -> bool {
        matches!(
            self,
            Self::StandingUnknown | Self::NotRecorded(_) | Self::Save(SaveError::StandingUnknown)
        )
    }
}

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingLayer { marker } => write!(
                f,
                "no SessionLayer with the marker {marker} wraps this route; add \
                 .layer(SessionLayer::new(sealer)) to its router, or in actix-web \
                 .wrap(SessionMiddleware::new(sealer)) to its App or scope"
            ),
            Self::SharedCookie { cookie } => write!(
                f,
                "two session layers with different markers have the same cookie {cookie}; \
                 give one another CookieSpec"
            ),
            Self::Closed => f.write_str(
                "the response head has already been made; ask for the session before returning it",
            ),
            Self::StandingUnknown => f.write_str(
                "the list of sessions ended early cannot be trusted now: no request with a \
                 session is served until its log can be read; see its own messages",
            ),
            Self::NotRecorded(error) => error.fmt(f),
            Self::Read(error) => error.fmt(f),
            Self::Write(error) => error.fmt(f),
            Self::Save(error) => error.fmt(f),
        }
    }
}

impl Error for SessionError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::MissingLayer { .. }
            | Self::SharedCookie { .. }
            | Self::Closed
            | Self::StandingUnknown
            | Self::NotRecorded(_) => None,
            Self::Read(error) => error.source(),
            Self::Write(error) => error.source(),
            Self::Save(error) => error.source(),
        }
    }
}

impl From<NotRecorded> for SessionError {
    fn from(error: NotRecorded) -> Self {
        Self::NotRecorded(error)
    }
}

impl From<ReadError> for SessionError {
    fn from(error: ReadError) -> Self {
        Self::Read(error)
    }
}

impl From<WriteError> for SessionError {
    fn from(error: WriteError) -> Self {
        Self::Write(error)
    }
}

impl From<SaveError> for SessionError {
    fn from(error: SaveError) -> Self {
        Self::Save(error)
    }
}
