//! Users, notes and devices, in SQLite.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use rusqlite::{Connection, OptionalExtension as _, Params, Row, params};
use waxseal::{SessionRef, UnixTime};

/// `AUTOINCREMENT` never uses an ID again: a revoked user stays one user. The provider's names are
/// its own, so they need not be unique.
const SCHEMA: &str = "
    PRAGMA journal_mode = WAL;
    CREATE TABLE IF NOT EXISTS users (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL COLLATE NOCASE,
        password TEXT,              -- the argon2 hash; NULL for a user of the provider
        provider_id TEXT UNIQUE,
        is_admin INTEGER NOT NULL,
        is_locked INTEGER NOT NULL DEFAULT 0
    );
    CREATE UNIQUE INDEX IF NOT EXISTS names ON users (name) WHERE provider_id IS NULL;
    CREATE TABLE IF NOT EXISTS notes (
        id INTEGER PRIMARY KEY,
        user INTEGER NOT NULL REFERENCES users,
        text TEXT NOT NULL
    );
    CREATE TABLE IF NOT EXISTS devices (
        session TEXT PRIMARY KEY,   -- the session ID
        user INTEGER NOT NULL REFERENCES users,
        issued_at INTEGER NOT NULL,
        stamp INTEGER NOT NULL,
        browser TEXT NOT NULL,
        seen INTEGER NOT NULL
    );
";

#[derive(Clone, Debug)]
pub struct User {
    pub id: i64,
    pub name: String,
    pub password: Option<String>,
    pub is_admin: bool,
    pub is_locked: bool,
}

impl User {
    /// The user ID as text, as in sessions and in the revocation list.
    #[must_use]
    pub fn session_user(&self) -> String {
        self.id.to_string()
    }

    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        let (id, name, password) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(Self { id, name, password, is_admin: row.get(3)?, is_locked: row.get(4)? })
    }
}

#[derive(Clone, Debug)]
pub struct Note {
    pub id: i64,
    pub text: String,
}

#[derive(Clone, Debug)]
pub struct Device {
    pub session: SessionRef,
    pub browser: String,
    pub seen: UnixTime,
}

const USER: &str = "SELECT id, name, password, is_admin, is_locked FROM users WHERE ";

/// One connection. SQLite answers within microseconds; a larger application uses a pool.
#[derive(Clone, Debug)]
pub struct Database(Arc<Mutex<Connection>>);

