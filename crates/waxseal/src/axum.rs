//! axum: the session as an extractor, its errors as responses.

use axum_core::{
    body::Body,
    extract::FromRequestParts,
    response::{IntoResponse, Response},
};
use http::{StatusCode, request::Parts};

use crate::{error::SessionError, session::Session};

/// `Option<Session>` is deliberately not an extractor: a missing layer is a
/// mistake and no visitor without a session.
impl<S, W> FromRequestParts<S> for Session<W>
where
    S: Send + Sync,
    W: 'static,
{
    type Rejection = SessionError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Self::from_parts(&parts.extensions, &parts.headers)
    }
}

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
