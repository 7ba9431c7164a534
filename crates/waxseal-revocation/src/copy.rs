//! The copy: the list in the memory of a server, from which it answers. Entries only add up:
//! the larger of two entries with one key stays, in any order of arrival. Only `prune`
//! drops entries, those that have no effect any more.

mod sessions;

use std::{
    collections::{HashMap, HashSet},
    sync::PoisonError,
};

use waxseal_core::{SessionView, UnixTime};

use self::sessions::Sessions;
use crate::{
    entry::{Entry, covers},
    expiry::LONGEST_ABSOLUTE_TIMEOUT,
    key::{ByKey, SessionKey, UserKey},
    sync::{
        RwLock,
        atomic::{
            AtomicU64, AtomicUsize,
            Ordering::{Acquire, Relaxed, Release},
        },
    },
};

#[derive(Debug, Default)]
pub(crate) struct Copy {
    sessions: Sessions,
    /// The cutoff of each user.
    users: RwLock<HashMap<UserKey, u64, ByKey>>,
    /// The number of `users`, so that most requests need not hash their user.
    user_count: AtomicUsize,
    everyone: AtomicU64,
    issued_before: AtomicU64,
    stamp: AtomicU64,
    /// The longest absolute timeout of any server, in seconds. A store that has lost it would drop
    /// entries too early, so the copy gives it back.
    absolute_timeout: AtomicU64,
}

impl Copy {
    /// Whether a session is revoked.
    ///
    /// Checks the sessions first and the cutoffs after them, because `prune` drops a session only
    /// after the cutoff that covers it is in the copy.
    pub(crate) fn is_revoked(&self, session: &SessionView<'_>) -> bool {
        session.id.is_some_and(|id| self.sessions.contains(SessionKey::new(id)))
            || self.is_cut_off(session)
    }

    fn is_cut_off(&self, session: &SessionView<'_>) -> bool {
        let cutoff = match session.user {
            Some(user) if self.user_count.load(Acquire) > 0 => self.cutoff(UserKey::new(user)),
            _ => 0,
        };
        session.stamp < cutoff
            || session.stamp < self.everyone.load(Acquire)
            || session.issued_at.as_secs() < self.issued_before.load(Acquire)
    }

    fn cutoff(&self, user: UserKey) -> u64 {
        let users = self.users.read().unwrap_or_else(PoisonError::into_inner);
        users.get(&user).copied().unwrap_or(0)
    }

    /// Adds an entry. Returns whether it changes the list.
    pub(crate) fn apply(&self, entry: Entry) -> bool {
        match entry {
            Entry::Session { key, user, since } => {
                self.sessions.insert(key, user.unwrap_or(UserKey::NONE), since)
            }
            Entry::User { key, cutoff } => {
                let mut users = self.users.write().unwrap_or_else(PoisonError::into_inner);
                let known = users.entry(key).or_default();
                let is_new = *known < cutoff;
                *known = cutoff.max(*known);
                self.user_count.store(users.len(), Release);
                is_new
            }
            Entry::Everyone { cutoff } => self.everyone.fetch_max(cutoff, Release) < cutoff,
            Entry::IssuedBefore { time } => {
                self.issued_before.fetch_max(time.as_secs(), Release) < time.as_secs()
            }
        }
    }

    /// The stamp up to which the copy is complete: every entry is applied before the stamp rises.
    pub(crate) fn stamp(&self) -> u64 {
        self.stamp.load(Acquire)
    }

    pub(crate) fn raise_stamp(&self, stamp: u64) {
        self.stamp.fetch_max(stamp, Release);
    }

    pub(crate) fn absolute_timeout(&self) -> u64 {
        self.absolute_timeout.load(Relaxed)
    }

    pub(crate) fn raise_absolute_timeout(&self, secs: u64) {
        // A damaged store must not make entries permanent.
        self.absolute_timeout.fetch_max(secs.min(LONGEST_ABSOLUTE_TIMEOUT), Relaxed);
    }

    /// All entries.
    pub(crate) fn for_each(&self, mut visit: impl FnMut(Entry)) {
        let (everyone, time) = (self.everyone.load(Acquire), self.issued_before.load(Acquire));
        if everyone > 0 {
            visit(Entry::Everyone { cutoff: everyone });
        }
        if time > 0 {
            visit(Entry::IssuedBefore { time: UnixTime::from_secs(time) });
        }
        let users = self.users.read().unwrap_or_else(PoisonError::into_inner);
        users.iter().for_each(|(key, cutoff)| visit(Entry::User { key: *key, cutoff: *cutoff }));
        drop(users);
        self.sessions.for_each(visit);
    }

