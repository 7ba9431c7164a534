//! The input is a list of changes to the bytes of an SQLite file with revocations. Reading the
//! file is an error or gives entries, and never panics.
#![cfg_attr(fuzzing, no_main)]

use std::{fs, path::PathBuf, sync::LazyLock};

use arbitrary::Arbitrary;
use waxseal_core::UnixTime;
use waxseal_revocation::{Entry, Store, operator::Operator};

#[derive(Arbitrary, Debug)]
enum Change {
    /// Sets the byte at an offset.
    Byte(u16, u8),
    /// Sets the bytes from an offset on.
    Bytes(u16, [u8; 8]),
    /// Cuts the file.
    Cut(u16),
}

static PATH: LazyLock<PathBuf> =
    LazyLock::new(|| std::env::temp_dir().join(format!("waxseal-fuzz-{}.db", std::process::id())));

/// A file with an entry of each kind.
static FILE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let store = Store::sqlite(&*PATH);
    let _ = fs::remove_file(&*PATH);
    assert!(Operator::create(&store, false).unwrap());
    let mut operator = Operator::open(&store).unwrap();
    operator.revoke_session("AAECAwQFBgcICQoLDA0ODw").unwrap();
    operator.revoke_user("42").unwrap();
    operator.revoke_issued_before(UnixTime::from_secs(1_700_000_000)).unwrap();
    fs::read(&*PATH).unwrap()
});

fuzz::target!(|changes: Vec<Change>| {
    let mut file = FILE.clone();
    for change in changes {
        match change {
            Change::Byte(at, byte) => {
                if let Some(target) = file.get_mut(usize::from(at)) {
                    *target = byte;
                }
            }
            Change::Bytes(at, bytes) => {
                let at = usize::from(at);
                if let Some(target) = file.get_mut(at..at + bytes.len()) {
                    target.copy_from_slice(&bytes);
                }
            }
            Change::Cut(len) => file.truncate(usize::from(len)),
        }
    }
    fs::write(&*PATH, &file).unwrap();
    let Ok(mut operator) = Operator::open(&Store::sqlite(&*PATH)) else { return };
    let mut entries = Vec::new();
    let summary = operator.read(|entry| entries.push(entry));
    if let Ok(Some(summary)) = summary {
        let everyone = entries.iter().filter(|entry| matches!(entry, Entry::Everyone { .. }));
        assert!(everyone.count() <= 1 && summary.last_stamp < 1 << 53);
    }
    let _ = operator.revoke_user("43");
});
