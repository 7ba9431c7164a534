//! The registered claims (RFC 7519, section 4.1): checked when a token is opened, written
//! (`write`) when one is sealed.

mod numeric_date;
mod write;

use alloc::{borrow::Cow, string::String};

pub(crate) use self::write::{Claims, write};
use crate::{data::Data, format::Format, json::decode_string, lifetime::Times, time::UnixTime};

/// Step 5 of opening: the claims are one JSON object, and every registered claim
/// has its type. A mistyped claim is a rejection, never treated as absent.
#[inline]
pub(crate) fn parse(claims: String, format: Format) -> Option<(Data, Times)> {
    let mut times = Times::default();
    let data = Data::parse(claims, format, |name, json| check(name, json, format, &mut times))?;
    let complete = times.issued_at.is_some() && times.expires_at.is_some();
    (complete || format == Format::Microdot).then_some((data, times))
}

/// Whether a token may contain this claim. `Data::parse` refuses duplicates. Claims that
/// the library reads as text (`sub`, `sid`) must decode; of the others only the type is
/// checked. No token is for another audience, so an `aud` is refused.
#[inline]
fn check(name: &str, json: &str, format: Format, times: &mut Times) -> bool {
    let waxseal = format == Format::Waxseal;
    let mut time = |slot: fn(&mut Times) -> &mut Option<UnixTime>| {
        let time = numeric_date::parse(json);
        *slot(times) = time;
        time.is_some()
    };
    match name.as_bytes() {
        b"iat" => time(|times| &mut times.issued_at),
        b"nbf" => time(|times| &mut times.not_before),
        b"exp" => time(|times| &mut times.expires_at),
        b"sub" => decode_string(json).is_some(),
        b"sid" => !waxseal || decode_string(json).is_some(),
        b"jti" => json.starts_with('"'),
        b"iss" => !waxseal || json.starts_with('"'),
        b"remember" => !waxseal || matches!(json, "true" | "false"),
        b"aud" => false,
        _ => true,
    }
}

/// The session ID (`sid`).
pub(crate) fn session_id(data: &Data) -> Option<Cow<'_, str>> {
    decode_string(data.claim("sid")?)
}

/// The user (`sub`).
pub(crate) fn user(data: &Data) -> Option<Cow<'_, str>> {
    decode_string(data.claim("sub")?)
}

/// Whether the user asked to be remembered after the browser is closed; `None`
/// if the session does not say.
pub(crate) fn remember(data: &Data) -> Option<bool> {
    data.claim("remember").map(|json| json == "true")
}
