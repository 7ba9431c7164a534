//! The integration with axum: the session as an extractor, its error as a response.

use axum_core::{
    body::Body,
    extract::FromRequestParts,
    response::{IntoResponse, Response},
};
use http::{StatusCode, request::Parts};
use waxseal_core::Marker;

use crate::{error::SessionError, session::Session};

/// `Option<Session>` is no extractor: a visitor without a cookie gets an empty session,
/// so `None` could only mean that the layer is missing.
impl<S, M> FromRequestParts<S> for Session<M>
where
    S: Send + Sync,
    M: Marker,
{
    type Rejection = SessionError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Self::of_marked(parts)
    }
}

/// An empty 401, 500 or 503. The cause goes to the log, where only the operator sees it.
impl IntoResponse for SessionError {
    fn into_response(self) -> Response {
        self.log();
        let mut response = Response::new(Body::empty());
        *response.status_mut() =
            StatusCode::from_u16(self.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        response
    }
}
