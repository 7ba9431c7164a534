//! A JSON object as a list of its members' texts, in their order.

use alloc::{boxed::Box, collections::BinaryHeap, string::String, vec::Vec};
use core::ops::Range;

use super::{scan, unescape::unescape};

/// The members of one object: those that came, as ranges of its text, and
/// those that were set since.
#[derive(Clone, Debug, Default)]
pub(super) struct Members {
    text: String,
    list: Vec<Member>,
}

/// A member's name as it is read, and as JSON text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Name<'m> {
    pub(super) plain: &'m str,
    pub(super) json: &'m str,
}

/// Where a member stands in the text, and whatever of it is not there.
#[derive(Clone, Debug)]
struct Member {
    /// The name between its quotes.
    name: Span,
    value: Span,
    made: Option<Box<Made>>,
}

/// Where a piece of the text begins and ends; small, because every member has
/// two.
#[derive(Clone, Copy, Debug, Default)]
struct Span(u32, u32);

/// What is not as it came.
#[derive(Clone, Debug, Default)]
struct Made {
    /// The name as it is read, where that is not what stands between the quotes.
    plain: Option<Box<str>>,
    name: Option<Box<str>>,
    value: Option<Box<str>>,
}

/// How often a name is compared with all those before it; after that, all are
/// compared at once in the end.
const LOOKS: u32 = 8;

impl Span {
    /// A range of a text whose length fits.
    #[expect(clippy::cast_possible_truncation, reason = "`parse` refuses a longer text")]
    const fn new(range: &Range<usize>) -> Self {
        Self(range.start as u32, range.end as u32)
    }

    /// With what stands around it: a name's quotes.
    const fn quoted(self) -> Self {
        Self(self.0.saturating_sub(1), self.1.saturating_add(1))
    }

    const fn len(self) -> usize {
        self.1.saturating_sub(self.0) as usize
    }

    #[inline]
    fn of(self, text: &str) -> &str {
        text.get(self.0 as usize..self.1 as usize).unwrap_or_default()
    }

    /// Likewise, and without asking whether characters begin and end there.
    #[inline]
    fn bytes(self, text: &[u8]) -> &[u8] {
        text.get(self.0 as usize..self.1 as usize).unwrap_or_default()
    }
}

impl Members {
    /// The members of `text`; `None` if it is not one JSON object (RFC 8259),
    /// names a member twice, is nested too deep, or `check`, which is shown each
    /// name as it is read and each value as JSON text, says no.
    #[inline]
    pub(super) fn parse(text: String, mut check: impl FnMut(&[u8], &[u8]) -> bool) -> Option<Self> {
        // So that a place in it fits into 32 bits: no cookie comes near.
        u32::try_from(text.len()).ok()?;
        let mut list = Vec::with_capacity(8);
        let (mut traces, mut looks, mut perhaps_twice) = (Traces::default(), LOOKS, false);
        scan::members(&text, |found| {
            let mut made = None;
            if found.escaped {
                let plain = unescape(text.get(found.name.clone())?)?;
                made = Some(Box::new(Made { plain: Some(plain), ..Made::default() }));
            }
            let came = text.as_bytes().get(found.name.clone())?;
            let plain = made.as_deref().and_then(|made| made.plain.as_deref());
            let name = plain.map_or(came, str::as_bytes);
            if traces.perhaps_twice(name) {
                if looks == 0 {
                    perhaps_twice = true;
                } else if list.iter().any(|known: &Member| known.is(name, &text)) {
                    return None;
                } else {
                    looks = looks.saturating_sub(1);
                }
            }
            let value = text.as_bytes().get(found.value.clone())?;
            check(name, value).then_some(())?;
            list.push(Member {
                name: Span::new(&found.name),
                value: Span::new(&found.value),
                made,
            });
            Some(())
        })?;
        let members = Self { text, list };
        if perhaps_twice && members.has_duplicates() {
            return None;
        }
        Some(members)
    }

