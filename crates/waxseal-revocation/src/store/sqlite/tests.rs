//! What the tests of a list do not show, because a list checks the file in several places, and
//! expires nothing within their time.

use std::{fs, path::PathBuf};

use tempfile::TempDir;

use waxseal_core::UnixTime;

use super::*;
use crate::{
    key::{SessionKey, UserKey},
    record::{self, Everyone},
    request::{Request, Revoke},
    transaction::END_OF_STAMPS,
};

const NOW: u64 = 1_800_000_000;

pub(super) fn file() -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("sessions.db");
    (folder, path)
}

fn create(path: &Path) -> Sqlite {
    let mut sqlite = Sqlite::open_or_create(path).unwrap();
    assert!(record::create(&mut sqlite, &[], 0, Everyone::CutOff).unwrap());
    sqlite
}

fn transact(sqlite: &mut Sqlite, mut change: impl FnMut(&mut Transaction) + Send) {
    let mut change = |transaction: &mut Transaction| {
        change(transaction);
        Ok(())
    };
    sqlite.transact(&Needs::default(), &mut change).unwrap();
}

fn session(number: u32, since: u64) -> Entry {
    let mut key = [0; 16];
    key[..4].copy_from_slice(&number.to_be_bytes());
    Entry::Session { key: SessionKey(key), user: None, since: UnixTime::from_secs(since) }
}

fn item(stamp: u64) -> Item {
    Item { position: Position { stamp, random: 1 }, entry: session(1, NOW) }
}

#[test]
fn entries_are_read_in_pages() {
    let (_folder, path) = file();
    let mut sqlite = create(&path);
    transact(&mut sqlite, |transaction| {
        for number in 0..10_001_u32 {
            transaction.put(session(number, NOW)).unwrap();
            let key = UserKey::new(&number.to_string());
            transaction.put(Entry::User { key, cutoff: 1 }).unwrap();
        }
        transaction.push(item(END_OF_STAMPS - 2)).unwrap();
    });
    let (mut sessions, mut users) = (0, 0);
    let mut count = |entry| match entry {
        Entry::Session { .. } => sessions += 1,
        _ => users += 1,
    };
    sqlite.entries(&mut count).unwrap();
    assert_eq!((sessions, users), (10_001, 10_001));
}

#[test]
fn the_feed_is_bounded() {
    let (_folder, path) = file();
    let mut sqlite = create(&path);
    let first = NOW * 1000;
    transact(&mut sqlite, |transaction| {
        (0..12_000).for_each(|number| transaction.push(item(first + number)).unwrap());
    });
    let items = sqlite.follow(Position { stamp: first + 11_999, random: 1 }).unwrap();
    assert_eq!(items.unwrap().len(), 1);
    let count = "SELECT count(*) FROM feed";
    let count: u32 = sqlite.connection.query_row(count, [], |row| row.get(0)).unwrap();
    assert!((10_000..=10_000 + 1024).contains(&count), "{count}");
}

#[test]
fn a_cutoff_of_everyone_drops_only_what_it_covers() {
    let (_folder, path) = file();
    let mut sqlite = create(&path);
    transact(&mut sqlite, |transaction| {
        transaction.put(session(1, NOW)).unwrap();
        transaction.put(session(2, NOW + 1)).unwrap();
        transaction.push(item(NOW * 1000)).unwrap();
    });
    transact(&mut sqlite, |transaction| {
        transaction.drop_covered(None, NOW * 1000);
        transaction.push(item(NOW * 1000 + 1)).unwrap();
    });
    let mut left = Vec::new();
    sqlite.entries(&mut |entry| left.push(entry)).unwrap();
    assert_eq!(left, [session(2, NOW + 1)]);
}

#[test]
fn a_stamp_is_the_time_of_the_clock() {
    let (_folder, path) = file();
    let mut sqlite = Sqlite::open_or_create(&path).unwrap();
    record::create(&mut sqlite, &[], 1, Everyone::Trusted).unwrap();
    let request = Request { target: Revoke::User(UserKey::new("42")), successor: None };
    let before = Clock::system().millis();
    let [recorded] = record::append(&mut sqlite, &[request], 100).unwrap().recorded[..] else {
        panic!()
    };
    assert!(recorded.stamp >= before, "{}", recorded.stamp);
}

#[test]
fn a_number_that_is_no_stamp_is_an_error() {
    let (_folder, path) = file();
    let mut sqlite = create(&path);
    transact(&mut sqlite, |transaction| {
        transaction.put(Entry::User { key: UserKey::new("42"), cutoff: 1 }).unwrap();
        transaction.push(item(NOW * 1000)).unwrap();
    });
    for (number, is_stamp) in [(END_OF_STAMPS - 1, true), (END_OF_STAMPS, false)] {
        let sql = "UPDATE users SET cutoff = ?1";
        sqlite.connection.execute(sql, [i64::try_from(number).unwrap()]).unwrap();
        assert_eq!(sqlite.entries(&mut |_| ()).is_ok(), is_stamp, "{number}");
    }
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
