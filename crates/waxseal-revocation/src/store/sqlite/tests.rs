//! What the tests of a list do not show, because a list checks the file in several places, and
//! expires nothing within their time.

use std::{fs, path::PathBuf};

use tempfile::TempDir;

use super::*;
use crate::record::{self, Everyone};

const NOW: u64 = 1_800_000_000;

fn file() -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("sessions.db");
    (folder, path)
}

fn create(path: &Path) -> Sqlite {
    let mut sqlite = Sqlite::open_or_create(path).unwrap();
    assert!(record::create(&mut sqlite, &[], 0, Everyone::CutOff).unwrap());
    sqlite
}

#[test]
fn the_progress_of_the_expiry_is_stored() {
    let (_folder, path) = file();
    let (head, _) = record::expire(&mut create(&path), None, NOW).unwrap();
    assert_ne!(head.expiry, Head::default().expiry);
    assert_eq!(Sqlite::open(&path).unwrap().head().unwrap(), Some(head));
}

#[test]
fn the_entries_of_a_replaced_file_are_an_error() {
    let (folder, path) = file();
    let mut sqlite = create(&path);
    sqlite.entries(&mut |_| ()).unwrap();
    create(&folder.path().join("other.db"));
    fs::rename(folder.path().join("other.db"), &path).unwrap();
    let error = sqlite.entries(&mut |_| ()).unwrap_err().to_string();
    assert!(error.contains("was replaced"), "{error}");
}

#[test]
fn a_file_in_wal_mode_is_refused() {
    let (_folder, path) = file();
    drop(create(&path));
    let connection = Connection::open(&path).unwrap();
    connection.execute_batch("PRAGMA journal_mode = WAL").unwrap();
    drop(connection);
    let error = Sqlite::open(&path).err().unwrap().to_string();
    assert!(error.contains("WAL mode"), "{error}");
}
