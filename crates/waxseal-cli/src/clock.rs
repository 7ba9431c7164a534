//! The time, and times as a person reads them.

use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use waxseal_core::UnixTime;

pub(crate) fn now() -> UnixTime {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixTime::from_secs(since_1970.as_secs())
}

/// `2026-11-23 06:31:00 UTC, in 7 days`; empty where there is no such date.
pub(crate) fn date(time: u64, now: UnixTime) -> String {
    let Some(date) = i64::try_from(time).ok().and_then(|secs| Timestamp::from_second(secs).ok())
    else {
        return String::new();
    };
    format!("{}, {}", date.strftime("%Y-%m-%d %H:%M:%S UTC"), distance(time, now))
}

fn distance(time: u64, now: UnixTime) -> String {
    let now = now.as_secs();
    let (count, unit) = match time.abs_diff(now) {
        0 => return "now".into(),
        secs @ ..60 => (secs, "second"),
        secs @ ..3600 => (secs / 60, "minute"),
        secs @ ..86_400 => (secs / 3600, "hour"),
        secs => (secs / 86_400, "day"),
    };
    let plural = if count == 1 { "" } else { "s" };
    if time > now {
        format!("in {count} {unit}{plural}")
    } else {
        format!("{count} {unit}{plural} ago")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        let of = |time| distance(time, UnixTime::from_secs(1_000_000));
        assert_eq!(of(1_000_000), "now");
        assert_eq!(of(1_000_001), "in 1 second");
        assert_eq!(of(999_940), "1 minute ago");
        assert_eq!(of(1_007_200), "in 2 hours");
        assert_eq!(of(1_000_000 - 3 * 86_400), "3 days ago");
    }

    #[test]
    fn dates_that_do_not_exist() {
        assert_eq!(date(u64::MAX, UnixTime::from_secs(0)), "");
        assert!(
            date(1_800_000_000, UnixTime::from_secs(0)).starts_with("2027-01-15 08:00:00 UTC, in ")
        );
    }
}
