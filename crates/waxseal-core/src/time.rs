//! The one notion of time: whole seconds, handed in by the caller.

use core::fmt;

/// A moment as seconds since 1970-01-01T00:00:00Z, leap seconds not counted
/// (the `NumericDate` of RFC 7519, section 2, without its fraction).
///
/// The core never reads a clock: a face hands in the time of the request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixTime(u64);

impl UnixTime {
    /// 2025-01-01T00:00:00Z. A clock that shows less was never set.
    const EARLIEST: Self = Self(1_735_689_600);

    /// The last moment under 2^63 seconds.
    const LAST: Self = Self(u64::MAX >> 1);

    /// A moment from its seconds since 1970.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs)
    }

    /// The seconds since 1970.
    #[must_use]
    pub const fn as_secs(self) -> u64 {
        self.0
    }

    /// Whether the clock that showed this was set at all: a board without a
    /// battery starts in 1970, and in 1970 nothing has expired yet.
    pub(crate) fn is_plausible(self) -> bool {
        self >= Self::EARLIEST
    }

    /// This moment `secs` later, and never after the last one that an opened
    /// token may state.
    pub(crate) fn plus(self, secs: u64) -> Self {
        Self(self.0.saturating_add(secs).min(Self::LAST.0))
    }

    /// This moment `secs` earlier; 1970 where that would be before.
    pub(crate) const fn minus(self, secs: u64) -> Self {
        Self(self.0.saturating_sub(secs))
    }

    /// The seconds from `earlier` to this moment; 0 where it is not earlier.
    pub(crate) const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
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
        assert_eq!(UnixTime::from_secs(1).since(last), 0);
    }
}
