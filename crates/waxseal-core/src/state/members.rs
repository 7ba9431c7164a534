//! A JSON object as a list of its members' texts, in their order.

use alloc::{
    boxed::Box,
    string::{String, ToString as _},
    vec::Vec,
};
use core::ops::Range;

use super::scan;

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

impl Span {
    /// A range of a text whose length fits.
    #[expect(clippy::cast_possible_truncation, reason = "`parse` refuses a longer text")]
    const fn new(range: &Range<usize>) -> Self {
        Self(range.start as u32, range.end as u32)
    }

    fn of(self, text: &str) -> &str {
        text.get(self.0 as usize..self.1 as usize).unwrap_or_default()
    }
}

impl Members {
    /// The members of `text`; `None` if it is not one JSON object (RFC 8259),
    /// names a member twice, or is nested too deep.
    pub(super) fn parse(text: String) -> Option<Self> {
        // So that a place in it fits into 32 bits: no cookie comes near.
        u32::try_from(text.len()).ok()?;
        let mut list = Vec::with_capacity(8);
        let (mut traces, mut perhaps_twice, mut no_text) = (0, false, false);
        scan::members(&text, |found| {
            let (name, value) = (Span::new(&found.name), Span::new(&found.value));
            let mut member = Member { name, value, made: None };
            let Name { plain, json } = member.name(&text);
            let trace = trace(plain);
            perhaps_twice |= traces & trace != 0 || found.escaped;
            traces |= trace;
            if found.escaped {
                let plain = serde_json::from_str(json).ok();
                no_text |= plain.is_none();
                member.made = Some(Box::new(Made { plain, ..Made::default() }));
            }
            list.push(member);
        })?;
        let members = Self { text, list };
        let bad = no_text || (perhaps_twice && members.has_duplicates());
        (!bad).then_some(members)
    }

    /// The text that was parsed.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Name<'_>, &str)> {
        self.list.iter().map(|member| (member.name(&self.text), member.value(&self.text)))
    }

    pub(super) fn value(&self, name: &str) -> Option<&str> {
        Some(self.list.get(self.position(name)?)?.value(&self.text))
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
            let quoted = serde_json::Value::from(name).to_string();
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

    fn position(&self, name: &str) -> Option<usize> {
        self.list.iter().position(|member| member.name(&self.text).plain == name)
    }

    fn has_duplicates(&self) -> bool {
        let mut sorted: Vec<_> = self.iter().map(|(name, _)| name.plain).collect();
        sorted.sort_unstable();
        !sorted.is_sorted_by(|one, next| one < next)
    }
}

impl Member {
    #[inline]
    fn name<'m>(&'m self, text: &'m str) -> Name<'m> {
        let Span(start, end) = self.name;
        let quoted = Span(start.saturating_sub(1), end.saturating_add(1));
        let came = Name { plain: self.name.of(text), json: quoted.of(text) };
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

/// One bit of many that a name leaves: the same for the same name, and mostly
/// another for another, so that few objects need their names compared.
fn trace(name: &str) -> u128 {
    let word =
        |bytes: Option<&[u8; 3]>| bytes.map_or(0, |[a, b, c]| u32::from_le_bytes([*a, *b, *c, 0]));
    let (start, end) = (name.as_bytes().first_chunk(), name.as_bytes().last_chunk());
    let mixed = word(start) ^ word(end).rotate_left(11);
    // Fibonacci hashing: the highest seven bits have something of every byte.
    1 << (mixed.wrapping_mul(0x9E37_79B1) >> 25)
}
