//! The store of one machine: an SQLite file that several processes share.
//!
//! The journal is a rollback journal that is truncated, with `synchronous=EXTRA`: a commit
//! is on the disk when it returns. It works with every version of SQLite, unlike WAL, which
//! before 3.51.3 could lose commits of several writers.

mod file;
mod rows;
mod schema;
#[cfg(test)]
mod tests;

use std::{path::Path, time::Duration};

use rusqlite::{Connection, TransactionBehavior};

use self::{
    file::File,
    schema::{create_tables, has_list, read_head, write_head},
};
use super::Backend;
use crate::{
    clock::Clock,
    entry::Entry,
    error::StoreFailure,
    transaction::{Head, Item, Needs, Position, Rows, Transaction},
};

pub(super) struct Sqlite {
    connection: Connection,
    file: File,
    clock: Clock,
    /// The file's `data_version`, and the position that `follow` returned for it.
    followed: Option<(i64, Position)>,
}

impl Sqlite {
    pub(super) fn open_or_create(path: &Path) -> Result<Self, StoreFailure> {
        Self::new(File::open_or_create(path)?)
    }

    pub(super) fn open(path: &Path) -> Result<Self, StoreFailure> {
        Self::new(File::open(path)?)
    }

    fn new(file: File) -> Result<Self, StoreFailure> {
        let connection = connect(file.path())
            .map_err(|error| StoreFailure::because(file.path().display().to_string(), error))?;
        let sqlite = Self { connection, file, clock: Clock::system(), followed: None };
        sqlite.check()?;
        Ok(sqlite)
    }

    /// Checks that the connection is to the file at the path, and that its commits are in this
    /// file: a `-wal` that appears beside it switches every connection to WAL.
    fn check(&self) -> Result<(), StoreFailure> {
        self.file.check()?;
        refuse_wal(&self.connection)
    }
}

fn connect(path: &Path) -> Result<Connection, StoreFailure> {
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
    if health == "ok" { Ok(connection) } else { Err(StoreFailure::because(DAMAGED, health)) }
}

fn refuse_wal(connection: &Connection) -> Result<(), StoreFailure> {
    let mode: String = connection.query_row("PRAGMA journal_mode", [], |row| row.get(0))?;
    if mode == "wal" {
        return Err(StoreFailure::new(
            "the revocation file is in WAL mode; stop every server and switch it back: \
             sqlite3 PATH 'PRAGMA journal_mode = DELETE'",
        ));
    }
    Ok(())
}

const DAMAGED: &str = "the revocation file is damaged; move it away: a server creates a new one, \
                       from its copy if it has one; otherwise all users must log in again";

impl Backend for Sqlite {
    fn head(&mut self) -> Result<Option<Head>, StoreFailure> {
        self.followed = None;
        let transaction = self.connection.transaction()?;
        let head = has_list(&transaction)?.then(|| read_head(&transaction)).transpose()?;
        drop(transaction);
        self.file.check()?;
        Ok(head)
    }

    fn entries(&mut self, visit: &mut dyn FnMut(Entry)) -> Result<(), StoreFailure> {
        rows::for_each_user(&self.connection, visit)?;
        rows::for_each_session(&self.connection, visit)?;
        self.check()
    }

    fn follow(&mut self, position: Position) -> Result<Option<Vec<Item>>, StoreFailure> {
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
        let items = rows::feed_from(&transaction, position.stamp)?;
        drop(transaction);
        self.check()?;
        if items.first().is_none_or(|item| item.position != position) {
            return Ok(None);
        }
        let last = items.last().map_or(position, |item| item.position);
        self.followed = Some((version, last));
        Ok(Some(items))
    }

    fn transact(
        &mut self,
        needs: &Needs,
        change: &mut (dyn FnMut(&mut Transaction) -> Result<(), StoreFailure> + Send),
    ) -> Result<(), StoreFailure> {
        let sqlite = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // `follow` must return what this connection writes, too.
        self.followed = None;
        let (before, rows) = if has_list(&sqlite)? {
            (Some(read_head(&sqlite)?), rows::load(&sqlite, needs, self.clock.millis())?)
        } else {
            (None, Rows { clock: self.clock.millis(), ..Rows::default() })
        };
        let mut transaction = Transaction::new(before, rows);
        change(&mut transaction)?;
        if transaction.changes.is_empty() && transaction.head == before {
            // Every revocation was recorded before, and is durable.
            return self.file.check();
        }
        if before.is_none() {
            create_tables(&sqlite)?;
        }
        rows::apply(&sqlite, &transaction.changes)?;
        write_head(&sqlite, transaction.head()?)?;
        // A commit to a file that is not at its path any more must acknowledge nothing.
        self.file.check()?;
        refuse_wal(&sqlite)?;
        sqlite.commit()?;
        self.file.check()
    }
}

impl From<rusqlite::Error> for StoreFailure {
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
