//! Sessions that were ended one by one.

use std::sync::{
    Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use hashbrown::HashTable;
use waxseal_core::UnixTime;

use super::tag::Tag;
use crate::entry::SessionId;

/// Each has its own lock, and is swept by itself: no request waits for long.
///
/// No power of two, so that some shards get more of the names than others: not
/// all tables grow at once, and at the same time as the one of the counts. A
/// session so takes 71 bytes at most; with 64 shards it was 82.
const SHARDS: usize = 48;

#[derive(Debug)]
pub(super) struct Sessions {
    shards: Vec<RwLock<HashTable<Slot>>>,
    len: AtomicUsize,
    /// How many each user has.
    counts: Mutex<HashTable<Count>>,
}

/// Without padding: a million of these are in memory.
#[derive(Clone, Copy, Debug)]
struct Slot {
    name: [u8; 16],
    /// In seconds since 1970, until 2106.
    until: [u8; 4],
    tag: Tag,
}

#[derive(Clone, Copy, Debug)]
struct Count {
    tag: Tag,
    count: [u8; 2],
}

impl Slot {
    fn until(self) -> UnixTime {
        UnixTime::from_secs(u32::from_le_bytes(self.until).into())
    }

    const fn hash(&self) -> u64 {
        hash(self.name)
    }
}

/// Both halves: names that others have made up may be alike in one.
#[expect(clippy::cast_possible_truncation, reason = "the halves are wanted")]
const fn hash(name: [u8; 16]) -> u64 {
    let name = u128::from_le_bytes(name);
    (name as u64 ^ (name >> 64) as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

impl Default for Sessions {
    fn default() -> Self {
        let shards = (0..SHARDS).map(|_| RwLock::default()).collect();
        Self { shards, len: AtomicUsize::new(0), counts: Mutex::default() }
    }
}

impl Sessions {
    pub(super) fn contains(&self, SessionId(name): SessionId) -> bool {
        self.shard(name)
            .is_some_and(|shard| read(shard).find(hash(name), |slot| slot.name == name).is_some())
    }

    /// Adds a session; says whether it is new, and how many its user then has.
    pub(super) fn insert(
        &self,
        SessionId(name): SessionId,
        until: UnixTime,
        tag: Option<Tag>,
    ) -> (bool, u16) {
        let Some(shard) = self.shard(name) else { return (false, 0) };
        let until = u32::try_from(until.as_secs()).unwrap_or(u32::MAX);
        let slot = Slot { name, until: until.to_le_bytes(), tag: tag.unwrap_or(Tag::NOBODY) };
        let mut table = write(shard);
        if let Some(known) = table.find_mut(slot.hash(), |known| known.name == name) {
            known.until = u32::from_le_bytes(known.until).max(until).to_le_bytes();
            return (false, 0);
        }
        table.insert_unique(slot.hash(), slot, Slot::hash);
        // Counted while nobody can drop it: what is not yet there would be
        // counted off first.
        self.len.fetch_add(1, Relaxed);
        (true, tag.map_or(0, |tag| self.count(tag)))
    }

    /// Drops the sessions of a user that end before `until`; says how many.
    pub(super) fn drop_of(&self, tag: Tag, until: UnixTime) -> usize {
        if self.has(tag) { self.drop(|slot| slot.tag == tag && slot.until() < until) } else { 0 }
    }

    /// Drops the sessions that end before `until`; says how many.
    pub(super) fn drop_before(&self, until: UnixTime) -> usize {
        self.drop(|slot| slot.until() < until)
    }

    /// The latest end among the sessions of a user that is before `until`.
    pub(super) fn latest_of(&self, tag: Tag, until: UnixTime) -> Option<UnixTime> {
        let of_shard = |shard: &RwLock<HashTable<Slot>>| {
            let table = read(shard);
            let slots = table.iter().filter(|slot| slot.tag == tag);
            slots.map(|slot| slot.until()).filter(|end| *end < until).max()
        };
        self.shards.iter().filter_map(of_shard).max()
    }

    pub(super) fn len(&self) -> usize {
        self.len.load(Relaxed)
    }

    #[cfg(any(test, feature = "redis"))]
    pub(super) fn for_each(&self, mut visit: impl FnMut(SessionId, UnixTime)) {
        for shard in &self.shards {
            // A copy, so that no request waits for what the visitor does.
            let slots: Vec<Slot> = read(shard).iter().copied().collect();
            for slot in slots {
                visit(SessionId(slot.name), slot.until());
            }
        }
    }

    fn drop(&self, gone: impl Fn(Slot) -> bool) -> usize {
        let mut dropped = 0_usize;
        for shard in &self.shards {
            // Most often nothing has to go, and reading locks nobody out.
            if !read(shard).iter().any(|slot| gone(*slot)) {
                continue;
            }
            let mut tags = Vec::new();
            let mut table = write(shard);
            table.retain(|slot| {
                let stays = !gone(*slot);
                if !stays {
                    tags.push(slot.tag);
                }
                stays
            });
            if table.len().saturating_mul(4) < table.capacity() {
                table.shrink_to_fit(Slot::hash);
            }
            drop(table);
            dropped = dropped.saturating_add(tags.len());
            self.uncount(&tags);
        }
        self.len.fetch_sub(dropped, Relaxed);
        dropped
    }

    /// One more of a user; says how many there are.
    fn count(&self, tag: Tag) -> u16 {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let found = counts.find_mut(tag.spread(), |count| count.tag == tag);
        let Some(known) = found else {
            let first = Count { tag, count: 1_u16.to_le_bytes() };
            counts.insert_unique(tag.spread(), first, |count| count.tag.spread());
            return 1;
        };
        let count = u16::from_le_bytes(known.count).saturating_add(1);
        known.count = count.to_le_bytes();
        count
    }

    fn uncount(&self, tags: &[Tag]) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        for tag in tags.iter().filter(|tag| **tag != Tag::NOBODY) {
            let Ok(mut known) = counts.find_entry(tag.spread(), |count| count.tag == *tag) else {
                continue;
            };
            match u16::from_le_bytes(known.get().count).saturating_sub(1) {
                0 => drop(known.remove()),
                count => known.get_mut().count = count.to_le_bytes(),
            }
        }
        if counts.len().saturating_mul(4) < counts.capacity() {
            counts.shrink_to_fit(|count| count.tag.spread());
        }
    }

    fn has(&self, tag: Tag) -> bool {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.find(tag.spread(), |count| count.tag == tag).is_some()
    }

    /// By a byte that the tables' hash does not use.
    fn shard(&self, [.., last]: [u8; 16]) -> Option<&RwLock<HashTable<Slot>>> {
        self.shards.get(usize::from(last) % SHARDS)
    }
}

/// Nobody panics with a table half changed; if somebody did, its entries are
/// still the best there is.
fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
