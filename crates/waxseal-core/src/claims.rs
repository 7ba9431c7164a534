//! The registered claims (RFC 7519, section 4.1): checked when a token is opened, written
//! (`write`) when one is sealed.

mod numeric_date;
mod write;

use alloc::{borrow::Cow, string::String};

pub(crate) use self::write::{Claims, write};
use crate::{
    data::Data,
    format::Format,
    json::decode_string,
    lifetime::{Limits, Timeouts, Times},
    revocation::SessionRef,
    time::UnixTime,
};

/// Step 5 of opening: the claims are one JSON object, and every registered claim
/// has its type. A mistyped claim is a rejection, never treated as absent. `audience` is
/// the one that tokens of the key require.
#[inline]
pub(crate) fn parse(
    claims: String,
    format: Format,
    audience: Option<&str>,
) -> Option<(Data, Times)> {
    let mut times = Times::default();
    let mut missing = audience;
    let data = Data::parse(claims, format, |name, json| match name {
        // A token for another audience is refused, also one for several.
        b"aud" => {
            let expected = missing.take();
            expected.is_some() && text(json).as_deref() == expected
        }
        _ => check(name, json, format, &mut times),
    })?;
    let complete = times.issued_at.is_some() && times.expires_at.is_some();
    ((complete || format == Format::Microdot) && missing.is_none()).then_some((data, times))
}

/// Whether a token may contain this claim. `Data::parse` refuses duplicates. Claims that
/// the library reads as text (`sub`, `sid`) must decode; of the others only the type is
/// checked.
#[inline]
fn check(name: &[u8], json: &[u8], format: Format, times: &mut Times) -> bool {
    let waxseal = format == Format::Waxseal;
    let time = |slot: &mut Option<UnixTime>| {
        *slot = numeric_date::parse(json);
        slot.is_some()
    };
    let secs = |slot: &mut Option<u64>| {
        *slot = numeric_date::parse(json).map(UnixTime::as_secs).filter(|secs| *secs > 0);
        slot.is_some()
    };
    match name {
        b"iat" => time(&mut times.issued_at),
        b"nbf" => time(&mut times.not_before),
        b"exp" => time(&mut times.expires_at),
        b"sub" => text(json).is_some_and(|user| !waxseal || is_user(&user)),
        // The revocation list would take an empty one for none.
        b"sid" => !waxseal || text(json).is_some_and(|id| !id.is_empty()),
        b"jti" => json.starts_with(b"\""),
        b"iss" => !waxseal || json.starts_with(b"\""),
        b"remember" => !waxseal || matches!(json, b"true" | b"false"),
        b"auth_time" => !waxseal || numeric_date::parse(json).is_some(),
        b"wx_rev" if waxseal => {
            times.stamp =
                numeric_date::parse(json).map(UnixTime::as_secs).filter(|ms| *ms < 1 << 53);
            times.stamp.is_some()
        }
        b"wx_idle" if waxseal => secs(&mut times.timeouts.idle),
        b"wx_abs" if waxseal => secs(&mut times.timeouts.absolute),
        _ => true,
    }
}

/// The text of a JSON string.
fn text(json: &[u8]) -> Option<Cow<'_, str>> {
    decode_string(core::str::from_utf8(json).ok()?)
}

/// Whether `user` can be a user (`sub`) in waxseal's format.
pub(crate) fn is_user(user: &str) -> bool {
    matches!(user.len(), 1..=256)
}

/// The session ID (`sid`).
pub(crate) fn session_id(data: &Data) -> Option<Cow<'_, str>> {
    decode_string(data.claim("sid")?)
}

/// The user (`sub`).
pub(crate) fn user(data: &Data) -> Option<Cow<'_, str>> {
    decode_string(data.claim("sub")?)
}

/// The session in a revocation list, with an `id` as JSON text; its ID is empty without one.
pub(crate) fn reference(
    data: &Data,
    id: Option<&str>,
    issued_at: UnixTime,
    stamp: Option<u64>,
) -> SessionRef {
    SessionRef {
        id: id.and_then(decode_string).map(Cow::into_owned).unwrap_or_default(),
        user: user(data).map(Cow::into_owned),
        issued_at,
        stamp: stamp.unwrap_or(0),
    }
}

/// Whether the user asked to be remembered after the browser is closed; `None`
/// if the session does not say.
pub(crate) fn remember(data: &Data) -> Option<bool> {
    let json = data.claim("remember").filter(|_| data.format() == Format::Waxseal)?;
    Some(json == "true")
}

/// The time of the last authentication of the user (`auth_time`, `OpenID` Connect Core,
/// section 2).
pub(crate) fn authenticated_at(data: &Data) -> Option<UnixTime> {
    let json = data.claim("auth_time").filter(|_| data.format() == Format::Waxseal)?;
    numeric_date::parse(json.as_bytes())
}

/// The sealer's `limits`, shortened by the session's own timeouts.
pub(crate) fn limits(data: &Data, limits: Limits) -> Limits {
    limits.shortened(Timeouts { idle: seconds(data, "wx_idle"), absolute: seconds(data, "wx_abs") })
}

/// The seconds in a claim.
pub(crate) fn seconds(data: &Data, name: &str) -> Option<u64> {
    numeric_date::parse(data.claim(name)?.as_bytes()).map(UnixTime::as_secs)
}
