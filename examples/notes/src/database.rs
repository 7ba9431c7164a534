//! Users, notes and devices, in SQLite.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use rusqlite::{Connection, OptionalExtension as _, Params, Row, params};
use waxseal::{SessionRef, UnixTime};

use crate::failure::Failure;

/// `AUTOINCREMENT` never uses an ID again: a revoked user stays one user.
const SCHEMA: &str = "
    PRAGMA journal_mode = WAL;
    CREATE TABLE IF NOT EXISTS users (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL UNIQUE COLLATE NOCASE,
        password TEXT,              -- the argon2 hash; NULL for a user of the provider
        provider_id TEXT UNIQUE,
        is_admin INTEGER NOT NULL,
        is_locked INTEGER NOT NULL DEFAULT 0
    );
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
    pub fn open(path: &Path) -> Result<Self, Failure> {
        let connection = Connection::open(path)?;
        connection.execute_batch(SCHEMA)?;
        Ok(Self(Arc::new(Mutex::new(connection))))
    }

    fn with<T>(&self, run: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, Failure> {
        // A panic leaves no transaction open: each statement is one.
        Ok(run(&self.0.lock().unwrap_or_else(PoisonError::into_inner))?)
    }

    fn execute(&self, statement: &str, values: impl Params) -> Result<(), Failure> {
        self.with(|db| db.execute(statement, values)).map(drop)
    }

    /// Returns `None` if the name is taken. The first user is an administrator.
    pub fn add_user(
        &self,
        name: &str,
        password: Option<&str>,
        provider_id: Option<&str>,
    ) -> Result<Option<User>, Failure> {
        const ADD: &str = "INSERT INTO users (name, password, provider_id, is_admin)
            SELECT ?1, ?2, ?3, NOT EXISTS (SELECT 1 FROM users) WHERE true
            ON CONFLICT DO NOTHING
            RETURNING id, name, password, is_admin, is_locked";
        self.with(|db| {
            db.query_row(ADD, params![name, password, provider_id], User::from_row).optional()
        })
    }

    pub fn user_by_name(&self, name: &str) -> Result<Option<User>, Failure> {
        self.user("name = ?1", name)
    }

    pub fn user_of_session(&self, id: &str) -> Result<Option<User>, Failure> {
        self.user("id = ?1", id)
    }

    pub fn user_of_provider(&self, id: &str) -> Result<Option<User>, Failure> {
        self.user("provider_id = ?1", id)
    }

    fn user(&self, condition: &str, value: &str) -> Result<Option<User>, Failure> {
        let query = format!("{USER}{condition}");
        self.with(|db| db.query_row(&query, [value], User::from_row).optional())
    }

    pub fn users(&self) -> Result<Vec<User>, Failure> {
        self.with(|db| {
            db.prepare(&format!("{USER} true"))?.query_map([], User::from_row)?.collect()
        })
    }

    pub fn set_password(&self, user: i64, hash: &str) -> Result<(), Failure> {
        self.execute("UPDATE users SET password = ?2 WHERE id = ?1", params![user, hash])
    }

    pub fn set_locked(&self, user: i64, is_locked: bool) -> Result<(), Failure> {
        self.execute("UPDATE users SET is_locked = ?2 WHERE id = ?1", params![user, is_locked])
    }

    pub fn notes(&self, user: i64) -> Result<Vec<Note>, Failure> {
        self.with(|db| {
            db.prepare("SELECT id, text FROM notes WHERE user = ?1 ORDER BY id DESC")?
                .query_map([user], |row| Ok(Note { id: row.get(0)?, text: row.get(1)? }))?
                .collect()
        })
    }

    pub fn add_note(&self, user: i64, text: &str) -> Result<(), Failure> {
        self.execute("INSERT INTO notes (user, text) VALUES (?1, ?2)", params![user, text])
    }

    pub fn remove_note(&self, user: i64, note: i64) -> Result<(), Failure> {
        self.execute("DELETE FROM notes WHERE user = ?1 AND id = ?2", params![user, note])
    }

    /// Writes at most once a minute, unless the session has changed.
    pub fn see_device(&self, user: i64, device: &Device) -> Result<(), Failure> {
        const SEE: &str = "INSERT INTO devices (session, user, issued_at, stamp, browser, seen)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6)
            ON CONFLICT (session) DO UPDATE SET stamp = ?4, browser = ?5, seen = ?6
            WHERE seen + 60 < ?6 OR stamp <> ?4";
        let Device { session, browser, seen } = device;
        // SQLite has signed numbers; these are below 2^53.
        let [issued_at, stamp, seen] =
            [session.issued_at.as_secs(), session.stamp, seen.as_secs()].map(u64::cast_signed);
        let row = params![session.id, user, issued_at, stamp, browser, seen];
        self.execute(SEE, row)
    }

    pub fn devices(&self, user: i64) -> Result<Vec<Device>, Failure> {
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

    pub fn remove_device(&self, session: &str) -> Result<(), Failure> {
        self.execute("DELETE FROM devices WHERE session = ?1", params![session])
    }
}
