//! The entries of a JSON object, in order, each as JSON text.

use alloc::{collections::BinaryHeap, string::String, vec::Vec};
use core::ops::Range;

use crate::json::{self, Member};

/// Up to this number of keys, `parse` compares them in pairs; more are sorted, so that
/// no choice of keys can make opening slow.
const MAX_COMPARED: usize = 16;

/// The entries of one object: those that were parsed and those that were set.
#[derive(Clone, Debug, Default)]
pub(super) struct Entries {
    /// The parsed text, and after it the keys and values that are not there.
    text: String,
    parsed_len: usize,
    list: Vec<Entry>,
}

/// Where an entry is in the text. Without a destructor, because `parse` would then write each entry
/// to the stack first, and wait for it: 3 % of opening a session.
#[derive(Clone, Debug)]
struct Entry {
    key: Range<usize>,
    /// Without its quotes: an unmodified entry keeps its escapes.
    json_key: Range<usize>,
    value: Range<usize>,
}

/// How many bytes after the parsed text are kept, even if no entry uses them any more.
const MAX_UNUSED: usize = 8192;

impl Entries {
    /// The entries of the object in `text`; `None` if that is not one JSON
    /// object, has a key twice or is nested too deep, or if `check`, which gets
    /// each key decoded and each value as JSON text, returns false.
    #[inline]
    pub(super) fn parse(
        mut text: String,
        mut check: impl FnMut(&[u8], &[u8]) -> bool,
    ) -> Option<Self> {
        let (mut list, mut seen) = (Vec::<Entry>::with_capacity(12), 0_u64);
        let mut decoded = Decoded { text: String::new(), start: text.len() };
        json::members(&text, |Member { name, escaped, value }| {
            let key = if escaped { decoded.push(text.get(name.clone())?)? } else { name.clone() };
            let bytes = decoded.bytes(&text, &key)?;
            // A key is compared only with keys of the same bit, which saves 8 % of opening
            // a session.
            let bit = bit(bytes);
            let duplicate = seen & bit != 0
                && list.len() < MAX_COMPARED
                && list.iter().any(|entry| decoded.bytes(&text, &entry.key) == Some(bytes));
            seen |= bit;
            (!duplicate && check(bytes, text.as_bytes().get(value.clone())?)).then_some(())?;
            list.push(Entry { key, json_key: name, value });
            Some(())
        })?;
        let parsed_len = text.len();
        text.push_str(&decoded.text);
        let entries = Self { text, parsed_len, list };
        let distinct = entries.list.len() <= MAX_COMPARED || entries.has_distinct_keys();
        distinct.then_some(entries)
    }

    fn has_distinct_keys(&self) -> bool {
        // A heap sort, whose code is 7 KB smaller than that of `sort_unstable`.
        let keys = self.keys().collect::<BinaryHeap<_>>().into_sorted_vec();
        keys.is_sorted_by(|one, next| one < next)
    }

    /// The text that was parsed.
    pub(super) fn text(&self) -> &str {
        self.at(&(0..self.parsed_len))
    }

    #[inline]
    fn at(&self, range: &Range<usize>) -> &str {
        self.text.get(range.clone()).unwrap_or_default()
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.list.iter().map(|entry| self.at(&entry.key))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.list.iter().map(|entry| (self.at(&entry.key), self.at(&entry.value)))
    }

    #[inline]
    fn position(&self, key: &str) -> Option<usize> {
        let (text, key) = (self.text.as_bytes(), Some(key.as_bytes()));
        self.list.iter().position(|entry| text.get(entry.key.clone()) == key)
    }

    pub(super) fn value(&self, key: &str) -> Option<&str> {
        Some(self.at(&self.list.get(self.position(key)?)?.value))
    }

    /// Appends the entries whose key `keep` accepts to an object.
    pub(super) fn write_onto(&self, object: &mut Vec<u8>, keep: impl Fn(&str) -> bool) {
        for entry in self.list.iter().filter(|entry| keep(self.at(&entry.key))) {
            json::push_member(object, self.at(&entry.json_key), self.at(&entry.value));
        }
    }

    /// Sets the value of `key`, in its place if the entry exists. Returns whether
    /// that changed it.
    pub(super) fn set(&mut self, key: &str, value: &str) -> bool {
        let position = self.position(key);
        let known = position.and_then(|at| self.list.get(at));
        if known.is_some_and(|known| self.at(&known.value) == value) {
            return false;
        }
        let entry = self.append(key, value);
        match position.and_then(|at| self.list.get_mut(at)) {
            Some(known) => *known = entry,
            None => self.list.push(entry),
        }
        self.drop_unused();
        true
    }

    /// Appends an entry whose key does not exist.
    pub(super) fn push(&mut self, key: &str, value: &str) {
        let entry = self.append(key, value);
        self.list.push(entry);
    }

