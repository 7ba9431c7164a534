//! Whatever a handler can get wrong, as one type that `?` converts into.

use core::{error::Error, fmt};

use picoserve::{
    ResponseSent,
    io::Read,
    response::{Connection, IntoResponse, ResponseWriter, StatusCode},
};
use waxseal_core::{ReadError, SaveError, WriteError};

/// A mistake of the application around a session. As a response it is an empty
/// 500: log it, where the board has a log, before it is returned.
#[derive(Debug)]
#[non_exhaustive]
pub enum SessionError {
    /// A member is not of the type it was read as.
    Read(ReadError),
    /// A value cannot be kept in the session.
    Write(WriteError),
    /// The session could not be saved.
    Save(SaveError),
}

impl IntoResponse for SessionError {
    async fn write_to<R: Read, W: ResponseWriter<Error = R::Error>>(
        self,
        connection: Connection<'_, R>,
        response_writer: W,
    ) -> Result<ResponseSent, W::Error> {
        (StatusCode::INTERNAL_SERVER_ERROR, "").write_to(connection, response_writer).await
    }
}

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(error) => error.fmt(f),
            Self::Write(error) => error.fmt(f),
            Self::Save(error) => error.fmt(f),
        }
    }
}

impl Error for SessionError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
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
