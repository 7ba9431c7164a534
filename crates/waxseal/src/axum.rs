//! axum: the session as an extractor.

use axum_core::extract::FromRequestParts;
use http::request::Parts;
use waxseal_face::SessionError;

use crate::session::Session;

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
