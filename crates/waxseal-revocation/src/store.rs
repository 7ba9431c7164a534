//! Revocation stores: the source of truth behind every server's copy.

pub(crate) mod memory;
#[cfg(feature = "postgres")]
pub(crate) mod postgres;
#[cfg(feature = "redis")]
mod redis;
#[cfg(feature = "sqlite")]
mod sqlite;

#[cfg(feature = "sqlite")]
use std::path::PathBuf;
use std::{fmt, time::Duration};

use self::memory::Memory;
#[cfg(feature = "postgres")]
pub use self::postgres::Postgres;
#[cfg(feature = "postgres")]
use self::postgres::PostgresStore;
#[cfg(feature = "redis")]
pub use self::redis::Redis;
#[cfg(feature = "redis")]
use self::redis::RedisStore;
#[cfg(feature = "sqlite")]
use self::sqlite::Sqlite;
use crate::{
    entry::Entry,
    error::{StoreError, StoreFailure},
    transaction::{Head, Item, Needs, Position, Transaction},
};

/// A connection to a store, which one thread uses. After an error the loop drops it, unless
/// the store is only locked.
///
/// A store has a head, the revoked sessions, the cutoffs of users, and a *feed*: its latest
/// records, in the order of their stamps, which every server reads into its copy.
pub(crate) trait Backend: Send {
    /// How often the loop reads the store. A revocation of another process stays unknown for at
    /// most this long, plus the time of a read.
    fn interval(&self) -> Duration {
        Duration::from_millis(50)
    }

    /// How long the store must stay empty before a server that does not know the list creates
    /// one, which revokes everyone.
    fn grace(&self) -> Duration {
        Duration::ZERO
    }

    /// Reads the head. `None` if the store has no list yet.
    fn head(&mut self) -> Result<Option<Head>, StoreFailure>;

    /// Reads the sessions and the cutoffs of users: all that were recorded before the last call
    /// of `head`, except those that a later cutoff in the feed covers.
    fn entries(&mut self, visit: &mut dyn FnMut(Entry)) -> Result<(), StoreFailure>;

    /// Returns the items of the feed from a position on, *with* the item at the position.
    /// `None` if that item is missing: the store is another one, or has lost something.
    ///
    /// An answer counts as contact with the store.
    fn follow(&mut self, position: Position) -> Result<Option<Vec<Item>>, StoreFailure>;

    /// Runs one transaction: reads the head and the rows that it needs, calls `change`, and
    /// commits the changes durably. All transactions of a store happen in one order: another
    /// process changes nothing in between. A store can call `change` again, with new rows, after
    /// it has lost a race.
    fn transact(
        &mut self,
        needs: &Needs,
        change: &mut (dyn FnMut(&mut Transaction) -> Result<(), StoreFailure> + Send),
    ) -> Result<(), StoreFailure>;
}

/// Where the list is stored.
#[derive(Clone)]
pub struct Store(Kind);

#[derive(Clone)]
enum Kind {
    Memory(Memory),
    #[cfg(feature = "sqlite")]
    Sqlite(PathBuf),
    #[cfg(feature = "redis")]
    Redis(Redis),
    #[cfg(feature = "postgres")]
    Postgres(Box<Postgres>),
}

impl Store {
    pub(crate) fn memory(memory: Memory) -> Self {
        Self(Kind::Memory(memory))
    }

    /// Stores the list in an SQLite file, which all server processes of one machine share. The
    /// list creates a missing file, readable and writable by its owner only. The folder must be
    /// on a local disk.
    ///
    /// A new list does not know earlier revocations, so it revokes every session that was
    /// issued before: all users must log in once more.
    #[cfg(feature = "sqlite")]
    pub fn sqlite(path: impl Into<PathBuf>) -> Self {
        Self(Kind::Sqlite(path.into()))
    }

