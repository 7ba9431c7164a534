//! The session of an actix-web request, and its error as a response.

use std::future::{Ready, ready};

use actix_web::{
    FromRequest, HttpMessage as _, HttpRequest, HttpResponse, ResponseError,
    dev::{Payload, ServiceRequest},
    http::{
        StatusCode,
        header::{self, HeaderValue},
    },
};
use waxseal_core::Marker;

use crate::{
    error::SessionError,
    request::sealed,
    session::Session,
    slot::{Innermost, Slot},
};

/// The caller must not hold the request's `extensions_mut()`, as with everything
/// that a request contains.
impl sealed::Request for HttpRequest {
    fn session<M: Marker>(&self) -> Result<Session<M>, SessionError> {
        let extensions = self.extensions();
        let innermost = extensions.get::<Innermost>().map(|innermost| &*innermost.0);
        let cookies = self.headers().get_all(header::COOKIE).map(HeaderValue::as_bytes);
        Slot::session(innermost, cookies)
    }
}

impl sealed::Request for ServiceRequest {
    fn session<M: Marker>(&self) -> Result<Session<M>, SessionError> {
        self.request().session()
    }
}

impl<M: Marker> FromRequest for Session<M> {
    type Error = SessionError;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::of_marked(request))
    }
}

/// An empty 401, 403, 500 or 503. The cause goes to the log, where only the operator sees it.
impl ResponseError for SessionError {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        self.log();
        HttpResponse::new(self.status_code())
    }
}
