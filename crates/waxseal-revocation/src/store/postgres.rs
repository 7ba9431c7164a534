//! The store of many servers that have a Postgres.
//!
//! An advisory lock orders all transactions that write, so that the order of stamps is the order
//! of commits. No statement is prepared, so that pgbouncer can pool transactions.

mod connection;
#[cfg(feature = "postgres-tls")]
mod tls;

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use tokio_postgres::{Client, IsolationLevel, Row, error::SqlState, types::Type};
use waxseal_core::UnixTime;

pub use self::connection::Postgres;
use self::connection::{Connection, within};
use super::Backend;
use crate::{
    entry::Entry,
    error::StoreFailure,
    key::{SessionKey, UserKey},
    transaction::{
        Change, END_OF_STAMPS, Head, Item, Needs, OfUser, Position, Rows, Transaction, VERSION,
    },
};

/// How often a write shows that the server is a primary.
const BEAT: Duration = Duration::from_secs(1);
/// How many sessions one statement adds.
const PUT_AT_ONCE: usize = 20_000;
/// How many rows are read at once.
const PAGE: i64 = 10_000;

/// The settings of a transaction that writes. Its commit must not end before the standby has it:
/// a `statement_timeout` would end the wait, and the commit would look like a success.
const DURABLE: &str = "SELECT set_config('lock_timeout', '3s', true), \
    set_config('statement_timeout', '0', true), \
    set_config('idle_in_transaction_session_timeout', '10s', true), \
    set_config('synchronous_commit', CASE WHEN current_setting('synchronous_commit') \
    IN ('off', 'local') THEN 'on' ELSE current_setting('synchronous_commit') END, true)";

/// All transactions that change the list happen in one order.
const LOCK: &str = "SELECT pg_advisory_xact_lock(hashtext('waxseal revocations'))";

/// Without the rows 'list', a table was emptied, and the head is of a list that is lost.
const HEAD: &str = r#"SELECT min_reader, stamp, random, everyone, issued_before,
    absolute_timeout, next, overdue, expired, sessions, without_user,
    (extract(epoch FROM clock_timestamp()) * 1000)::bigint
    FROM "waxseal".head
    WHERE EXISTS (SELECT FROM "waxseal".sessions WHERE "user" = 'list')
    AND EXISTS (SELECT FROM "waxseal".users WHERE key = 'list')"#;

pub(super) struct PostgresStore {
    connection: Connection,
    last_beat: Option<Instant>,
}

impl PostgresStore {
    pub(super) fn connect(postgres: &Postgres) -> Result<Self, StoreFailure> {
        Ok(Self { connection: postgres.connect()?, last_beat: None })
    }

    /// Returns false if the table is missing.
    fn beat(&mut self) -> Result<bool, StoreFailure> {
        if self.last_beat.is_some_and(|last| last.elapsed() < BEAT) {
            return Ok(true);
        }
        let Connection { waiter, client } = &mut self.connection;
        let has_table = waiter.wait(async {
            let sql = r#"INSERT INTO "waxseal".beat (random) VALUES (1)
                ON CONFLICT (one) DO UPDATE SET random = beat.random + 1"#;
            // Together they are one transaction, which an error ends. At a higher level of
            // isolation, the second of two servers would get an error.
            let isolation = "SET TRANSACTION ISOLATION LEVEL READ COMMITTED";
            let sql = format!("{isolation}; {DURABLE}; {sql}");
            within(unless_missing(client.batch_execute(&sql))).await
        })?;
        self.last_beat = has_table.map(|()| Instant::now());
        Ok(has_table.is_some())
    }
}

impl Backend for PostgresStore {
    fn interval(&self) -> Duration {
        Duration::from_millis(15)
    }

    fn grace(&self) -> Duration {
        Duration::from_secs(5)
    }

