//! The session's data: the entries of a JSON object.
//!
//! Unmodified values round-trip byte for byte, so a number of 30 digits or a
//! float of another implementation survives. A value is parsed when a handler
//! reads it as a type.

mod entries;

use alloc::{
    borrow::Cow,
    string::{String, ToString as _},
    vec,
    vec::Vec,
};

use serde::{Serialize, de::DeserializeOwned};

use self::entries::Entries;
use crate::{
    error::{ReadError, WriteError},
    format::Format,
    json,
};

/// The claims of one token: reserved entries, which only this library reads,
/// and the session's data.
#[derive(Clone, Debug)]
pub(crate) struct Data {
    format: Format,
    /// The format of the token that contained it.
    parsed_as: Format,
    entries: Entries,
    changed: bool,
}

impl Data {
    /// No data.
    pub(crate) fn empty(format: Format) -> Self {
        Self { format, parsed_as: format, entries: Entries::default(), changed: false }
    }

    /// The entries of `claims`; `None` if that is not one JSON object without
    /// duplicate names, or if `check`, which gets each name decoded and each
    /// value as JSON text, returns false.
    #[inline]
    pub(crate) fn parse(
        claims: String,
        format: Format,
        check: impl FnMut(&str, &str) -> bool,
    ) -> Option<Self> {
        let entries = Entries::parse(claims, check)?;
        Some(Self { format, parsed_as: format, entries, changed: false })
    }

    /// Whether the data differs from what was opened or last saved.
    pub(crate) const fn changed(&self) -> bool {
        self.changed
    }

    pub(crate) fn set_changed(&mut self, changed: bool) {
        self.changed = changed;
    }

    /// The text that was parsed.
    pub(crate) fn text(&self) -> &str {
        self.entries.text()
    }

    /// The data as it was parsed, without later changes: what a refresh seals, which only
    /// happens if no handler has saved.
    pub(crate) fn unmodified(&self) -> Option<Cow<'_, Self>> {
        if !self.changed {
            return Some(Cow::Borrowed(self));
        }
        let mut data = Self::parse(self.text().into(), self.parsed_as, |_, _| true)?;
        if self.format != self.parsed_as {
            data.migrate();
        }
        Some(Cow::Owned(data))
    }

    /// Turns Microdot's data into waxseal's. Entries with reserved names are
    /// dropped, because Microdot's application did not mean them as claims.
    pub(crate) fn migrate(&mut self) {
        self.format = Format::Waxseal;
        self.entries.retain(|key| !Format::Waxseal.reserves(key));
    }

    /// Sets a registered claim to JSON text.
    pub(crate) fn set_claim(&mut self, name: &str, json: &str) {
        self.changed |= self.entries.set(name, json);
    }

    /// The JSON text of a registered claim.
    pub(crate) fn claim(&self, name: &str) -> Option<&str> {
        self.entries.value(name)
    }

    /// Appends the entries whose key `keep` accepts to an object.
    pub(crate) fn write_onto(&self, object: &mut Vec<u8>, keep: impl Fn(&str) -> bool) {
        self.entries.write_onto(object, keep);
    }

    pub(crate) fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, ReadError> {
        if self.format.reserves(key) {
            return Ok(None);
        }
        let Some(value) = self.entries.value(key) else { return Ok(None) };
        serde_json::from_str(value).map(Some).map_err(|source| ReadError {
            key: Some(key.into()),
            wanted: core::any::type_name::<T>(),
            source,
        })
    }

    /// Sets an entry to JSON text that [`to_json`] made.
    pub(crate) fn insert(&mut self, key: &str, json: &str) -> Result<(), WriteError> {
        self.check_key(key)?;
        if json::is_too_deep(json) {
            return Err(WriteError::TooDeep { key: Some(key.into()) });
        }
        self.changed |= self.entries.set(key, json);
        Ok(())
    }

    /// Returns whether the entry existed.
    pub(crate) fn remove(&mut self, key: &str) -> bool {
        let removed = !self.format.reserves(key) && self.entries.retain(|known| known != key);
        self.changed |= removed;
        removed
    }

    pub(crate) fn clear(&mut self) {
        // In Microdot's format the application owns all but the times.
        let stays = |key: &str| match self.format {
            Format::Waxseal => Format::Waxseal.reserves(key),
            Format::Microdot => matches!(key, "exp" | "nbf" | "iat"),
        };
        self.changed |= self.entries.retain(stays);
    }

    pub(crate) fn keys(&self) -> Vec<String> {
        let keys = self.entries.keys().filter(|key| !self.format.reserves(key));
        keys.map(String::from).collect()
    }

    /// All data as one struct or map.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T, ReadError> {
        let mut json = vec![b'{'];
        self.entries.write_onto(&mut json, |key| !self.format.reserves(key));
        json.push(b'}');
        serde_json::from_slice(&json).map_err(|source| ReadError {
            key: None,
            wanted: core::any::type_name::<T>(),
            source,
        })
    }

    /// Replaces all data by the entries of an object that [`to_json`] made.
    pub(crate) fn set(&mut self, json: String) -> Result<(), WriteError> {
        if !json.starts_with('{') {
            return Err(WriteError::NotAnObject);
        }
        if json::members(&json, |_| Some(())).is_none() {
            return Err(WriteError::TooDeep { key: None });
        }
        let new = Entries::parse(json, |_, _| true).ok_or(WriteError::NotJson {
            key: None,
            reason: Cow::Borrowed("two entries have the same key"),
        })?;
        new.keys().try_for_each(|key| self.check_key(key))?;
        self.clear();
        // Only entries with reserved keys are left, so no key exists.
        new.iter().for_each(|(key, value)| self.entries.push(key, value));
        self.changed = true;
        Ok(())
    }

    fn check_key(&self, key: &str) -> Result<(), WriteError> {
        let reserved = self.format.reserves(key);
        if reserved { Err(WriteError::Reserved { key: key.into() }) } else { Ok(()) }
    }
}

