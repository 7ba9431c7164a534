//! A `NumericDate` (RFC 7519, section 2): a JSON number of seconds since 1970.
//!
//! A claim may be a float (`1.8e9`). Parsing floats would add 20 KiB of code to a
//! microcontroller's flash, so this reads only the digits before the point.

use crate::time::UnixTime;

/// The last second before 2^63.
const LAST: u64 = UnixTime::LAST.as_secs();

/// The time that `json` represents, which is one JSON value that the scanner has
/// accepted. `None` if it is no number, or 2^63 or larger in either direction. A
/// fraction is cut off, and a time before 1970 counts as 1970.
pub(super) fn parse(json: &[u8]) -> Option<UnixTime> {
    let secs = json.try_into().ok().and_then(ten_digits).or_else(|| whole_part(json));
    secs.map(UnixTime::from_secs)
}

/// The number of ten digits, which every time from 2001 to 2286 has. No digit waits
/// for the one before it: `str::parse` makes opening a session 5 % slower.
#[expect(clippy::arithmetic_side_effects, reason = "ten digits fit into 64 bits")]
fn ten_digits(json: &[u8; 10]) -> Option<u64> {
    const PLACES: [u64; 10] =
        [1_000_000_000, 100_000_000, 10_000_000, 1_000_000, 100_000, 10_000, 1_000, 100, 10, 1];
    let digits = json.map(|byte| u64::from(byte.wrapping_sub(b'0')));
    let number = digits.iter().zip(PLACES).map(|(digit, place)| digit * place).sum();
    digits.iter().all(|digit| *digit <= 9).then_some(number)
}

/// The whole part of a JSON number; 0 for a negative one.
fn whole_part(json: &[u8]) -> Option<u64> {
    let (negative, number) = json.strip_prefix(b"-").map_or((false, json), |rest| (true, rest));
    if !number.first()?.is_ascii_digit() {
        return None;
    }
    let (mantissa, exponent) = split(number, |byte| matches!(byte, b'e' | b'E'));
    let (before, behind) = split(mantissa, |byte| *byte == b'.');
    // The number of digits before the point, after the exponent has moved it.
    let whole = i64::try_from(before.len()).ok()?.saturating_add(exponent.map_or(0, signed));

    let mut digits = before.iter().chain(behind.unwrap_or_default());
    let (mut secs, mut taken) = (0_u64, 0_i64);
    while taken < whole {
        let digit = digits.next();
        if digit.is_none() && secs == 0 {
            break;
        }
        let digit = digit.map_or(0, |digit| u64::from(digit & 0xF));
        secs = secs.checked_mul(10)?.checked_add(digit).filter(|secs| *secs <= LAST)?;
        taken = taken.saturating_add(1);
    }
    Some(if negative { 0 } else { secs })
}

/// The bytes before and after the first byte that matches.
fn split(bytes: &[u8], is: impl Fn(&u8) -> bool) -> (&[u8], Option<&[u8]>) {
    let at = bytes.iter().position(is);
    let halves = at.and_then(|at| bytes.split_at_checked(at));
    halves.map_or((bytes, None), |(before, behind)| (before, behind.get(1..)))
}

/// The exponent; it saturates, because larger exponents have the same result.
fn signed(exponent: &[u8]) -> i64 {
    let number = |digits: &[u8]| {
        digits.iter().fold(0_i64, |number, digit| {
            number.saturating_mul(10).saturating_add(i64::from(digit & 0xF))
        })
    };
    match exponent {
        [b'-', digits @ ..] => number(digits).saturating_neg(),
        [b'+', digits @ ..] | digits => number(digits),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(json: &str) -> Option<u64> {
        parse(json.as_bytes()).map(UnixTime::as_secs)
    }

    #[test]
    fn every_spelling_of_a_number() {
        for (json, expected) in [
            ("1800000000", 1_800_000_000),
            ("0", 0),
            ("10000000000", 10_000_000_000),
            ("1800000000.9", 1_800_000_000),
            ("1800000000.0", 1_800_000_000),
            ("1.8e9", 1_800_000_000),
            ("1.8E+09", 1_800_000_000),
            ("18000000000000000000e-10", 1_800_000_000),
            ("0.0000000018e18", 1_800_000_000),
            ("9.99", 9),
            ("0.99", 0),
            ("1e-1", 0),
            ("1e-99999999999999999999", 0),
            ("0e99999999999999999999", 0),
            ("0.000e5", 0),
            ("-1", 0),
            ("-0", 0),
            ("-1.5e9", 0),
            ("-999999999", 0),
            ("9223372036854775807", i64::MAX.unsigned_abs()),
        ] {
            assert_eq!(secs(json), Some(expected), "{json}");
        }
    }

    #[test]
    fn other_values_are_refused() {
        for json in [
            "9223372036854775808",
            "18446744073709551616",
            "1e19",
            "1e300",
            "-9223372036854775808",
            "1e99999999999999999999",
            "-1e300",
            "\"1800000000\"",
            "\"18000000\"",
            "\"abcdefgh\"",
            "null",
            "true",
            "[]",
            "{}",
        ] {
            assert_eq!(secs(json), None, "{json}");
        }
    }
}
