//! Whatever a handler can get wrong, as one type that `?` converts into.

use core::{error::Error, fmt};

use picoserve::{
    ResponseSent,
    io::Read,
    response::{Connection, IntoResponse, ResponseWriter, StatusCode},
};
use waxseal_core::{ReadError, Rejection, SaveError, WriteError};

/// What stands in the way of a handler. As a response it is empty: a 503 where
/// the list of sessions ended early is at fault, else a 500, because it is a
/// mistake of the application. Log it, where the board has a log, before it is
/// returned.
#[derive(Debug)]
#[non_exhaustive]
pub enum SessionError {
    /// The list of sessions ended early cannot be trusted now, so it is not
    /// known whether the one presented is still good. As a response it is a 503
    /// that leaves the cookie alone.
    StandingUnknown,
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
        matches!(self, Self::StandingUnknown | Self::Save(SaveError::StandingUnknown))
    }
}

impl IntoResponse for SessionError {
    async fn write_to<R: Read, W: ResponseWriter<Error = R::Error>>(
        self,
        connection: Connection<'_, R>,
        response_writer: W,
    ) -> Result<ResponseSent, W::Error> {
        let status = if self.is_temporary() {
            StatusCode::SERVICE_UNAVAILABLE
        } else {
            StatusCode::INTERNAL_SERVER_ERROR
        };
        (status, "").write_to(connection, response_writer).await
    }
}

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StandingUnknown => Rejection::StandingUnknown.fmt(f),
            Self::Read(error) => error.fmt(f),
            Self::Write(error) => error.fmt(f),
            Self::Save(error) => error.fmt(f),
        }
    }
}

impl Error for SessionError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::StandingUnknown => None,
            Self::Read(error) => error.source(),
            Self::Write(error) => error.source(),
            Self::Save(error) => error.source(),
        }
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
