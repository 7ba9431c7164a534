//! The sessions that are revoked one by one.

use std::{collections::HashMap, sync::PoisonError};

use waxseal_core::UnixTime;

use crate::{
    entry::Entry,
    key::{ByKey, SessionKey, UserKey},
    sync::{
        RwLock,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

/// The number of shards. Each shard has its own lock and is pruned separately, so that no
/// request waits long.
///
/// The number is not a power of two: some shards get more keys than others, so that not all
/// tables grow at once. A session takes at most 71 bytes; with 64 shards it took 82.
const SHARDS: usize = 48;

type Shard = RwLock<HashMap<SessionKey, Slot, ByKey>>;

#[derive(Debug)]
pub(super) struct Sessions {
    shards: Vec<Shard>,
    len: AtomicUsize,
    without_user: AtomicUsize,
}

/// Without padding: a million of these are in memory.
#[derive(Clone, Copy, Debug)]
struct Slot {
    user: UserKey,
    /// In seconds since 1970.
    since: [u8; 4],
}

impl Default for Sessions {
    fn default() -> Self {
        let shards = (0..SHARDS).map(|_| Shard::default()).collect();
        Self { shards, len: AtomicUsize::new(0), without_user: AtomicUsize::new(0) }
    }
}

impl Sessions {
    pub(super) fn contains(&self, key: SessionKey) -> bool {
        self.shard(key).is_some_and(|shard| {
            shard.read().unwrap_or_else(PoisonError::into_inner).contains_key(&key)
        })
    }

    /// Returns whether the session is new in the table.
    pub(super) fn insert(&self, key: SessionKey, user: UserKey, since: UnixTime) -> bool {
        let Some(shard) = self.shard(key) else { return false };
        let since = u32::try_from(since.as_secs()).unwrap_or(u32::MAX);
        let mut table = shard.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = table.get_mut(&key) {
            // Keep the known user. An entry from an operator has none, so no cutoff of the user
            // would ever cover it.
            known.since = u32::from_le_bytes(known.since).max(since).to_le_bytes();
            return false;
        }
        table.insert(key, Slot { user, since: since.to_le_bytes() });
        self.len.fetch_add(1, Relaxed);
        if user == UserKey::NONE {
            self.without_user.fetch_add(1, Relaxed);
        }
        true
    }

    pub(super) fn len(&self) -> usize {
        self.len.load(Relaxed)
    }

    pub(super) fn without_user(&self) -> usize {
        self.without_user.load(Relaxed)
    }

    pub(super) fn for_each(&self, mut visit: impl FnMut(Entry)) {
        for shard in &self.shards {
            // Collected first, so that no request waits for `visit`.
            let slots: Vec<_> = {
                let table = shard.read().unwrap_or_else(PoisonError::into_inner);
                table.iter().map(|(key, slot)| (*key, *slot)).collect()
            };
            for (key, Slot { user, since }) in slots {
                let user = Some(user).filter(|user| *user != UserKey::NONE);
                let since = UnixTime::from_secs(u32::from_le_bytes(since).into());
                visit(Entry::Session { key, user, since });
            }
        }
    }

    /// Keeps the sessions for which `keep` returns true, given the user and `since`.
    pub(super) fn retain(&self, keep: impl Fn(UserKey, u32) -> bool) {
        let keep = |slot: &Slot| keep(slot.user, u32::from_le_bytes(slot.since));
        for shard in &self.shards {
            // Usually no session is dropped, and a read lock blocks no request.
            if shard.read().unwrap_or_else(PoisonError::into_inner).values().all(keep) {
                continue;
            }
            let mut table = shard.write().unwrap_or_else(PoisonError::into_inner);
            table.retain(|_, slot| {
                let stays = keep(slot);
                if !stays {
                    self.len.fetch_sub(1, Relaxed);
                    if slot.user == UserKey::NONE {
                        self.without_user.fetch_sub(1, Relaxed);
                    }
                }
                stays
            });
            if table.len().saturating_mul(4) < table.capacity() {
                table.shrink_to_fit();
            }
        }
    }

    /// Selects the shard by the last byte. The hash in its table mixes this byte with others.
    fn shard(&self, SessionKey([.., last]): SessionKey) -> Option<&Shard> {
        self.shards.get(usize::from(last) % SHARDS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shard_has_keys_and_gives_its_memory_back() {
        let sessions = Sessions::default();
        for n in 0..100_u8 {
            for last in 0..=u8::MAX {
                let mut key = SessionKey([n; 16]);
                key.0[15] = last;
                sessions.insert(key, UserKey::NONE, UnixTime::from_secs(n.into()));
            }
        }
        let capacities = || sessions.shards.iter().map(|shard| shard.read().unwrap().capacity());
        assert!(capacities().all(|capacity| capacity >= 400));
        // A smaller table has room, but more than a quarter of this one is in use.
        sessions.retain(|_, since| since < 60);
        assert!(capacities().all(|capacity| capacity >= 500), "a small loss moves no table");
        sessions.retain(|_, since| since < 1);
        assert_eq!((sessions.len(), sessions.without_user()), (256, 256));
        assert!(capacities().all(|capacity| capacity < 30));
    }
}
