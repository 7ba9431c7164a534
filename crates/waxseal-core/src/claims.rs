//! The registered claims (RFC 7519, section 4.1): their types when a token is
//! opened, their members when one is sealed.

use alloc::{format, string::String};

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
        let mut json = format!("{{\"iat\":{}", self.issued);
        if let Some(expires) = self.expires {
            write_member(&mut json, "\"exp\"", &format!("{expires}"));
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
    let mut json = String::from("{");
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
    if state.claim("aud").is_some() {
        return Err(Rejection::Claims);
    }
    for name in ["sub", "jti", "iss", "sid"] {
        if dialect.reserves(name) && state.claim(name).is_some_and(|json| !json.starts_with('"')) {
            return Err(Rejection::Claims);
        }
    }
    if dialect.reserves("remember")
        && !matches!(state.claim("remember"), None | Some("true" | "false"))
    {
        return Err(Rejection::Claims);
    }
    let times = Times {
        issued: time(state, "iat")?,
        not_before: time(state, "nbf")?,
        expires: time(state, "exp")?,
    };
    if dialect == Dialect::Waxseal && (times.issued.is_none() || times.expires.is_none()) {
        return Err(Rejection::Claims);
    }
    Ok(times)
}

/// A `NumericDate` (RFC 7519, section 2): a JSON number under 2^63. A fraction
/// is cut off, and a moment before 1970 counts as 1970.
fn time(state: &State, name: &str) -> Result<Option<UnixTime>, Rejection> {
    /// 2^63, exact.
    const END: f64 = 9_223_372_036_854_775_808.0;

    let Some(json) = state.claim(name) else { return Ok(None) };
    if let Ok(secs) = json.parse::<i64>() {
        return Ok(Some(UnixTime::from_secs(u64::try_from(secs).unwrap_or(0))));
    }
    match json.parse::<f64>() {
        // JSON text that parses as a float is a number: `NaN` and `inf` are
        // not JSON, and a string has its quotes.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in range")]
        Ok(secs) if secs < END && secs > -END => Ok(Some(UnixTime::from_secs(secs as u64))),
        _ => Err(Rejection::Claims),
    }
}
