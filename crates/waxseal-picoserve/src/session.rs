//! The session as a handler takes it.

use alloc::rc::Rc;
use core::{fmt, ops::Deref};

use picoserve::{extract::FromRequestParts, request::RequestParts};
use waxseal_core::{Handle, Opened, Sealer, Share};

use crate::{error::SessionError, layer::WithSession, slot::Live};

/// The session of the user who sent the request. All its methods are those of
/// [`Handle`].
///
/// Taking it opens it, and all who take it in one request hold the same
/// session. A handler that takes it and no [`SessionLayer`] around it do not
/// compile. It is not called, and the response is a 503, where a list of
/// sessions ended early cannot be trusted now.
///
/// [`SessionLayer`]: crate::SessionLayer
#[derive(Clone)]
pub struct Session(Handle<Shared>);

impl Session {
    pub(crate) const fn of(live: Rc<Live>) -> Self {
        Self(Handle::new(Shared(live)))
    }
}

impl<'r, S> FromRequestParts<'r, WithSession<S>> for Session {
    type Rejection = SessionError;

    async fn from_request_parts(
        state: &'r WithSession<S>,
        parts: &RequestParts<'r>,
    ) -> Result<Self, Self::Rejection> {
        state.session(parts)
    }
}

impl Deref for Session {
    type Target = Handle<Shared>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl fmt::Debug for Session {
    // The data is the user's; a log is no place for it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}

/// How this face shares a session: within one task, without atomics, which
/// small processors lack. Nothing to be used by itself; it is what the
/// [`Handle`] of a [`Session`] is over.
#[derive(Clone)]
pub struct Shared(Rc<Live>);

impl Share for Shared {
    fn with<R>(&self, f: impl FnOnce(&Sealer, &mut Opened) -> R) -> R {
        f(&self.0.sealer, &mut self.0.opened.borrow_mut())
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shared(..)")
    }
}
