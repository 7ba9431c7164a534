//! When entries expire: only after they have been overdue for 24 hours of the server's run
//! time, by the store's clock and by the server's. A clock that is wrong for less drops
//! nothing.

use std::{collections::VecDeque, time::Duration};

use waxseal_core::Sealer;

const WINDOW: Duration = Duration::from_secs(24 * 60 * 60);
const INTERVAL: Duration = Duration::from_secs(10 * 60);

#[derive(Debug, Default)]
pub(crate) struct Expiry {
    /// The horizons by the two clocks, with the run time at which they were seen.
    seen: VecDeque<(Duration, u64)>,
}

impl Expiry {
    /// Whether `observe` is due.
    pub(crate) fn is_due(&self, run_time: Duration) -> bool {
        self.seen.back().is_none_or(|(last, _)| run_time.saturating_sub(*last) >= INTERVAL)
    }

    /// Notes the two clocks, in seconds, and returns the time before which entries have
    /// expired. `absolute_timeout` is the longest of any server.
    pub(crate) fn observe(
        &mut self,
        run_time: Duration,
        clocks: [u64; 2],
        absolute_timeout: u64,
    ) -> u64 {
        let lifetime = Sealer::LEEWAY.as_secs().saturating_mul(2).saturating_add(absolute_timeout);
        let [one, other] = clocks;
        self.seen.push_back((run_time, one.min(other).saturating_sub(lifetime)));
        let start = run_time.saturating_sub(WINDOW);
        // The first one that stays is the last before the window, if the server has run that long.
        while self.seen.get(1).is_some_and(|(at, _)| *at <= start) {
            self.seen.pop_front();
        }
        let covers_window =
            self.seen.front().is_some_and(|(at, _)| *at <= start) && run_time >= WINDOW;
        let earliest = self.seen.iter().map(|(_, horizon)| *horizon).min();
        earliest.filter(|_| covers_window).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 86_400;
    const START: u64 = 1_800_000_000;

    fn run(clocks: impl Fn(u64) -> [u64; 2], hours: u64) -> u64 {
        let mut expiry = Expiry::default();
        (0..=hours * 6).fold(0, |_, tick| {
            let run_time = Duration::from_secs(tick * 600);
            assert!(expiry.is_due(run_time));
            let horizon = expiry.observe(run_time, clocks(tick * 600), 30 * DAY);
            assert!(!expiry.is_due(run_time + Duration::from_secs(599)));
            assert!(expiry.seen.len() <= 146);
            horizon
        })
    }

    #[test]
    fn nothing_expires_in_the_first_day() {
        let both = |run_time| [START + run_time; 2];
        assert_eq!(run(both, 23), 0);
        assert_eq!(run(both, 24), START - 30 * DAY - 120);
        assert_eq!(run(both, 48), START + DAY - 30 * DAY - 120);
    }

    #[test]
    fn one_wrong_clock_drops_nothing() {
        let ahead = START + 400 * DAY;
        let right = START - 30 * DAY - 120;
        assert_eq!(run(|run_time| [ahead, START + run_time], 24), right);
        assert_eq!(run(|run_time| [START + run_time, ahead], 24), right);
        // Both are wrong, for less than a day.
        let short = |run_time| [if run_time < DAY / 2 { START } else { ahead }; 2];
        assert_eq!(run(short, 24), right);
    }
}
