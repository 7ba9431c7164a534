//! The rows of the tables: read in pages, loaded for a transaction, and changed by it.

use rusqlite::{Connection, OptionalExtension as _, Params, Row, params};
use waxseal_core::UnixTime;

use super::schema::stamp;
use crate::{
    entry::Entry,
    error::StoreFailure,
    key::{SessionKey, UserKey},
    transaction::{Change, Item, Needs, OfUser, Position, Rows},
};

/// How many rows are read in one transaction, which blocks the commits of other processes.
const PAGE: i64 = 10_000;

/// The number of items in the feed. A server that misses more reads everything again.
const FEED: u32 = 10_000;

pub(super) fn for_each_user(
    connection: &Connection,
    visit: &mut dyn FnMut(Entry),
) -> Result<(), StoreFailure> {
    let sql = "SELECT key, cutoff FROM users WHERE key > ?1 ORDER BY key LIMIT ?2";
    let mut last = Some(Vec::new());
    while let Some(from) = last.take() {
        page(connection, sql, params![from, PAGE], |row, is_last| {
            let key = UserKey(row.get(0)?);
            visit(Entry::User { key, cutoff: stamp(row, 1)? });
            last = is_last.then(|| key.0.to_vec());
            Ok(())
        })?;
    }
    Ok(())
}

pub(super) fn for_each_session(
    connection: &Connection,
    visit: &mut dyn FnMut(Entry),
) -> Result<(), StoreFailure> {
    let sql = "SELECT user, key, since FROM sessions WHERE (user, key) > (?1, ?2) \
               ORDER BY user, key LIMIT ?3";
    let mut last = Some((Vec::new(), Vec::new()));
    while let Some((user, key)) = last.take() {
        page(connection, sql, params![user, key, PAGE], |row, is_last| {
            let (user, key) = (UserKey(row.get(0)?), SessionKey(row.get(1)?));
            let since = UnixTime::from_secs(row.get::<_, u32>(2)?.into());
            visit(Entry::Session {
                key,
                user: Some(user).filter(|user| *user != UserKey::NONE),
                since,
            });
            last = is_last.then(|| (user.0.to_vec(), key.0.to_vec()));
            Ok(())
        })?;
    }
    Ok(())
}

