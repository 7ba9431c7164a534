//! The entries of a JSON object, in order, each as JSON text.

use alloc::{borrow::Cow, collections::BinaryHeap, string::String, vec::Vec};
use core::ops::Range;

use crate::json::{self, Member};

/// Up to this number of keys, `parse` compares them in pairs; more are sorted, so that
/// no choice of keys can make opening slow.
const MAX_COMPARED: usize = 16;

/// The entries of one object: those that were parsed and those that were set.
#[derive(Clone, Debug, Default)]
pub(super) struct Entries {
    /// The parsed text, then the keys and values that were set.
    text: String,
    parsed_len: usize,
    list: Vec<Entry>,
}

/// Where an entry is in the text. Without a destructor, because `parse` would then write each entry
/// to the stack first, and wait for it: 3 % of opening a session.
#[derive(Clone, Debug)]
struct Entry {
    /// Without its quotes: an unmodified entry keeps its escapes.
    key: Range<usize>,
    /// Whether the key contains escapes.
    escaped: bool,
    value: Range<usize>,
}

impl Entries {
    /// The entries of the object in `text`; `None` if that is not one JSON
    /// object, has a key twice or is nested too deep, or if `check`, which gets
    /// each key decoded and each value as JSON text, returns false.
    #[inline]
    pub(super) fn parse(text: String, mut check: impl FnMut(&[u8], &[u8]) -> bool) -> Option<Self> {
        let (mut list, mut seen) = (Vec::<Entry>::with_capacity(12), 0_u64);
        json::members(&text, |Member { name, escaped, value }| {
            let decoded =
                if escaped { Some(json::unescape(text.get(name.clone())?)?) } else { None };
            let key = match &decoded {
                Some(key) => key.as_bytes(),
                None => text.as_bytes().get(name.clone())?,
            };
            // A key is compared only with keys of the same bit, which saves 8 % of opening
            // a session.
            let bit = bit(key);
            let duplicate = seen & bit != 0
                && list.len() < MAX_COMPARED
                && list.iter().any(|entry| entry.has_key(key, &text));
            seen |= bit;
            (!duplicate && check(key, text.as_bytes().get(value.clone())?)).then_some(())?;
            list.push(Entry { key: name, escaped, value });
            Some(())
        })?;
        let entries = Self { parsed_len: text.len(), text, list };
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
        self.text.get(..self.parsed_len).unwrap_or_default()
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.list.iter().map(|entry| entry.key(&self.text))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Cow<'_, str>, &str)> {
        self.list.iter().map(|entry| (entry.key(&self.text), entry.json_value(&self.text)))
    }

    pub(super) fn value(&self, key: &str) -> Option<&str> {
        let entry = self.list.iter().find(|entry| entry.has_key(key.as_bytes(), &self.text))?;
        Some(entry.json_value(&self.text))
    }

    /// Appends the entries whose key `keep` accepts to an object.
    pub(super) fn write_onto(&self, object: &mut Vec<u8>, keep: impl Fn(&str) -> bool) {
        for entry in self.list.iter().filter(|entry| keep(&entry.key(&self.text))) {
            json::push_member(object, entry.json_key(&self.text), entry.json_value(&self.text));
        }
    }

    /// Sets the value of `key`, in its place if the entry exists. Returns whether
    /// that changed it.
    pub(super) fn set(&mut self, key: &str, value: &str) -> bool {
        let known = self.list.iter_mut().find(|entry| entry.has_key(key.as_bytes(), &self.text));
        match known {
            Some(entry) if entry.json_value(&self.text) == value => return false,
            Some(entry) => {
                entry.value = append(&mut self.text, value);
                self.drop_unused();
            }
            None => self.push(key, value),
        }
        true
    }

    /// Appends an entry whose key does not exist.
    pub(super) fn push(&mut self, key: &str, value: &str) {
        let quoted = json::quote(key);
        let json = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
        let key = append(&mut self.text, json);
        let value = append(&mut self.text, value);
        self.list.push(Entry { key, escaped: json.contains('\\'), value });
    }

    /// Removes the entries whose key `keep` does not accept. Returns whether
    /// there were any.
    pub(super) fn retain(&mut self, keep: impl Fn(&str) -> bool) -> bool {
        let before = self.list.len();
        self.list.retain(|entry| keep(&entry.key(&self.text)));
        self.drop_unused();
        self.list.len() != before
    }

    /// Drops what was set and is in no entry, so that repeated changes need no more memory.
    fn drop_unused(&mut self) {
        let set = self.text.split_off(self.parsed_len);
        for entry in &mut self.list {
            for range in [&mut entry.key, &mut entry.value] {
                if let Some(start) = range.start.checked_sub(self.parsed_len) {
                    let end = range.end.saturating_sub(self.parsed_len);
                    *range = append(&mut self.text, set.get(start..end).unwrap_or_default());
                }
            }
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

impl Entry {
    #[inline]
    fn key<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.escaped { self.decoded(text) } else { Cow::Borrowed(self.json_key(text)) }
    }

    #[inline]
    fn has_key(&self, key: &[u8], text: &str) -> bool {
        if self.escaped {
            return self.decoded(text).as_bytes() == key;
        }
        text.as_bytes().get(self.key.clone()) == Some(key)
    }

    /// The key of an entry with escapes in it.
    #[cold]
    fn decoded<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let json = self.json_key(text);
        json::unescape(json).map_or(Cow::Borrowed(json), |key| Cow::Owned(key.into_string()))
    }

    #[inline]
    fn json_key<'t>(&self, text: &'t str) -> &'t str {
        text.get(self.key.clone()).unwrap_or_default()
    }

    fn json_value<'t>(&self, text: &'t str) -> &'t str {
        text.get(self.value.clone()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use alloc::{string::ToString as _, vec};

    use super::*;

    #[test]
    fn repeated_changes_need_no_more_memory() {
        let parsed = r#"{"a":1,"\u0062":2}"#;
        let mut entries = Entries::parse(parsed.into(), |_, _| true).unwrap();
        for n in 0..100 {
            for key in ["a", "b", "new\n"] {
                entries.set(key, &n.to_string());
            }
            assert!(entries.text.len() <= parsed.len() + r"9999new\n99".len(), "{}", entries.text);
        }
        for _ in 0..100 {
            entries.set("a", "99");
            entries.retain(|key| key != "a");
            assert!(entries.text.len() <= parsed.len() + r"99new\n99".len(), "{}", entries.text);
        }
        let mut object = vec![b'{'];
        entries.write_onto(&mut object, |_| true);
        assert_eq!(object, br#"{"\u0062":99,"new\n":99"#);
        entries.retain(|_| false);
        assert_eq!((entries.text(), &*entries.text), (parsed, parsed));
    }
}