    fn head(&mut self) -> Result<Option<Head>, StoreFailure> {
        let Connection { waiter, client } = &mut self.connection;
        waiter.wait(async {
            let rows = within(unless_missing(client.query_typed(HEAD, &[]))).await?;
            Ok(rows.unwrap_or_default().first().map(read_head).transpose()?.map(|(head, _)| head))
        })
    }

    fn entries(&mut self, visit: &mut dyn FnMut(Entry)) -> Result<(), StoreFailure> {
        let sql = r#"SELECT key, cutoff FROM "waxseal".users
            WHERE key > $1 AND key <> 'list' ORDER BY key LIMIT $2"#;
        let mut from = Some(Vec::<u8>::new());
        while let Some(last) = from.take() {
            let Connection { waiter, client } = &mut self.connection;
            let rows = waiter.wait(async {
                let parameters: [Parameter<'_>; 2] = [(&last, Type::BYTEA), (&PAGE, Type::INT8)];
                within(client.query_typed(sql, &parameters)).await
            })?;
            for row in &rows {
                visit(Entry::User { key: UserKey(bytes(row, 0)?), cutoff: stamp(row, 1)? });
            }
            from = rows.last().map(|row| row.try_get(0)).transpose()?;
        }
        let sql = r#"SELECT "user", key, since FROM "waxseal".sessions
            WHERE ("user", key) > ($1, $2) AND "user" <> 'list' ORDER BY "user", key LIMIT $3"#;
        let mut from = Some((Vec::<u8>::new(), Vec::<u8>::new()));
        while let Some((user, key)) = from.take() {
            let Connection { waiter, client } = &mut self.connection;
            let rows = waiter.wait(async {
                let parameters: [Parameter<'_>; 3] =
                    [(&user, Type::BYTEA), (&key, Type::BYTEA), (&PAGE, Type::INT8)];
                within(client.query_typed(sql, &parameters)).await
            })?;
            for row in &rows {
                let (user, key) = (UserKey(bytes(row, 0)?), SessionKey(bytes(row, 1)?));
                let user = Some(user).filter(|user| *user != UserKey::NONE);
                visit(Entry::Session { key, user, since: UnixTime::from_secs(number(row, 2)?) });
            }
            let last =
                rows.last().map(|row| Ok::<_, StoreFailure>((row.try_get(0)?, row.try_get(1)?)));
            from = last.transpose()?;
        }
        Ok(())
    }

    fn follow(&mut self, position: Position) -> Result<Option<Vec<Item>>, StoreFailure> {
        if !self.beat()? {
            return Ok(None);
        }
        let from = signed(position.stamp);
        let Connection { waiter, client } = &mut self.connection;
        let rows = waiter.wait(async {
            // In one snapshot: the feed, if the list is complete.
            let sql = format!(
                r#"SELECT stamp, random, entry FROM "waxseal".feed
                WHERE stamp >= $1 AND EXISTS ({HEAD} AND min_reader <= {VERSION}) AND NOT pg_is_in_recovery()
                ORDER BY stamp"#
            );
            within(unless_missing(client.query_typed(&sql, &[(&from, Type::INT8)]))).await
        })?;
        let mut items = Vec::new();
        for row in &rows.unwrap_or_default() {
            let position = Position { stamp: stamp(row, 0)?, random: number(row, 1)? };
            let entry: Vec<u8> = row.try_get(2)?;
            items.push(Item { position, entry: Entry::from_bytes(&entry)? });
        }
        Ok(items.first().is_some_and(|item| item.position == position).then_some(items))
    }

    fn transact(
        &mut self,
        needs: &Needs,
        change: &mut (dyn FnMut(&mut Transaction) -> Result<(), StoreFailure> + Send),
    ) -> Result<(), StoreFailure> {
        let Connection { waiter, client } = &mut self.connection;
        waiter.wait(async {
            // Every statement sees what was committed before it, also before the lock was given.
            let isolation = IsolationLevel::ReadCommitted;
            let begin = client.build_transaction().isolation_level(isolation).start();
            let postgres = within(begin).await?;
            within(postgres.batch_execute(DURABLE)).await?;
            within(postgres.batch_execute(LOCK)).await?;
            let sql = r#"SELECT count(to_regclass('"waxseal".' || name))
                FROM unnest(ARRAY['head', 'sessions', 'users', 'feed', 'beat']) AS name"#;
            let tables: i64 = within(postgres.query_typed_one(sql, &[])).await?.try_get(0)?;
            if tables < 5 {
                within(postgres.batch_execute(Postgres::SCHEMA)).await?;
            }
            let (before, rows) = load(postgres.client(), needs).await?;
            let mut transaction = Transaction::new(before, rows);
            change(&mut transaction)?;
            if let Some(head) = &transaction.head {
                if before.is_none() {
                    within(postgres.batch_execute(EMPTY)).await?;
                }
                apply(postgres.client(), &transaction.changes).await?;
                // Also without a change: what was recorded before may not have reached the
                // standby, and this commit waits for both.
                write_head(postgres.client(), head).await?;
            }
            within(postgres.commit()).await
        })
    }
}

/// The beginning of a list.
const EMPTY: &str = r#"
    DELETE FROM "waxseal".head; DELETE FROM "waxseal".sessions; DELETE FROM "waxseal".users;
    DELETE FROM "waxseal".feed;
    INSERT INTO "waxseal".head VALUES (true, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    INSERT INTO "waxseal".sessions VALUES ('list', '', 9223372036854775807);
    INSERT INTO "waxseal".users VALUES ('list', 9223372036854775807)"#;

type Parameter<'p> = (&'p (dyn tokio_postgres::types::ToSql + Sync), Type);

async fn load(client: &Client, needs: &Needs) -> Result<(Option<Head>, Rows), StoreFailure> {
    let found = within(client.query_typed(HEAD, &[])).await?;
    let Some((head, mut rows)) = found.first().map(read_head).transpose()? else {
        let sql = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint";
        let clock = number(&within(client.query_typed_one(sql, &[])).await?, 0)?;
        return Ok((None, Rows { clock, ..Rows::default() }));
    };
    let (users, keys): (Vec<_>, Vec<_>) =
        needs.sessions.iter().map(|(user, key)| (&user.0[..], &key.0[..])).unzip();
    let sql = r#"SELECT "user", key FROM "waxseal".sessions
        WHERE ("user", key) IN (SELECT * FROM unnest($1, $2))"#;
    let parameters: [Parameter<'_>; 2] = [(&users, Type::BYTEA_ARRAY), (&keys, Type::BYTEA_ARRAY)];
    for row in &within(client.query_typed(sql, &parameters)).await? {
        rows.sessions.insert((UserKey(bytes(row, 0)?), SessionKey(bytes(row, 1)?)));
    }
    let users: Vec<_> = needs.users.iter().map(|user| &user.0[..]).collect();
    let sql = r#"SELECT u, coalesce((SELECT cutoff FROM "waxseal".users WHERE key = u), 0),
        (SELECT count(*) FROM "waxseal".sessions WHERE "user" = u) FROM unnest($1) AS u"#;
    for row in &within(client.query_typed(sql, &[(&users, Type::BYTEA_ARRAY)])).await? {
        let sessions = usize::try_from(number(row, 2)?).unwrap_or(usize::MAX);
        rows.users.insert(UserKey(bytes(row, 0)?), OfUser { cutoff: stamp(row, 1)?, sessions });
    }
    Ok((Some(head), rows))
}

/// Makes the changes, and counts the sessions. The drops come first: a later entry that a cutoff
/// covers is only superfluous.
async fn apply(client: &Client, changes: &[Change]) -> Result<(), StoreFailure> {
    let (mut sessions, mut users) = (BTreeMap::new(), BTreeMap::new());
    let (mut stamps, mut randoms, mut entries) = (Vec::new(), Vec::new(), Vec::new());
    for change in changes {
        match *change {
            Change::Put(Entry::Session { key, user, since }) => {
                let known = sessions.entry((user.unwrap_or(UserKey::NONE), key)).or_insert(0);
                *known = signed(since.as_secs()).max(*known);
            }
            Change::Put(Entry::User { key, cutoff }) => {
                let known = users.entry(key).or_insert(0);
                *known = signed(cutoff).max(*known);
            }
            // They are in the head.
            Change::Put(Entry::Everyone { .. } | Entry::IssuedBefore { .. }) => {}
            Change::Drop { user, cutoff } => drop_covered(client, user, cutoff).await?,
            Change::Push(Item { position, entry }) => {
                stamps.push(signed(position.stamp));
                randoms.push(signed(position.random));
                entries.push(entry.to_bytes());
            }
        }
    }
    let sessions: Vec<_> = sessions.into_iter().collect();
    for part in sessions.chunks(PUT_AT_ONCE) {
        put_sessions(client, part).await?;
    }
    let keys: Vec<_> = users.keys().map(|user| &user.0[..]).collect();
    let cutoffs: Vec<i64> = users.values().copied().collect();
    let sql = r#"INSERT INTO "waxseal".users (key, cutoff) SELECT * FROM unnest($1, $2)
        ON CONFLICT (key) DO UPDATE SET cutoff = greatest(users.cutoff, excluded.cutoff)"#;
    let parameters: [Parameter<'_>; 2] = [(&keys, Type::BYTEA_ARRAY), (&cutoffs, Type::INT8_ARRAY)];
    within(client.execute_typed(sql, &parameters)).await?;
    let sql = r#"INSERT INTO "waxseal".feed SELECT * FROM unnest($1, $2, $3)"#;
    let parameters: [Parameter<'_>; 3] =
        [(&stamps, Type::INT8_ARRAY), (&randoms, Type::INT8_ARRAY), (&entries, Type::BYTEA_ARRAY)];
    within(client.execute_typed(sql, &parameters)).await?;
    if stamps.iter().any(|stamp| stamp % 1024 == 0) {
        let sql = r#"DELETE FROM "waxseal".feed WHERE stamp <=
            (SELECT stamp FROM "waxseal".feed ORDER BY stamp DESC LIMIT 1 OFFSET 10000)"#;
        within(client.execute_typed(sql, &[])).await?;
    }
    Ok(())
}

async fn put_sessions(
    client: &Client,
    sessions: &[((UserKey, SessionKey), i64)],
) -> Result<(), StoreFailure> {
    let of: Vec<_> = sessions.iter().map(|((user, _), _)| &user.0[..]).collect();
    let keys: Vec<_> = sessions.iter().map(|((_, key), _)| &key.0[..]).collect();
    let since: Vec<i64> = sessions.iter().map(|(_, since)| *since).collect();
    let sql = r#"WITH put AS (
            INSERT INTO "waxseal".sessions ("user", key, since) SELECT * FROM unnest($1, $2, $3)
            ON CONFLICT ("user", key) DO UPDATE SET since = greatest(sessions.since, excluded.since)
            RETURNING "user", xmax = 0 AS is_new
        ) UPDATE "waxseal".head SET
            sessions = sessions + (SELECT count(*) FROM put WHERE is_new),
            without_user = without_user + (SELECT count(*) FROM put WHERE is_new AND "user" = $4)"#;
    let none = &UserKey::NONE.0[..];
    let parameters: [Parameter<'_>; 4] = [
        (&of, Type::BYTEA_ARRAY),
        (&keys, Type::BYTEA_ARRAY),
        (&since, Type::INT8_ARRAY),
        (&none, Type::BYTEA),
    ];
    within(client.execute_typed(sql, &parameters)).await?;
    Ok(())
}

async fn drop_covered(
    client: &Client,
    user: Option<UserKey>,
    cutoff: u64,
) -> Result<(), StoreFailure> {
    let since = signed(cutoff / 1000);
    let none = &UserKey::NONE.0[..];
    let Some(user) = user else {
        let sql = r#"DELETE FROM "waxseal".users WHERE cutoff <= $1"#;
        within(client.execute_typed(sql, &[(&signed(cutoff), Type::INT8)])).await?;
        let sql = r#"DELETE FROM "waxseal".sessions WHERE since <= $1"#;
        within(client.execute_typed(sql, &[(&since, Type::INT8)])).await?;
        // Without the row 'list'.
        let sql = r#"UPDATE "waxseal".head SET
            sessions = (SELECT count(*) - 1 FROM "waxseal".sessions),
            without_user = (SELECT count(*) FROM "waxseal".sessions WHERE "user" = $1)"#;
        within(client.execute_typed(sql, &[(&none, Type::BYTEA)])).await?;
        return Ok(());
    };
    let sql = r#"WITH dropped AS (
            DELETE FROM "waxseal".sessions WHERE "user" = $1 AND since <= $2 RETURNING 1
        ) UPDATE "waxseal".head SET sessions = sessions - (SELECT count(*) FROM dropped)"#;
    let user = &user.0[..];
    within(client.execute_typed(sql, &[(&user, Type::BYTEA), (&since, Type::INT8)])).await?;
    Ok(())
}

fn read_head(row: &Row) -> Result<(Head, Rows), StoreFailure> {
    let mut numbers = [0; 9];
    for (index, found) in numbers.iter_mut().enumerate() {
        *found = number(row, index)?;
    }
    let head = Head::from_numbers(numbers)?.ok_or_else(damaged)?;
    let (all_sessions, without_user) = (number(row, 9)?, number(row, 10)?);
    let rows = Rows { clock: number(row, 11)?, all_sessions, without_user, ..Rows::default() };
    Ok((head, rows))
}

async fn write_head(client: &Client, head: &Head) -> Result<(), StoreFailure> {
    let numbers = head.to_numbers().map(signed);
    let parameters = numbers.each_ref().map(|number| -> Parameter<'_> { (number, Type::INT8) });
    let sql = r#"UPDATE "waxseal".head SET min_reader = $1, stamp = $2, random = $3, everyone = $4,
        issued_before = $5, absolute_timeout = $6, next = $7, overdue = $8, expired = $9"#;
    within(client.execute_typed(sql, &parameters)).await?;
    Ok(())
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn number(row: &Row, index: usize) -> Result<u64, StoreFailure> {
    u64::try_from(row.try_get::<_, i64>(index)?).map_err(|_| damaged())
}

fn stamp(row: &Row, index: usize) -> Result<u64, StoreFailure> {
    Some(number(row, index)?).filter(|stamp| *stamp < END_OF_STAMPS).ok_or_else(damaged)
}

fn bytes(row: &Row, index: usize) -> Result<[u8; 16], StoreFailure> {
    row.try_get::<_, &[u8]>(index)?.try_into().map_err(|_| damaged())
}

fn damaged() -> StoreFailure {
    StoreFailure::new(
        "the revocation list in Postgres is damaged; drop its schema: a server creates a new one, \
         from its copy if it has one; otherwise all users must log in again",
    )
}

/// Returns `None` if the tables do not exist.
async fn unless_missing<T>(
    statement: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> Result<Option<T>, tokio_postgres::Error> {
    match statement.await {
        Ok(result) => Ok(Some(result)),
        Err(error) => match error.code() {
            Some(&SqlState::UNDEFINED_TABLE | &SqlState::INVALID_SCHEMA_NAME) => Ok(None),
            _ => Err(error),
        },
    }
}

impl From<tokio_postgres::Error> for StoreFailure {
    fn from(error: tokio_postgres::Error) -> Self {
        let message = "the revocation list in Postgres cannot be read or written";
        let is_locked = error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE);
        let error = match error.as_db_error() {
            Some(error) => Self::because(message, error.message().to_owned()),
            None => Self::because(message, error),
        };
        // Another server's transaction hangs; this connection is good.
        if is_locked { error.of_writing() } else { error }
    }
}
