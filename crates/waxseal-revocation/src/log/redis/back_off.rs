//! How long to wait before something is tried again.

use std::{fmt, time::Duration};

use super::half;
use crate::events;

/// How long to wait before the next attempt to connect, at first and at most.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// Grows with every failure, and differs from server to server.
pub(super) struct BackOff(Duration);

impl BackOff {
    pub(super) const fn new() -> Self {
        Self(BACK_OFF.0)
    }

    pub(super) fn reset(&mut self) {
        self.0 = BACK_OFF.0;
    }

    /// How long to wait this time: between half and all of it.
    fn next(&mut self) -> Duration {
        let wait = self.0;
        self.0 = wait.saturating_mul(2).min(BACK_OFF.1);
        let mut random = [0; 1];
        // Without randomness servers come back at the same time.
        let _ = getrandom::fill(&mut random);
        let [random] = random;
        let part = half(wait).saturating_mul(u32::from(random)).checked_div(255);
        half(wait).saturating_add(part.unwrap_or_default())
    }

    pub(super) async fn after(&mut self, what: &str, error: &dyn fmt::Display, pending: usize) {
        events::retrying(what, error, pending);
        tokio::time::sleep(self.next()).await;
    }
}
