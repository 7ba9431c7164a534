//! The layer that gives every request the place of its session.

use alloc::rc::Rc;
use core::{fmt, ops::Deref};

use picoserve::{
    ResponseSent,
    io::Read,
    request::RequestParts,
    response::ResponseWriter,
    routing::{Layer, Next},
};
use waxseal_core::{SaveError, Sealer, UnixTime};

use crate::{
    error::SessionError,
    response::SessionResponse,
    session::Session,
    slot::{Config, Slot},
};

/// Gives every request a [`Session`] and puts into its response what became of
/// it.
///
/// Costs next to nothing until a handler takes the session: no cookie is read
/// before, and the clock is not asked.
#[derive(Clone)]
pub struct SessionLayer(Config);

impl SessionLayer {
    /// A layer whose sessions `sealer` opens and seals, at the time that
    /// `clock` shows. A [`Sealer`] goes in as it is, or as an `Rc` that the
    /// application shares.
    ///
    /// A clock that was never set should show what it shows, a time long ago:
    /// every cookie is then rejected and nothing is saved.
    pub fn new(sealer: impl Into<Rc<Sealer>>, clock: impl Fn() -> UnixTime + 'static) -> Self {
        Self(Config { sealer: sealer.into(), clock: Rc::new(clock), random: None })
    }

    /// Names every new session (`sid`) with 128 random bits. Without it they
    /// have no name, which takes nothing from the signature.
    #[must_use]
    pub fn randomness(self, random: fn() -> Result<[u8; 16], SaveError>) -> Self {
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

/// The state that handlers inside a [`SessionLayer`] are called with: the
/// application's own, and the place of the request's session.
///
/// It dereferences to the application's state, of which every request gets a
/// clone: share what is large. picoserve's extractor `State<T>` has to be told
/// how to get the `T`:
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
    /// The session of the request that this state belongs to, for a layer of
    /// your own; `parts` are that request's. Handlers take [`Session`] as an
    /// argument.
    ///
    /// # Errors
    ///
    /// [`SessionError::StandingUnknown`].
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
