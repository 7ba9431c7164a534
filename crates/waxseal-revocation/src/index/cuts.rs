//! Users all of whose sessions were ended up to a moment.

use std::sync::{
    PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use hashbrown::HashTable;
use waxseal_core::UnixTime;

use super::tag::Tags;

/// Each has its own lock.
const SHARDS: usize = 64;

#[derive(Debug)]
pub(super) struct Cuts {
    shards: Vec<RwLock<HashTable<Cut>>>,
    /// Where there is none, nobody's name is hashed.
    len: AtomicUsize,
}

/// The name in full, because it may have to be published again.
#[derive(Debug)]
struct Cut {
    sub: Box<str>,
    before: u32,
}

impl Default for Cuts {
    fn default() -> Self {
        let shards = (0..SHARDS).map(|_| RwLock::default()).collect();
        Self { shards, len: AtomicUsize::new(0) }
    }
}

impl Cuts {
    /// Whether a session of `sub` that began at `begun` was ended.
    pub(super) fn ends(&self, tags: &Tags, sub: &str, begun: UnixTime) -> bool {
        self.len() > 0 && self.of(tags, sub).is_some_and(|before| begun < before)
    }

    pub(super) fn of(&self, tags: &Tags, sub: &str) -> Option<UnixTime> {
        let hash = tags.hash(sub);
        let table = read(self.shard(hash)?);
        let cut = table.find(hash, |cut| *cut.sub == *sub)?;
        Some(UnixTime::from_secs(cut.before.into()))
    }

    pub(super) fn latest(&self) -> Option<UnixTime> {
        let of_shard =
            |shard: &RwLock<HashTable<Cut>>| read(shard).iter().map(|cut| cut.before).max();
        let latest = self.shards.iter().filter_map(of_shard).max()?;
        Some(UnixTime::from_secs(latest.into()))
    }

    /// Moves a user's cut on; says whether that is later than it was.
    pub(super) fn raise(&self, tags: &Tags, sub: &str, before: UnixTime) -> bool {
        let hash = tags.hash(sub);
        let Some(shard) = self.shard(hash) else { return false };
        let before = u32::try_from(before.as_secs()).unwrap_or(u32::MAX);
        let mut table = write(shard);
        if let Some(known) = table.find_mut(hash, |cut| *cut.sub == *sub) {
            let later = before > known.before;
            known.before = known.before.max(before);
            return later;
        }
        table.insert_unique(hash, Cut { sub: sub.into(), before }, |cut| tags.hash(&cut.sub));
        self.len.fetch_add(1, Relaxed);
        true
    }

    /// Drops the cuts up to a moment; says how many.
    pub(super) fn drop_until(&self, tags: &Tags, moment: UnixTime) -> usize {
        let mut dropped = 0_usize;
        let gone = |cut: &Cut| UnixTime::from_secs(cut.before.into()) <= moment;
        for shard in &self.shards {
            if !read(shard).iter().any(gone) {
                continue;
            }
            let mut table = write(shard);
            let len = table.len();
            table.retain(|cut| !gone(cut));
            if table.len().saturating_mul(4) < table.capacity() {
                table.shrink_to_fit(|cut| tags.hash(&cut.sub));
            }
            dropped = dropped.saturating_add(len.saturating_sub(table.len()));
        }
        self.len.fetch_sub(dropped, Relaxed);
        dropped
    }

    pub(super) fn len(&self) -> usize {
        self.len.load(Relaxed)
    }

    #[cfg(any(test, feature = "redis"))]
    pub(super) fn for_each(&self, mut visit: impl FnMut(&str, UnixTime)) {
        for shard in &self.shards {
            let table = read(shard);
            table.iter().for_each(|cut| visit(&cut.sub, UnixTime::from_secs(cut.before.into())));
        }
    }

    /// By bits that the table's hash does not use to find a group.
    fn shard(&self, hash: u64) -> Option<&RwLock<HashTable<Cut>>> {
        self.shards.get(usize::try_from(hash >> 48).unwrap_or_default() % SHARDS)
    }
}

/// See the sessions: whatever somebody who panicked has left is still the best
/// there is.
fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
