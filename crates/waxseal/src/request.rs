//! Taking the session from a request, of any framework.

use waxseal_core::{Main, Marker};

use crate::{error::SessionError, session::Session};

/// A request in which [`Session::of`] finds a session: `http::Request<B>`,
/// `http::request::Parts`, and on actix-web `HttpRequest` and `ServiceRequest`.
pub trait SessionRequest: sealed::Request {}

impl<R: sealed::Request> SessionRequest for R {}

pub(crate) mod sealed {
    use super::{Marker, Session, SessionError};

    /// Only this crate implements it.
    pub trait Request {
        /// The session in the request's innermost slot.
        fn session<M: Marker>(&self) -> Result<Session<M>, SessionError>;
    }
}

impl Session<Main> {
    /// Returns the session of `request`. The first call opens it.
    ///
    /// ```
    /// # #[cfg(feature = "tower")] {
    /// use waxseal::{Session, SessionError};
    ///
    /// fn whoami<B>(request: &http::Request<B>) -> Result<Option<String>, SessionError> {
    ///     Ok(Session::of(request)?.user())
    /// }
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`SessionError::MissingLayer`] if no session layer wraps the service;
    /// [`SessionError::SameCookie`] if two layers have the same cookie;
    /// [`SessionError::Finished`] if the response head is complete;
    /// [`SessionError::RevocationUnknown`] if the revocation list cannot be trusted.
    pub fn of(request: &impl SessionRequest) -> Result<Self, SessionError> {
        request.session()
    }
}

impl<M: Marker> Session<M> {
    /// Returns the session of the marker `M` of `request`. The first call opens it.
    ///
    /// ```
    /// # #[cfg(feature = "tower")] {
    /// use waxseal::{Marker, Session, SessionError};
    ///
    /// struct Admin;
    ///
    /// impl Marker for Admin {
    ///     const PURPOSE: &'static str = "admin";
    /// }
    ///
    /// fn admin<B>(request: &http::Request<B>) -> Result<Option<String>, SessionError> {
    ///     Ok(Session::<Admin>::of_marked(request)?.user())
    /// }
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`of`](Session::of), for a layer with this marker.
    pub fn of_marked(request: &impl SessionRequest) -> Result<Self, SessionError> {
        request.session()
    }
}