    /// The number of revoked sessions, and of those without a user.
    pub(crate) fn sessions(&self) -> (usize, usize) {
        (self.sessions.len(), self.sessions.without_user())
    }

    pub(crate) fn len(&self) -> usize {
        self.sessions.len().saturating_add(self.user_count.load(Relaxed))
    }

    /// Drops the entries that have expired by `horizon`, in seconds, and those that a cutoff
    /// covers.
    pub(crate) fn prune(&self, horizon: u64) {
        let everyone = self.everyone.load(Acquire);
        let users: HashMap<_, _, ByKey> = {
            let mut users = self.users.write().unwrap_or_else(PoisonError::into_inner);
            users.retain(|_, cutoff| *cutoff > everyone && *cutoff / 1000 >= horizon);
            self.user_count.store(users.len(), Release);
            users.clone()
        };
        self.sessions.retain(|user, since| {
            let cutoff = users.get(&user).copied().unwrap_or(0).max(everyone);
            u64::from(since) >= horizon && !covers(cutoff, since)
        });
    }
}

/// Finds the entries that a copy has and a store lacks, while the store is read.
pub(crate) struct Missing {
    /// `None` if the copy was empty, so that a first read costs no memory.
    seen: Option<HashSet<SessionKey, ByKey>>,
    users: HashMap<UserKey, u64, ByKey>,
    everyone: u64,
    issued_before: u64,
}

impl Missing {
    pub(crate) fn new(copy: &Copy) -> Self {
        let seen = (copy.len() > 0).then(HashSet::default);
        Self { seen, users: HashMap::default(), everyone: 0, issued_before: 0 }
    }

    /// Notes that the store has this entry.
    pub(crate) fn see(&mut self, entry: Entry) {
        match (entry, &mut self.seen) {
            (Entry::Session { key, .. }, Some(seen)) => {
                seen.insert(key);
            }
            (Entry::User { key, cutoff }, Some(_)) => {
                self.users.insert(key, cutoff);
            }
            (Entry::Everyone { cutoff }, _) => self.everyone = cutoff,
            (Entry::IssuedBefore { time }, _) => self.issued_before = time.as_secs(),
            _ => {}
        }
    }

    /// The entries of the copy that the store lacks.
    pub(crate) fn of(&self, copy: &Copy) -> Vec<Entry> {
        let mut missing = Vec::new();
        copy.for_each(|entry| {
            let is_missing = match entry {
                Entry::Session { key, user, since } => {
                    let cutoff = user.and_then(|user| self.users.get(&user)).copied().unwrap_or(0);
                    let since = u32::try_from(since.as_secs()).unwrap_or(u32::MAX);
                    let seen = self.seen.as_ref();
                    seen.is_some_and(|seen| !seen.contains(&key))
                        && !covers(cutoff.max(self.everyone), since)
                }
                Entry::User { key, cutoff } => {
                    cutoff > self.everyone
                        && self.seen.is_some()
                        && self.users.get(&key).is_none_or(|known| *known < cutoff)
                }
                Entry::Everyone { cutoff } => cutoff > self.everyone,
                Entry::IssuedBefore { time } => time.as_secs() > self.issued_before,
            };
            if is_missing {
                missing.push(entry);
            }
        });
        missing
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use proptest::prelude::*;

    use super::*;

    fn view(id: &str, stamp: u64) -> SessionView<'_> {
        let issued_at = UnixTime::from_secs(10);
        SessionView { id: Some(id), user: Some("42"), issued_at, stamp }
    }

    fn session(id: &str, since: u64) -> Entry {
        let (key, user) = (SessionKey::new(id), Some(UserKey::new("42")));
        Entry::Session { key, user, since: UnixTime::from_secs(since) }
    }

    /// While another thread adds a cutoff and prunes the session.
    #[test]
    fn a_revoked_session_is_never_good_for_a_moment() {
        for cutoff in [
            Entry::User { key: UserKey::new("42"), cutoff: 50_000 },
            Entry::Everyone { cutoff: 50_000 },
        ] {
            for _ in 0..200 {
                let (copy, done) = (Copy::default(), AtomicBool::new(false));
                copy.apply(session("a", 40));
                std::thread::scope(|scope| {
                    scope.spawn(|| {
                        copy.apply(cutoff);
                        copy.prune(0);
                        done.store(true, Release);
                    });
                    while !done.load(Acquire) {
                        assert!(copy.is_revoked(&view("a", 39_000)));
                    }
                });
                assert_eq!(copy.sessions().0, 0);
                assert!(copy.is_revoked(&view("a", 39_000)));
            }
        }
    }

