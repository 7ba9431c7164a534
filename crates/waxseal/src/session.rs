//! The session as a handler takes it.

use std::{fmt, marker::PhantomData, ops::Deref, sync::Arc};

use http::{Extensions, HeaderMap, Request};
use waxseal_core::{Handle, Opened, Sealer, Share};

use crate::{
    error::SessionError,
    events,
    slot::{Live, Slot},
};

/// The marker of an application's one session, or its main one.
#[derive(Clone, Copy, Debug)]
pub struct Main;

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
    /// session is asked for only after the response head was made.
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
        let live = Slot::session::<W>(extensions, headers)?;
        Ok(Self { handle: Handle::new(Shared(live)), marker: PhantomData })
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

/// How this face shares a session: among threads. Nothing to be used by
/// itself; it is what the [`Handle`] of a [`Session`] is over.
#[derive(Clone)]
pub struct Shared(Arc<Live>);

impl Share for Shared {
    fn with<R>(&self, f: impl FnOnce(&Sealer, &mut Opened) -> R) -> R {
        f(&self.0.sealer, &mut self.0.lock())
    }

    fn deleted_too_late(&self) {
        events::deleted_too_late(self.0.sealer.cookie().name());
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shared(..)")
    }
}
