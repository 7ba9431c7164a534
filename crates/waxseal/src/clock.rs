//! Where a request's time comes from.

use std::{
    fmt,
    time::{SystemTime, UNIX_EPOCH},
};

use waxseal_core::UnixTime;

/// A source of the current time.
pub(crate) struct Clock(Box<dyn Fn() -> UnixTime + Send + Sync>);

impl Clock {
    pub(crate) fn new(now: impl Fn() -> UnixTime + Send + Sync + 'static) -> Self {
        Self(Box::new(now))
    }

    /// The operating system's clock. One that shows a time before 1970 counts
    /// as never set.
    pub(crate) fn system() -> Self {
        Self::new(|| {
            let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            UnixTime::from_secs(since_1970.as_secs())
        })
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
