//! The middleware that gives every request the place of its session.

use std::{
    fmt,
    future::{Ready, ready},
    marker::PhantomData,
    sync::Arc,
};

use actix_web::{
    Error,
    dev::{Service, ServiceRequest, ServiceResponse, Transform},
};
use waxseal_core::UnixTime;
use waxseal_face::{Config, Main, SharedSealer};

use crate::service::SessionService;

/// Gives every request a [`Session<W>`](crate::Session) and puts into its
/// response what became of it.
///
/// Costs next to nothing until somebody asks for the session: no cookie is
/// read before. Two middlewares with one marker and one cookie name act as one.
/// Make it once, outside of the closure that makes the application, and clone
/// it for each worker.
///
/// What was saved is sent with an error response, too: also where a middleware
/// further in fails with an [`Error`], whose response is made further out. A
/// middleware further out that makes that response itself should do so by
/// [`Error::error_response`]; `HttpResponse::from_error` and
/// `ServiceResponse::from_err` leave out what others have added to it.
pub struct SessionMiddleware<W = Main> {
    config: Arc<Config>,
    marker: PhantomData<fn() -> W>,
}

impl SessionMiddleware {
    /// A middleware whose sessions `sealer` opens and seals, by the operating
    /// system's clock.
    /// Give it a [`SharedSealer`] to replace the sealer while the server runs.
    pub fn new(sealer: impl Into<SharedSealer>) -> Self {
        Self::with_clock(sealer, waxseal_face::system_time)
    }

    /// A middleware whose sessions `sealer` opens and seals, by the clock
    /// `now`.
    pub fn with_clock(
        sealer: impl Into<SharedSealer>,
        now: impl Fn() -> UnixTime + Send + Sync + 'static,
    ) -> Self {
        Self::with(Config::new(sealer, now))
    }
}

impl<W> SessionMiddleware<W> {
    /// The same middleware for the sessions of another marker: a second session
    /// in one application, which needs a cookie name of its own.
    #[must_use]
    pub fn marked<M>(self) -> SessionMiddleware<M> {
        SessionMiddleware { config: self.config, marker: PhantomData }
    }

    /// The same middleware with another clock.
    ///
    /// ```
    /// # use waxseal_actix::{Sealer, SessionMiddleware, UnixTime};
    /// # fn middleware(sealer: Sealer) -> SessionMiddleware {
    /// SessionMiddleware::new(sealer).clock(|| UnixTime::from_secs(1_800_000_000))
    /// # }
    /// ```
    #[must_use]
    pub fn clock(self, now: impl Fn() -> UnixTime + Send + Sync + 'static) -> Self {
        Self::with(self.config.with_clock(now))
    }

    fn with(config: Config) -> Self {
        Self { config: Arc::new(config), marker: PhantomData }
    }
}

impl<S, B, W> Transform<S, ServiceRequest> for SessionMiddleware<W>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    W: 'static,
{
    type Response = ServiceResponse<B>;
    type Error = Error;
    type Transform = SessionService<S, W>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, Self::InitError>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(SessionService::new(service, Arc::clone(&self.config))))
    }
}

impl<W> Clone for SessionMiddleware<W> {
    fn clone(&self) -> Self {
        Self { config: Arc::clone(&self.config), marker: PhantomData }
    }
}

impl<W> fmt::Debug for SessionMiddleware<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionMiddleware").field("config", &self.config).finish()
    }
}
