//! Why the bridge refuses an operation.

use std::fmt;

use waxseal::{SessionError, UnixTime};

/// Handlers get its text in the error type of tower-sessions. If the layer saves the session, it
/// is the response.
#[derive(Debug)]
pub(crate) enum Error {
    Session(SessionError),
    /// `Session::save` after `Session::delete`.
    Deleted,
    /// A handler flushed or deleted tower-sessions' `Session`, and then one logged in with waxseal's.
    LoggedInAfterDeletion,
    /// The session has no ID that fits into the ID of tower-sessions.
    NoId,
    /// `set_expiry` asks for a longer life than the sealer grants.
    TooLate {
        asked: UnixTime,
        granted: UnixTime,
    },
}

impl Error {
    /// The status of the response.
    pub(crate) fn status(&self) -> http::StatusCode {
        let status = match self {
            Self::Session(error) => error.status(),
            _ => 500,
        };
        http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// Logs the error that becomes a response.
    pub(crate) fn log(&self) {
        match self {
            Self::Session(SessionError::MissingLayer { .. }) => tracing::error!("{self}"),
            Self::Session(error) => error.log(),
            _ => tracing::error!("{self}"),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Session(SessionError::MissingLayer { .. }) => f.write_str(
                "no waxseal layer wraps SessionManagerLayer; add \
                 .layer(waxseal::SessionLayer::new(sealer)) after it, with a sealer without a marker",
            ),
            Self::Session(error) => error.fmt(f),
            Self::Deleted => f.write_str(
                "the session is deleted; call flush() instead of delete() to store data in a new \
                 session",
            ),
            Self::LoggedInAfterDeletion => f.write_str(
                "a request flushed or deleted tower-sessions' Session and then logged in with waxseal's, \
                 so the session ends; use the same Session type for the logout and the login",
            ),
            Self::NoId => f.write_str(
                "the session has no session ID of 128 bits, which tower-sessions requires; build the \
                 sealer with Sealer::builder, because sessions in Microdot mode have none",
            ),
            Self::TooLate { asked, granted } => write!(
                f,
                "set_expiry asks for an expiry at {asked} (seconds since 1970), but the timeouts of \
                 the sealer end the session at {granted}; raise idle_timeout and absolute_timeout of \
                 the sealer, or shorten the expiry"
            ),
        }
    }
}

impl<E: Into<SessionError>> From<E> for Error {
    fn from(error: E) -> Self {
        Self::Session(error.into())
    }
}
