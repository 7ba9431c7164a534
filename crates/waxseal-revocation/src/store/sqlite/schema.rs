//! The tables of the file.
//!
//! `min_reader` is the oldest schema version whose code understands every entry. A newer
//! release that writes another kind of entry raises it, and an older server then stops trusting
//! its copy, instead of skipping the entry.

use rusqlite::{Connection, OptionalExtension as _, Row, params, types::Type};
use waxseal_core::UnixTime;

use crate::{
    entry::Entry,
    error::StoreError,
    key::{SessionKey, UserKey},
    record::{END_OF_STAMPS, Head, Item, Position},
};

/// The version of the schema that this code reads and writes.
const VERSION: i64 = 1;

const SCHEMA: &str = "
    CREATE TABLE head (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        min_reader INTEGER NOT NULL,
        id INTEGER NOT NULL,
        stamp INTEGER NOT NULL,
        random INTEGER NOT NULL,
        everyone INTEGER NOT NULL,
        issued_before INTEGER NOT NULL,
        absolute_timeout INTEGER NOT NULL,
        sessions INTEGER NOT NULL,
        without_user INTEGER NOT NULL
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
        kind INTEGER NOT NULL,
        key BLOB,
        user BLOB,
        value INTEGER NOT NULL
    ) STRICT;
    PRAGMA user_version = 1;
";

pub(super) fn create_tables(connection: &Connection) -> Result<(), StoreError> {
    connection.execute_batch(SCHEMA)?;
    Ok(())
}

/// Whether the file has a list. A file with other tables is another database.
pub(super) fn has_list(connection: &Connection) -> Result<bool, StoreError> {
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if tables == 0 {
        return Ok(false);
    }
    let sql = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'head'";
    let found = connection.query_row(sql, [], |_| Ok(())).optional()?;
    match found {
        Some(()) => Ok(true),
        None => Err(StoreError::new(
            "the file is another application's database; give the revocation list a file of \
             its own",
        )),
    }
}

pub(super) fn read_head(connection: &Connection) -> Result<Head, StoreError> {
    let sql = "SELECT min_reader, id, stamp, random, everyone, issued_before, absolute_timeout, \
               sessions, without_user FROM head";
    let (min_reader, head) = connection.query_row(sql, [], |row| {
        let number = |index| row.get::<_, i64>(index).map(i64::unsigned_abs);
        let head = Head {
            id: number(1)?,
            position: Position { stamp: stamp(row, 2)?, random: number(3)? },
            everyone: stamp(row, 4)?,
            issued_before: number(5)?,
            absolute_timeout: number(6)?,
            sessions: number(7)?,
            without_user: number(8)?,
        };
        Ok((row.get::<_, i64>(0)?, head))
    })?;
    if min_reader > VERSION {
        return Err(StoreError::new(format!(
            "the revocation file has entries of a newer release (schema version {min_reader}, \
             this release reads {VERSION}); upgrade this program"
        )));
    }
    Ok(head)
}

pub(super) fn write_head(connection: &Connection, head: Head) -> Result<(), StoreError> {
    let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let sql = "INSERT INTO head VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) \
               ON CONFLICT DO UPDATE SET id = ?2, stamp = ?3, random = ?4, everyone = ?5, \
               issued_before = ?6, absolute_timeout = ?7, sessions = ?8, without_user = ?9";
    connection.execute(
        sql,
        params![
            VERSION,
            number(head.id),
            number(head.position.stamp),
            number(head.position.random),
            number(head.everyone),
            number(head.issued_before),
            number(head.absolute_timeout),
            number(head.sessions),
            number(head.without_user),
        ],
    )?;
    Ok(())
}

/// How many rows are read in one transaction, which blocks the commits of other processes.
const PAGE: usize = 10_000;

pub(super) fn for_each_user(
    connection: &Connection,
    visit: &mut dyn FnMut(Entry),
) -> Result<(), StoreError> {
    let sql = "SELECT key, cutoff FROM users WHERE key > ?1 ORDER BY key LIMIT ?2";
    let mut statement = connection.prepare(sql)?;
    let (mut last, mut count) = (Vec::new(), PAGE);
    while count == PAGE {
        count = 0;
        let mut rows = statement.query(params![last, limit()])?;
        let mut end = None;
        while let Some(row) = rows.next()? {
            let key = UserKey(row.get(0)?);
            visit(Entry::User { key, cutoff: stamp(row, 1)? });
            (end, count) = (Some(key), count.saturating_add(1));
        }
        if let Some(key) = end {
            last = key.0.to_vec();
        }
    }
    Ok(())
}

