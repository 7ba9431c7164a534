//! axum: errors as responses.

use axum_core::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::StatusCode;

use crate::{error::SessionError, events};

/// An empty 500 or 503; what went wrong goes to the log, where only the
/// operator sees it.
impl IntoResponse for SessionError {
    fn into_response(self) -> Response {
        events::failed(&self);
        let mut response = Response::new(Body::empty());
        *response.status_mut() = if self.is_temporary() {
            StatusCode::SERVICE_UNAVAILABLE
        } else {
            StatusCode::INTERNAL_SERVER_ERROR
        };
        response
    }
}