/// Reads one page, in one transaction. `visit` gets each row, and whether it fills the page.
fn page(
    connection: &Connection,
    sql: &str,
    from: impl Params,
    mut visit: impl FnMut(&Row<'_>, bool) -> rusqlite::Result<()>,
) -> Result<(), StoreFailure> {
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query(from)?;
    let mut count = 0_i64;
    while let Some(row) = rows.next()? {
        count = count.saturating_add(1);
        visit(row, count == PAGE)?;
    }
    Ok(())
}

/// The items of the feed from a stamp on.
pub(super) fn feed_from(connection: &Connection, from: u64) -> Result<Vec<Item>, StoreFailure> {
    let sql = "SELECT stamp, random, entry FROM feed WHERE stamp >= ?1 ORDER BY stamp";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([number(from)])?;
    let mut items = Vec::new();
    while let Some(row) = rows.next()? {
        let random = row.get::<_, i64>(1)?.unsigned_abs();
        let position = Position { stamp: stamp(row, 0)?, random };
        let entry: Vec<u8> = row.get(2)?;
        items.push(Item { position, entry: Entry::from_bytes(&entry)? });
    }
    Ok(items)
}

pub(super) fn load(
    connection: &Connection,
    needs: &Needs,
    clock: u64,
) -> Result<Rows, StoreFailure> {
    let mut rows = Rows { clock, ..Rows::default() };
    let sql = "SELECT sessions, without_user FROM head";
    let counts: (i64, i64) = connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    (rows.all_sessions, rows.without_user) = (counts.0.unsigned_abs(), counts.1.unsigned_abs());
    let mut session = connection.prepare("SELECT 1 FROM sessions WHERE user = ?1 AND key = ?2")?;
    for (user, key) in &needs.sessions {
        if session.exists(params![user.0, key.0])? {
            rows.sessions.insert((*user, *key));
        }
    }
    let mut cutoff = connection.prepare("SELECT cutoff FROM users WHERE key = ?1")?;
    let mut sessions = connection.prepare("SELECT count(*) FROM sessions WHERE user = ?1")?;
    for user in &needs.users {
        let cutoff = cutoff.query_row([user.0], |row| stamp(row, 0)).optional()?.unwrap_or(0);
        let sessions: i64 = sessions.query_row([user.0], |row| row.get(0))?;
        let sessions = usize::try_from(sessions).unwrap_or(usize::MAX);
        rows.users.insert(*user, OfUser { cutoff, sessions });
    }
    Ok(rows)
}

/// Makes the changes, and counts the sessions.
pub(super) fn apply(connection: &Connection, changes: &[Change]) -> Result<(), StoreFailure> {
    let mut insert = connection
        .prepare("INSERT OR IGNORE INTO sessions (user, key, since) VALUES (?1, ?2, ?3)")?;
    let (mut added, mut without_user) = (0_i64, 0_i64);
    for change in changes {
        match *change {
            Change::Put(Entry::Session { key, user, since }) => {
                let since = u32::try_from(since.as_secs()).unwrap_or(u32::MAX);
                let of = user.unwrap_or(UserKey::NONE);
                if insert.execute(params![of.0, key.0, since])? == 1 {
                    added = added.saturating_add(1);
                    without_user = without_user.saturating_add(user.is_none().into());
                } else {
                    let sql = "UPDATE sessions SET since = max(since, ?3) \
                               WHERE user = ?1 AND key = ?2";
                    connection.execute(sql, params![of.0, key.0, since])?;
                }
            }
            Change::Put(Entry::User { key, cutoff }) => {
                let sql = "INSERT INTO users (key, cutoff) VALUES (?1, ?2) \
                           ON CONFLICT DO UPDATE SET cutoff = max(cutoff, excluded.cutoff)";
                connection.execute(sql, params![key.0, number(cutoff)])?;
            }
            // They are in the head.
            Change::Put(Entry::Everyone { .. } | Entry::IssuedBefore { .. }) => {}
            Change::Drop { user: Some(user), cutoff } => {
                let sql = "DELETE FROM sessions WHERE user = ?1 AND since <= ?2";
                let dropped = connection.execute(sql, params![user.0, number(cutoff / 1000)])?;
                added = added.saturating_sub_unsigned(dropped.try_into().unwrap_or(u64::MAX));
            }
            Change::Drop { user: None, cutoff } => {
                let sql = "DELETE FROM sessions WHERE since <= ?1";
                connection.execute(sql, [number(cutoff / 1000)])?;
                connection.execute("DELETE FROM users WHERE cutoff <= ?1", [number(cutoff)])?;
                let sql = "UPDATE head SET sessions = (SELECT count(*) FROM sessions), \
                           without_user = (SELECT count(*) FROM sessions WHERE user = ?1)";
                connection.execute(sql, [UserKey::NONE.0])?;
                (added, without_user) = (0, 0);
            }
            Change::Push(item) => push(connection, item)?,
        }
    }
    let sql = "UPDATE head SET sessions = max(0, sessions + ?1), \
               without_user = max(0, without_user + ?2)";
    connection.execute(sql, [added, without_user])?;
    Ok(())
}

fn push(connection: &Connection, Item { position, entry }: Item) -> Result<(), StoreFailure> {
    let Position { stamp, random } = position;
    let sql = "INSERT INTO feed (stamp, random, entry) VALUES (?1, ?2, ?3)";
    connection.execute(sql, params![number(stamp), number(random), entry.to_bytes()])?;
    if stamp % 1024 == 0 {
        let sql = "DELETE FROM feed WHERE stamp <= \
                   (SELECT stamp FROM feed ORDER BY stamp DESC LIMIT 1 OFFSET ?1)";
        connection.execute(sql, [FEED])?;
    }
    Ok(())
}

fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
