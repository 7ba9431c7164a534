//! The session's data: the entries of a JSON object.
//!
//! Unmodified values round-trip byte for byte, so a number of 30 digits or a
//! float of another implementation survives. A value is parsed when a handler
//! reads it as a type.

mod entries;
mod serialize;

use alloc::{borrow::Cow, string::String, vec, vec::Vec};

use serde::de::DeserializeOwned;

pub use self::serialize::to_json;
use self::{entries::Entries, serialize::MAX_LEN};
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
    /// Of a session that was migrated from Microdot's format.
    migration: Option<Migration>,
    entries: Entries,
    changed: bool,
}

/// What a migration has added to Microdot's data.
#[derive(Clone, Copy, Debug)]
struct Migration {
    /// The session's own absolute timeout, in seconds.
    absolute_timeout: Option<u64>,
}

impl Data {
    /// No data.
    pub(crate) fn empty(format: Format) -> Self {
        Self { format, migration: None, entries: Entries::default(), changed: false }
    }

    /// The entries of `claims`; `None` if that is not one JSON object without
    /// duplicate names, or if `check`, which gets each name decoded and each
    /// value as JSON text, returns false.
    #[inline]
    pub(crate) fn parse(
        claims: String,
        format: Format,
        check: impl FnMut(&[u8], &[u8]) -> bool,
    ) -> Option<Self> {
        let entries = Entries::parse(claims, check)?;
        Some(Self { format, migration: None, entries, changed: false })
    }

    pub(crate) const fn format(&self) -> Format {
        self.format
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
        let parsed_as = if self.migration.is_some() { Format::Microdot } else { self.format };
        let mut data = Self::parse(self.text().into(), parsed_as, |_, _| true)?;
        if let Some(Migration { absolute_timeout }) = self.migration {
            data.migrate(absolute_timeout);
        }
        Some(Cow::Owned(data))
    }

    /// Turns Microdot's data into waxseal's, with an absolute timeout of its own. Entries
    /// with reserved names are dropped, because Microdot's application did not mean them as
    /// claims.
    pub(crate) fn migrate(&mut self, absolute_timeout: Option<u64>) {
        self.format = Format::Waxseal;
        self.migration = Some(Migration { absolute_timeout });
        self.entries.retain(|key| !Format::Waxseal.reserves(key));
        if let Some(secs) = absolute_timeout {
            self.entries.set("wx_abs", itoa::Buffer::new().format(secs));
        }
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
        if key.len().saturating_add(json.len()).saturating_add(self.len_without(key)) > MAX_LEN {
            return Err(WriteError::TooLarge { key: Some(key.into()), limit: MAX_LEN });
        }
        if json::is_too_deep(json) {
            return Err(WriteError::TooDeep { key: Some(key.into()) });
        }
        self.changed |= self.entries.set(key, json);
        Ok(())
    }

    /// The bytes of all entries except the one of `key`. It bounds their number, too, which
    /// keeps a handler that inserts many entries linear.
    fn len_without(&self, key: &str) -> usize {
        let others = self.entries.iter().filter(|(known, _)| *known != key);
        others.fold(0, |sum, (key, json)| sum.saturating_add(key.len()).saturating_add(json.len()))
    }

    /// Returns whether the entry existed.
    pub(crate) fn remove(&mut self, key: &str) -> bool {
        let removed = !self.format.reserves(key) && self.entries.retain(|known| known != key);
        self.changed |= removed;
        removed
    }

    pub(crate) fn clear(&mut self) {
        let format = self.format;
        self.changed |= self.entries.retain(|key| format.reserves(key));
    }

    /// Keeps only the entries whose key `keep` accepts, and no claims. In Microdot's
    /// format, whose expiry is the application's, the times also stay.
    pub(crate) fn keep(&mut self, keep: impl Fn(&str) -> bool) {
        let format = self.format;
        self.entries.retain(|key| {
            let is_time = matches!(key, "exp" | "nbf" | "iat");
            (!format.reserves(key) && keep(key)) || (format == Format::Microdot && is_time)
        });
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.keys().all(|key| self.format.reserves(key))
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
        if json.len() > MAX_LEN {
            return Err(WriteError::TooLarge { key: None, limit: MAX_LEN });
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
        let long = "a".repeat(2000);
        assert!(parse(&[long.clone(), "b".into()]) && !parse(&[long.clone(), long]));
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
    fn clearing_changes_what_it_removes() {
        let mut data = data(r#"{"iss":"x","a":1}"#);
        data.clear();
        assert!(data.changed());
        // There is nothing left to remove, but the session differs from its cookie.
        data.clear();
        assert!(data.changed());
    }

    #[test]
    fn the_maximum_length_is_allowed() {
        let text = |len: usize| alloc::format!("\"{}\"", "x".repeat(len - 2));
        let mut data = Data::empty(Format::Waxseal);
        assert!(matches!(data.insert("a", &text(MAX_LEN)), Err(WriteError::TooLarge { .. })));
        data.insert("a", &text(MAX_LEN - 1)).unwrap();
        // In place of the other value.
        data.insert("a", &text(MAX_LEN - 3)).unwrap();
        assert!(matches!(data.insert("b", "10"), Err(WriteError::TooLarge { .. })));
        data.insert("b", "1").unwrap();

        let object = |len: usize| alloc::format!("{{\"a\":{}}}", text(len - 6));
        assert!(matches!(data.set(object(MAX_LEN + 1)), Err(WriteError::TooLarge { .. })));
        data.set(object(MAX_LEN)).unwrap();
        assert_eq!(data.keys(), ["a"]);
    }

    #[test]
    fn a_nested_object_is_bounded() {
        let nested = |depth| alloc::format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        let mut data = Data::empty(Format::Waxseal);
        data.set(nested(99)).unwrap();
        assert!(matches!(data.set(nested(100)), Err(WriteError::TooDeep { key: None })));
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
