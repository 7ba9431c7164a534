//! What can go wrong in a handler, and its response.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use waxseal::{NotDurable, SessionError};

use crate::page::Complaint;

/// An error of a handler. `?` converts every error into it.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// An error of waxseal, with its own status: 401, 503 or 500.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The user can do something about it.
    #[error("{1}")]
    Complaint(StatusCode, String),
    /// A mistake of the server. Only the log contains it.
    #[error(transparent)]
    Other(Box<dyn std::error::Error + Send + Sync>),
}

impl Failure {
    pub fn complaint(status: StatusCode, text: &str) -> Self {
        Self::Complaint(status, text.into())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let (status, text) = match self {
            Self::Session(error) => {
                error.log();
                let status = StatusCode::from_u16(error.status());
                let text = match error.status() {
                    401 => "Your session is over. Please log in again.",
                    503 => "This server cannot check sessions at the moment. Try again soon.",
                    _ => "Something went wrong.",
                };
                (status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), text.into())
            }
            Self::Complaint(status, text) => (status, text),
            Self::Other(error) => {
                tracing::error!(%error, "a request failed");
                (StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong.".into())
            }
        };
        (status, Complaint { text }).into_response()
    }
}

/// A revocation that the store has not recorded: the response is a 503.
impl From<NotDurable> for Failure {
    fn from(error: NotDurable) -> Self {
        Self::Session(error.into())
    }
}

macro_rules! other {
    ($($error:ty),*) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::Other(error.into())
            }
        })*
    };
}

other!(
    &str,
    String,
    std::io::Error,
    getrandom::Error,
    rusqlite::Error,
    tokio::task::JoinError,
    waxseal::BuildError,
    waxseal::CookieSpecError,
    waxseal_revocation::OpenError,
    axum::http::header::InvalidHeaderValue
);
