//! The registered claims (RFC 7519, section 4.1): their types when a token is
//! opened, their members when one is sealed.

mod numeric_date;

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
    *slot = numeric_date::parse(json);
    slot.is_some()
}
