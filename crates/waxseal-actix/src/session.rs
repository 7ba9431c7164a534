//! The session as a handler takes it.

use std::{
    fmt,
    future::{Ready, ready},
    marker::PhantomData,
    ops::Deref,
    sync::Arc,
};

use actix_web::{
    FromRequest, HttpMessage as _, HttpRequest,
    dev::Payload,
    http::header::{self, HeaderValue},
};
use waxseal_core::Handle;
use waxseal_face::{Main, SessionError, Shared, Slot};

/// The innermost slot as a request's extension. The type is private: nobody
/// gets at a session that has not been opened.
pub(crate) struct Innermost(pub(crate) Arc<Slot>);

/// The session of the user who sent the request. All its methods are those of
/// [`Handle`].
///
/// It is an extractor; where there is only the request, as in a middleware,
/// [`Session::of`] gets it. Asking for it opens it, and all who ask in one
/// request, middleware and handler, hold the same session.
///
/// Take it as it is and not as an `Option<Session>`, which actix-web makes of
/// every extractor: a missing middleware is a mistake, and no visitor without a
/// session.
///
/// `W` names a second session in one application: a type of your own as the
/// marker, and a [`SessionMiddleware`] for it with another cookie.
///
/// ```
/// use waxseal_actix::{CookieSpec, Sealer, Secret, Session, SessionMiddleware};
///
/// struct Admin;
///
/// async fn handler(user: Session, admin: Session<Admin>) { /* … */ }
///
/// # fn middleware(secret: Secret) -> Result<(), Box<dyn std::error::Error>> {
/// let spec = CookieSpec::builder("__Host-admin").same_site_strict().build()?;
/// let admin = Sealer::builder(secret).cookie(spec).build()?;
/// let middleware = SessionMiddleware::new(admin).marked::<Admin>();
/// # Ok(())
/// # }
/// ```
///
/// [`SessionMiddleware`]: crate::SessionMiddleware
pub struct Session<W = Main> {
    handle: Handle<Shared>,
    marker: PhantomData<fn() -> W>,
}

impl<W: 'static> Session<W> {
    /// The session of `request`, opened now if nobody has asked before.
    ///
    /// As with everything that is kept in a request, nobody may hold its
    /// `extensions_mut()` meanwhile.
    ///
    /// # Errors
    ///
    /// [`SessionError::MissingLayer`] where no [`SessionMiddleware`] with this
    /// marker wraps the service; [`SessionError::SharedCookie`] where another
    /// marker's middleware has the same cookie; [`SessionError::Closed`] where
    /// the session is asked for only after the response head was made;
    /// [`SessionError::StandingUnknown`] where the list of sessions ended early
    /// cannot be trusted now.
    ///
    /// [`SessionMiddleware`]: crate::SessionMiddleware
    pub fn of(request: &HttpRequest) -> Result<Self, SessionError> {
        let extensions = request.extensions();
        let innermost = extensions.get::<Innermost>().map(|innermost| &*innermost.0);
        let cookies = request.headers().get_all(header::COOKIE).map(HeaderValue::as_bytes);
        let shared = Slot::session::<W>(innermost, cookies)?;
        Ok(Self { handle: Handle::new(shared), marker: PhantomData })
    }
}

impl<W: 'static> FromRequest for Session<W> {
    type Error = SessionError;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::of(request))
    }
}

impl<W> Deref for Session<W> {
    type Target = Handle<Shared>;

    fn deref(&self) -> &Self::Target {
        &self.handle
    }
}

impl<W> Clone for Session<W> {
    fn clone(&self) -> Self {
        Self { handle: self.handle.clone(), marker: PhantomData }
    }
}

impl<W> fmt::Debug for Session<W> {
    // The data is the user's; a log is no place for it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}
