//! Where the time of a request comes from.

use std::{fmt, sync::Arc};

use waxseal_core::UnixTime;

/// A source of the current time.
#[derive(Clone)]
pub(crate) struct Clock(Arc<dyn Fn() -> UnixTime + Send + Sync>);

impl Clock {
    pub(crate) fn new(now: impl Fn() -> UnixTime + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    pub(crate) fn now(&self) -> UnixTime {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock(..)")
    }
}

/// The time of the operating system. A time before 1970 counts as 1970.
///
/// `wasm32-unknown-unknown` has no clock: there, give the layer one.
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
#[must_use]
pub fn system_time() -> UnixTime {
    use std::time::{SystemTime, UNIX_EPOCH};
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixTime::from_secs(since_1970.as_secs())
}
