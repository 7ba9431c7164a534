//! The connection of a server to the simulated store, with faults in the middle of an exchange.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::Random;
use crate::{
    entry::Entry,
    error::StoreFailure,
    key::SessionKey,
    store::{
        Backend,
        memory::{Memory, Tables},
    },
    transaction::{Change, Head, Item, Needs, Position, Transaction},
};

/// The faults of the store, and its losses. All servers share them.
pub(super) struct Faults {
    pub(super) random: Random,
    /// One call in this many has a fault.
    pub(super) rate: u64,
    /// Earlier states of the store, to which a fault can set it back.
    pub(super) snapshots: Vec<Tables>,
    /// The lowest last stamp that the store was set back to, since the ledger has last checked
    /// what is still known.
    pub(super) lost_to: Option<u64>,
    /// The highest cutoff of everyone so far.
    pub(super) everyone: u64,
    /// Transactions that the store commits later, after the server has given up.
    pub(super) late: Vec<Late>,
}

/// A transaction that has not been committed yet.
pub(super) struct Late {
    before: Option<Head>,
    transaction: Transaction,
}

impl Late {
    /// Commits it, unless another transaction came first.
    pub(super) fn commit(self, memory: &Memory) {
        let mut tables = memory.tables();
        if tables.head == self.before {
            tables.apply(&self.transaction);
        }
    }
}

#[derive(Clone)]
pub(super) struct Link {
    pub(super) memory: Memory,
    pub(super) faults: Arc<Mutex<Faults>>,
    /// Whether the server reaches the store.
    pub(super) is_up: Arc<Mutex<bool>>,
    /// Whether the server was in contact within the last `max_staleness`.
    pub(super) was_in_contact: Arc<Mutex<bool>>,
    /// The revoked sessions that the server has read from the store in this turn, before a loss.
    pub(super) read: Arc<Mutex<HashSet<SessionKey>>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Link {
    pub(super) fn has_fault(&self) -> bool {
        let mut faults = lock(&self.faults);
        let rate = faults.rate;
        rate > 0 && faults.random.one_in(rate)
    }

    fn note(&self, entry: Entry) {
        if let Entry::Session { key, .. } = entry
            && lock(&self.faults).lost_to.is_none()
        {
            lock(&self.read).insert(key);
        }
    }

    fn reach(&self) -> Result<(), StoreFailure> {
        let mut faults = lock(&self.faults);
        let rate = faults.rate;
        if !*lock(&self.is_up) || (rate > 0 && faults.random.one_in(rate)) {
            return Err(StoreFailure::new("the model's network is down"));
        }
        Ok(())
    }

    /// After a call has taken effect: the store may lose its last data, and the answer may be
    /// lost.
    fn answer<T>(&self, answer: T, before: Option<Tables>) -> Result<T, StoreFailure> {
        let mut faults = lock(&self.faults);
        let rate = faults.rate;
        if rate > 0 && faults.random.one_in(rate.saturating_mul(4)) {
            match before.filter(|_| faults.random.one_in(2)) {
                Some(before) => set_back_to(before, &self.memory, &mut faults),
                None => set_back(&self.memory, &mut faults),
            }
        }
        if rate > 0 && faults.random.one_in(rate) {
            return Err(StoreFailure::new("the model's answer is lost"));
        }
        Ok(answer)
    }
}

/// Sets the store back to an earlier state, or empties it.
pub(super) fn set_back(memory: &Memory, faults: &mut Faults) {
    let to = if faults.random.one_in(3) {
        Tables::default()
    } else {
        let snapshots = std::mem::take(&mut faults.snapshots);
        let to = faults.random.pick(&snapshots).cloned().unwrap_or_default();
        faults.snapshots = snapshots;
        to
    };
    set_back_to(to, memory, faults);
}

fn set_back_to(to: Tables, memory: &Memory, faults: &mut Faults) {
    *memory.tables() = to;
    // It has closed every connection.
    faults.late.clear();
    let stamp = memory.tables().head.map_or(0, |head| head.position.stamp);
    faults.lost_to = Some(faults.lost_to.map_or(stamp, |lowest| lowest.min(stamp)));
}

impl Backend for Link {
    fn head(&mut self) -> Result<Option<Head>, StoreFailure> {
        self.reach()?;
        let head = self.memory.head()?;
        self.answer(head, None)
    }

    fn entries(&mut self, visit: &mut dyn FnMut(Entry)) -> Result<(), StoreFailure> {
        self.reach()?;
        let link = self.clone();
        self.memory.entries(&mut |entry| {
            link.note(entry);
            visit(entry);
        })?;
        self.answer((), None)
    }

    fn follow(&mut self, position: Position) -> Result<Option<Vec<Item>>, StoreFailure> {
        self.reach()?;
        let items = self.memory.follow(position)?;
        items.iter().flatten().for_each(|item| self.note(item.entry));
        // A read is an answer of the state it has read: no loss comes between.
        Ok(items)
    }

    fn transact(
        &mut self,
        needs: &Needs,
        change: &mut (dyn FnMut(&mut Transaction) -> Result<(), StoreFailure> + Send),
    ) -> Result<(), StoreFailure> {
        self.reach()?;
        let is_survivor = *lock(&self.was_in_contact);
        let (mut late, mut is_feed) = (None, false);
        let before_it = self.memory.tables().clone();
        self.memory
            .transact(needs, &mut |transaction| {
                let before = transaction.head;
                change(transaction)?;
                let mut faults = lock(&self.faults);
                // No operator of the model revokes everyone.
                let everyone = transaction.head.map_or(0, |head| head.everyone);
                assert!(
                    !is_survivor || everyone <= faults.everyone,
                    "P2: a server that was in contact has revoked everyone"
                );
                faults.everyone = everyone.max(faults.everyone);
                is_feed =
                    transaction.changes.iter().any(|change| matches!(change, Change::Push(_)));
                let rate = faults.rate;
                if rate > 0 && faults.random.one_in(rate.saturating_mul(2)) {
                    late = Some(Late { before, transaction: transaction.clone() });
                    return Err(StoreFailure::new("the model's store commits later"));
                }
                Ok(())
            })
            .inspect_err(|_| lock(&self.faults).late.extend(late))?;
        // A loss after `expire` would come after the acknowledgements.
        if is_feed { self.answer((), Some(before_it)) } else { Ok(()) }
    }
}
