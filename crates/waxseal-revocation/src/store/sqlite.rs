//! The store of one machine: an SQLite file that several processes share.
//!
//! The journal is a rollback journal that is truncated, with `synchronous=EXTRA`: a commit
//! is on the disk when it returns. It works with every version of SQLite, unlike WAL, which
//! before 3.51.3 could lose commits of several writers.

mod file;
mod schema;

use std::{path::Path, time::Duration};

use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};
use waxseal_core::Recorded;

use self::{
    file::File,
    schema::{create_tables, has_list, read_head, write_head},
};
use super::{Backend, Everyone};
use crate::{
    clock::{Clock, random},
    entry::{Entry, covers},
    error::StoreError,
    key::{SessionKey, UserKey},
    record::{Head, Item, Position, Request, Transaction, next_stamp, record},
};

/// The number of items in the feed. A server that misses more reads everything again.
const FEED: u32 = 10_000;

pub(super) struct Sqlite {
    connection: Connection,
    file: File,
    clock: Clock,
    /// The file's `data_version`, and the position that `follow` returned for it.
    followed: Option<(i64, Position)>,
}

impl Sqlite {
    pub(super) fn open_or_create(path: &Path) -> Result<Self, StoreError> {
        Self::new(File::open_or_create(path)?)
    }

    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        Self::new(File::open(path)?)
    }

    fn new(file: File) -> Result<Self, StoreError> {
        let connection = connect(file.path())
            .map_err(|error| StoreError::because(file.path().display().to_string(), error))?;
        let sqlite = Self { connection, file, clock: Clock::system(), followed: None };
        sqlite.check()?;
        Ok(sqlite)
    }

    /// Checks that the connection is to the file at the path, and that its commits are in this
    /// file: a `-wal` that appears beside it switches every connection to WAL.
    fn check(&self) -> Result<(), StoreError> {
        self.file.check()?;
        refuse_wal(&self.connection)
    }

    /// Runs a transaction that writes, and commits it.
    fn write<R>(
        &mut self,
        change: impl FnOnce(&mut Tables<'_>) -> Result<R, StoreError>,
    ) -> Result<R, StoreError> {
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // `follow` must return what this connection writes, too.
        self.followed = None;
        if !has_list(&transaction)? {
            return Err(StoreError::new("the revocation file does not contain its list any more"));
        }
        let head = read_head(&transaction)?;
        let mut tables = Tables { transaction: &transaction, head, is_changed: false };
        let result = change(&mut tables)?;
        let (head, is_changed) = (tables.head, tables.is_changed);
        if !is_changed {
            // Every revocation was recorded before, and is durable.
            self.file.check()?;
            return Ok(result);
        }
        write_head(&transaction, head)?;
        // A commit to a file that is not at its path any more must acknowledge nothing.
        self.file.check()?;
        refuse_wal(&transaction)?;
        transaction.commit()?;
        self.file.check()?;
        Ok(result)
    }
}

fn connect(path: &Path) -> Result<Connection, StoreError> {
    use rusqlite::OpenFlags;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    // Newer versions of rusqlite set the handler through `&mut`.
    #[allow(unused_mut)]
    let mut connection = Connection::open_with_flags(path, flags)?;
    // Fair among processes: the waits of SQLite's own handler become longer and longer.
    connection.busy_handler(Some(|tries| {
        std::thread::sleep(Duration::from_millis(1));
        tries < 5000
    }))?;
    refuse_wal(&connection)?;
    connection.execute_batch(
        "PRAGMA journal_mode = TRUNCATE; PRAGMA synchronous = EXTRA; \
         PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA cache_size = -16384;",
    )?;
    // If the file cannot be written, fail now, and not at the first logout.
    connection.execute_batch("BEGIN IMMEDIATE; PRAGMA application_id = 0; ROLLBACK")?;
    let health: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if health == "ok" { Ok(connection) } else { Err(StoreError::because(DAMAGED, health)) }
}

fn refuse_wal(connection: &Connection) -> Result<(), StoreError> {
    let mode: String = connection.query_row("PRAGMA journal_mode", [], |row| row.get(0))?;
    if mode == "wal" {
        return Err(StoreError::new(
            "the revocation file is in WAL mode; stop every server and switch it back: \
             sqlite3 PATH 'PRAGMA journal_mode = DELETE'",
        ));
    }
    Ok(())
}

const DAMAGED: &str = "the revocation file is damaged; move it away: a server creates a new one, \
                       from its copy if it has one; otherwise all users must log in again";

impl Backend for Sqlite {
    fn head(&mut self) -> Result<Option<Head>, StoreError> {
        self.followed = None;
        let transaction = self.connection.transaction()?;
        let head = has_list(&transaction)?.then(|| read_head(&transaction)).transpose()?;
        drop(transaction);
        self.file.check()?;
        Ok(head)
    }

