//! The tables of the file.

use rusqlite::{Connection, OptionalExtension as _, Row, types::Type};

use super::DAMAGED;
use crate::{
    error::StoreFailure,
    transaction::{END_OF_STAMPS, Head},
};

const SCHEMA: &str = "
    CREATE TABLE head (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        min_reader INTEGER NOT NULL,
        stamp INTEGER NOT NULL,
        random INTEGER NOT NULL,
        everyone INTEGER NOT NULL,
        issued_before INTEGER NOT NULL,
        absolute_timeout INTEGER NOT NULL,
        next INTEGER NOT NULL,
        overdue INTEGER NOT NULL,
        expired INTEGER NOT NULL,
        -- The number of rows in `sessions`, and of those without a user.
        sessions INTEGER NOT NULL DEFAULT 0,
        without_user INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    -- Without a user: 16 zero bytes. The order finds all sessions of a user at once.
    CREATE TABLE sessions (
        user BLOB NOT NULL,
        key BLOB NOT NULL,
        since INTEGER NOT NULL,
        PRIMARY KEY (user, key)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE users (
        key BLOB PRIMARY KEY,
        cutoff INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE feed (
        stamp INTEGER PRIMARY KEY,
        random INTEGER NOT NULL,
        entry BLOB NOT NULL
    ) STRICT;
    INSERT INTO head VALUES (1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    PRAGMA user_version = 1;
";

pub(super) fn create_tables(connection: &Connection) -> Result<(), StoreFailure> {
    connection.execute_batch(SCHEMA)?;
    Ok(())
}

/// Whether the file has a list. A file with other tables is another database.
pub(super) fn has_list(connection: &Connection) -> Result<bool, StoreFailure> {
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if tables == 0 {
        return Ok(false);
    }
    let sql = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'head'";
    let found = connection.query_row(sql, [], |_| Ok(())).optional()?;
    match found {
        Some(()) => Ok(true),
        None => Err(StoreFailure::new(
            "the file is another application's database; give the revocation list a file of \
             its own",
        )),
    }
}

pub(super) fn read_head(connection: &Connection) -> Result<Head, StoreFailure> {
    let sql = "SELECT min_reader, stamp, random, everyone, issued_before, absolute_timeout, \
               next, overdue, expired FROM head";
    let mut numbers = [0; 9];
    connection.query_row(sql, [], |row| {
        for (index, number) in numbers.iter_mut().enumerate() {
            // A negative number is a stamp of no store.
            *number = row.get::<_, i64>(index)?.try_into().unwrap_or(u64::MAX);
        }
        Ok(())
    })?;
    Head::from_numbers(numbers)?.ok_or_else(|| StoreFailure::new(DAMAGED))
}

pub(super) fn write_head(connection: &Connection, head: &Head) -> Result<(), StoreFailure> {
    let sql = "UPDATE head SET min_reader = ?1, stamp = ?2, random = ?3, everyone = ?4, \
               issued_before = ?5, absolute_timeout = ?6, next = ?7, overdue = ?8, expired = ?9";
    let numbers = head.to_numbers().map(|number| i64::try_from(number).unwrap_or(i64::MAX));
    connection.execute(sql, numbers)?;
    Ok(())
}

/// A stamp in a column; a damaged file can have anything there.
pub(super) fn stamp(row: &Row<'_>, index: usize) -> rusqlite::Result<u64> {
    let number: i64 = row.get(index)?;
    let stamp = u64::try_from(number).ok().filter(|stamp| *stamp < END_OF_STAMPS);
    stamp.ok_or_else(|| {
        let error = format!("{number} is not a stamp");
        rusqlite::Error::FromSqlConversionFailure(index, Type::Integer, error.into())
    })
}
