//! axum: errors as responses.

use axum_core::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::StatusCode;

use crate::error::SessionError;

/// An empty 500; what went wrong goes to the log, where only the operator sees
/// it.
impl IntoResponse for SessionError {
    fn into_response(self) -> Response {
        tracing::error!("{self}");
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        response
    }
}
