//! The layer.

use alloc::rc::Rc;
use core::{fmt, ops::Deref};

use picoserve::{
    ResponseSent,
    io::Read,
    request::RequestParts,
    response::ResponseWriter,
    routing::{Layer, Next},
};
use waxseal_core::{Sealer, UnixTime};

use crate::{
    error::SessionError,
    response::SessionResponse,
    session::Session,
    slot::{Config, Random, Slot},
};

/// Gives every request a [`Session`], and sends its changes with the response.
///
/// A request whose handler does not use the session reads neither a cookie nor the clock.
#[derive(Clone)]
pub struct SessionLayer(Config);

impl SessionLayer {
    /// A layer for the sessions of `sealer`, with the clock `clock`. To use the
    /// [`Sealer`] elsewhere, too, pass an `Rc`.
    ///
    /// A clock that is not set returns its early time, for example 1970: waxseal then
    /// rejects every cookie and saves no session.
    pub fn new(sealer: impl Into<Rc<Sealer>>, clock: impl Fn() -> UnixTime + 'static) -> Self {
        Self(Config { sealer: sealer.into(), clock: Rc::new(clock), random: None })
    }

    /// Gives every new session a session ID (`sid`) of 128 bits from `random`. Without
    /// it sessions have none; the signature needs no randomness.
    #[must_use]
    pub fn randomness(self, random: Random) -> Self {
        Self(Config { random: Some(random), ..self.0 })
    }
}

impl<S: Clone, P> Layer<S, P> for SessionLayer {
    type NextState = WithSession<S>;
    type NextPathParameters = P;

    async fn call_layer<
        'a,
        R: Read + 'a,
        N: Next<'a, R, Self::NextState, Self::NextPathParameters>,
        W: ResponseWriter<Error = R::Error>,
    >(
        &self,
        next: N,
        state: &S,
        path_parameters: P,
        _: RequestParts<'_>,
        response_writer: W,
    ) -> Result<ResponseSent, W::Error> {
        let state = WithSession { state: state.clone(), slot: Slot::new(self.0.clone()) };
        next.run(&state, path_parameters, SessionResponse::new(&state.slot, response_writer)).await
    }
}

impl fmt::Debug for SessionLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionLayer").finish_non_exhaustive()
    }
}

/// The state of handlers inside a [`SessionLayer`]: the state of the application, and the
/// session of the request.
///
/// It dereferences to the application's state, which is cloned for every request: keep
/// large state behind an `Rc`. picoserve's extractor `State<T>` needs to know how to get
/// the `T`:
///
/// ```
/// # extern crate alloc;
/// use alloc::rc::Rc;
///
/// use picoserve::extract::{FromRef, State};
/// use waxseal_picoserve::{Session, WithSession};
///
/// struct Lamp { /* … */ }
///
/// #[derive(Clone)]
/// struct App(Rc<Lamp>);
///
/// impl FromRef<WithSession<App>> for App {
///     fn from_ref(state: &WithSession<App>) -> Self {
///         (**state).clone()
///     }
/// }
///
/// async fn switch(session: Session, State(App(lamp)): State<App>) { /* … */ }
/// # let _: picoserve::Router<_, WithSession<App>> =
/// #     picoserve::Router::new().route("/", picoserve::routing::get(switch));
/// ```
pub struct WithSession<S = ()> {
    state: S,
    slot: Slot,
}

impl<S> WithSession<S> {
    /// The session of the request with these `parts`, for a layer of the application.
    /// Handlers take [`Session`] as an argument.
    ///
    /// # Errors
    ///
    /// [`SessionError::RevocationUnknown`].
    pub fn session(&self, parts: &RequestParts<'_>) -> Result<Session, SessionError> {
        self.slot.session(parts.headers())
    }
}

impl<S> Deref for WithSession<S> {
    type Target = S;

    fn deref(&self) -> &S {
        &self.state
    }
}

impl<S: fmt::Debug> fmt::Debug for WithSession<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WithSession").field("state", &self.state).finish_non_exhaustive()
    }
}
