//! The entries of a JSON object, in order, each as JSON text.

use alloc::{boxed::Box, collections::BinaryHeap, format, string::String, vec::Vec};
use core::ops::Range;

use crate::json::{self, Member};

/// Up to this number of keys, `parse` compares them in pairs; more are sorted, so that
/// no choice of keys can make opening slow.
const MAX_COMPARED: usize = 16;

/// The entries of one object: those that were parsed and those that were set.
#[derive(Clone, Debug, Default)]
pub(super) struct Entries {
    text: String,
    list: Vec<Entry>,
}

/// A member of the parsed text, or of the text that set it.
#[derive(Clone, Debug)]
struct Entry {
    set: Option<Box<str>>,
    /// Without its quotes: an unmodified entry keeps its escapes.
    key: Range<usize>,
    /// The key, if it contains escapes.
    decoded: Option<Box<str>>,
    value: Range<usize>,
}

impl Entries {
    /// The entries of the object in `text`; `None` if that is not one JSON
    /// object, has a key twice or is nested too deep, or if `check`, which gets
    /// each key decoded and each value as JSON text, returns false.
    #[inline]
    pub(super) fn parse(text: String, mut check: impl FnMut(&str, &str) -> bool) -> Option<Self> {
        let (mut list, mut seen) = (Vec::<Entry>::with_capacity(12), 0_u64);
        json::members(&text, |Member { name, escaped, value }| {
            let json = text.get(name.clone())?;
            let decoded = if escaped { Some(json::unescape(json)?) } else { None };
            let key = decoded.as_deref().unwrap_or(json);
            // A key is compared only with keys of the same bit, which saves 8 % of opening
            // a session.
            let bit = bit(key.as_bytes());
            let duplicate = seen & bit != 0
                && list.len() < MAX_COMPARED
                && list.iter().any(|entry| entry.has_key(key, &text));
            seen |= bit;
            (!duplicate && check(key, text.get(value.clone())?)).then_some(())?;
            list.push(Entry { set: None, key: name, decoded, value });
            Some(())
        })?;
        let entries = Self { text, list };
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
        &self.text
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.list.iter().map(|entry| entry.key(&self.text))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.list.iter().map(|entry| (entry.key(&self.text), entry.json_value(&self.text)))
    }

    pub(super) fn value(&self, key: &str) -> Option<&str> {
        let entry = self.list.iter().find(|entry| entry.has_key(key, &self.text))?;
        Some(entry.json_value(&self.text))
    }

    /// Appends the entries whose key `keep` accepts to an object.
    pub(super) fn write_onto(&self, object: &mut Vec<u8>, keep: impl Fn(&str) -> bool) {
        for entry in self.list.iter().filter(|entry| keep(entry.key(&self.text))) {
            json::push_member(object, entry.json_key(&self.text), entry.json_value(&self.text));
        }
    }

    /// Sets the value of `key`, in its place if the entry exists. Returns whether
    /// that changed it.
    pub(super) fn set(&mut self, key: &str, value: &str) -> bool {
        let known = self.list.iter_mut().find(|entry| entry.has_key(key, &self.text));
        match known {
            Some(entry) if entry.json_value(&self.text) == value => return false,
            Some(entry) => *entry = Entry::new(key, value),
            None => self.push(key, value),
        }
        true
    }

    /// Appends an entry whose key does not exist.
    pub(super) fn push(&mut self, key: &str, value: &str) {
        self.list.push(Entry::new(key, value));
    }

    /// Removes the entries whose key `keep` does not accept. Returns whether
    /// there were any.
    pub(super) fn retain(&mut self, keep: impl Fn(&str) -> bool) -> bool {
        let before = self.list.len();
        self.list.retain(|entry| keep(entry.key(&self.text)));
        self.list.len() != before
    }
}

/// One of 64 bits, which is usually different for different keys.
#[inline]
fn bit(key: &[u8]) -> u64 {
    let [first, last] = [key.first(), key.last()].map(|byte| usize::from(*byte.unwrap_or(&0)));
    let sum = first.wrapping_add(last.wrapping_mul(3)).wrapping_add(key.len().wrapping_mul(8));
    1 << (sum % 64)
}

impl Entry {
    fn new(key: &str, value: &str) -> Self {
        let quoted = json::quote(key);
        let decoded = quoted.contains('\\').then(|| key.into());
        let text = format!("{quoted}{value}");
        let (key, value) = (1..quoted.len().saturating_sub(1), quoted.len()..text.len());
        Self { set: Some(text.into()), key, decoded, value }
    }

    #[inline]
    fn key<'e>(&'e self, text: &'e str) -> &'e str {
        self.decoded.as_deref().unwrap_or_else(|| self.json_key(text))
    }

    /// Compares the lengths first: most keys differ in theirs, and the text is not read.
    #[inline]
    fn has_key(&self, key: &str, text: &str) -> bool {
        let has_length = self.decoded.is_some() || self.key.len() == key.len();
        has_length && self.key(text) == key
    }

    #[inline]
    fn json_key<'e>(&'e self, text: &'e str) -> &'e str {
        self.set.as_deref().unwrap_or(text).get(self.key.clone()).unwrap_or_default()
    }

    fn json_value<'e>(&'e self, text: &'e str) -> &'e str {
        self.set.as_deref().unwrap_or(text).get(self.value.clone()).unwrap_or_default()
    }
}
