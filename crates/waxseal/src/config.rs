//! The configuration of a layer or middleware.

use std::panic::Location;

use waxseal_core::UnixTime;

use crate::{clock::Clock, events::Throttle, shared_sealer::SharedSealer};

/// What a middleware shares among all threads and clones: the sealer of its
/// sessions and a clock.
#[derive(Debug)]
pub struct Config {
    pub(crate) sealer: SharedSealer,
    pub(crate) clock: Clock,
    /// Of rejected cookies.
    pub(crate) rejections: Throttle,
    /// Of sessions that the revocation list has no room for.
    pub(crate) not_revoked: Throttle,
    /// Whether the warning of plain http was logged.
    #[cfg(any(feature = "actix", feature = "tower"))]
    pub(crate) warned_of_http: std::sync::atomic::AtomicBool,
    /// The purpose of the sealer's marker.
    pub(crate) marker: &'static str,
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
        let sealer = sealer.into();
        Self {
            marker: sealer.current().marker(),
            sealer,
            clock: Clock::new(now),
            rejections: Throttle::default(),
            not_revoked: Throttle::default(),
            #[cfg(any(feature = "actix", feature = "tower"))]
            warned_of_http: false.into(),
            location: Location::caller(),
        }
    }

    /// The same sessions with another clock.
    #[must_use]
    pub fn with_clock(&self, now: impl Fn() -> UnixTime + Send + Sync + 'static) -> Self {
        Self { location: self.location, ..Self::new(self.sealer.clone(), now) }
    }

    pub(crate) fn has_cookie_of(&self, other: &Self) -> bool {
        self.sealer.current().cookie().name() == other.sealer.current().cookie().name()
    }
}
