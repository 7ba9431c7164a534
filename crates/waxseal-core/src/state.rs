//! The session's data: the members of a JSON object, kept as they came.
//!
//! A member that nobody touches is written back byte for byte, so a 30-digit
//! number or another emitter's float survives; it is parsed only when a caller
//! says as what.

mod finite;
mod members;
pub(crate) mod scan;
mod unescape;

use alloc::{
    borrow::Cow,
    string::{String, ToString as _},
    vec,
    vec::Vec,
};

use serde::{Serialize, de::DeserializeOwned};

use self::members::Members;
pub(crate) use self::members::{quoted, write_member};
pub(crate) use self::unescape::plain;
use crate::{
    error::{ReadError, WriteError},
    keyring::Dialect,
};

/// The claims of one token as an object whose reserved members only the
/// library sees, and whose other members are the session's data.
#[derive(Clone, Debug)]
pub(crate) struct State {
    dialect: Dialect,
    /// Whose token it came in.
    came_in: Dialect,
    members: Members,
    changed: bool,
}

impl State {
    /// The data of a session that has none.
    pub(crate) fn empty(dialect: Dialect) -> Self {
        Self { dialect, came_in: dialect, members: Members::default(), changed: false }
    }

    /// The members of `claims`; `None` if it is not one JSON object without
    /// duplicate names, is nested deeper than 100, or `check`, which is shown
    /// each name as it is read and each value as JSON text, says no.
    #[inline]
    pub(crate) fn parse(
        claims: String,
        dialect: Dialect,
        check: impl FnMut(&[u8], &[u8]) -> bool,
    ) -> Option<Self> {
        let members = Members::parse(claims, check)?;
        Some(Self { dialect, came_in: dialect, members, changed: false })
    }

    /// Whether the data is not what it was when it was opened or last saved.
    pub(crate) const fn changed(&self) -> bool {
        self.changed
    }

    pub(crate) fn set_changed(&mut self, changed: bool) {
        self.changed = changed;
    }

    /// The claims object that it came in.
    pub(crate) fn text(&self) -> &str {
        self.members.text()
    }

    /// The data as it came, without the changes made since.
    pub(crate) fn as_it_came(&self) -> Option<Cow<'_, Self>> {
        if !self.changed {
            return Some(Cow::Borrowed(self));
        }
        let mut state = Self::parse(self.text().into(), self.came_in, |_, _| true)?;
        if self.dialect != self.came_in {
            state.adopt();
        }
        Some(Cow::Owned(state))
    }

    /// Makes data of Microdot's our own: what is reserved here stays behind,
    /// because nobody has checked what it says.
    pub(crate) fn adopt(&mut self) {
        self.dialect = Dialect::Waxseal;
        self.members.retain(|name| !Dialect::Waxseal.reserves(name.as_bytes()));
    }

    /// Sets a registered claim to JSON text.
    pub(crate) fn set_claim(&mut self, name: &str, json: String) {
        self.changed |= self.members.set(name, json);
    }

    /// The JSON text of a registered claim.
    pub(crate) fn claim(&self, name: &str) -> Option<&str> {
        self.members.value(name)
    }

    /// The JSON text of `sid` and `sub`.
    pub(crate) fn names(&self) -> (Option<&str>, Option<&str>) {
        self.members.names()
    }

    /// Appends the members as they came, but those whose name `but` accepts: the
    /// claims that the caller has written anew.
    pub(crate) fn write_onto(&self, json: &mut Vec<u8>, but: impl Fn(&[u8]) -> bool) {
        self.members.write_onto(json, but);
    }

    pub(crate) fn get<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, ReadError> {
        if self.dialect.reserves(name.as_bytes()) {
            return Ok(None);
        }
        let Some(value) = self.members.value(name) else { return Ok(None) };
        serde_json::from_str(value).map(Some).map_err(|source| ReadError {
            name: Some(name.into()),
            wanted: core::any::type_name::<T>(),
            source,
        })
    }

    /// Sets a member to JSON text that [`to_json`] made.
    pub(crate) fn insert(&mut self, name: &str, json: String) -> Result<(), WriteError> {
        if self.dialect.reserves(name.as_bytes()) {
            return Err(WriteError::Reserved { name: name.into() });
        }
        if scan::is_too_deep(&json) {
            return Err(WriteError::TooDeep { name: name.into() });
        }
        self.changed |= self.members.set(name, json);
        Ok(())
    }

    pub(crate) fn remove(&mut self, name: &str) -> bool {
        let removed = !self.dialect.reserves(name.as_bytes()) && self.members.remove(name);
        self.changed |= removed;
        removed
    }

    pub(crate) fn clear(&mut self) {
        // Of Microdot's session only its times are not the application's.
        let stays = |name: &str| match self.dialect {
            Dialect::Waxseal => Dialect::Waxseal.reserves(name.as_bytes()),
            Dialect::Microdot => matches!(name, "exp" | "nbf" | "iat"),
        };
        self.changed |= self.members.retain(stays);
    }

    pub(crate) fn keys(&self) -> Vec<String> {
        let names = self.members.iter().map(|(name, _)| name.plain);
        names.filter(|name| !self.dialect.reserves(name.as_bytes())).map(String::from).collect()
    }

    /// All data as one struct.
    pub(crate) fn data<T: DeserializeOwned>(&self) -> Result<T, ReadError> {
        let mut json = vec![b'{'];
        self.members.write_onto(&mut json, |name| self.dialect.reserves(name));
        json.push(b'}');
        serde_json::from_slice(&json).map_err(|source| ReadError {
            name: None,
            wanted: core::any::type_name::<T>(),
            source,
        })
    }

    /// Replaces all data by the members of an object that [`to_json`] made.
    pub(crate) fn set_data(&mut self, json: String) -> Result<(), WriteError> {
        if !json.starts_with('{') {
            return Err(WriteError::NotAnObject);
        }
        if scan::members(&json, |_| Some(())).is_none() {
            return Err(WriteError::TooDeep { name: String::from("session") });
        }
        let new = Members::parse(json, |_, _| true).ok_or(WriteError::NotJson {
            name: None,
            reason: Cow::Borrowed("two members have the same name"),
        })?;
        if let Some((name, _)) =
            new.iter().find(|(name, _)| self.dialect.reserves(name.plain.as_bytes()))
        {
            return Err(WriteError::Reserved { name: name.plain.into() });
        }
        self.clear();
        for (name, value) in new.iter() {
            self.members.set(name.plain, value.into());
        }
        self.changed = true;
        Ok(())
    }
}

