//! What the list and the thread of its log share.

use std::{
    collections::HashSet,
    sync::{Mutex, MutexGuard, PoisonError, atomic::Ordering::Relaxed},
    time::Duration,
};

use waxseal_core::UnixTime;

use crate::{
    clock::Clock,
    cut::{AHEAD, later, latest_cut},
    entry::{Entry, Lifetime},
    events,
    index::{Applied, Index},
    status::{Health, Readiness},
};

/// What the list and its log's thread share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) index: Index,
    pub(crate) health: Health,
    pub(crate) lifetime: Lifetime,
    pub(crate) absolute: Duration,
    pub(crate) max_entries: usize,
    pub(crate) clock: Clock,
    /// Cuts that lie too far ahead of the clock yet.
    pub(crate) ahead: Mutex<HashSet<Entry>>,
}

impl Shared {
    /// Adds what the log says. A cut further ahead than clocks may differ counts
    /// as one of now, because nobody could log in until then, and as itself when
    /// its time has come: it may be the clock that was wrong.
    pub(crate) fn learn(&self, entry: Entry) -> Applied {
        let now = self.clock.now();
        let limit = latest_cut(now);
        let entry = match entry {
            Entry::User { before, .. } | Entry::All { before } if before > limit => {
                if self.ahead().insert(entry.clone()) {
                    events::cut_ahead(before, now);
                }
                let before = later(now, AHEAD);
                match entry {
                    Entry::User { sub, .. } => Entry::User { sub, before },
                    _ => Entry::All { before },
                }
            }
            entry => entry,
        };
        if entry.until(self.lifetime) <= self.expiry_now() {
            return Applied::default();
        }
        self.index.apply(&entry)
    }

    /// What ends by then has expired.
    pub(crate) fn expiry_now(&self) -> UnixTime {
        self.clock.passed()
    }

    fn ahead(&self) -> MutexGuard<'_, HashSet<Entry>> {
        self.ahead.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn readiness(&self) -> Readiness {
        Readiness {
            state: self.health.state(),
            entries: self.index.len(),
            max_entries: self.max_entries,
            pending: self.health.pending().load(Relaxed),
            contact_age: self.health.contact_age(),
            lag: self.health.lag(),
        }
    }

    /// Now and then: forgets what has expired, and tells how things are.
    pub(crate) fn tick(&self) -> usize {
        let now = self.clock.now();
        let due = |entry: &Entry| entry.until(self.lifetime) <= self.lifetime.end(latest_cut(now));
        let due: Vec<Entry> = self.ahead().extract_if(due).collect();
        for entry in due {
            self.learn(entry);
        }
        let expired = self.index.expire(self.expiry_now());
        self.health.watch_fill(self.index.len(), self.max_entries);
        events::gauges(&self.readiness());
        expired
    }
}
