//! The input is the claims of a correctly signed token. The library must accept
//! exactly the claims that `serde_json` and docs/wire-format.md accept, and
//! return each value byte for byte, before and after a save.
#![cfg_attr(fuzzing, no_main)]

use fuzz::{Kind, MICRODOT, NOW, Object, Seen, WAXSEAL, at_most_100_deep, request, see};
use serde_json::value::RawValue;
use waxseal_core::{Rejection, SaveError};

const ABSOLUTE_TIMEOUT: u64 = 30 * 86_400;
const LEEWAY: u64 = 60;

fuzz::target!(|claims: &[u8]| {
    for kind in [&*WAXSEAL, &*MICRODOT] {
        let token = kind.minter().token(claims);
        let cookie = kind.cookie(&token);
        let ((seen, saved), response) =
            request(&kind.sealer, [cookie.as_bytes()], |session| (see(session), session.save()));
        let expected =
            if token.len() > 4096 { Err(Rejection::TooLarge) } else { verdict(kind, claims) };
        assert_eq!(seen, expected, "{}", kind.is_microdot);
        match saved {
            Ok(()) => {
                let entries = seen.map(|seen| seen.entries).unwrap_or_default();
                assert_eq!(kind.reopen(&response).unwrap().entries, entries);
            }
            Err(SaveError::TooLarge { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
});

fn verdict(kind: &Kind, claims: &[u8]) -> Result<Seen, Rejection> {
    // The values are text, because the library accepts by design every value that
    // the grammar of JSON allows, even if no Rust type can hold it, for example
    // 1e400 or a lone surrogate. Reading such a value returns an error.
    let text = str::from_utf8(claims).ok().filter(|text| at_most_100_deep(text));
    let Object::<String>(members) =
        text.and_then(|text| serde_json::from_str(text).ok()).ok_or(Rejection::Claims)?;

    let (mut issued, mut not_before, mut expires) = (None, None, None);
    let mut absolute = ABSOLUTE_TIMEOUT;
    for (name, value) in &members {
        let is_string = value.get().starts_with('"');
        let fits = match &**name {
            "iat" => seconds(value).map(|secs| issued = Some(secs)).is_some(),
            "nbf" => seconds(value).map(|secs| not_before = Some(secs)).is_some(),
            "exp" => seconds(value).map(|secs| expires = Some(secs)).is_some(),
            "sub" => string(value)
                .is_some_and(|user| kind.is_microdot || (1..=256).contains(&user.len())),
            "jti" => is_string,
            "iss" => kind.is_microdot || is_string,
            "sid" => kind.is_microdot || string(value).is_some_and(|id| !id.is_empty()),
            "auth_time" => kind.is_microdot || seconds(value).is_some(),
            "wx_rev" => kind.is_microdot || seconds(value).is_some_and(|stamp| stamp < 1 << 53),
            "wx_idle" | "wx_abs" if !kind.is_microdot => {
                let timeout = seconds(value).filter(|secs| *secs > 0);
                if name == "wx_abs" {
                    absolute = timeout.map_or(absolute, |secs| secs.min(ABSOLUTE_TIMEOUT));
                }
                timeout.is_some()
            }
            "remember" => kind.is_microdot || ["true", "false"].contains(&value.get()),
            "aud" => false,
            _ => true,
        };
        if !fits {
            return Err(Rejection::Claims);
        }
    }
    if !kind.is_microdot && (issued.is_none() || expires.is_none()) {
        return Err(Rejection::Claims);
    }
    if expires.is_some_and(|expires| expires <= NOW) {
        return Err(Rejection::Expired);
    }
    if [issued, not_before].iter().flatten().any(|time| *time > NOW + LEEWAY) {
        return Err(Rejection::NotYetValid);
    }
    if !kind.is_microdot && issued.is_some_and(|issued| issued + absolute <= NOW) {
        return Err(Rejection::Expired);
    }
    let data = members.into_iter().filter(|(name, _)| !kind.reserves(name));
    let entries = data.map(|(name, value)| (name, value.get().into())).collect();
    Ok(Seen { entries, issued, expires })
}

/// A string without a lone surrogate.
fn string(value: &RawValue) -> Option<String> {
    serde_json::from_str(value.get()).ok()
}

/// Parses a time as whole seconds since 1970, without the rounding of a float. A time
/// before 1970 is 0. Returns `None` if the value is not a number, or its magnitude is
/// 2^63 or more.
fn seconds(value: &RawValue) -> Option<u64> {
    let json = value.get();
    let number = json.strip_prefix('-').unwrap_or(json);
    if !number.starts_with(|char: char| char.is_ascii_digit()) {
        return None;
    }
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (before, behind) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{before}{behind}");
    let significant = digits.trim_start_matches('0');
    let zeros = digits.len() - significant.len();
    // An exponent with too many digits for an `i32` is out of any range.
    let out_of_range = if exponent.starts_with('-') { i64::MIN / 2 } else { i64::MAX / 2 };
    let exponent = exponent.parse::<i32>().map_or(out_of_range, i64::from);
    let whole = i64::try_from(before.len()).unwrap() - i64::try_from(zeros).unwrap() + exponent;
    let magnitude = match whole {
        _ if significant.is_empty() => 0,
        ..=0 => 0,
        20.. => return None,
        _ => {
            let width = usize::try_from(whole).unwrap();
            format!("{significant:0<width$}")[..width].parse::<u128>().unwrap()
        }
    };
    let magnitude = u64::try_from(magnitude).ok().filter(|secs| *secs < 1 << 63)?;
    Some(if json.starts_with('-') { 0 } else { magnitude })
}