    fn entries(&mut self, visit: &mut dyn FnMut(Entry)) -> Result<(), StoreError> {
        schema::for_each_user(&self.connection, visit)?;
        schema::for_each_session(&self.connection, visit)?;
        self.check()
    }

    fn create(
        &mut self,
        entries: &[Entry],
        stamp: u64,
        everyone: Everyone,
    ) -> Result<bool, StoreError> {
        let (id, random, clock) = (random()?, random()?, self.clock.millis());
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Exclusive)?;
        if has_list(&transaction)? {
            return Ok(false);
        }
        create_tables(&transaction)?;
        let mut tables = Tables {
            transaction: &transaction,
            head: Head { id, ..Head::default() },
            is_changed: true,
        };
        tables.merge(entries)?;
        let stamp = match everyone {
            Everyone::Trusted => stamp,
            Everyone::CutOff => {
                let cutoff = next_stamp(stamp, clock)?;
                tables.put(Entry::Everyone { cutoff })?;
                tables.drop_covered(None, cutoff)?;
                cutoff
            }
        };
        tables.restart_feed(stamp, random)?;
        let head = tables.head;
        write_head(&transaction, head)?;
        transaction.commit()?;
        self.file.check()?;
        Ok(true)
    }

    fn merge(&mut self, entries: &[Entry], stamp: u64, absolute: u64) -> Result<(), StoreError> {
        let random = random()?;
        self.write(|tables| {
            tables.merge(entries)?;
            tables.head.absolute_timeout = tables.head.absolute_timeout.max(absolute);
            tables.restart_feed(stamp, random)
        })
    }

    fn append(
        &mut self,
        requests: &[Request],
        max_sessions: u64,
    ) -> Result<Vec<Recorded>, StoreError> {
        let (clock, random) = (self.clock.millis(), random()?);
        self.write(|tables| {
            let recorded = requests
                .iter()
                .map(|request| record(tables, request, max_sessions, (clock, random)))
                .collect();
            if random % 64 == 0 {
                tables.trim_feed()?;
            }
            recorded
        })
    }

    fn follow(&mut self, position: Position) -> Result<Option<Vec<Item>>, StoreError> {
        self.file.check()?;
        // The version changes with every commit of another connection.
        let version: i64 =
            self.connection.query_row("PRAGMA data_version", [], |row| row.get(0))?;
        refuse_wal(&self.connection)?;
        if self.followed == Some((version, position)) {
            return Ok(Some(Vec::new()));
        }
        let transaction = self.connection.transaction()?;
        if !has_list(&transaction)? {
            return Ok(None);
        }
        let items = schema::feed_from(&transaction, position.stamp)?;
        drop(transaction);
        self.check()?;
        if items.first().is_none_or(|item| item.position != position) {
            return Ok(None);
        }
        let last = items.last().map_or(position, |item| item.position);
        self.followed = Some((version, last));
        Ok(Some(items))
    }

    fn expire(&mut self, horizon: u64) -> Result<(), StoreError> {
        let limit = i64::try_from(horizon).unwrap_or(i64::MAX);
        self.write(|tables| {
            let Tables { transaction, .. } = tables;
            transaction.execute("DELETE FROM users WHERE cutoff / 1000 < ?1", [limit])?;
            transaction.execute("DELETE FROM sessions WHERE since < ?1", [limit])?;
            tables.is_changed = true;
            tables.count_again()
        })
    }

    fn clock(&mut self) -> Result<u64, StoreError> {
        Ok(self.clock.millis() / 1000)
    }
}

/// The tables in one transaction.
struct Tables<'t> {
    transaction: &'t Connection,
    head: Head,
    is_changed: bool,
}

impl Tables<'_> {
    fn merge(&mut self, entries: &[Entry]) -> Result<(), StoreError> {
        entries.iter().try_for_each(|entry| self.put(*entry))
    }

    /// One item that changes nothing, so that a follower of an earlier position finds a gap.
    fn restart_feed(&mut self, stamp: u64, random: u64) -> Result<(), StoreError> {
        self.transaction.execute("DELETE FROM feed", [])?;
        let position = Position { stamp: stamp.max(self.head.position.stamp), random };
        self.head.position = position;
        self.push(Item { position, entry: Entry::Everyone { cutoff: self.head.everyone } })
    }

    fn trim_feed(&self) -> Result<(), StoreError> {
        self.transaction.execute(
            "DELETE FROM feed WHERE stamp <= \
             (SELECT stamp FROM feed ORDER BY stamp DESC LIMIT 1 OFFSET ?1)",
            [FEED],
        )?;
        Ok(())
    }

    fn count_again(&mut self) -> Result<(), StoreError> {
        let count = |sql: &str, key: &[u8]| -> rusqlite::Result<u64> {
            let count: i64 = self.transaction.query_row(sql, [key], |row| row.get(0))?;
            Ok(count.unsigned_abs())
        };
        let without_user = count("SELECT count(*) FROM sessions WHERE user = ?1", &[0; 16])?;
        let others = count("SELECT count(*) FROM sessions WHERE user > ?1", &[0; 16])?;
        self.head.without_user = without_user;
        self.head.sessions = without_user.saturating_add(others);
        Ok(())
    }
}

