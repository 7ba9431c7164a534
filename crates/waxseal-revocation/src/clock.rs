//! Where the time comes from.

use std::{fmt, time::Instant};

use waxseal_core::{Sealer, UnixTime};

use crate::cut::later;

/// A source of the current time.
pub(crate) struct Clock {
    now: Box<dyn Fn() -> UnixTime + Send + Sync>,
    /// What it showed at first, and when that was; of the system's clock.
    begun: Option<(UnixTime, Instant)>,
}

impl Clock {
    pub(crate) fn system() -> Self {
        Self { now: Box::new(UnixTime::now), begun: Some((UnixTime::now(), Instant::now())) }
    }

    pub(crate) fn new(now: impl Fn() -> UnixTime + Send + Sync + 'static) -> Self {
        Self { now: Box::new(now), begun: None }
    }

    pub(crate) fn now(&self) -> UnixTime {
        (self.now)()
    }

    /// Now, but no more than has passed: a clock that is ahead for a moment must
    /// not make the list forget what will be valid again when it is set back.
    pub(crate) fn passed(&self) -> UnixTime {
        let latest = self.begun.map(|(first, at)| {
            later(first, at.elapsed().as_secs().saturating_add(Sealer::LEEWAY.as_secs()))
        });
        latest.map_or(self.now(), |latest| latest.min(self.now()))
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock(..)")
    }
}
