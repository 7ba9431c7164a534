//! Lists over files, filled through the public API.

use std::time::{Duration, Instant};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use waxseal::UnixTime;
use waxseal_core::{Revocations as _, SessionRef};
use waxseal_revocation::{Acknowledgement, RevocationList, Store};

use crate::ours::now;

/// How many entries are on their way to the disk at once.
const BATCH: u32 = 100_000;

/// From this number on, sessions and users are in no list.
pub(super) const GOOD: u32 = 1 << 31;

/// A session with a name of the length that ours have, and a user of its own;
/// begun at some second of the last four weeks.
pub(super) fn session(number: u32) -> SessionRef {
    let hash = Sha256::digest(number.to_le_bytes());
    let ago = u32::from_le_bytes(hash[16..20].try_into().expect("four bytes")) % (28 * 86_400);
    SessionRef {
        id: BASE64_URL_SAFE_NO_PAD.encode(&hash[..16]),
        user: Some(user(number)),
        issued_at: UnixTime::from_secs(now().as_secs() - u64::from(ago)),
    }
}

/// The name of a user, of 12 bytes.
fn user(number: u32) -> String {
    format!("user-{number:07x}")
}

/// A list's file.
pub(super) struct File {
    folder: TempDir,
}

impl File {
    pub(super) fn new() -> Self {
        Self { folder: TempDir::new().expect("a folder") }
    }

    pub(super) fn open(&self) -> RevocationList {
        let log = Store::file(self.folder.path().join("revoked"));
        RevocationList::builder(log).clock(now).open().expect("the file of a list")
    }

    /// How long it takes to open it.
    pub(super) fn opening(&self) -> Duration {
        let start = Instant::now();
        let list = self.open();
        let time = start.elapsed();
        drop(list);
        time
    }

    /// In bytes.
    pub(super) fn size(&self) -> u64 {
        self.folder.path().join("revoked").metadata().expect("the file").len()
    }
}

/// What an entry ends.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Session,
    User,
}

/// Adds entries of these numbers, and waits until all are on the disk.
pub(super) fn fill(list: &RevocationList, kind: Kind, numbers: std::ops::Range<u32>) {
    let end = |number| match kind {
        Kind::Session => list.revoke(session(number), now()),
        Kind::User => list.revoke_user(&user(number)),
    };
    for first in numbers.clone().step_by(BATCH as usize) {
        let batch = first..numbers.end.min(first + BATCH);
        recorded(batch.map(end).collect());
    }
}

/// Waits for all of them.
pub(super) fn recorded(recordings: Vec<Acknowledgement>) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        for recording in recordings {
            recording.await.expect("the log takes it");
        }
    });
}

/// The bytes that a list has allocated for what is in it. `list` is its last
/// handle: what this thread then frees is the list, and its log's thread frees
/// what is that one's own.
pub(super) fn memory(list: RevocationList) -> f64 {
    -allocation_counter::measure(|| drop(list)).bytes_current as f64
}