pub(super) fn for_each_session(
    connection: &Connection,
    visit: &mut dyn FnMut(Entry),
) -> Result<(), StoreError> {
    let sql = "SELECT user, key, since FROM sessions WHERE (user, key) > (?1, ?2) \
               ORDER BY user, key LIMIT ?3";
    let mut statement = connection.prepare(sql)?;
    let (mut last, mut count) = ((Vec::new(), Vec::new()), PAGE);
    while count == PAGE {
        count = 0;
        let mut rows = statement.query(params![last.0, last.1, limit()])?;
        let mut end = None;
        while let Some(row) = rows.next()? {
            let (user, key) = (UserKey(row.get(0)?), SessionKey(row.get(1)?));
            let since = UnixTime::from_secs(row.get::<_, u32>(2)?.into());
            let known = Some(user).filter(|user| *user != UserKey::NONE);
            visit(Entry::Session { key, user: known, since });
            (end, count) = (Some((user, key)), count.saturating_add(1));
        }
        if let Some((user, key)) = end {
            last = (user.0.to_vec(), key.0.to_vec());
        }
    }
    Ok(())
}

fn limit() -> i64 {
    i64::try_from(PAGE).unwrap_or(i64::MAX)
}

const SESSION: i64 = 1;
const USER: i64 = 2;
const EVERYONE: i64 = 3;
const ISSUED_BEFORE: i64 = 4;

pub(super) fn push(connection: &Connection, item: Item) -> Result<(), StoreError> {
    let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let (kind, key, user, value) = match item.entry {
        Entry::Session { key, user, since } => (SESSION, Some(key.0), user, since.as_secs()),
        Entry::User { key, cutoff } => (USER, Some(key.0), None, cutoff),
        Entry::Everyone { cutoff } => (EVERYONE, None, None, cutoff),
        Entry::IssuedBefore { time } => (ISSUED_BEFORE, None, None, time.as_secs()),
    };
    let Position { stamp, random } = item.position;
    let user = user.map(|user| user.0);
    connection.execute(
        "INSERT INTO feed VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![number(stamp), number(random), kind, key, user, number(value)],
    )?;
    Ok(())
}

/// The items of the feed from a stamp on.
pub(super) fn feed_from(connection: &Connection, from: u64) -> Result<Vec<Item>, StoreError> {
    let mut statement = connection.prepare(
        "SELECT stamp, random, kind, key, user, value FROM feed WHERE stamp >= ?1 ORDER BY stamp",
    )?;
    let from = i64::try_from(from).unwrap_or(i64::MAX);
    let mut rows = statement.query([from])?;
    let mut items = Vec::new();
    while let Some(row) = rows.next()? {
        let random = row.get::<_, i64>(1)?.unsigned_abs();
        let position = Position { stamp: stamp(row, 0)?, random };
        let entry = to_entry(row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?)?;
        items.push(Item { position, entry });
    }
    Ok(items)
}

/// The entry of an item.
pub(super) fn to_entry(
    kind: i64,
    key: Option<[u8; 16]>,
    user: Option<[u8; 16]>,
    value: i64,
) -> Result<Entry, StoreError> {
    let number = u64::try_from(value).ok().filter(|number| *number < END_OF_STAMPS);
    match (kind, key, number) {
        (SESSION, Some(key), Some(since)) => Ok(Entry::Session {
            key: SessionKey(key),
            user: user.map(UserKey),
            since: UnixTime::from_secs(since),
        }),
        (USER, Some(key), Some(cutoff)) => Ok(Entry::User { key: UserKey(key), cutoff }),
        (EVERYONE, None, Some(cutoff)) => Ok(Entry::Everyone { cutoff }),
        (ISSUED_BEFORE, None, Some(time)) => {
            Ok(Entry::IssuedBefore { time: UnixTime::from_secs(time) })
        }
        _ => Err(StoreError::new("the revocation file has an entry that this release cannot read")),
    }
}

/// A stamp in a column; a damaged file can have anything there.
fn stamp(row: &Row<'_>, index: usize) -> rusqlite::Result<u64> {
    let number: i64 = row.get(index)?;
    let stamp = u64::try_from(number).ok().filter(|stamp| *stamp < END_OF_STAMPS);
    stamp.ok_or_else(|| {
        let error = format!("{number} is not a stamp");
        rusqlite::Error::FromSqlConversionFailure(index, Type::Integer, error.into())
    })
}
