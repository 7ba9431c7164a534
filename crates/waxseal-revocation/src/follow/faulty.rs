//! A store with faults.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use crate::{
    entry::Entry,
    error::StoreFailure,
    record::{self, Everyone},
    store::{
        Backend,
        memory::{Memory, Tables},
    },
    transaction::{Head, Item, Needs, Position, Transaction},
};

/// A store in memory, which fails as a test wants.
#[derive(Clone)]
pub(super) struct Faulty {
    pub(super) memory: Memory,
    pub(super) grace: Duration,
    /// The number of calls of `head`. At the second, another server creates the list.
    pub(super) heads: Option<Arc<AtomicUsize>>,
    pub(super) is_locked: Arc<AtomicBool>,
    /// Whether reading all entries fails after the last one.
    pub(super) breaks_off: bool,
    /// What the store is set back to right after the next commit.
    pub(super) set_back_to: Arc<Mutex<Option<Tables>>>,
}

impl Faulty {
    /// A store without a fault.
    pub(super) fn new(memory: Memory) -> Self {
        let grace = Duration::ZERO;
        Self {
            memory,
            grace,
            heads: None,
            is_locked: Arc::default(),
            breaks_off: false,
            set_back_to: Arc::default(),
        }
    }
}

impl Backend for Faulty {
    fn grace(&self) -> Duration {
        self.grace
    }

    fn head(&mut self) -> Result<Option<Head>, StoreFailure> {
        if let Some(heads) = &self.heads
            && heads.fetch_add(1, Relaxed) == 1
        {
            record::create(&mut self.memory, &[], 1, Everyone::Trusted)?;
        }
        self.memory.head()
    }

    fn entries(&mut self, visit: &mut dyn FnMut(Entry)) -> Result<(), StoreFailure> {
        self.memory.entries(visit)?;
        if self.breaks_off { Err(StoreFailure::new("the answer breaks off")) } else { Ok(()) }
    }

    fn follow(&mut self, position: Position) -> Result<Option<Vec<Item>>, StoreFailure> {
        self.memory.follow(position)
    }

    fn transact(
        &mut self,
        needs: &Needs,
        change: &mut (dyn FnMut(&mut Transaction) -> Result<(), StoreFailure> + Send),
    ) -> Result<(), StoreFailure> {
        if self.is_locked.load(Relaxed) {
            return Err(StoreFailure::new("the store is locked").of_writing());
        }
        self.memory.transact(needs, change)?;
        if let Some(tables) = self.set_back_to.lock().unwrap().take() {
            *self.memory.tables() = tables;
        }
        Ok(())
    }
}