    /// The text that was parsed.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Name<'_>, &str)> {
        self.list.iter().map(|member| (member.name(&self.text), member.value(&self.text)))
    }

    pub(super) fn value(&self, name: &str) -> Option<&str> {
        let member = self.list.iter().find(|member| member.is(name.as_bytes(), &self.text))?;
        Some(member.value(&self.text))
    }

    /// The values of `sid` and `sub`, in one look at all names.
    pub(super) fn names(&self) -> (Option<&str>, Option<&str>) {
        let (mut sid, mut sub) = (None, None);
        for member in &self.list {
            match member.plain(&self.text) {
                b"sid" => sid = Some(member.value(&self.text)),
                b"sub" => sub = Some(member.value(&self.text)),
                _ => {}
            }
        }
        (sid, sub)
    }

    /// Appends the members as they came, or as they were set, but those whose
    /// name `but` accepts.
    pub(super) fn write_onto(&self, json: &mut Vec<u8>, but: impl Fn(&[u8]) -> bool) {
        let text = self.text.as_bytes();
        for member in &self.list {
            if let Some(made) = &member.made {
                let name = member.name(&self.text);
                if !but(name.plain.as_bytes()) {
                    let value = made.value.as_deref().unwrap_or_else(|| member.value(&self.text));
                    write_member(json, name.json.as_bytes(), value.as_bytes());
                }
            } else if !but(member.name.bytes(text)) {
                write_member(json, member.name.quoted().bytes(text), member.value.bytes(text));
            }
        }
    }

    /// Sets a member to JSON text, in its place if it was there. Says whether
    /// that changed anything.
    pub(super) fn set(&mut self, name: &str, json: String) -> bool {
        if self.value(name) == Some(&*json) {
            return false;
        }
        let value = Some(json.into());
        if let Some(member) = self.position(name).and_then(|at| self.list.get_mut(at)) {
            member.made.get_or_insert_default().value = value;
        } else {
            let quoted = quoted(name);
            let (plain, name) = (Some(name.into()), Some(quoted.into()));
            let made = Some(Box::new(Made { plain, name, value }));
            self.list.push(Member { name: Span::default(), value: Span::default(), made });
        }
        true
    }

    /// Removes a member. Says whether it was there.
    pub(super) fn remove(&mut self, name: &str) -> bool {
        let position = self.position(name);
        if let Some(at) = position {
            self.list.remove(at);
        }
        position.is_some()
    }

    /// Removes all members but those whose name `keep` accepts. Says whether
    /// there were any.
    pub(super) fn retain(&mut self, keep: impl Fn(&str) -> bool) -> bool {
        let before = self.list.len();
        let text = core::mem::take(&mut self.text);
        self.list.retain(|member| keep(member.name(&text).plain));
        self.text = text;
        self.list.len() != before
    }

    /// By a heap, whose code is small and whose time does not depend on what
    /// somebody has chosen for names.
    #[inline(never)]
    fn has_duplicates(&self) -> bool {
        let names: BinaryHeap<_> = self.iter().map(|(name, _)| name.plain).collect();
        !names.into_sorted_vec().is_sorted_by(|one, next| one < next)
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.list.iter().position(|member| member.is(name.as_bytes(), &self.text))
    }
}

impl Member {
    /// Whether this is its name.
    #[inline]
    fn is(&self, name: &[u8], text: &str) -> bool {
        match self.made.as_deref().and_then(|made| made.plain.as_deref()) {
            Some(plain) => plain.as_bytes() == name,
            None => self.name.len() == name.len() && self.name.bytes(text.as_bytes()) == name,
        }
    }

    /// Its name as it is read.
    #[inline]
    fn plain<'m>(&'m self, text: &'m str) -> &'m [u8] {
        let made = self.made.as_deref().and_then(|made| made.plain.as_deref());
        made.map_or_else(|| self.name.bytes(text.as_bytes()), str::as_bytes)
    }

    #[inline]
    fn name<'m>(&'m self, text: &'m str) -> Name<'m> {
        let came = Name { plain: self.name.of(text), json: self.name.quoted().of(text) };
        self.made.as_deref().map_or(came, |made| Name {
            plain: made.plain.as_deref().unwrap_or(came.plain),
            json: made.name.as_deref().unwrap_or(came.json),
        })
    }

    #[inline]
    fn value<'m>(&'m self, text: &'m str) -> &'m str {
        let made = self.made.as_deref().and_then(|made| made.value.as_deref());
        made.unwrap_or_else(|| self.value.of(text))
    }
}

/// Appends one member to an object that has begun and not ended yet.
pub(crate) fn write_member(json: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    if json.last() != Some(&b'{') {
        json.push(b',');
    }
    json.extend_from_slice(name);
    json.push(b':');
    json.extend_from_slice(value);
}

/// The JSON text of a string.
pub(crate) fn quoted(text: &str) -> String {
    // Every string can be written.
    serde_json::to_string(text).unwrap_or_default()
}

/// One bit of many for each name that was there: the same for the same name, and
/// mostly another for another, so that few names need to be compared.
#[derive(Default)]
struct Traces([u64; 8]);

impl Traces {
    /// Whether a name with the trace of `name` was there; it is from now on.
    #[inline]
    fn perhaps_twice(&mut self, name: &[u8]) -> bool {
        let pair = |bytes: Option<&[u8; 2]>| bytes.map_or(0, |pair| u16::from_le_bytes(*pair));
        let (start, end) = (pair(name.first_chunk()), pair(name.last_chunk()));
        let mixed = u32::from(start) << 16 | u32::from(end);
        // Fibonacci hashing: the highest bits have something of every byte.
        let hash = mixed.wrapping_mul(0x9E37_79B1);
        let Some(word) = self.0.get_mut((hash >> 29) as usize) else { return true };
        let trace = 1 << (hash >> 23 & 63);
        let known = *word & trace != 0;
        *word |= trace;
        known
    }
}
