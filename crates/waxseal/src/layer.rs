//! The layer that gives every request the place of its session.

use std::{fmt, marker::PhantomData, sync::Arc};

use tower_layer::Layer;
use waxseal_core::UnixTime;

use crate::{
    clock::Clock, events::Throttle, service::SessionService, session::Main,
    shared_sealer::SharedSealer, slot::Config,
};

/// Gives every request a [`Session<W>`](crate::Session) and puts into its
/// response what became of it.
///
/// Costs next to nothing until somebody asks for the session: no cookie is
/// read before. Two layers with one marker and one cookie name act as one.
pub struct SessionLayer<W = Main> {
    config: Arc<Config>,
    marker: PhantomData<fn() -> W>,
}

impl SessionLayer {
    /// A layer whose sessions `sealer` opens and seals.
    /// Give it a [`SharedSealer`] to replace the sealer while the server runs.
    pub fn new(sealer: impl Into<SharedSealer>) -> Self {
        Self::with(sealer.into(), Clock::system())
    }
}

impl<W> SessionLayer<W> {
    /// The same layer for the sessions of another marker: a second session in
    /// one application, which needs a cookie name of its own.
    #[must_use]
    pub fn marked<M>(self) -> SessionLayer<M> {
        SessionLayer { config: self.config, marker: PhantomData }
    }

    /// The same layer with another clock than the operating system's: for
    /// tests, and for platforms that have none.
    ///
    /// ```
    /// # use waxseal::{Sealer, SessionLayer, UnixTime};
    /// # fn layer(sealer: Sealer) -> SessionLayer {
    /// SessionLayer::new(sealer).clock(|| UnixTime::from_secs(1_800_000_000))
    /// # }
    /// ```
    #[must_use]
    pub fn clock(self, now: impl Fn() -> UnixTime + Send + Sync + 'static) -> Self {
        Self::with(self.config.sealer.clone(), Clock::new(now))
    }

    fn with(sealer: SharedSealer, clock: Clock) -> Self {
        let config = Config { sealer, clock, warnings: Throttle::default() };
        Self { config: Arc::new(config), marker: PhantomData }
    }
}

impl<S, W> Layer<S> for SessionLayer<W> {
    type Service = SessionService<S, W>;

    fn layer(&self, inner: S) -> Self::Service {
        SessionService::new(inner, Arc::clone(&self.config))
    }
}

impl<W> Clone for SessionLayer<W> {
    fn clone(&self) -> Self {
        Self { config: Arc::clone(&self.config), marker: PhantomData }
    }
}

impl<W> fmt::Debug for SessionLayer<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionLayer").field("config", &self.config).finish()
    }
}
