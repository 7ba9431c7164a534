//! The session as a handler takes it.

use std::{fmt, marker::PhantomData, ops::Deref, sync::Arc};

use http::{Extensions, HeaderMap, HeaderValue, Request, header};
use waxseal_core::Handle;
use waxseal_face::{Main, SessionError, Shared, Slot};

/// The innermost slot as a request's extension.
#[derive(Clone)]
pub(crate) struct Innermost(pub(crate) Arc<Slot>);

/// The session of the user who sent the request. All its methods are those of
/// [`Handle`].
///
/// In axum it is an extractor; elsewhere [`Session::of`] gets it from the
/// request. Asking for it opens it, and all who ask in one request, middleware
/// and handler, hold the same session.
///
/// `W` names a second session in one application: a type of your own as the
/// marker, and a [`SessionLayer`] for it with another cookie.
///
/// ```
/// use waxseal::{CookieSpec, Sealer, Secret, Session, SessionLayer};
///
/// struct Admin;
///
/// async fn handler(user: Session, admin: Session<Admin>) { /* … */ }
///
/// # fn layer(secret: Secret) -> Result<(), Box<dyn std::error::Error>> {
/// let spec = CookieSpec::builder("__Host-admin").same_site_strict().build()?;
/// let admin = Sealer::builder(secret).cookie(spec).build()?;
/// let layer = SessionLayer::new(admin).marked::<Admin>();
/// # Ok(())
/// # }
/// ```
///
/// [`SessionLayer`]: crate::SessionLayer
pub struct Session<W = Main> {
    handle: Handle<Shared>,
    marker: PhantomData<fn() -> W>,
}

impl<W: 'static> Session<W> {
    /// The session of `request`, opened now if nobody has asked before.
    ///
    /// # Errors
    ///
    /// [`SessionError::MissingLayer`] where no [`SessionLayer`] with this
    /// marker wraps the service; [`SessionError::SharedCookie`] where another
    /// marker's layer has the same cookie; [`SessionError::Closed`] where the
    /// session is asked for only after the response head was made;
    /// [`SessionError::StandingUnknown`] where the list of sessions ended early
    /// cannot be trusted now.
    ///
    /// [`SessionLayer`]: crate::SessionLayer
    pub fn of<B>(request: &Request<B>) -> Result<Self, SessionError> {
        Self::from_parts(request.extensions(), request.headers())
    }

    /// The same where a framework hands out the parts of a request and not the
    /// whole: salvo, or a tonic service.
    ///
    /// # Errors
    ///
    /// As [`of`](Self::of).
    pub fn from_parts(extensions: &Extensions, headers: &HeaderMap) -> Result<Self, SessionError> {
        let innermost = extensions.get::<Innermost>().map(|innermost| &*innermost.0);
        let cookies = headers.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes);
        let shared = Slot::session::<W>(innermost, cookies)?;
        Ok(Self { handle: Handle::new(shared), marker: PhantomData })
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
