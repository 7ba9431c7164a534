//! The connection of a server to the simulated store, with faults in the middle of an exchange.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use waxseal_core::Recorded;

use super::Random;
use crate::{
    entry::Entry,
    error::StoreError,
    record::{Head, Item, Position, Request},
    store::{
        Backend, Everyone,
        memory::{Memory, Tables},
    },
};

/// The faults of the store, and its losses. All servers share them.
pub(super) struct Faults {
    pub(super) random: Random,
    /// One call in this many has a fault.
    pub(super) rate: u64,
    /// Earlier states of the store, to which a fault can set it back.
    pub(super) snapshots: Vec<Option<Tables>>,
    /// Whether the store has lost data, so that the ledger must check what is still known.
    pub(super) has_lost: bool,
    /// Appends that the store commits later, after the server has given up.
    pub(super) late: Vec<Vec<Request>>,
}

#[derive(Clone)]
pub(super) struct Link {
    pub(super) memory: Memory,
    pub(super) faults: Arc<Mutex<Faults>>,
    /// Whether the server reaches the store.
    pub(super) is_up: Arc<Mutex<bool>>,
    /// Whether the server was in contact within the last `max_staleness`.
    pub(super) was_in_contact: Arc<Mutex<bool>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Link {
    fn reach(&self) -> Result<(), StoreError> {
        let mut faults = lock(&self.faults);
        let rate = faults.rate;
        if !*lock(&self.is_up) || (rate > 0 && faults.random.one_in(rate)) {
            return Err(StoreError::new("the model's network is down"));
        }
        Ok(())
    }

    /// After a call has taken effect: the store may lose its last data, and the answer may be
    /// lost.
    fn answer<T>(&self, answer: T) -> Result<T, StoreError> {
        let mut faults = lock(&self.faults);
        let rate = faults.rate;
        if rate > 0 && faults.random.one_in(rate.saturating_mul(4)) {
            set_back(&self.memory, &mut faults);
        }
        if rate > 0 && faults.random.one_in(rate) {
            return Err(StoreError::new("the model's answer is lost"));
        }
        Ok(answer)
    }
}

/// Sets the store back to an earlier state, or empties it.
pub(super) fn set_back(memory: &Memory, faults: &mut Faults) {
    let to = if faults.random.one_in(3) {
        None
    } else {
        let snapshots = std::mem::take(&mut faults.snapshots);
        let to = faults.random.pick(&snapshots).cloned().flatten();
        faults.snapshots = snapshots;
        to
    };
    *memory.tables() = to;
    faults.has_lost = true;
}

impl Backend for Link {
    fn head(&mut self) -> Result<Option<Head>, StoreError> {
        self.reach()?;
        let head = self.memory.head()?;
        self.answer(head)
    }

    fn entries(&mut self, visit: &mut dyn FnMut(Entry)) -> Result<(), StoreError> {
        self.reach()?;
        self.memory.entries(visit)?;
        self.answer(())
    }

    fn create(
        &mut self,
        entries: &[Entry],
        stamp: u64,
        everyone: Everyone,
    ) -> Result<bool, StoreError> {
        self.reach()?;
        let is_survivor = *lock(&self.was_in_contact);
        assert!(
            !is_survivor || everyone == Everyone::Trusted,
            "P2: a server that was in contact has revoked everyone"
        );
        let created = self.memory.create(entries, stamp, everyone)?;
        self.answer(created)
    }

    fn merge(&mut self, entries: &[Entry], stamp: u64, absolute: u64) -> Result<(), StoreError> {
        self.reach()?;
        self.memory.merge(entries, stamp, absolute)?;
        self.answer(())
    }

    fn append(
        &mut self,
        requests: &[Request],
        max_sessions: u64,
    ) -> Result<Vec<Recorded>, StoreError> {
        self.reach()?;
        {
            let mut faults = lock(&self.faults);
            let rate = faults.rate;
            if rate > 0 && faults.random.one_in(rate.saturating_mul(2)) {
                faults.late.push(requests.to_vec());
                return Err(StoreError::new("the model's store commits later"));
            }
        }
        let recorded = self.memory.append(requests, max_sessions)?;
        self.answer(recorded)
    }

    fn follow(&mut self, position: Position) -> Result<Option<Vec<Item>>, StoreError> {
        self.reach()?;
        let items = self.memory.follow(position)?;
        // A read is an answer of the state it has read: no loss comes between.
        Ok(items)
    }

    fn expire(&mut self, horizon: u64) -> Result<(), StoreError> {
        self.reach()?;
        self.memory.expire(horizon)
    }

    fn clock(&mut self) -> Result<u64, StoreError> {
        self.memory.clock()
    }
}
