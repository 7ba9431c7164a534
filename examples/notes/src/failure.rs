//! What can go wrong in a handler, and its response.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use waxseal::{NotDurable, SessionError};

use crate::page::Complaint;

/// An error of a handler. `?` converts every error into it.
#[derive(Debug)]
pub enum Failure {
    /// The user can do something about it.
    Complaint(StatusCode, &'static str),
    Error(anyhow::Error),
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Error(error.into())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let error = match self {
            Self::Complaint(status, text) => return (status, Complaint { text }).into_response(),
            // A revocation that the store has not recorded.
            Self::Error(error) => error
                .downcast::<NotDurable>()
                .map_or_else(|it| it, |it| SessionError::from(it).into()),
        };
        // An error of waxseal has its own status. Only the log contains any other.
        let mut status = StatusCode::INTERNAL_SERVER_ERROR;
        if let Some(error) = error.downcast_ref::<SessionError>() {
            error.log();
            status = StatusCode::from_u16(error.status()).unwrap_or(status);
        } else {
            tracing::error!("a request failed: {error:#}");
        }
        let text = match status {
            StatusCode::UNAUTHORIZED => "Your session is over. Please log in again.",
            StatusCode::SERVICE_UNAVAILABLE => "This server cannot check sessions. Try again soon.",
            _ => "Something went wrong.",
        };
        (status, Complaint { text }).into_response()
    }
}
