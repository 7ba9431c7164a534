//! The configuration of a layer or middleware.

use std::{any::TypeId, panic::Location};

use waxseal_core::UnixTime;

use crate::{clock::Clock, events::Throttle, shared_sealer::SharedSealer, slot::Main};

/// What a middleware shares among all threads and clones: the sealer of its
/// sessions and a clock.
#[derive(Debug)]
pub struct Config {
    pub(crate) sealer: SharedSealer,
    pub(crate) clock: Clock,
    pub(crate) warnings: Throttle,
    pub(crate) marker: TypeId,
    /// Where the application made it.
    pub(crate) location: &'static Location<'static>,
}

impl Config {
    /// Sessions of `sealer`, at the time that `now` returns.
    #[track_caller]
    pub fn new(
        sealer: impl Into<SharedSealer>,
        now: impl Fn() -> UnixTime + Send + Sync + 'static,
    ) -> Self {
        Self {
            sealer: sealer.into(),
            clock: Clock::new(now),
            warnings: Throttle::default(),
            marker: TypeId::of::<Main>(),
            location: Location::caller(),
        }
    }

    /// The same sessions with another clock.
    #[must_use]
    pub fn with_clock(&self, now: impl Fn() -> UnixTime + Send + Sync + 'static) -> Self {
        let Self { marker, location, .. } = *self;
        Self { marker, location, ..Self::new(self.sealer.clone(), now) }
    }

    /// The same for the sessions of the marker `W`.
    #[must_use]
    pub fn marked<W: 'static>(&self) -> Self {
        let (sealer, clock) = (self.sealer.clone(), self.clock.clone());
        let (marker, location) = (TypeId::of::<W>(), self.location);
        Self { sealer, clock, warnings: Throttle::default(), marker, location }
    }

    pub(crate) fn has_cookie_of(&self, other: &Self) -> bool {
        self.sealer.current().cookie().name() == other.sealer.current().cookie().name()
    }
}
