//! A store in memory, for the tests of applications, and for the model test.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use waxseal_core::{Recorded, UnixTime};

use super::{Backend, Everyone};
use crate::{
    clock::{Clock, random},
    entry::{Entry, covers, since},
    error::StoreError,
    key::{SessionKey, UserKey},
    record::{Head, Item, Position, Request, Transaction, next_stamp, record},
};

/// The number of items in the feed.
const FEED: usize = 1000;

#[derive(Clone)]
pub(crate) struct Memory {
    /// `None` before the list is created.
    tables: Arc<Mutex<Option<Tables>>>,
    clock: Clock,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Tables {
    head: Head,
    sessions: BTreeMap<(UserKey, SessionKey), u32>,
    users: BTreeMap<UserKey, u64>,
    feed: Vec<Item>,
}

impl Memory {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { tables: Arc::default(), clock }
    }

    pub(crate) fn tables(&self) -> MutexGuard<'_, Option<Tables>> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<R>(
        &self,
        change: impl FnOnce(&mut Tables) -> Result<R, StoreError>,
    ) -> Result<R, StoreError> {
        let mut tables = self.tables();
        change(tables.as_mut().ok_or_else(|| StoreError::new("the store has no list"))?)
    }
}

impl Backend for Memory {
    fn head(&mut self) -> Result<Option<Head>, StoreError> {
        Ok(self.tables().as_ref().map(|tables| tables.head))
    }

    fn entries(&mut self, visit: &mut dyn FnMut(Entry)) -> Result<(), StoreError> {
        self.with(|tables| {
            tables.entries().for_each(visit);
            Ok(())
        })
    }

    fn create(
        &mut self,
        entries: &[Entry],
        stamp: u64,
        everyone: Everyone,
    ) -> Result<bool, StoreError> {
        let mut tables = self.tables();
        if tables.is_some() {
            return Ok(false);
        }
        let mut new = Tables::default();
        new.head.id = random()?;
        new.merge(entries)?;
        let stamp = match everyone {
            Everyone::Trusted => stamp,
            Everyone::CutOff => {
                let cutoff = next_stamp(stamp, self.clock.millis())?;
                new.put(Entry::Everyone { cutoff })?;
                new.drop_covered(None, cutoff)?;
                cutoff
            }
        };
        new.restart_feed(stamp, random()?);
        *tables = Some(new);
        Ok(true)
    }

    fn merge(&mut self, entries: &[Entry], stamp: u64, absolute: u64) -> Result<(), StoreError> {
        let random = random()?;
        self.with(|tables| {
            tables.merge(entries)?;
            tables.head.absolute_timeout = tables.head.absolute_timeout.max(absolute);
            tables.restart_feed(stamp, random);
            Ok(())
        })
    }

    fn append(
        &mut self,
        requests: &[Request],
        max_sessions: u64,
    ) -> Result<Vec<Recorded>, StoreError> {
        let (clock, random) = (self.clock.millis(), random()?);
        self.with(|tables| {
            // All or none.
            let mut changed = tables.clone();
            let recorded: Result<_, _> = requests
                .iter()
                .map(|request| record(&mut changed, request, max_sessions, (clock, random)))
                .collect();
            if recorded.is_ok() {
                *tables = changed;
            }
            recorded
        })
    }

    fn follow(&mut self, position: Position) -> Result<Option<Vec<Item>>, StoreError> {
        self.with(|tables| {
            let at = tables.feed.iter().position(|item| item.position == position);
            Ok(at.and_then(|at| tables.feed.get(at..)).map(<[Item]>::to_vec))
        })
    }

    fn expire(&mut self, horizon: u64) -> Result<(), StoreError> {
        self.with(|tables| {
            let expired = |since: u32| u64::from(since) < horizon;
            tables.sessions.retain(|_, since| !expired(*since));
            tables.users.retain(|_, cutoff| *cutoff / 1000 >= horizon);
            tables.count_again();
            Ok(())
        })
    }

    fn clock(&mut self) -> Result<u64, StoreError> {
        Ok(self.clock.millis() / 1000)
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

    /// Whether the list in the store revokes a session.
    #[cfg(test)]
    pub(crate) fn revokes(&self, session: &waxseal_core::SessionRef) -> bool {
        let copy = crate::copy::Copy::default();
        self.head.entries().chain(self.entries()).for_each(|entry| {
            copy.apply(entry);
        });
        copy.is_revoked(&session.view())
    }

    #[cfg(test)]
    pub(crate) const fn stamp(&self) -> u64 {
        self.head.position.stamp
    }

    #[cfg(test)]
    pub(crate) const fn everyone(&self) -> u64 {
        self.head.everyone
    }

    #[cfg(test)]
    pub(crate) fn sessions(&self) -> usize {
        self.sessions.len()
    }

    fn merge(&mut self, entries: &[Entry]) -> Result<(), StoreError> {
        entries.iter().try_for_each(|entry| self.put(*entry))
    }

    /// One item that changes nothing, so that a follower of an earlier position finds a gap.
    fn restart_feed(&mut self, stamp: u64, random: u64) {
        let stamp = stamp.max(self.head.position.stamp);
        self.head.position = Position { stamp, random };
        let entry = Entry::Everyone { cutoff: self.head.everyone };
        self.feed = vec![Item { position: self.head.position, entry }];
    }

    fn count_again(&mut self) {
        let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        self.head.sessions = count(self.sessions.len());
        let without_user = self.sessions.range(of(UserKey::NONE)).count();
        self.head.without_user = count(without_user);
    }
}

/// The sessions of a user.
fn of(user: UserKey) -> std::ops::RangeInclusive<(UserKey, SessionKey)> {
    (user, SessionKey([0; 16]))..=(user, SessionKey([u8::MAX; 16]))
}

impl Transaction for Tables {
    fn head(&mut self) -> &mut Head {
        &mut self.head
    }

    fn has_session(&mut self, user: UserKey, key: SessionKey) -> Result<bool, StoreError> {
        Ok(self.sessions.contains_key(&(user, key)))
    }

    fn cutoff(&mut self, user: UserKey) -> Result<u64, StoreError> {
        Ok(self.users.get(&user).copied().unwrap_or(0))
    }

    fn count(&mut self, user: UserKey, limit: usize) -> Result<usize, StoreError> {
        Ok(self.sessions.range(of(user)).take(limit).count())
    }

    fn put(&mut self, entry: Entry) -> Result<(), StoreError> {
        match entry {
            Entry::Session { key, user, since: time } => {
                let user = user.unwrap_or(UserKey::NONE);
                let known = self.sessions.entry((user, key)).or_default();
                *known = since(0, time).max(*known);
                self.count_again();
            }
            Entry::User { key, cutoff } => {
                let known = self.users.entry(key).or_default();
                *known = cutoff.max(*known);
            }
            Entry::Everyone { cutoff } => self.head.everyone = self.head.everyone.max(cutoff),
            Entry::IssuedBefore { time } => {
                self.head.issued_before = self.head.issued_before.max(time.as_secs());
            }
        }
        Ok(())
    }

    fn drop_covered(&mut self, user: Option<UserKey>, cutoff: u64) -> Result<(), StoreError> {
        self.sessions.retain(|(of, _), since| {
            user.is_some_and(|user| user != *of) || !covers(cutoff, *since)
        });
        if user.is_none() {
            self.users.retain(|_, known| *known > cutoff);
        }
        self.count_again();
        Ok(())
    }

    fn push(&mut self, item: Item) -> Result<(), StoreError> {
        self.feed.push(item);
        if self.feed.len() > FEED {
            self.feed.remove(0);
        }
        Ok(())
    }
}
