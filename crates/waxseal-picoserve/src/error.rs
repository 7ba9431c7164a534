//! Every mistake of a handler as one type, into which `?` converts.

use core::{error::Error, fmt};

use picoserve::{
    ResponseSent,
    io::Read,
    response::{Connection, IntoResponse, ResponseWriter, StatusCode},
};
use waxseal_core::{ReadError, SaveError, WriteError};

/// The error of the methods of [`Session`](crate::Session). Its response is empty: a 401 if
/// the session has no user or was revoked during the request, a 503 if the revocation list
/// is unavailable, otherwise a 500. Log it before you return it.
#[derive(Debug)]
#[non_exhaustive]
pub enum SessionError {
    /// The revocation list cannot be trusted, so it is not known whether the session
    /// is revoked. The response is a 503 that leaves the cookie alone.
    RevocationUnknown,
    /// [`require_user`](crate::Session::require_user) was called in a session without a
    /// user.
    NoUser,
    /// An entry cannot be deserialized as the requested type.
    Read(ReadError),
    /// A value cannot be stored in the session.
    Write(WriteError),
    /// The session could not be saved or deleted.
    Save(SaveError),
}

impl SessionError {
    /// Whether the same request may succeed later, because the application has made
    /// no mistake: the response is a 503.
    #[must_use]
    pub const fn is_temporary(&self) -> bool {
        matches!(self, Self::RevocationUnknown | Self::Save(SaveError::RevocationUnknown))
    }
}

impl IntoResponse for SessionError {
    async fn write_to<R: Read, W: ResponseWriter<Error = R::Error>>(
        self,
        connection: Connection<'_, R>,
        response_writer: W,
    ) -> Result<ResponseSent, W::Error> {
        let status = match self {
            Self::NoUser | Self::Save(SaveError::NoUser | SaveError::Revoked) => {
                StatusCode::UNAUTHORIZED
            }
            error if error.is_temporary() => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        (status, "").write_to(connection, response_writer).await
    }
}

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RevocationUnknown => SaveError::RevocationUnknown.fmt(f),
            Self::NoUser => f.write_str("the session has no user; respond with 401"),
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
            _ => None,
        }
    }
}

macro_rules! from {
    ($($variant:ident: $error:ty),*) => {$(
        impl From<$error> for SessionError {
            fn from(error: $error) -> Self {
                Self::$variant(error)
            }
        }
    )*};
}

from! { Read: ReadError, Write: WriteError, Save: SaveError }
