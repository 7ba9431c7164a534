//! A store in memory, for the tests of applications, and for the model test.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError},
};

use waxseal_core::UnixTime;

use super::Backend;
use crate::{
    clock::Clock,
    entry::{Entry, covers, since},
    error::StoreFailure,
    key::{SessionKey, UserKey},
    sync::{Mutex, MutexGuard},
    transaction::{Change, Head, Item, Needs, OfUser, Position, Rows, Transaction},
};

/// The number of items in the feed: more than one transaction adds.
const FEED: usize = 10_000;

#[derive(Clone)]
pub(crate) struct Memory {
    tables: Arc<Mutex<Tables>>,
    clock: Clock,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Tables {
    /// `None` before the list is created.
    pub(crate) head: Option<Head>,
    sessions: BTreeMap<(UserKey, SessionKey), u32>,
    users: BTreeMap<UserKey, u64>,
    feed: Vec<Item>,
}

impl Memory {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { tables: Arc::default(), clock }
    }

    #[cfg(test)]
    pub(crate) fn millis(&self) -> u64 {
        self.clock.millis()
    }

    pub(crate) fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Backend for Memory {
    fn head(&mut self) -> Result<Option<Head>, StoreFailure> {
        Ok(self.tables().head)
    }

    fn entries(&mut self, visit: &mut dyn FnMut(Entry)) -> Result<(), StoreFailure> {
        self.tables().entries().for_each(visit);
        Ok(())
    }

    fn follow(&mut self, position: Position) -> Result<Option<Vec<Item>>, StoreFailure> {
        let tables = self.tables();
        let at = tables.feed.iter().position(|item| item.position == position);
        Ok(at.and_then(|at| tables.feed.get(at..)).map(<[Item]>::to_vec))
    }

    fn transact(
        &mut self,
        needs: &Needs,
        change: &mut (dyn FnMut(&mut Transaction) -> Result<(), StoreFailure> + Send),
    ) -> Result<(), StoreFailure> {
        let mut tables = self.tables();
        let rows = tables.rows(needs, self.clock.millis());
        let mut transaction = Transaction::new(tables.head, rows);
        change(&mut transaction)?;
        tables.apply(&transaction);
        Ok(())
    }
}

impl Tables {
    pub(crate) fn entries(&self) -> impl Iterator<Item = Entry> {
        let users =
            self.users.iter().map(|(key, cutoff)| Entry::User { key: *key, cutoff: *cutoff });
        let sessions = self.sessions.iter().map(|((user, key), since)| Entry::Session {
            key: *key,
            user: Some(*user).filter(|user| *user != UserKey::NONE),
            since: UnixTime::from_secs((*since).into()),
        });
        users.chain(sessions)
    }

    fn rows(&self, needs: &Needs, clock: u64) -> Rows {
        let user = |key: &UserKey| OfUser {
            cutoff: self.users.get(key).copied().unwrap_or(0),
            sessions: self.sessions.range(of(*key)).count(),
        };
        let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let exists = |key: &&(UserKey, SessionKey)| self.sessions.contains_key(key);
        Rows {
            clock,
            sessions: needs.sessions.iter().filter(exists).copied().collect(),
            users: needs.users.iter().map(|key| (*key, user(key))).collect(),
            all_sessions: count(self.sessions.len()),
            without_user: count(self.sessions.range(of(UserKey::NONE)).count()),
        }
    }

    pub(crate) fn apply(&mut self, transaction: &Transaction) {
        for change in &transaction.changes {
            match *change {
                Change::Put(entry) => self.put(entry),
                Change::Drop { user, cutoff } => {
                    self.sessions.retain(|(of, _), since| {
                        user.is_some_and(|user| user != *of) || !covers(cutoff, *since)
                    });
                    self.users.retain(|_, known| user.is_some() || *known > cutoff);
                }
                Change::Push(item) => {
                    self.feed.push(item);
                    if self.feed.len() > FEED {
                        self.feed.remove(0);
                    }
                }
            }
        }
        self.head = transaction.head;
    }

    fn put(&mut self, entry: Entry) {
        match entry {
            Entry::Session { key, user, since: time } => {
                let known = self.sessions.entry((user.unwrap_or(UserKey::NONE), key)).or_default();
                *known = since(0, time).max(*known);
            }
            Entry::User { key, cutoff } => {
                let known = self.users.entry(key).or_default();
                *known = cutoff.max(*known);
            }
            // They are in the head.
            Entry::Everyone { .. } | Entry::IssuedBefore { .. } => {}
        }
    }

    /// Whether the list in the store revokes a session.
    #[cfg(test)]
    pub(crate) fn revokes(&self, session: &waxseal_core::SessionRef) -> bool {
        let copy = crate::copy::Copy::default();
        let head = self.head.into_iter().flat_map(Head::entries);
        head.chain(self.entries()).for_each(|entry| {
            copy.apply(entry);
        });
        copy.is_revoked(&session.view())
    }

    #[cfg(test)]
    pub(crate) fn sessions(&self) -> usize {
        self.sessions.len()
    }
}

/// The sessions of a user.
fn of(user: UserKey) -> std::ops::RangeInclusive<(UserKey, SessionKey)> {
    (user, SessionKey([0; 16]))..=(user, SessionKey([u8::MAX; 16]))
}
