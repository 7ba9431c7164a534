//! A `NumericDate` (RFC 7519, section 2): a JSON number of seconds since 1970.
//!
//! Digit by digit, because a claim may be written as a float, and parsing one
//! would cost a small machine more than all the rest of opening.

use crate::time::UnixTime;

/// The time that the JSON number `json` states; `None` if it is no number, or
/// from 2^63 on in either direction. A fraction is cut off, and a moment before
/// 1970 counts as 1970.
#[inline]
pub(super) fn parse(json: &[u8]) -> Option<UnixTime> {
    json.try_into().ok().and_then(ten_digits).or_else(|| decimal(json)).map(UnixTime::from_secs)
}

/// The number that ten digits write, as every time from 2001 to 2286 has them.
/// Not from one digit to the next: so none has to wait for another.
#[inline]
#[expect(clippy::arithmetic_side_effects, reason = "ten bytes at their places fit into 64 bits")]
fn ten_digits(json: &[u8; 10]) -> Option<u64> {
    const PLACES: [u64; 10] =
        [1_000_000_000, 100_000_000, 10_000_000, 1_000_000, 100_000, 10_000, 1_000, 100, 10, 1];
    let digits = json.map(|byte| u64::from(byte.wrapping_sub(b'0')));
    let number = digits.iter().zip(PLACES).map(|(digit, place)| digit * place).sum();
    digits.iter().all(|digit| *digit <= 9).then_some(number)
}

/// The whole part of any JSON number; 0 for a negative one.
fn decimal(json: &[u8]) -> Option<u64> {
    const LAST: u64 = u64::MAX >> 1;

    let (negative, number) = json.strip_prefix(b"-").map_or((false, json), |rest| (true, rest));
    if !number.first()?.is_ascii_digit() {
        return None;
    }
    let (mantissa, exponent) = split(number, |byte| matches!(byte, b'e' | b'E'));
    let (before, behind) = split(mantissa, |byte| *byte == b'.');
    let (before, behind) = (before, behind.unwrap_or_default());
    // How many digits stand in front of the point that the exponent has moved.
    let whole = i64::try_from(before.len()).ok()?.saturating_add(exponent.map_or(0, signed));

    let mut digits = before.iter().chain(behind);
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

/// What stands before and behind the first byte that `is`.
fn split(bytes: &[u8], is: impl Fn(&u8) -> bool) -> (&[u8], Option<&[u8]>) {
    let at = bytes.iter().position(is);
    let halves = at.and_then(|at| bytes.split_at_checked(at));
    halves.map_or((bytes, None), |(before, behind)| (before, behind.get(1..)))
}

/// An exponent: far too large is large enough.
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
    fn however_it_is_written() {
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
    fn what_is_no_time() {
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
            "null",
            "true",
            "[]",
            "{}",
        ] {
            assert_eq!(secs(json), None, "{json}");
        }
    }

    #[test]
    fn ten_bytes_are_ten_digits_or_none() {
        for at in 0..10 {
            for byte in 0..=u8::MAX {
                let mut json = *b"1234567890";
                json[at] = byte;
                let expected = core::str::from_utf8(&json).ok().and_then(|json| json.parse().ok());
                // `parse` takes a plus, which is not JSON.
                let expected = expected.filter(|_| byte != b'+');
                assert_eq!(ten_digits(&json), expected, "{json:?}");
            }
        }
    }
}
