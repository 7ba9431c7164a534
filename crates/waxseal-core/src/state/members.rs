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

#[derive(Clone, Debug)]
struct Member {
    /// The name without its escapes, where it has any.
    unescaped: Option<Box<str>>,
    /// The name as JSON text, with its quotes.
    name: Piece,
    value: Piece,
}

#[derive(Clone, Debug)]
enum Piece {
    /// From here to there in the text; small, because every member has two.
    Came(u32, u32),
    Made(Box<str>),
}

impl Piece {
    /// A range of a text whose length fits.
    #[expect(clippy::cast_possible_truncation, reason = "`parse` refuses a longer text")]
    const fn came(range: &Range<usize>) -> Self {
        Self::Came(range.start as u32, range.end as u32)
    }

    fn text<'m>(&'m self, all: &'m str) -> &'m str {
        match self {
            Self::Came(start, end) => all.get(*start as usize..*end as usize).unwrap_or_default(),
            Self::Made(text) => text,
        }
    }
}

impl Members {
    /// The members of `text`; `None` if it is not one JSON object (RFC 8259),
    /// names a member twice, or is nested too deep.
    pub(super) fn parse(text: String) -> Option<Self> {
        // So that a place in it fits into 32 bits: no cookie comes near.
        u32::try_from(text.len()).ok()?;
        let mut list = Vec::with_capacity(8);
        let mut names = Names::default();
        scan::members(&text, |found| {
            let unescaped = names.add(&text, &found);
            let (name, value) = (Piece::came(&found.name), Piece::came(&found.value));
            list.push(Member { unescaped, name, value });
        })?;
        let (bad, to_compare) = (names.bad, names.to_compare);
        let members = Self { text, list };
        if bad || (to_compare && members.has_duplicates()) { None } else { Some(members) }
    }

    /// The text that was parsed.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Name<'_>, &str)> {
        self.list.iter().map(|member| (self.name(member), member.value.text(&self.text)))
    }

    pub(super) fn value(&self, name: &str) -> Option<&str> {
        let member = self.list.get(self.position(name)?)?;
        Some(member.value.text(&self.text))
    }

    /// Sets a member to JSON text, in its place if it was there. Says whether
    /// that changed anything.
    pub(super) fn set(&mut self, name: &str, json: String) -> bool {
        if self.value(name) == Some(&*json) {
            return false;
        }
        let value = Piece::Made(json.into());
        match self.position(name).and_then(|at| self.list.get_mut(at)) {
            Some(member) => member.value = value,
            None => self.list.push(Member {
                unescaped: Some(name.into()),
                name: Piece::Made(serde_json::Value::from(name).to_string().into()),
                value,
            }),
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
        self.list.retain(|member| keep(member.plain_name(&text)));
        self.text = text;
        self.list.len() != before
    }

    fn name<'m>(&'m self, member: &'m Member) -> Name<'m> {
        Name { plain: member.plain_name(&self.text), json: member.name.text(&self.text) }
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.list.iter().position(|member| member.plain_name(&self.text) == name)
    }

    fn has_duplicates(&self) -> bool {
        let mut sorted: Vec<&str> = self.iter().map(|(name, _)| name.plain).collect();
        sorted.sort_unstable();
        !sorted.is_sorted_by(|one, next| one < next)
    }
}

/// The names of an object that is being read. The first few are compared as
/// they come; more of them, or any with escapes, all together in the end.
#[derive(Default)]
struct Names<'t> {
    first: [&'t str; 16],
    count: usize,
    /// A name stands twice, or is no text.
    bad: bool,
    to_compare: bool,
}

impl<'t> Names<'t> {
    /// The name without its escapes, where it has any.
    fn add(&mut self, text: &'t str, found: &scan::Found) -> Option<Box<str>> {
        let quoted = text.get(found.name.clone()).unwrap_or_default();
        if found.escaped {
            let name = serde_json::from_str(quoted).ok();
            self.bad |= name.is_none();
            self.to_compare = true;
            return name;
        }
        let seen = self.first.get(..self.count).unwrap_or_default();
        self.bad |= seen.contains(&quoted);
        match self.first.get_mut(self.count) {
            Some(free) => *free = quoted,
            None => self.to_compare = true,
        }
        self.count = self.count.saturating_add(1).min(self.first.len());
        None
    }
}

impl Member {
    fn plain_name<'m>(&'m self, all: &'m str) -> &'m str {
        if let Some(name) = &self.unescaped {
            return name;
        }
        let quoted = self.name.text(all);
        quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or_default()
    }
}
