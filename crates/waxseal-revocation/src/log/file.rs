//! The log of one machine: a file, in which every acknowledged entry survives a
//! crash at any moment.

mod store;

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::Ordering::Relaxed,
        mpsc::{self, Receiver, RecvTimeoutError},
    },
    time::{Duration, Instant},
};

use waxseal_core::NotDurable;

use self::store::Store;
use super::{Append, Appender};
use crate::{
    entry::Entry,
    error::{OpenError, StoreError},
    events,
    shared::Shared,
    status::State,
};

/// How often what has expired is dropped.
const SWEEP: Duration = Duration::from_secs(1);
/// How long to wait after a write that failed, at first and at most.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// So many sessions whose place cuts have taken stay in the file.
const SUPERSEDED: usize = 10_000;
/// The most entries of one commit.
const BATCH: usize = 10_000;

pub(super) fn start(path: PathBuf, shared: Arc<Shared>) -> Result<Appender, OpenError> {
    let store = Store::open(&path)?;
    let mut superseded = 0_usize;
    store.for_each(|entry| {
        // Cuts come first.
        superseded = superseded.saturating_add(shared.index.has_cut(&entry).into());
        shared.learn(entry);
    })?;
    if superseded >= SUPERSEDED {
        store.compact(|entry| shared.index.has_cut(entry))?;
    }
    shared.health.set(State::Current, true);
    shared.health.contact();
    let (sender, receiver) = mpsc::channel();
    let writer =
        Writer { path, store: Some(store), shared: Arc::clone(&shared), pending: Vec::new() };
    // Where the thread has ended, what could not be sent is dropped.
    let send = move |append| drop(sender.send(append));
    Appender::new(shared, send, move || writer.run(&receiver))
}

/// All entries of a file that no other process has open.
pub(super) fn read(path: &Path) -> Result<Vec<Entry>, OpenError> {
    must_exist(path)?;
    let mut entries = Vec::new();
    Store::open(path)?.for_each(|entry| entries.push(entry))?;
    Ok(entries)
}

pub(super) fn write(path: &Path, entries: &[Entry]) -> Result<(), OpenError> {
    must_exist(path)?;
    Ok(Store::open(path)?.write(entries.iter())?)
}

/// Says whether the file is new.
pub(super) fn init(path: &Path, first: &Entry) -> Result<bool, OpenError> {
    if path.exists() {
        return Ok(false);
    }
    Store::open(path)?.write([first])?;
    Ok(true)
}

fn must_exist(path: &Path) -> Result<(), StoreError> {
    let shown = path.display();
    match path.try_exists() {
        Ok(true) => Ok(()),
        Ok(false) => Err(StoreError::new(format!("there is no revocation file {shown}"))),
        Err(error) => {
            Err(StoreError::because(format!("the revocation file {shown} cannot be used"), error))
        }
    }
}

/// The thread's own.
struct Writer {
    path: PathBuf,
    /// `None` after an error, until it has been opened again.
    store: Option<Store>,
    shared: Arc<Shared>,
    /// What is not on the disk yet.
    pending: Vec<Append>,
}

impl Writer {
    fn run(mut self, receiver: &Receiver<Append>) {
        let mut wait = BACK_OFF.0;
        let mut swept = Instant::now();
        loop {
            let timeout = if self.pending.is_empty() { SWEEP } else { wait };
            match receiver.recv_timeout(timeout) {
                Ok(append) => self.pending.push(append),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            let more = receiver.try_iter().take(BATCH);
            self.pending.extend(more);
            wait = if self.write() { BACK_OFF.0 } else { wait.saturating_mul(2).min(BACK_OFF.1) };
            if swept.elapsed() >= SWEEP {
                swept = Instant::now();
                self.sweep();
            }
        }
        self.pending.extend(receiver.try_iter());
        self.write();
    }

    /// Writes what is pending; says whether nothing is left.
    fn write(&mut self) -> bool {
        if self.pending.is_empty() {
            return true;
        }
        let pending = std::mem::take(&mut self.pending);
        let entries = || pending.iter().flat_map(|append| &append.entries);
        let written = self.store().and_then(|store| store.write(entries()));
        let count = entries().count();
        self.pending = pending;
        match written {
            Ok(()) => {
                self.shared.health.pending().fetch_sub(count, Relaxed);
                self.shared.health.contact();
                self.pending.iter_mut().for_each(|append| append.tell(Ok(())));
                self.pending.clear();
                true
            }
            Err(error) => {
                events::retrying("the revocation file", &error, self.pending.len());
                let reason = NotDurable::new(error.to_string());
                self.pending.iter_mut().for_each(|append| append.tell(Err(reason.clone())));
                // Its handle is of no use after an error.
                self.store = None;
                false
            }
        }
    }

    fn store(&mut self) -> Result<&Store, StoreError> {
        if self.store.is_none() {
            // A new one, where a disk has gone, would lack all that was before.
            must_exist(&self.path)?;
            let store = Store::open(&self.path).map_err(|error| match error {
                OpenError::Store(error) => error,
                other => StoreError::new(other.to_string()),
            })?;
            self.store = Some(store);
        }
        self.store.as_ref().ok_or_else(|| StoreError::new("the file is not open"))
    }

    fn sweep(&mut self) {
        let expired = self.shared.tick();
        if self.store.is_some() {
            self.shared.health.contact();
        }
        let shared = Arc::clone(&self.shared);
        let (now, lifetime, index) = (shared.expiry_now(), shared.lifetime, &shared.index);
        let mut swept = Ok(());
        if expired > 0 {
            swept = self.store().and_then(|store| store.expire(now, lifetime));
        }
        if swept.is_ok() && self.pending.is_empty() && index.take_superseded(SUPERSEDED) {
            swept = self.store().and_then(|store| store.compact(|entry| index.has_cut(entry)));
        }
        if let Err(error) = swept {
            events::retrying("the revocation file", &error, self.pending.len());
            self.store = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{RevocationList, Store};

    #[test]
    fn a_file_that_has_gone_is_not_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let list = RevocationList::builder(Store::file(folder.path().join("list"))).open().unwrap();
        let (path, shared) = (folder.path().join("gone"), list.shared().clone());
        let mut writer = Writer { path, store: None, shared, pending: Vec::new() };
        assert!(writer.store().is_err());
        assert!(!writer.path.exists());
    }
}
