//! Time in whole seconds, which the caller passes in.

use core::{fmt, time::Duration};

/// A time in seconds since 1970-01-01T00:00:00Z, without leap seconds
/// (the `NumericDate` of RFC 7519, section 2, without its fraction).
///
/// The caller passes the time of the request: opening and saving read no clock.
///
/// There is no default: a time of 1970 by mistake would look like a session that
/// expired long ago.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixTime(u64);

impl UnixTime {
    /// 2025-01-01T00:00:00Z. A clock that shows an earlier time is not set.
    const EARLIEST: Self = Self(1_735_689_600);

    /// The last second before 2^63.
    pub(crate) const LAST: Self = Self(u64::MAX >> 1);

    /// Creates a time from its seconds since 1970.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs)
    }

    /// Returns the time of the operating system's clock; 1970 if it shows an earlier time.
    ///
    /// ```
    /// use waxseal_core::UnixTime;
    ///
    /// assert!(UnixTime::now() > UnixTime::from_secs(1_735_689_600));
    /// ```
    #[cfg(all(feature = "std", not(all(target_family = "wasm", target_os = "unknown"))))]
    #[must_use]
    pub fn now() -> Self {
        use std::time::{SystemTime, UNIX_EPOCH};
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(since_1970.as_secs())
    }

    /// Returns the seconds since 1970.
    #[must_use]
    pub const fn as_secs(self) -> u64 {
        self.0
    }

    /// Whether the clock is set: that of a board without a battery starts in 1970, when
    /// no session has expired yet.
    pub(crate) fn is_plausible(self) -> bool {
        self >= Self::EARLIEST
    }

    /// This time `secs` later, at most the latest time that a token may contain.
    pub(crate) fn plus(self, secs: u64) -> Self {
        Self(self.0.saturating_add(secs).min(Self::LAST.0))
    }

    /// The time from `earlier` to this time; zero if it is not earlier.
    ///
    /// ```
    /// # use waxseal_core::UnixTime;
    /// let (login, now) = (UnixTime::from_secs(1_800_000_000), UnixTime::from_secs(1_800_000_090));
    /// assert_eq!(now.saturating_since(login).as_secs(), 90);
    /// assert_eq!(login.saturating_since(now).as_secs(), 0);
    /// ```
    #[must_use]
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_secs(self.0.saturating_sub(earlier.0))
    }
}

impl fmt::Display for UnixTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_set_from_2025_on() {
        assert!(!UnixTime::from_secs(0).is_plausible());
        assert!(!UnixTime::from_secs(1_735_689_599).is_plausible());
        assert!(UnixTime::from_secs(1_735_689_600).is_plausible());
    }

    #[test]
    fn arithmetic_stops_at_the_ends() {
        let last = UnixTime::from_secs(i64::MAX.unsigned_abs());
        assert_eq!(last.plus(1), last);
        assert_eq!(UnixTime::from_secs(1).plus(u64::MAX), last);
        assert_eq!(UnixTime::from_secs(1).saturating_since(last), Duration::ZERO);
    }
}
