//! The session of an `http` request.

use http::{Extensions, HeaderMap, HeaderValue, Request, header, request::Parts};
use waxseal_core::Marker;

use crate::{
    error::SessionError,
    request::sealed,
    session::Session,
    slot::{Innermost, Slot},
};

impl<B> sealed::Request for Request<B> {
    fn session<M: Marker>(&self) -> Result<Session<M>, SessionError> {
        Session::from_parts(self.extensions(), self.headers())
    }
}

impl sealed::Request for Parts {
    fn session<M: Marker>(&self) -> Result<Session<M>, SessionError> {
        Session::from_parts(&self.extensions, &self.headers)
    }
}

impl<M: Marker> Session<M> {
    /// The session of a request whose framework hands out its parts: salvo, or a
    /// tonic service. The first call opens it.
    ///
    /// ```
    /// use waxseal::{Session, SessionError};
    ///
    /// fn whoami(
    ///     extensions: &http::Extensions,
    ///     headers: &http::HeaderMap,
    /// ) -> Result<Option<String>, SessionError> {
    ///     let session: Session = Session::from_parts(extensions, headers)?;
    ///     Ok(session.user())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`of`](Session::of).
    pub fn from_parts(extensions: &Extensions, headers: &HeaderMap) -> Result<Self, SessionError> {
        let innermost = extensions.get::<Innermost>().map(|innermost| &*innermost.0);
        let cookies = headers.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes);
        Slot::session(innermost, cookies)
    }
}