/// The JSON text of `value`; `key` is the key of its entry, `None` for the whole session.
///
/// # Errors
///
/// [`WriteError::NotJson`].
pub fn to_json<T: Serialize + ?Sized>(key: Option<&str>, value: &T) -> Result<String, WriteError> {
    serde_json::to_string(value).map_err(|error| WriteError::NotJson {
        key: key.map(String::from),
        reason: Cow::Owned(error.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(claims: &str) -> Data {
        Data::parse(claims.into(), Format::Waxseal, |_, _| true).unwrap()
    }

    fn written(data: &Data) -> String {
        let mut json = vec![b'{'];
        data.write_onto(&mut json, |_| true);
        json.push(b'}');
        String::from_utf8(json).unwrap()
    }

    #[test]
    fn unmodified_entries_round_trip_byte_for_byte() {
        let claims = r#"{ "n" : 123456789012345678901234567890 , "e":1E+05,"\u00e9":"\u00e9\/", "o":{ "b":1 ,"a":[ ]},"x":1e400,"s":"\ud800" }"#;
        let mut data = data(claims);
        let unmodified = r#"{"n":123456789012345678901234567890,"e":1E+05,"\u00e9":"\u00e9\/","o":{ "b":1 ,"a":[ ]},"x":1e400,"s":"\ud800""#;
        assert_eq!(written(&data), alloc::format!("{unmodified}}}"));

        data.insert("new", "1").unwrap();
        assert_eq!(written(&data), alloc::format!(r#"{unmodified},"new":1}}"#));
        assert!(data.changed());
        assert_eq!(written(&data.unmodified().unwrap()), alloc::format!("{unmodified}}}"));
    }

    #[test]
    fn names_are_compared_unescaped() {
        let mut data = data(r#"{"\u0065xpected":1}"#);
        assert_eq!(data.get("expected").unwrap(), Some(1));
        data.insert("expected", "2").unwrap();
        assert_eq!(data.keys(), ["expected"]);
        assert_eq!(
            Data::parse(r#"{"a":1,"\u0061":2}"#.into(), Format::Waxseal, |_, _| true).map(|_| ()),
            None
        );
    }

    /// Below and above the number of keys from which they are sorted.
    #[test]
    fn duplicate_names_are_refused() {
        let parse = |names: &[String]| {
            let members: Vec<_> = names.iter().map(|name| alloc::format!("\"{name}\":1")).collect();
            let claims = alloc::format!("{{{}}}", members.join(","));
            Data::parse(claims, Format::Waxseal, |_, _| true).is_some()
        };
        let names: Vec<_> = (0..300).map(|n| alloc::format!("aa{n}aa")).collect();
        assert!(parse(&names));
        for (at, twice) in [(1, 0), (7, 3), (15, 14), (16, 2), (20, 19), (299, 0), (299, 298)] {
            let mut names = names.clone();
            names[at] = names[twice].clone();
            assert!(!parse(&names), "{at} {twice}");
        }
    }

    #[test]
    fn setting_the_same_value_changes_nothing() {
        let mut data = data(r#"{"a":1}"#);
        data.insert("a", "1").unwrap();
        data.remove("b");
        assert!(!data.changed());
        data.remove("a");
        assert!(data.changed());
    }

    #[test]
    fn reserved_claims_are_not_data() {
        let mut data = data(r#"{"iat":1,"iss":"x","a":1}"#);
        assert_eq!(data.keys(), ["a"]);
        assert_eq!(data.get::<u8>("iat").unwrap(), None);
        assert!(!data.remove("iat"));
        data.clear();
        assert_eq!(written(&data), r#"{"iat":1,"iss":"x"}"#);
    }
}
