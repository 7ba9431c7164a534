//! Lists over files, filled through the public API.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use waxseal::UnixTime;
use waxseal_core::{Revocation, Revocations as _, SessionRef, Target};
use waxseal_revocation::{Acknowledgement, RevocationList, Store};

use crate::ours::now;

/// The number of entries that are written to the disk at once.
const BATCH: u32 = 5000;

/// Sessions and users from this number on are in no list.
pub(super) const GOOD: u32 = 1 << 31;

/// A session with an ID of the usual length and its own user, issued in the last four weeks.
pub(crate) fn session(number: u32) -> SessionRef {
    let hash = Sha256::digest(number.to_le_bytes());
    let ago = u32::from_le_bytes(hash[16..20].try_into().expect("four bytes")) % (28 * 86_400);
    SessionRef {
        id: BASE64_URL_SAFE_NO_PAD.encode(&hash[..16]),
        user: Some(user(number)),
        issued_at: UnixTime::from_secs(now().as_secs() - u64::from(ago)),
        stamp: later(),
    }
}

/// A stamp after the cutoff of a new list.
fn later() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock");
    u64::try_from(since.as_millis()).expect("64 bits") + 10_000
}

/// Revokes a session, as a logout.
pub(crate) fn revoke(list: &RevocationList, session: SessionRef) -> Acknowledgement {
    list.revoke(Revocation { target: Target::Session(session), successor: None })
}

/// The name of a user, of 12 bytes.
fn user(number: u32) -> String {
    format!("user-{number:07x}")
}

/// A revocation file.
pub(super) struct File {
    folder: TempDir,
}

impl File {
    pub(super) fn new() -> Self {
        Self { folder: TempDir::new().expect("a folder") }
    }

    pub(super) fn open(&self) -> RevocationList {
        let store = Store::sqlite(self.folder.path().join("revoked"));
        RevocationList::builder(store).max_sessions(2_000_000).open().expect("the file of a list")
    }

    /// The time to open the file.
    pub(super) fn opening(&self) -> Duration {
        let start = Instant::now();
        let list = self.open();
        let time = start.elapsed();
        drop(list);
        time
    }

    /// The size of the file, in bytes.
    pub(super) fn size(&self) -> u64 {
        self.folder.path().join("revoked").metadata().expect("the file").len()
    }
}

/// The kind of an entry.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Session,
    User,
}

/// Adds entries with these numbers, and waits until all are on the disk.
pub(crate) fn fill(list: &RevocationList, kind: Kind, numbers: std::ops::Range<u32>) {
    let revoke = |number| match kind {
        Kind::Session => revoke(list, session(number)),
        Kind::User => list.revoke_user(&user(number)),
    };
    for first in numbers.clone().step_by(BATCH as usize) {
        let batch = first..numbers.end.min(first + BATCH);
        acknowledged(batch.map(revoke).collect());
    }
}

/// Waits for all acknowledgements.
pub(super) fn acknowledged(acknowledgements: Vec<Acknowledgement>) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        for acknowledgement in acknowledgements {
            acknowledgement.await.expect("the entry is durable");
        }
    });
}

/// The bytes that a list has allocated for its entries. `list` is its last handle, so this thread
/// frees the entries. The memory of the store is freed by the list's thread and is not counted.
pub(super) fn memory(list: RevocationList) -> f64 {
    -allocation_counter::measure(|| drop(list)).bytes_current as f64
}
