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
