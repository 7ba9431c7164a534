//! The registered claims (RFC 7519, section 4.1): their types when a token is
//! opened, their members when one is sealed.

use alloc::string::String;
use core::fmt::Write as _;

use crate::{
    error::Rejection,
    keyring::Dialect,
    lifetime::Times,
    state::{State, write_member},
    time::UnixTime,
};

/// What our own tokens say of a session beside its data.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Claims<'s> {
    pub(crate) issued: UnixTime,
    pub(crate) expires: Option<UnixTime>,
    /// The session's name as JSON text.
    pub(crate) sid: Option<&'s str>,
}

impl Claims<'_> {
    /// The claims object: these first, then the members of `state`.
    pub(crate) fn seal(&self, state: &State) -> String {
        // Room for these, and for what has been changed a little.
        let mut json = String::with_capacity(state.text().len().saturating_add(160));
        // Writing to a string cannot fail.
        let _ = write!(json, "{{\"iat\":{}", self.issued);
        if let Some(expires) = self.expires {
            let _ = write!(json, ",\"exp\":{expires}");
        }
        if let Some(sid) = self.sid {
            write_member(&mut json, "\"sid\"", sid);
        }
        state.write_onto(&mut json, &["iat", "exp", "sid"]);
        json.push('}');
        json
    }
}

/// The claims object of a Microdot session: its members and nothing else.
pub(crate) fn seal_microdot(state: &State) -> String {
    let mut json = String::with_capacity(state.text().len().saturating_add(64));
    json.push('{');
    state.write_onto(&mut json, &[]);
    json.push('}');
    json
}

/// Whether the user asked to be remembered when the browser is closed; `None`
/// where nobody said.
pub(crate) fn remember(state: &State) -> Option<bool> {
    state.claim("remember").map(|json| json == "true")
}

/// Step 5 of opening, its second half: the types of the registered claims. A
/// mistyped claim is a rejection, never taken for an absent one.
pub(crate) fn check(state: &State, dialect: Dialect) -> Result<Times, Rejection> {
    let mut times = Times::default();
    for (name, json) in state.iter() {
        let ours = dialect == Dialect::Waxseal;
        let well_typed = match name {
            "iat" => set(&mut times.issued, json),
            "nbf" => set(&mut times.not_before, json),
            "exp" => set(&mut times.expires, json),
            "sub" | "jti" => json.starts_with('"'),
            "iss" | "sid" if ours => json.starts_with('"'),
            "remember" if ours => matches!(json, "true" | "false"),
            "aud" => false,
            _ => true,
        };
        if !well_typed {
            return Err(Rejection::Claims);
        }
    }
    if dialect == Dialect::Waxseal && (times.issued.is_none() || times.expires.is_none()) {
        return Err(Rejection::Claims);
    }
    Ok(times)
}

/// Sets a time; says whether it is one.
fn set(slot: &mut Option<UnixTime>, json: &str) -> bool {
    *slot = time(json);
    slot.is_some()
}

/// A `NumericDate` (RFC 7519, section 2): a JSON number under 2^63. A fraction
/// is cut off, and a moment before 1970 counts as 1970.
fn time(json: &str) -> Option<UnixTime> {
    /// 2^63, exact.
    const END: f64 = 9_223_372_036_854_775_808.0;

    if let Ok(secs) = json.parse::<i64>() {
        return Some(UnixTime::from_secs(u64::try_from(secs).unwrap_or(0)));
    }
    match json.parse::<f64>() {
        // JSON text that parses as a float is a number: `NaN` and `inf` are
        // not JSON, and a string has its quotes.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in range")]
        Ok(secs) if secs < END && secs > -END => Some(UnixTime::from_secs(secs as u64)),
        _ => None,
    }
}