    #[test]
    fn a_session_that_was_revoked_after_the_cutoff_stays() {
        let copy = Copy::default();
        // Recorded at 40.5 seconds; the cutoff is at 40.4, and the session's stamp between.
        copy.apply(session("a", crate::entry::since(40_500, UnixTime::from_secs(10)).into()));
        copy.apply(Entry::User { key: UserKey::new("42"), cutoff: 40_400 });
        copy.prune(0);
        assert!(copy.is_revoked(&view("a", 40_450)));
    }

    #[test]
    fn prune_drops_what_has_expired() {
        let copy = Copy::default();
        copy.apply(session("a", 40));
        copy.apply(Entry::User { key: UserKey::new("7"), cutoff: 40_999 });
        copy.prune(40);
        assert_eq!(copy.len(), 2);
        copy.prune(41);
        assert_eq!(copy.len(), 0);
        assert!(!copy.is_revoked(&view("a", 39_000)));
    }

    #[test]
    fn a_copy_has_the_entries_of_its_head() {
        let entries_of = |copy: &Copy| {
            let mut entries = Vec::new();
            copy.for_each(|entry| entries.push(entry));
            entries
        };
        let copy = Copy::default();
        assert_eq!(entries_of(&copy), []);
        let head =
            [Entry::Everyone { cutoff: 1 }, Entry::IssuedBefore { time: UnixTime::from_secs(1) }];
        assert!(head.iter().all(|entry| copy.apply(*entry)));
        assert!(!head.iter().any(|entry| copy.apply(*entry)));
        assert_eq!(entries_of(&copy), head);
    }

    #[test]
    fn a_cutoff_of_everyone_covers_an_equal_one_of_a_user() {
        let (copy, user) = (Copy::default(), UserKey::new("7"));
        copy.apply(Entry::User { key: user, cutoff: 40_000 });
        copy.apply(Entry::Everyone { cutoff: 40_000 });
        let mut missing = Missing::new(&copy);
        missing.see(Entry::Everyone { cutoff: 40_000 });
        assert_eq!(missing.of(&copy), []);
        copy.prune(0);
        assert_eq!(copy.len(), 0);
    }

    fn entries() -> impl Strategy<Value = Entry> {
        prop_oneof![
            // A session has one user, and is revoked once.
            8 => (0..36_u8).prop_map(|id| Entry::Session {
                key: SessionKey([id; 16]),
                user: Some(UserKey([id % 3; 16])).filter(|user| *user != UserKey::NONE),
                since: UnixTime::from_secs(10 + u64::from(id)),
            }),
            2 => (1..3_u8, 10_000..40_000_u64)
                .prop_map(|(user, cutoff)| Entry::User { key: UserKey([user; 16]), cutoff }),
            1 => (10_000..40_000_u64).prop_map(|cutoff| Entry::Everyone { cutoff }),
            1 => (1..40_u64)
                .prop_map(|secs| Entry::IssuedBefore { time: UnixTime::from_secs(secs) }),
        ]
    }

    proptest! {
        /// The order of entries does not matter, and what a store lacks completes it.
        #[test]
        fn a_join(all in proptest::collection::vec(entries(), 0..40), at in 0..40_usize) {
            let (one, two, store) = (Copy::default(), Copy::default(), Copy::default());
            for (copy, entries) in [(&one, &all[..]), (&store, all.get(at..).unwrap_or(&[]))] {
                for entry in entries {
                    copy.apply(*entry);
                }
            }
            for entry in all.iter().rev() {
                two.apply(*entry);
            }
            prop_assert_eq!(one.len(), two.len());
            let mut missing = Missing::new(&one);
            store.for_each(|entry| missing.see(entry));
            for entry in missing.of(&one) {
                prop_assert!(store.apply(entry), "it was missing");
            }
            for copy in [&two, &store] {
                copy.prune(0);
                one.prune(0);
                one.for_each(|entry| assert!(!copy.apply(entry)));
                prop_assert_eq!(one.len(), copy.len());
            }
        }
    }
}
