//! The registered claims (RFC 7519, section 4.1): their types when a token is
//! opened, their members when one is sealed.

use alloc::vec::Vec;

use crate::{
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
    pub(crate) fn seal(&self, state: &State) -> Vec<u8> {
        // Room for these, and for what has been changed a little.
        let mut json = Vec::with_capacity(state.text().len().saturating_add(160));
        json.push(b'{');
        let mut digits = itoa::Buffer::new();
        let mut time = |name, time: UnixTime| {
            write_member(&mut json, name, digits.format(time.as_secs()).as_bytes());
        };
        time(br#""iat""#, self.issued);
        if let Some(expires) = self.expires {
            time(br#""exp""#, expires);
        }
        if let Some(sid) = self.sid {
            write_member(&mut json, br#""sid""#, sid.as_bytes());
        }
        state.write_onto(&mut json, |name| matches!(name, b"iat" | b"exp" | b"sid"));
        json.push(b'}');
        json
    }
}

/// The claims object of a Microdot session: its members and nothing else.
pub(crate) fn seal_microdot(state: &State) -> Vec<u8> {
    let mut json = Vec::with_capacity(state.text().len().saturating_add(64));
    json.push(b'{');
    state.write_onto(&mut json, |_| false);
    json.push(b'}');
    json
}

/// Whether the user asked to be remembered when the browser is closed; `None`
/// where nobody said.
pub(crate) fn remember(state: &State) -> Option<bool> {
    state.claim("remember").map(|json| json == "true")
}

/// Step 5 of opening, its second half: the types of the registered claims. A
/// mistyped claim is a rejection, never taken for an absent one.
#[derive(Debug)]
pub(crate) struct Check {
    dialect: Dialect,
    times: Times,
}

impl Check {
    pub(crate) fn new(dialect: Dialect) -> Self {
        Self { dialect, times: Times::default() }
    }

    /// Looks at one member; says whether it may stand in a token. No name comes
    /// twice.
    #[inline]
    pub(crate) fn member(&mut self, name: &[u8], json: &[u8]) -> bool {
        let ours = self.dialect == Dialect::Waxseal;
        let string = json.first() == Some(&b'"');
        match name {
            b"iat" => set(&mut self.times.issued, json),
            b"nbf" => set(&mut self.times.not_before, json),
            b"exp" => set(&mut self.times.expires, json),
            b"sub" | b"jti" => string,
            b"iss" | b"sid" => !ours || string,
            b"remember" => !ours || matches!(json, b"true" | b"false"),
            b"aud" => false,
            _ => true,
        }
    }

    /// The times, when all members have been looked at; `None` if one is missing
    /// that must be there.
    #[inline]
    pub(crate) fn times(self) -> Option<Times> {
        let Times { issued, expires, .. } = self.times;
        let complete = self.dialect == Dialect::Microdot || (issued.is_some() && expires.is_some());
        complete.then_some(self.times)
    }
}

/// Sets a time; says whether it is one.
#[inline]
fn set(slot: &mut Option<UnixTime>, json: &[u8]) -> bool {
    *slot = time(json);
    slot.is_some()
}

/// A `NumericDate` (RFC 7519, section 2): a JSON number under 2^63. A fraction
/// is cut off, and a moment before 1970 counts as 1970.
fn time(json: &[u8]) -> Option<UnixTime> {
    /// 2^63, exact.
    const END: f64 = 9_223_372_036_854_775_808.0;

    if let Some(secs) = json.try_into().ok().and_then(ten_digits) {
        return Some(UnixTime::from_secs(secs));
    }
    let json = core::str::from_utf8(json).ok()?;
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
