//! The layer that gives every request the place of its session.

use std::{fmt, marker::PhantomData, sync::Arc};

use tower_layer::Layer;
use waxseal_core::UnixTime;
use waxseal_face::{Config, Main, SharedSealer};

use crate::service::SessionService;

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
    /// A layer whose sessions `sealer` opens and seals, by the operating
    /// system's clock.
    /// Give it a [`SharedSealer`] to replace the sealer while the server runs.
    ///
    /// Not on `wasm32-unknown-unknown`, which has no clock: see
    /// [`with_clock`](Self::with_clock).
    #[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
    pub fn new(sealer: impl Into<SharedSealer>) -> Self {
        Self::with_clock(sealer, waxseal_face::system_time)
    }

    /// A layer whose sessions `sealer` opens and seals, by the clock `now`: for
    /// platforms that have none, and for tests.
    ///
    /// ```
    /// # use waxseal::{Sealer, SessionLayer, UnixTime};
    /// # fn milliseconds_since_1970() -> u64 { 1_800_000_000_000 }
    /// # fn layer(sealer: Sealer) -> SessionLayer {
    /// SessionLayer::with_clock(sealer, || UnixTime::from_secs(milliseconds_since_1970() / 1000))
    /// # }
    /// ```
    pub fn with_clock(
        sealer: impl Into<SharedSealer>,
        now: impl Fn() -> UnixTime + Send + Sync + 'static,
    ) -> Self {
        Self::with(Config::new(sealer, now))
    }
}

impl<W> SessionLayer<W> {
    /// The same layer for the sessions of another marker: a second session in
    /// one application, which needs a cookie name of its own.
    #[must_use]
    pub fn marked<M>(self) -> SessionLayer<M> {
        SessionLayer { config: self.config, marker: PhantomData }
    }

    /// The same layer with another clock.
    ///
    /// ```
    /// # use waxseal::{Sealer, SessionLayer, UnixTime};
    /// # fn layer(sealer: Sealer) -> SessionLayer {
    /// SessionLayer::new(sealer).clock(|| UnixTime::from_secs(1_800_000_000))
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
