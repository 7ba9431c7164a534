//! The integration with axum: the session as an extractor, its error as a response.

use std::{future, marker::PhantomData};

use axum_core::{
    body::Body,
    extract::{FromRequestParts, OptionalFromRequestParts},
    response::{IntoResponse, Response},
};
use http::{StatusCode, request::Parts};
use waxseal_core::Marker;

use crate::{error::SessionError, session::Session};

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

/// `Option<Session>` does not compile as an extractor. It could only be `Some`, because a visitor
/// without a cookie has an empty session, and `Some` reads as if the user were logged in. This
/// implementation makes the compiler say so.
///
/// ```compile_fail,E0080
/// use axum::{Router, routing::get};
/// use waxseal::Session;
///
/// let app: Router = Router::new().route("/", get(async |session: Option<Session>| ()));
/// ```
impl<S, M> OptionalFromRequestParts<S> for Session<M>
where
    S: Send + Sync,
    M: Marker,
{
    type Rejection = SessionError;

    fn from_request_parts(
        _: &mut Parts,
        _: &S,
    ) -> impl Future<Output = Result<Option<Self>, SessionError>> {
        let () = NeverNone::<M>::ERROR;
        future::ready(Ok(None))
    }
}

/// Generic, so that the constant is evaluated only if a handler has such an argument.
struct NeverNone<M>(PhantomData<M>);

impl<M> NeverNone<M> {
    const ERROR: () = panic!(
        "a session is never `None`: extract `Session` instead of `Option<Session>`; \
         `session.user()` is `None` if nobody is logged in"
    );
}

/// An empty 401, 403, 500 or 503. The cause goes to the log, where only the operator sees it.
impl IntoResponse for SessionError {
    fn into_response(self) -> Response {
        self.log();
        let mut response = Response::new(Body::empty());
        *response.status_mut() =
            StatusCode::from_u16(self.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        response
    }
}
