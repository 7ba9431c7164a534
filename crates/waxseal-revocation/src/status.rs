//! How a list is doing: what a readiness probe and a dashboard want to know.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant, SystemTime},
};

use crate::events;

/// Whether a list can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// It is being read for the first time, or the log has not been reached
    /// yet. Requests with a session get a 503.
    Loading,
    /// The log is there and has never been initialised, or has lost everything
    /// while no server was running. Requests with a session get a 503 until an
    /// operator runs `waxseal revocations init`.
    Uninitialised,
    /// It has everything that the log has.
    Current,
    /// The log has been out of reach for longer than configured. Requests with a
    /// session get a 503, or are served with what is known, as configured.
    Stale,
}

/// How a list is doing.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Readiness {
    /// Whether it can be trusted.
    pub state: State,
    /// How many entries it has.
    pub entries: usize,
    /// The most it takes.
    pub max_entries: usize,
    /// How many that were made here the log has not acknowledged yet.
    pub pending: usize,
    /// How long ago the log last answered.
    pub contact_age: Duration,
    /// How far the list is behind the log's newest entry.
    pub lag: Duration,
}

/// What the log's thread knows and everybody may ask.
#[derive(Debug)]
pub(crate) struct Health {
    /// What requests ask.
    trusted: AtomicBool,
    state: Mutex<State>,
    /// By both clocks: one of them stands still while the machine sleeps.
    contact: Mutex<(Instant, SystemTime)>,
    lag_ms: AtomicU64,
    pending: AtomicUsize,
    nearly_full: AtomicBool,
}

impl Health {
    pub(crate) fn new() -> Self {
        Self {
            trusted: AtomicBool::new(false),
            state: Mutex::new(State::Loading),
            contact: Mutex::new((Instant::now(), SystemTime::now())),
            lag_ms: AtomicU64::new(0),
            pending: AtomicUsize::new(0),
            nearly_full: AtomicBool::new(false),
        }
    }

    pub(crate) fn is_trusted(&self) -> bool {
        self.trusted.load(Relaxed)
    }

    pub(crate) fn state(&self) -> State {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `serves` says whether sessions are served in that state.
    pub(crate) fn set(&self, state: State, serves: bool) {
        let mut known = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if *known != state {
            events::state(*known, state, serves);
        }
        *known = state;
        self.trusted.store(serves, Relaxed);
    }

    /// The log has answered just now.
    pub(crate) fn contact(&self) {
        let now = (Instant::now(), SystemTime::now());
        *self.contact.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }

    pub(crate) fn contact_age(&self) -> Duration {
        let (instant, time) = *self.contact.lock().unwrap_or_else(PoisonError::into_inner);
        instant.elapsed().max(time.elapsed().unwrap_or_default())
    }

    #[cfg(feature = "redis")]
    pub(crate) fn set_lag(&self, lag: Duration) {
        self.lag_ms.store(u64::try_from(lag.as_millis()).unwrap_or(u64::MAX), Relaxed);
    }

    pub(crate) fn lag(&self) -> Duration {
        Duration::from_millis(self.lag_ms.load(Relaxed))
    }

    pub(crate) fn pending(&self) -> &AtomicUsize {
        &self.pending
    }

    /// The alarm at four fifths of what a list takes; silent again under seven
    /// tenths.
    pub(crate) fn watch_fill(&self, entries: usize, max: usize) {
        let tenths = entries.saturating_mul(10);
        if tenths >= max.saturating_mul(8) {
            if !self.nearly_full.swap(true, Relaxed) {
                events::nearly_full(entries, max);
            }
        } else if tenths < max.saturating_mul(7) {
            self.nearly_full.store(false, Relaxed);
        }
    }
}
