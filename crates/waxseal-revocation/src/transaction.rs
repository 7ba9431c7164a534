//! One transaction on a store: what was read for it, and what it changes. The store reads and
//! writes; `record` decides in between.

use std::collections::{BTreeSet, HashMap, HashSet};

use waxseal_core::UnixTime;

use crate::{
    entry::Entry,
    error::StoreFailure,
    expiry::Expiry,
    key::{SessionKey, UserKey},
    request::{Request, Revoke},
};

/// The state of a store beside its tables.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Head {
    /// The last item of the feed.
    pub(crate) position: Position,
    /// The cutoff of everyone; 0 for none.
    pub(crate) everyone: u64,
    pub(crate) issued_before: u64,
    /// The longest absolute timeout of any server, in seconds.
    pub(crate) absolute_timeout: u64,
    pub(crate) expiry: Expiry,
}

/// Stamps are below this, in the year 2106: an entry has the seconds of its stamp in 32 bits, and
/// a later stamp would count as older than every cutoff. JavaScript and Lua hold them exactly.
pub(crate) const END_OF_STAMPS: u64 = u32::MAX as u64 * 1000;

impl Head {
    /// The entries that are in the head.
    pub(crate) fn entries(self) -> impl Iterator<Item = Entry> {
        let Self { everyone, issued_before, .. } = self;
        let time = UnixTime::from_secs(issued_before);
        let everyone = (everyone > 0).then_some(Entry::Everyone { cutoff: everyone });
        everyone.into_iter().chain((issued_before > 0).then_some(Entry::IssuedBefore { time }))
    }
}

/// The version of the entries that this code reads and writes.
#[cfg(any(feature = "sqlite", feature = "redis", feature = "postgres"))]
pub(crate) const VERSION: u64 = 1;

#[cfg(any(feature = "sqlite", feature = "redis", feature = "postgres"))]
impl Head {
    /// The numbers that a store keeps, in this order: first `min_reader`, the oldest version
    /// whose code understands every entry. A newer release that writes another kind of entry
    /// raises it, and an older server then stops trusting its copy, instead of skipping the
    /// entry.
    pub(crate) const fn to_numbers(self) -> [u64; 9] {
        let Self { position, everyone, issued_before, absolute_timeout, expiry } = self;
        let (Position { stamp, random }, Expiry { next, overdue, expired }) = (position, expiry);
        [VERSION, stamp, random, everyone, issued_before, absolute_timeout, next, overdue, expired]
    }

    /// Returns `None` if they are damaged.
    pub(crate) fn from_numbers(numbers: [u64; 9]) -> Result<Option<Self>, StoreFailure> {
        let [
            min_reader,
            stamp,
            random,
            everyone,
            issued_before,
            absolute_timeout,
            next,
            overdue,
            expired,
        ] = numbers;
        if min_reader > VERSION {
            return Err(StoreFailure::new(format!(
                "the revocation store has entries of a newer release (version {min_reader}, this \
                 release reads {VERSION}); upgrade this program"
            )));
        }
        let head = Self {
            position: Position { stamp, random },
            everyone,
            issued_before,
            absolute_timeout,
            expiry: Expiry { next, overdue, expired },
        };
        Ok((stamp.max(everyone) < END_OF_STAMPS).then_some(head))
    }
}

/// A place in the feed of a store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) stamp: u64,
    /// Random bits: after a store was replaced, its record with the same stamp differs.
    pub(crate) random: u64,
}

/// A record in the feed of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) position: Position,
    pub(crate) entry: Entry,
}

/// The rows that a transaction reads.
#[derive(Debug, Default)]
pub(crate) struct Needs {
    pub(crate) sessions: BTreeSet<(UserKey, SessionKey)>,
    pub(crate) users: BTreeSet<UserKey>,
}

impl Needs {
    pub(crate) fn of(requests: &[Request]) -> Self {
        let mut needs = Self::default();
        for Request { target, successor } in requests {
            let of_target = match target {
                Revoke::Session(session)
                | Revoke::OnlySession(session)
                | Revoke::Reference(session) => Some(session),
                _ => None,
            };
            for session in of_target.into_iter().chain(successor.as_ref().map(|(next, _)| next)) {
                for key in [session.key].into_iter().chain(session.also) {
                    needs.sessions.extend([session.user, UserKey::NONE].map(|user| (user, key)));
                }
                needs.users.insert(session.user);
            }
        }
        needs.users.remove(&UserKey::NONE);
        needs
    }
}

