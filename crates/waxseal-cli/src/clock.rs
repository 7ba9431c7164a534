//! The current time, and times as dates.

use jiff::Timestamp;
use waxseal_core::UnixTime;

use crate::failure::Failure;

/// Rejects the time of a clock that was never set.
pub(crate) fn must_be_set(now: UnixTime) -> Result<(), Failure> {
    /// 2025-01-01.
    const EARLIEST: u64 = 1_735_689_600;

    if now.as_secs() < EARLIEST {
        return Err(Failure::Bad("the clock shows a time before 2025; set the clock".into()));
    }
    Ok(())
}

/// Parses a date in the format of RFC 3339. Returns the seconds since 1970, rounded up, or
/// `None` if the text is not such a date or the date is before 1970.
pub(crate) fn parse_date(text: &str) -> Option<u64> {
    let date: Timestamp = text.parse().ok()?;
    let secs = u64::try_from(date.as_second()).ok()?;
    secs.checked_add(u64::from(date.subsec_nanosecond() > 0))
}

/// Formats a time as `2026-11-23 06:31:00 UTC, in 7 days`. Returns an empty string if the time
/// is out of range.
pub(crate) fn date(time: u64, now: UnixTime) -> String {
    calendar(time).map_or_else(String::new, |date| format!("{date}, {}", distance(time, now)))
}

/// Formats a time as `2026-11-23 06:31:00 UTC`. Returns `None` if the time is out of range.
pub(crate) fn calendar(time: u64) -> Option<String> {
    let date = Timestamp::from_second(i64::try_from(time).ok()?).ok()?;
    Some(date.strftime("%Y-%m-%d %H:%M:%S UTC").to_string())
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
    fn a_distance_is_in_the_largest_whole_unit() {
        let of = |time| distance(time, UnixTime::from_secs(1_000_000));
        assert_eq!(of(1_000_000), "now");
        assert_eq!(of(1_000_001), "in 1 second");
        assert_eq!(of(999_940), "1 minute ago");
        assert_eq!(of(1_007_200), "in 2 hours");
        assert_eq!(of(1_000_000 - 3 * 86_400), "3 days ago");
    }

    #[test]
    fn dates_of_rfc_3339_are_parsed() {
        assert_eq!(parse_date("2027-01-15T08:00:00Z"), Some(1_800_000_000));
        assert_eq!(parse_date("2027-01-15T09:00:00+01:00"), Some(1_800_000_000));
        assert_eq!(parse_date("2027-01-15T07:59:59.001Z"), Some(1_800_000_000));
        for text in ["2027-01-15", "2027-01-15T08:00:00", "1969-12-31T23:59:59Z", "-1", ""] {
            assert_eq!(parse_date(text), None, "{text}");
        }
    }

    #[test]
    fn a_time_out_of_range_has_no_date() {
        assert_eq!(date(u64::MAX, UnixTime::from_secs(0)), "");
        assert!(
            date(1_800_000_000, UnixTime::from_secs(0)).starts_with("2027-01-15 08:00:00 UTC, in ")
        );
    }
}