/// The JSON text of `value`; `name` is the member it is meant for, if it is
/// meant for one.
pub(crate) fn to_json<T: Serialize + ?Sized>(
    name: Option<&str>,
    value: &T,
) -> Result<String, WriteError> {
    serde_json::to_string(&finite::Finite(value)).map_err(|error| WriteError::NotJson {
        name: name.map(String::from),
        reason: Cow::Owned(error.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(claims: &str) -> State {
        State::parse(claims.into(), Dialect::Waxseal, |_, _| true).unwrap()
    }

    fn written(state: &State) -> String {
        let mut json = vec![b'{'];
        state.write_onto(&mut json, |_| false);
        json.push(b'}');
        String::from_utf8(json).unwrap()
    }

    #[test]
    fn untouched_members_go_back_byte_for_byte() {
        let claims = r#"{ "n" : 123456789012345678901234567890 , "e":1E+05,"\u00e9":"\u00e9\/", "o":{ "b":1 ,"a":[ ]},"x":1e400,"s":"\ud800" }"#;
        let mut state = state(claims);
        let as_came = r#"{"n":123456789012345678901234567890,"e":1E+05,"\u00e9":"\u00e9\/","o":{ "b":1 ,"a":[ ]},"x":1e400,"s":"\ud800""#;
        assert_eq!(written(&state), alloc::format!("{as_came}}}"));

        state.insert("new", "1".into()).unwrap();
        assert_eq!(written(&state), alloc::format!(r#"{as_came},"new":1}}"#));
        assert!(state.changed());
        assert_eq!(written(&state.as_it_came().unwrap()), alloc::format!("{as_came}}}"));
    }

    #[test]
    fn names_are_compared_unescaped() {
        let mut state = state(r#"{"\u0065xpected":1}"#);
        assert_eq!(state.get("expected").unwrap(), Some(1));
        state.insert("expected", "2".into()).unwrap();
        assert_eq!(state.keys(), ["expected"]);
        assert_eq!(
            State::parse(r#"{"a":1,"\u0061":2}"#.into(), Dialect::Waxseal, |_, _| true).map(|_| ()),
            None
        );
    }

    /// Also among names that leave one trace, of which somebody may have chosen
    /// many.
    #[test]
    fn no_name_stands_twice() {
        let parse = |names: &[String]| {
            let members: Vec<_> = names.iter().map(|name| alloc::format!("\"{name}\":1")).collect();
            let claims = alloc::format!("{{{}}}", members.join(","));
            State::parse(claims, Dialect::Waxseal, |_, _| true).is_some()
        };
        let names: Vec<_> = (0..300).map(|n| alloc::format!("aa{n}aa")).collect();
        assert!(parse(&names));
        for (at, twice) in [(1, 0), (7, 3), (20, 19), (299, 0), (299, 298)] {
            let mut names = names.clone();
            names[at] = names[twice].clone();
            assert!(!parse(&names), "{at} {twice}");
        }
    }

    #[test]
    fn setting_the_same_value_changes_nothing() {
        let mut state = state(r#"{"a":1}"#);
        state.insert("a", "1".into()).unwrap();
        state.remove("b");
        assert!(!state.changed());
        state.remove("a");
        assert!(state.changed());
    }

    #[test]
    fn reserved_claims_are_not_data() {
        let mut state = state(r#"{"iat":1,"iss":"x","a":1}"#);
        assert_eq!(state.keys(), ["a"]);
        assert_eq!(state.get::<u8>("iat").unwrap(), None);
        assert!(!state.remove("iat"));
        state.clear();
        assert_eq!(written(&state), r#"{"iat":1,"iss":"x"}"#);
    }
}