/// What a store has read: the rows that exist among those that are needed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rows {
    /// The store's clock, in milliseconds since 1970.
    pub(crate) clock: u64,
    pub(crate) sessions: HashSet<(UserKey, SessionKey)>,
    pub(crate) users: HashMap<UserKey, OfUser>,
    /// How many sessions the store has, and how many of them have no user.
    pub(crate) all_sessions: u64,
    pub(crate) without_user: u64,
}

/// The rows of one user.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct OfUser {
    /// 0 for none.
    pub(crate) cutoff: u64,
    /// The number of revoked sessions.
    pub(crate) sessions: usize,
}

/// A change of a store's tables.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Change {
    /// Inserts a session or the cutoff of a user; the later of two stays.
    Put(Entry),
    /// Drops the sessions that a cutoff covers: those of one user, or all of them and the cutoffs
    /// of users that are not later.
    Drop { user: Option<UserKey>, cutoff: u64 },
    /// Appends to the feed.
    Push(Item),
}

#[derive(Clone, Debug)]
pub(crate) struct Transaction {
    /// `None` if the store has no list. Read, changed, and written with the changes.
    pub(crate) head: Option<Head>,
    pub(crate) rows: Rows,
    /// In their order.
    pub(crate) changes: Vec<Change>,
}

impl Transaction {
    pub(crate) const fn new(head: Option<Head>, rows: Rows) -> Self {
        Self { head, rows, changes: Vec::new() }
    }

    pub(crate) fn head(&mut self) -> Result<&mut Head, StoreFailure> {
        let missing =
            || StoreFailure::new("the revocation store does not contain its list any more");
        self.head.as_mut().ok_or_else(missing)
    }

    pub(crate) fn has_session(&self, user: UserKey, key: SessionKey) -> bool {
        self.rows.sessions.contains(&(user, key))
    }

    pub(crate) fn of_user(&self, user: UserKey) -> OfUser {
        self.rows.users.get(&user).copied().unwrap_or_default()
    }

    /// Inserts an entry; the later of two stays.
    pub(crate) fn put(&mut self, entry: Entry) -> Result<(), StoreFailure> {
        match entry {
            Entry::Session { key, user, .. } => {
                let Rows { sessions, users, all_sessions, without_user, .. } = &mut self.rows;
                let key = (user.unwrap_or(UserKey::NONE), key);
                if sessions.insert(key) {
                    *all_sessions = all_sessions.saturating_add(1);
                    *without_user = without_user.saturating_add(user.is_none().into());
                    let of_user = users.entry(key.0).or_default();
                    of_user.sessions = of_user.sessions.saturating_add(1);
                }
            }
            Entry::User { key, cutoff } => {
                let of_user = self.rows.users.entry(key).or_default();
                of_user.cutoff = of_user.cutoff.max(cutoff);
            }
            Entry::Everyone { cutoff } => {
                let head = self.head()?;
                head.everyone = head.everyone.max(cutoff);
            }
            Entry::IssuedBefore { time } => {
                let head = self.head()?;
                head.issued_before = head.issued_before.max(time.as_secs());
            }
        }
        self.changes.push(Change::Put(entry));
        Ok(())
    }

    /// Drops what a new cutoff covers: every session that was recorded before it.
    pub(crate) fn drop_covered(&mut self, user: Option<UserKey>, cutoff: u64) {
        self.changes.push(Change::Drop { user, cutoff });
        let Some(user) = user else {
            self.rows = Rows { clock: self.rows.clock, ..Rows::default() };
            return;
        };
        self.rows.sessions.retain(|(of, _)| *of != user);
        self.rows.users.entry(user).or_default().sessions = 0;
    }

    pub(crate) fn push(&mut self, item: Item) -> Result<(), StoreFailure> {
        self.head()?.position = item.position;
        self.changes.push(Change::Push(item));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(any(feature = "sqlite", feature = "redis", feature = "postgres"))]
    fn a_head_with_a_number_that_is_no_stamp_is_damaged() {
        for (number, is_stamp) in [(END_OF_STAMPS - 1, true), (END_OF_STAMPS, false)] {
            for at in [1, 3] {
                let mut numbers = Head::default().to_numbers();
                numbers[at] = number;
                let head = Head::from_numbers(numbers).unwrap();
                assert_eq!(head.is_some(), is_stamp, "{at}: {number}");
                assert!(head.is_none_or(|head| head.to_numbers() == numbers));
            }
        }
    }
}