impl Transaction for Tables<'_> {
    fn head(&mut self) -> &mut Head {
        &mut self.head
    }

    fn has_session(&mut self, user: UserKey, key: SessionKey) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM sessions WHERE user = ?1 AND key = ?2";
        let found =
            self.transaction.query_row(sql, params![user.0, key.0], |_| Ok(())).optional()?;
        Ok(found.is_some())
    }

    fn cutoff(&mut self, user: UserKey) -> Result<u64, StoreError> {
        let sql = "SELECT cutoff FROM users WHERE key = ?1";
        let cutoff: Option<i64> =
            self.transaction.query_row(sql, [user.0], |row| row.get(0)).optional()?;
        Ok(cutoff.unwrap_or(0).unsigned_abs())
    }

    fn count(&mut self, user: UserKey, limit: usize) -> Result<usize, StoreError> {
        let sql = "SELECT count(*) FROM (SELECT 1 FROM sessions WHERE user = ?1 LIMIT ?2)";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let count: i64 =
            self.transaction.query_row(sql, params![user.0, limit], |row| row.get(0))?;
        Ok(usize::try_from(count).unwrap_or(usize::MAX))
    }

    fn put(&mut self, entry: Entry) -> Result<(), StoreError> {
        match entry {
            Entry::Session { key, user, since } => {
                let user = user.unwrap_or(UserKey::NONE);
                let since = u32::try_from(since.as_secs()).unwrap_or(u32::MAX);
                let is_new = !self.has_session(user, key)?;
                let sql = "INSERT INTO sessions (user, key, since) VALUES (?1, ?2, ?3) \
                           ON CONFLICT DO UPDATE SET since = max(since, excluded.since)";
                self.transaction.execute(sql, params![user.0, key.0, since])?;
                self.head.sessions = self.head.sessions.saturating_add(is_new.into());
                let without_user = is_new && user == UserKey::NONE;
                self.head.without_user = self.head.without_user.saturating_add(without_user.into());
            }
            Entry::User { key, cutoff } => {
                let sql = "INSERT INTO users (key, cutoff) VALUES (?1, ?2) \
                           ON CONFLICT DO UPDATE SET cutoff = max(cutoff, excluded.cutoff)";
                let cutoff = i64::try_from(cutoff).unwrap_or(i64::MAX);
                self.transaction.execute(sql, params![key.0, cutoff])?;
            }
            Entry::Everyone { cutoff } => self.head.everyone = self.head.everyone.max(cutoff),
            Entry::IssuedBefore { time } => {
                self.head.issued_before = self.head.issued_before.max(time.as_secs());
            }
        }
        Ok(())
    }

    fn drop_covered(&mut self, user: Option<UserKey>, cutoff: u64) -> Result<(), StoreError> {
        // The latest time that the cutoff covers.
        let since = i64::try_from(cutoff / 1000).unwrap_or(i64::MAX);
        debug_assert!(covers(cutoff, u32::try_from(since).unwrap_or(u32::MAX)));
        let Some(user) = user else {
            self.transaction.execute("DELETE FROM sessions WHERE since <= ?1", [since])?;
            let cutoff = i64::try_from(cutoff).unwrap_or(i64::MAX);
            self.transaction.execute("DELETE FROM users WHERE cutoff <= ?1", [cutoff])?;
            return self.count_again();
        };
        let sql = "DELETE FROM sessions WHERE user = ?1 AND since <= ?2";
        let dropped = self.transaction.execute(sql, params![user.0, since])?;
        let dropped = u64::try_from(dropped).unwrap_or(0);
        self.head.sessions = self.head.sessions.saturating_sub(dropped);
        Ok(())
    }

    fn push(&mut self, item: Item) -> Result<(), StoreError> {
        self.is_changed = true;
        schema::push(self.transaction, item)
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{
            DatabaseBusy, DatabaseCorrupt, DatabaseLocked, DiskFull, NotADatabase, ReadOnly,
            Unknown,
        };
        let code = error.sqlite_error_code();
        // An error without a code, or with an unknown one: a table or a value has changed.
        let is_damaged = matches!(code, None | Some(DatabaseCorrupt | NotADatabase | Unknown));
        let is_of_writing =
            matches!(code, Some(DatabaseBusy | DatabaseLocked | DiskFull | ReadOnly));
        let message =
            if is_damaged { DAMAGED } else { "the revocation file cannot be read or written" };
        let error = Self::because(message, error);
        if is_of_writing { error.of_writing() } else { error }
    }
}
