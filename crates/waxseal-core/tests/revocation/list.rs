//! An honest revocation list, with a store that this server may not have read completely.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use waxseal_core::{
    Acknowledgement, NotDurable, Recorded, Revocation, RevocationStatus, Revocations, SessionRef,
    SessionView, Target,
};

use super::requests::DAY;

/// The stamp of the list before the first revocation.
pub const STAMP: u64 = 1_799_990_000_000;

#[derive(Clone, Debug, Default)]
pub struct List(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
pub struct Known {
    /// What this server has read of the store.
    here: Entries,
    store: Entries,
    /// The IDs of sessions with an unknown status.
    pub unknown: Vec<String>,
    /// Whether the list cannot be trusted to issue a session.
    pub has_no_stamp: bool,
    /// Whether the store has no room left for sessions.
    pub is_full: bool,
    /// Whether acknowledgements fail.
    pub fails: bool,
    /// The sessions whose status was requested, by ID, user, issue time and stamp.
    pub checked: Vec<(Option<String>, Option<String>, u64, u64)>,
    /// What the requests have revoked.
    pub requested: Vec<Revocation>,
    /// The number of awaited acknowledgements.
    pub awaited: usize,
}

#[derive(Clone, Debug)]
struct Entries {
    /// The stamp of the last record.
    stamp: u64,
    sessions: BTreeSet<String>,
    cutoffs: BTreeMap<String, u64>,
    cutoff_of_everyone: u64,
}

impl Default for Entries {
    fn default() -> Self {
        let (sessions, cutoffs) = (BTreeSet::new(), BTreeMap::new());
        Self { stamp: STAMP, sessions, cutoffs, cutoff_of_everyone: 0 }
    }
}

impl Entries {
    fn revokes(&self, session: SessionView<'_>) -> bool {
        let cutoff = session.user.and_then(|user| self.cutoffs.get(user)).copied().unwrap_or(0);
        session.id.is_some_and(|id| self.sessions.contains(id))
            || session.stamp < cutoff.max(self.cutoff_of_everyone)
    }

    fn record(&mut self, add: impl FnOnce(&mut Self, u64)) {
        self.stamp += 1;
        add(self, self.stamp);
    }
}

impl Known {
    /// The transaction of the store. This server reads its record at once.
    fn append(&mut self, Revocation { target, successor }: &Revocation) -> Recorded {
        let store = &mut self.store;
        let revokes = |session: &SessionRef| store.revokes(session.view());
        let was_revoked = successor.as_ref().is_some_and(|next| revokes(&next.session));
        let must_be_good = successor.as_ref().is_some_and(|next| next.must_be_good);
        let (mut is_cutoff, mut is_revoked) = (false, true);
        match target {
            _ if was_revoked && must_be_good => {}
            Target::OnlySession(_) => unreachable!("no session is bound to a device"),
            Target::Session(session) if store.sessions.contains(&session.id) => {}
            // A cutoff does not suffice: there may be a copy with a later stamp.
            Target::Session(session) if self.is_full && revokes(session) => {}
            Target::Session(SessionRef { id, user, .. }) => match user {
                _ if !self.is_full => store.record(|store, _| {
                    store.sessions.insert(id.clone());
                }),
                Some(user) => {
                    is_cutoff = true;
                    store.record(|store, stamp| {
                        store.cutoffs.insert(user.clone(), stamp);
                    });
                }
                None => is_revoked = false,
            },
            Target::User(user) => {
                is_cutoff = true;
                store.record(|store, stamp| {
                    store.cutoffs.insert(user.clone(), stamp);
                });
            }
        }
        self.here = self.store.clone();
        Recorded { stamp: self.store.stamp, was_revoked, is_cutoff, is_revoked }
    }

    /// The last stamp that this server has read.
    pub fn stamp(&self) -> u64 {
        self.here.stamp
    }
}

impl List {
    pub fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap()
    }

    /// This server reads all of the store.
    pub fn reads(&self) {
        let mut known = self.known();
        known.here = known.store.clone();
    }

    /// Another server revokes a session; this one has not read that yet.
    pub fn revoked_in_the_store(&self, id: &str) {
        let mut known = self.known();
        known.store.record(|store, _| {
            store.sessions.insert(id.into());
        });
    }

    /// Another server revokes all sessions of a user; this one has not read that yet.
    pub fn cut_off_in_the_store(&self, user: &str) {
        let mut known = self.known();
        known.store.record(|store, stamp| {
            store.cutoffs.insert(user.into(), stamp);
        });
    }

    /// Another request revokes a session.
    pub fn revoked_by_another(&self, id: &str) {
        self.revoked_in_the_store(id);
        self.reads();
    }

    /// Another request revokes all sessions of a user.
    pub fn cut_off_by_another(&self, user: &str) {
        self.cut_off_in_the_store(user);
        self.reads();
    }

    /// The operator revokes all sessions.
    pub fn cut_off_everyone(&self) {
        let mut known = self.known();
        known.store.record(|store, stamp| store.cutoff_of_everyone = stamp);
        drop(known);
        self.reads();
    }

    /// The sessions that the requests have revoked one by one.
    pub fn revoked(&self) -> Vec<SessionRef> {
        let known = self.known();
        let sessions = known.requested.iter().filter_map(|revocation| match &revocation.target {
            Target::Session(session) => Some(session.clone()),
            Target::User(_) | Target::OnlySession(_) => None,
        });
        sessions.collect()
    }

    /// The users whose sessions the requests have revoked.
    pub fn cut_off(&self) -> Vec<String> {
        let known = self.known();
        let users = known.requested.iter().filter_map(|revocation| match &revocation.target {
            Target::Session(_) | Target::OnlySession(_) => None,
            Target::User(user) => Some(user.clone()),
        });
        users.collect()
    }
}

impl Revocations for List {
    fn absolute_timeout(&self) -> Duration {
        Duration::from_secs(30 * DAY)
    }

    fn stamp(&self) -> Option<u64> {
        let known = self.known();
        (!known.has_no_stamp).then_some(known.here.stamp)
    }

    fn status(&self, session: SessionView<'_>) -> RevocationStatus {
        let SessionView { id, user, issued_at, stamp } = session;
        let mut known = self.known();
        let issued_at = issued_at.as_secs();
        known.checked.push((id.map(Into::into), user.map(Into::into), issued_at, stamp));
        if id.is_some_and(|id| known.unknown.iter().any(|known| known == id)) {
            RevocationStatus::Unknown
        } else if known.here.revokes(session) {
            RevocationStatus::Revoked
        } else {
            RevocationStatus::Good
        }
    }

    fn revoke(&self, revocation: Revocation) -> Acknowledgement {
        self.known().requested.push(revocation.clone());
        let list = self.clone();
        Acknowledgement::new(async move {
            let mut known = list.known();
            known.awaited += 1;
            if known.fails {
                return Err(NotDurable::new("the test fails it"));
            }
            Ok(known.append(&revocation))
        })
    }
}
