//! Where a request's time comes from.

use std::fmt;

use waxseal_core::UnixTime;

/// A source of the current time.
pub(crate) struct Clock(Box<dyn Fn() -> UnixTime + Send + Sync>);

impl Clock {
    pub(crate) fn new(now: impl Fn() -> UnixTime + Send + Sync + 'static) -> Self {
        Self(Box::new(now))
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

/// The operating system's time. One before 1970 counts as never set.
///
/// Not on `wasm32-unknown-unknown`, which has no clock: there a face is handed
/// one.
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
#[must_use]
pub fn system_time() -> UnixTime {
    use std::time::{SystemTime, UNIX_EPOCH};
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixTime::from_secs(since_1970.as_secs())
}