    /// Stores the list in a Redis, which all servers share. As in
    /// [`sqlite`](Self::sqlite), a new list revokes every session that was issued before.
    #[cfg(feature = "redis")]
    #[must_use]
    pub fn redis(redis: Redis) -> Self {
        Self(Kind::Redis(redis))
    }

    /// Stores the list in a Postgres, which all servers share. As in
    /// [`sqlite`](Self::sqlite), a new list revokes every session that was issued before.
    #[cfg(feature = "postgres")]
    #[must_use]
    pub fn postgres(postgres: Postgres) -> Self {
        Self(Kind::Postgres(Box::new(postgres)))
    }

    /// Connects. A missing store is created empty.
    #[cfg_attr(
        not(any(feature = "sqlite", feature = "redis", feature = "postgres")),
        expect(clippy::unnecessary_wraps, reason = "other stores can fail")
    )]
    pub(crate) fn connect(&self) -> Result<Box<dyn Backend>, StoreFailure> {
        match &self.0 {
            Kind::Memory(memory) => Ok(Box::new(memory.clone())),
            #[cfg(feature = "sqlite")]
            Kind::Sqlite(path) => Ok(Box::new(Sqlite::open_or_create(path)?)),
            #[cfg(feature = "redis")]
            Kind::Redis(redis) => Ok(Box::new(RedisStore::connect(redis)?)),
            #[cfg(feature = "postgres")]
            Kind::Postgres(postgres) => Ok(Box::new(PostgresStore::connect(postgres)?)),
        }
    }

    /// Connects to a store that exists.
    pub(crate) fn connect_existing(&self) -> Result<Box<dyn Backend>, StoreFailure> {
        #[cfg(feature = "sqlite")]
        if let Kind::Sqlite(path) = &self.0 {
            return Ok(Box::new(Sqlite::open(path)?));
        }
        self.connect()
    }
}

/// Reads a certificate in PEM.
#[cfg(any(feature = "redis", feature = "postgres"))]
fn read_certificate(path: &str) -> Result<Vec<u8>, StoreFailure> {
    std::fs::read(path).map_err(|error| {
        StoreFailure::because(format!("the root certificate {path} cannot be read"), error)
    })
}

/// `sqlite:` and a path, or the address of a Redis or of a Postgres.
impl std::str::FromStr for Store {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        match text.split_once(':') {
            #[cfg(feature = "sqlite")]
            Some(("sqlite", path)) if !path.is_empty() => Ok(Self::sqlite(path)),
            #[cfg(feature = "redis")]
            Some((scheme, _)) if scheme.starts_with("redis") => Redis::new(text).map(Self::redis),
            #[cfg(feature = "postgres")]
            Some(("postgres" | "postgresql", _)) => Postgres::new(text).map(Self::postgres),
            // The text may contain a password.
            #[cfg(not(feature = "redis"))]
            Some((scheme, _)) if scheme.starts_with("redis") => Err(StoreError::new(
                "this program has no support for Redis; build it with the feature redis, or redis-tls",
            )),
            #[cfg(not(feature = "postgres"))]
            Some(("postgres" | "postgresql", _)) => Err(StoreError::new(
                "this program has no support for Postgres; build it with the feature postgres, or \
                 postgres-tls",
            )),
            _ => Err(StoreError::new(
                "the revocation store must be sqlite:PATH, for example \
                 sqlite:/var/lib/app/sessions.db, redis://HOST or postgres://HOST/DATABASE",
            )),
        }
    }
}

/// The path, or the hosts: no password.
impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Memory(_) => f.write_str("memory"),
            #[cfg(feature = "sqlite")]
            Kind::Sqlite(path) => path.display().fmt(f),
            #[cfg(feature = "redis")]
            Kind::Redis(redis) => redis.fmt(f),
            #[cfg(feature = "postgres")]
            Kind::Postgres(postgres) => postgres.fmt(f),
        }
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Store({self})")
    }
}
