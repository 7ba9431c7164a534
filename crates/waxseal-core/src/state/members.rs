//! A JSON object as a list of its members' texts, in their order.

use alloc::{
    string::{String, ToString as _},
    vec::Vec,
};
use core::{fmt, ops::Range};

use serde::de::{Deserialize as _, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::depth;

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
    unescaped: Option<String>,
    /// The name as JSON text, with its quotes.
    name: Piece,
    value: Piece,
}

#[derive(Clone, Debug)]
enum Piece {
    Came(Range<usize>),
    Made(String),
}

impl Piece {
    fn text<'m>(&'m self, all: &'m str) -> &'m str {
        match self {
            Self::Came(range) => all.get(range.clone()).unwrap_or_default(),
            Self::Made(text) => text,
        }
    }
}

impl Members {
    /// The members of `text`; `None` if it is not one JSON object (RFC 8259),
    /// names a member twice, or is nested too deep.
    pub(super) fn parse(text: String) -> Option<Self> {
        if depth::exceeds(&text, depth::MAX) {
            return None;
        }
        let mut json = serde_json::Deserializer::from_str(&text);
        let list = json.deserialize_map(MembersOf(&text)).ok()?;
        json.end().ok()?;
        let members = Self { text, list };
        (!members.has_duplicates()).then_some(members)
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
        if self.value(name) == Some(&json) {
            return false;
        }
        let value = Piece::Made(json);
        match self.position(name).and_then(|at| self.list.get_mut(at)) {
            Some(member) => member.value = value,
            None => self.list.push(Member {
                unescaped: Some(name.into()),
                name: Piece::Made(serde_json::Value::from(name).to_string()),
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
        let mut names: Vec<&str> = self.iter().map(|(name, _)| name.plain).collect();
        names.sort_unstable();
        !names.is_sorted_by(|one, next| one < next)
    }
}

impl Member {
    fn plain_name<'m>(&'m self, all: &'m str) -> &'m str {
        match &self.unescaped {
            Some(name) => name,
            // Without escapes there are no quotes but those around it.
            None => self.name.text(all).trim_matches('"'),
        }
    }
}

/// Collects the members of the object whose whole text it holds.
struct MembersOf<'t>(&'t str);

impl<'t> Visitor<'t> for MembersOf<'t> {
    type Value = Vec<Member>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'t>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        use serde::de::Error as _;

        let mut list = Vec::new();
        while let Some((name, value)) = map.next_entry::<&RawValue, &RawValue>()? {
            let (name, value) = (name.get(), value.get());
            let unescaped = if memchr::memchr(b'\\', name.as_bytes()).is_some() {
                let mut name = serde_json::Deserializer::from_str(name);
                Some(String::deserialize(&mut name).map_err(A::Error::custom)?)
            } else {
                None
            };
            let piece = |part| {
                range_in(self.0, part).map(Piece::Came).ok_or(A::Error::custom("not in the text"))
            };
            list.push(Member { unescaped, name: piece(name)?, value: piece(value)? });
        }
        Ok(list)
    }
}

/// Where in `all` its slice `part` stands.
fn range_in(all: &str, part: &str) -> Option<Range<usize>> {
    let start = part.as_ptr().addr().checked_sub(all.as_ptr().addr())?;
    let end = start.checked_add(part.len())?;
    (end <= all.len()).then_some(start..end)
}
