//! What a face's middleware is configured with.

use waxseal_core::UnixTime;

use crate::{clock::Clock, events::Throttle, shared_sealer::SharedSealer};

/// What a middleware knows: the sealer of its sessions, and a clock. One for
/// all threads and clones of the middleware.
#[derive(Debug)]
pub struct Config {
    pub(crate) sealer: SharedSealer,
    pub(crate) clock: Clock,
    pub(crate) warnings: Throttle,
}

impl Config {
    /// Sessions that `sealer` opens and seals at the times that `now` returns.
    pub fn new(
        sealer: impl Into<SharedSealer>,
        now: impl Fn() -> UnixTime + Send + Sync + 'static,
    ) -> Self {
        Self { sealer: sealer.into(), clock: Clock::new(now), warnings: Throttle::default() }
    }

    /// The same sessions with another clock.
    #[must_use]
    pub fn with_clock(&self, now: impl Fn() -> UnixTime + Send + Sync + 'static) -> Self {
        Self::new(self.sealer.clone(), now)
    }

    pub(crate) fn has_cookie_of(&self, other: &Self) -> bool {
        self.sealer.current().cookie().name() == other.sealer.current().cookie().name()
    }
}