    /// Appends the text of an entry.
    fn append(&mut self, key: &str, value: &str) -> Entry {
        let quoted = json::quote(key);
        let json_key = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
        let json_key = append(&mut self.text, json_key);
        let key =
            if self.at(&json_key) == key { json_key.clone() } else { append(&mut self.text, key) };
        Entry { key, json_key, value: append(&mut self.text, value) }
    }

    /// Removes the entries whose key `keep` does not accept. Returns whether
    /// there were any.
    pub(super) fn retain(&mut self, keep: impl Fn(&str) -> bool) -> bool {
        let (before, text) = (self.list.len(), &self.text);
        self.list.retain(|entry| keep(text.get(entry.key.clone()).unwrap_or_default()));
        self.drop_unused();
        self.list.len() != before
    }

    /// Drops the text that no entry uses any more, so that repeated changes need no more memory.
    fn drop_unused(&mut self) {
        if self.text.len().saturating_sub(self.parsed_len) <= MAX_UNUSED {
            return;
        }
        let rest = self.text.split_off(self.parsed_len);
        for entry in &mut self.list {
            for range in [&mut entry.key, &mut entry.json_key, &mut entry.value] {
                if let Some(start) = range.start.checked_sub(self.parsed_len) {
                    let end = range.end.saturating_sub(self.parsed_len);
                    *range = append(&mut self.text, rest.get(start..end).unwrap_or_default());
                }
            }
        }
    }
}

/// The decoded keys of a text that is being parsed, which will follow it.
struct Decoded {
    text: String,
    /// The length of the parsed text.
    start: usize,
}

impl Decoded {
    /// Decodes a key.
    fn push(&mut self, json: &str) -> Option<Range<usize>> {
        let Range { start, end } = append(&mut self.text, &json::unescape(json)?);
        Some(self.start.saturating_add(start)..self.start.saturating_add(end))
    }

    /// The bytes of a key.
    #[inline]
    fn bytes<'t>(&'t self, parsed: &'t str, key: &Range<usize>) -> Option<&'t [u8]> {
        match key.start.checked_sub(self.start) {
            None => parsed.as_bytes().get(key.clone()),
            Some(start) => self.text.as_bytes().get(start..key.end.saturating_sub(self.start)),
        }
    }
}

/// Appends `more`, and returns where it is.
fn append(text: &mut String, more: &str) -> Range<usize> {
    let start = text.len();
    text.push_str(more);
    start..text.len()
}

/// One of 64 bits, which is usually different for different keys.
#[inline]
fn bit(key: &[u8]) -> u64 {
    let [first, last] = [key.first(), key.last()].map(|byte| usize::from(*byte.unwrap_or(&0)));
    let sum = first.wrapping_add(last.wrapping_mul(3)).wrapping_add(key.len().wrapping_mul(8));
    1 << (sum % 64)
}

#[cfg(test)]
mod tests {
    use alloc::{string::ToString as _, vec};

    use super::*;

    const PARSED: &str = r#"{"a":1,"\u0062":2}"#;
    const KEYS: [&str; 3] = ["a", "b", "new\n"];

    fn entries() -> Entries {
        Entries::parse(PARSED.into(), |_, _| true).unwrap()
    }

    fn written(entries: &Entries) -> String {
        let mut object = vec![b'{'];
        entries.write_onto(&mut object, |_| true);
        String::from_utf8(object).unwrap()
    }

    #[test]
    fn repeated_changes_need_no_more_memory() {
        let limit = PARSED.len() + MAX_UNUSED + 100;
        let mut entries = entries();
        for n in 0..10_000 {
            for key in KEYS {
                entries.set(key, &n.to_string());
            }
            assert!(entries.text.len() < limit);
        }
        assert_eq!(written(&entries), r#"{"a":9999,"b":9999,"new\n":9999"#);
        for n in 0..10_000 {
            entries.retain(|key| key != "a");
            entries.push("a", &n.to_string());
            assert!(entries.text.len() < limit);
        }
        assert_eq!(written(&entries), r#"{"b":9999,"new\n":9999,"a":9999"#);
        // More than is kept unused.
        for n in 0..100 {
            let value = n.to_string().repeat(1500);
            for key in KEYS {
                entries.set(key, &value);
            }
            assert!(entries.text.len() < limit + 4 * value.len());
        }
        assert_eq!(entries.keys().collect::<Vec<_>>(), ["b", "new\n", "a"]);
        assert_eq!(entries.text(), PARSED);
    }

    #[test]
    fn escapes_stay_until_the_entry_is_set() {
        let mut entries = entries();
        entries.set("a", "3");
        assert_eq!(written(&entries), r#"{"a":3,"\u0062":2"#);
        assert_eq!(entries.value("b"), Some("2"));
        assert!(!entries.set("b", "2"));
        assert!(entries.set("b", "3"));
        assert_eq!(written(&entries), r#"{"a":3,"b":3"#);
        assert_eq!((entries.value("b"), entries.value(r"\u0062")), (Some("3"), None));
    }
}
