//! When entries expire: only after the servers have seen for 24 hours of their run time that
//! they are overdue, by the store's clock and by the server's. The store keeps what they have
//! seen, because servers restart. A clock that is wrong for less than that drops nothing.

use std::time::Duration;

use waxseal_core::Sealer;

/// How often a server looks.
pub(crate) const INTERVAL: Duration = Duration::from_secs(10 * 60);
/// Ten years, in seconds: no list has a longer absolute timeout.
pub(crate) const LONGEST_ABSOLUTE_TIMEOUT: u64 = 3653 * 86_400;
const WINDOW: Duration = Duration::from_secs(24 * 60 * 60);

/// The time before which entries are overdue, in seconds: no session that was issued before
/// it is accepted by any server any more. `absolute_timeout` is the longest of any server.
pub(crate) const fn horizon(clock: u64, absolute_timeout: u64) -> u64 {
    let lifetime = Sealer::LEEWAY.as_secs().saturating_mul(2).saturating_add(absolute_timeout);
    clock.saturating_sub(lifetime)
}

/// What the servers of a store have seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Expiry {
    /// The entries before this horizon expire next.
    pub(crate) next: u64,
    /// How long they have been overdue, in seconds of the servers' run time.
    pub(crate) overdue: u64,
    /// The entries before this horizon have expired.
    pub(crate) expired: u64,
}

impl Expiry {
    /// Notes the horizon of a server. `last` is what it has seen when it looked last, and how
    /// many seconds of its run time ago. If another server has looked in between, that one has
    /// counted the time.
    pub(crate) fn observe(&mut self, last: Option<(Self, u64)>, horizon: u64) {
        if horizon < self.next || self.next == 0 {
            (self.next, self.overdue) = (horizon, 0);
        } else if let Some((seen, ago)) = last
            && seen == *self
        {
            self.overdue = self.overdue.saturating_add(ago);
            if self.overdue >= WINDOW.as_secs() {
                self.expired = self.expired.max(self.next);
                (self.next, self.overdue) = (horizon, 0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 86_400;
    const TICK: u64 = INTERVAL.as_secs();
    const TICKS_OF_AN_HOUR: u64 = 6;
    const START: u64 = 1_800_000_000;

    /// Two servers, of which one restarts every hour.
    fn run(clock: impl Fn(u64) -> u64, hours: u64) -> u64 {
        let mut expiry = Expiry::default();
        let mut seen = [None; 2];
        for tick in 0..=hours * TICKS_OF_AN_HOUR {
            for (server, seen) in seen.iter_mut().enumerate() {
                if server == 1 && tick % TICKS_OF_AN_HOUR == 0 {
                    *seen = None;
                }
                expiry.observe(*seen, horizon(clock(tick * TICK), 30 * DAY));
                *seen = Some((expiry, TICK));
            }
        }
        expiry.expired
    }

    #[test]
    fn entries_expire_after_they_have_been_overdue_for_a_day() {
        let right = |run_time| START + run_time;
        assert_eq!(run(right, 23), 0);
        let first = START - 30 * DAY - 120;
        assert_eq!(run(right, 25), first);
        let second = run(right, 49);
        assert!(second > first + DAY - 3600 && second < first + 2 * DAY, "{second}");
    }

    #[test]
    fn a_server_that_restarts_every_hour_still_drops() {
        let mut expiry = Expiry::default();
        for hour in 0..48 {
            let mut seen = None;
            for tick in 0..TICKS_OF_AN_HOUR {
                expiry.observe(seen, horizon(START + hour * 3600 + tick * TICK, 30 * DAY));
                seen = Some((expiry, TICK));
            }
        }
        assert_eq!(expiry.expired, START - 30 * DAY - 120);
    }

    #[test]
    fn a_clock_that_is_wrong_for_less_than_a_day_drops_nothing() {
        let ahead = START + 400 * DAY;
        let wrong_for = |hours: u64| {
            move |run_time| if run_time < hours * 3600 { ahead } else { START + run_time }
        };
        assert_eq!(run(wrong_for(20), 20), 0);
        assert!(run(wrong_for(20), 60) < START);
        // Wrong for longer: the documented limit.
        assert!(run(wrong_for(30), 30) > START);
        let later = |run_time| if run_time < DAY / 2 { START + run_time } else { ahead };
        assert!(run(later, 30) < START);
    }
}
