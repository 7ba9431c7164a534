//! The sources of times and random bits.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use crate::error::StoreFailure;

/// The two clocks of a server. A test sets them.
#[derive(Clone)]
pub(crate) struct Clock {
    /// Milliseconds since 1970. An operator or NTP can move it.
    millis: Arc<dyn Fn() -> u64 + Send + Sync>,
    /// The run time: how long the server has run. It only grows.
    run_time: Arc<dyn Fn() -> Duration + Send + Sync>,
}

impl Clock {
    pub(crate) fn system() -> Self {
        let started = Instant::now();
        let millis = || {
            let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
        };
        Self { millis: Arc::new(millis), run_time: Arc::new(move || started.elapsed()) }
    }

    #[cfg(test)]
    pub(crate) fn new(
        millis: impl Fn() -> u64 + Send + Sync + 'static,
        run_time: impl Fn() -> Duration + Send + Sync + 'static,
    ) -> Self {
        Self { millis: Arc::new(millis), run_time: Arc::new(run_time) }
    }

    pub(crate) fn millis(&self) -> u64 {
        (self.millis)()
    }

    pub(crate) fn run_time(&self) -> Duration {
        (self.run_time)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock(..)")
    }
}

/// 63 random bits: the integers of SQLite have a sign.
pub(crate) fn random() -> Result<u64, StoreFailure> {
    let bits = getrandom::u64().map_err(|error| {
        StoreFailure::because("the operating system has no random bits", error.to_string())
    })?;
    Ok(bits >> 1)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn random_bits_differ_and_have_no_sign() {
        let numbers: HashSet<_> = (0..100).map(|_| random().unwrap()).collect();
        assert_eq!(numbers.len(), 100);
        assert!(numbers.iter().all(|number| i64::try_from(*number).is_ok()));
        assert!(numbers.iter().any(|number| number % 2 == 1));
    }

    #[test]
    fn debug_shows_no_closures() {
        assert_eq!(format!("{:?}", Clock::system()), "Clock(..)");
    }
}