impl Database {
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let connection = Connection::open(path)?;
        connection.execute_batch(SCHEMA)?;
        Ok(Self(Arc::new(Mutex::new(connection))))
    }

    fn with<T>(&self, run: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> anyhow::Result<T> {
        // A panic leaves no transaction open: each statement is one.
        Ok(run(&self.0.lock().unwrap_or_else(PoisonError::into_inner))?)
    }

    fn execute(&self, statement: &str, values: impl Params) -> anyhow::Result<()> {
        self.with(|db| db.execute(statement, values)).map(drop)
    }

    /// Returns `None` if the name is taken. The first user with a password is the administrator.
    pub fn add_user(
        &self,
        name: &str,
        password: Option<&str>,
        provider_id: Option<&str>,
    ) -> anyhow::Result<Option<User>> {
        const ADD: &str = "INSERT INTO users (name, password, provider_id, is_admin)
            SELECT ?1, ?2, ?3, ?3 IS NULL AND NOT EXISTS (SELECT 1 FROM users WHERE is_admin) WHERE true
            ON CONFLICT DO NOTHING
            RETURNING id, name, password, is_admin, is_locked";
        let user = params![name, password, provider_id];
        self.with(|db| db.query_row(ADD, user, User::from_row).optional())
    }

    pub fn user_by_name(&self, name: &str) -> anyhow::Result<Option<User>> {
        self.user("provider_id IS NULL AND name = ?1", name)
    }

    pub fn user_of_session(&self, id: &str) -> anyhow::Result<Option<User>> {
        self.user("id = ?1", id)
    }

    pub fn user_of_provider(&self, id: &str) -> anyhow::Result<Option<User>> {
        self.user("provider_id = ?1", id)
    }

    fn user(&self, condition: &str, value: &str) -> anyhow::Result<Option<User>> {
        let query = format!("{USER}{condition}");
        self.with(|db| db.query_row(&query, [value], User::from_row).optional())
    }

    pub fn users(&self) -> anyhow::Result<Vec<User>> {
        let all = format!("{USER} true");
        self.with(|db| db.prepare(&all)?.query_map([], User::from_row)?.collect())
    }

    /// Returns whether the password was still `old`, and the account not locked: a request that
    /// began before another change must not undo it.
    pub fn set_password(&self, user: i64, old: Option<&str>, new: &str) -> anyhow::Result<bool> {
        const SET: &str = "UPDATE users SET password = ?3
            WHERE id = ?1 AND password IS ?2 AND NOT is_locked";
        self.with(|db| Ok(db.execute(SET, params![user, old, new])? == 1))
    }

    pub fn set_locked(&self, user: i64, is_locked: bool) -> anyhow::Result<()> {
        self.execute("UPDATE users SET is_locked = ?2 WHERE id = ?1", params![user, is_locked])
    }

    pub fn notes(&self, user: i64) -> anyhow::Result<Vec<Note>> {
        self.with(|db| {
            db.prepare("SELECT id, text FROM notes WHERE user = ?1 ORDER BY id DESC")?
                .query_map([user], |row| Ok(Note { id: row.get(0)?, text: row.get(1)? }))?
                .collect()
        })
    }

    pub fn add_note(&self, user: i64, text: &str) -> anyhow::Result<()> {
        self.execute("INSERT INTO notes (user, text) VALUES (?1, ?2)", params![user, text])
    }

    pub fn remove_note(&self, user: i64, note: i64) -> anyhow::Result<()> {
        self.execute("DELETE FROM notes WHERE user = ?1 AND id = ?2", params![user, note])
    }

    /// Writes at most once a minute, unless the session has changed.
    pub fn see_device(&self, user: i64, device: &Device) -> anyhow::Result<()> {
        const SEE: &str = "INSERT INTO devices (session, user, issued_at, stamp, browser, seen)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6)
            ON CONFLICT (session) DO UPDATE SET stamp = ?4, browser = ?5, seen = ?6
            WHERE seen + 60 < ?6 OR stamp <> ?4";
        let Device { session, browser, seen } = device;
        // SQLite has signed numbers; these are below 2^53.
        let [issued_at, stamp, seen] =
            [session.issued_at.as_secs(), session.stamp, seen.as_secs()].map(u64::cast_signed);
        let row = params![session.id, user, issued_at, stamp, browser, seen];
        self.execute(SEE, row)?;
        // After 30 days, the absolute timeout has ended a session.
        let old = seen - 30 * 24 * 60 * 60;
        self.execute("DELETE FROM devices WHERE user = ?1 AND issued_at < ?2", params![user, old])
    }

    pub fn devices(&self, user: i64) -> anyhow::Result<Vec<Device>> {
        const ALL: &str = "SELECT session, issued_at, stamp, browser, seen FROM devices
            WHERE user = ?1 ORDER BY seen DESC";
        let device = |row: &Row<'_>| {
            let number = |column| row.get::<_, i64>(column).map(i64::cast_unsigned);
            let session = SessionRef {
                id: row.get(0)?,
                user: Some(user.to_string()),
                issued_at: UnixTime::from_secs(number(1)?),
                stamp: number(2)?,
            };
            Ok(Device { session, browser: row.get(3)?, seen: UnixTime::from_secs(number(4)?) })
        };
        self.with(|db| db.prepare(ALL)?.query_map([user], device)?.collect())
    }

    pub fn remove_device(&self, session: &str) -> anyhow::Result<()> {
        self.execute("DELETE FROM devices WHERE session = ?1", params![session])
    }
}
