//! What the items of the stream look like.
//!
//! | item | fields |
//! |---|---|
//! | the first | `epoch` and 128 random bits |
//! | one session | `sid`, `begun`; `sub` where it has a user |
//! | a user | `sub`, `before` |
//! | everybody | `before` |
//! | the list is complete | `whole` and the epoch; `run`, the Redis process that it is complete in; `by`, `init` or `server` |
//! | the list is being completed | `completing` and the Redis process |
//!
//! Times are seconds since 1970. An operator can read all of it with `XRANGE`.

use waxseal_core::UnixTime;

use crate::entry::{Entry, SessionId};

/// One item of the stream, in the form the client gives it: an identifier and
/// fields.
pub(super) type Raw = (String, Vec<(Vec<u8>, Vec<u8>)>);

/// One item of the stream.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) id: String,
    fields: Vec<(Vec<u8>, Vec<u8>)>,
}

/// Says that the list is complete.
#[derive(Clone, Debug)]
pub(super) struct Whole {
    /// The item's.
    pub(super) id: String,
    pub(super) epoch: String,
    /// The Redis process that it is complete in.
    pub(super) run: String,
    /// Whether an operator has begun the list there; otherwise a server has
    /// published what it knew.
    pub(super) by_init: bool,
}

impl From<Raw> for Item {
    fn from((id, fields): Raw) -> Self {
        Self { id, fields }
    }
}

impl Item {
    pub(super) fn epoch(&self) -> Option<&str> {
        self.field("epoch")
    }

    pub(super) fn whole(&self) -> Option<Whole> {
        Some(Whole {
            id: self.id.clone(),
            epoch: self.field("whole")?.into(),
            run: self.field("run")?.into(),
            by_init: self.field("by")? == "init",
        })
    }

    /// Says that a server is reading the list and will publish what is missing.
    pub(super) fn is_completing(&self) -> bool {
        self.field("completing").is_some()
    }

    /// `None` if it is none, or one that this version does not know.
    pub(super) fn entry(&self) -> Option<Entry> {
        // A field that this version does not know may say that less has ended.
        let known = |(name, _): &(Vec<u8>, Vec<u8>)| {
            matches!(&**name, b"sid" | b"sub" | b"begun" | b"before")
        };
        if !self.fields.iter().all(known) {
            return None;
        }
        let time = |name| self.field(name)?.parse().ok().map(UnixTime::from_secs);
        // One that is no text must not pass for none: that is a cut of everybody.
        let sub = match self.bytes("sub") {
            Some(sub) => Some(Box::from(str::from_utf8(sub).ok()?)),
            None => None,
        };
        if let Some(sid) = self.bytes("sid") {
            let sid = SessionId::parse(str::from_utf8(sid).ok()?)?;
            let begun = time("begun")?;
            return Some(Entry::Session { sid, sub, begun });
        }
        let before = time("before")?;
        Some(match sub {
            Some(sub) => Entry::User { sub, before },
            None => Entry::All { before },
        })
    }

    fn field(&self, name: &str) -> Option<&str> {
        str::from_utf8(self.bytes(name)?).ok()
    }

    fn bytes(&self, name: &str) -> Option<&[u8]> {
        let (_, value) = self.fields.iter().find(|(field, _)| field == name.as_bytes())?;
        Some(value)
    }
}

/// The fields of an entry.
pub(super) fn fields(entry: &Entry) -> Vec<(&'static str, String)> {
    let time = |time: &UnixTime| time.to_string();
    match entry {
        Entry::Session { sid, sub, begun } => {
            let sub = sub.as_ref().map(|sub| ("sub", sub.to_string()));
            [("sid", sid.to_string()), ("begun", time(begun))].into_iter().chain(sub).collect()
        }
        Entry::User { sub, before } => vec![("sub", sub.to_string()), ("before", time(before))],
        Entry::All { before } => vec![("before", time(before))],
    }
}

/// Milliseconds since 1970, and a number among those of one millisecond.
pub(super) fn id_parts(id: &str) -> (u64, u64) {
    let (ms, number) = id.split_once('-').unwrap_or((id, "0"));
    (ms.parse().unwrap_or_default(), number.parse().unwrap_or_default())
}

/// The first that an item could have at a moment.
pub(super) fn id_at(time: UnixTime) -> String {
    format!("{}-0", time.as_secs().saturating_mul(1000))
}

/// Not API, for fuzzing: what an item says, read in every way.
#[cfg(fuzzing)]
#[must_use]
pub fn decode(id: String, fields: Vec<(Vec<u8>, Vec<u8>)>) -> Option<Entry> {
    let item = Item::from((id, fields));
    let _ = (id_parts(&item.id), item.epoch(), item.whole(), item.is_completing());
    item.entry()
}

/// Not API, for fuzzing: the fields of an entry.
#[cfg(fuzzing)]
#[must_use]
pub fn encode(entry: &Entry) -> Vec<(Vec<u8>, Vec<u8>)> {
    let bytes = |(name, value): (&str, String)| (name.into(), value.into_bytes());
    fields(entry).into_iter().map(bytes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_or_session_that_is_no_text_is_not_everybody() {
        let item = |name: &str, value: &[u8]| {
            let field = |name: &str, value: &[u8]| (name.into(), value.to_vec());
            Item::from(("1-1".into(), vec![field(name, value), field("before", b"1800000000")]))
        };
        let user = item("sub", b"42").entry();
        assert!(matches!(user, Some(Entry::User { sub, .. }) if *sub == *"42"));
        assert_eq!(item("sub", b"\xff").entry(), None);
        assert_eq!(item("sid", b"\xff").entry(), None);
    }
}
