//! The file: an embedded database with three tables.

use std::{fs::OpenOptions, io, path::Path};

use redb::{
    Builder, Database, DatabaseError, Durability, ReadableDatabase as _, ReadableTable as _,
    TableDefinition, backends::FileBackend,
};
use waxseal_core::UnixTime;

use crate::{
    entry::{Entry, Lifetime, SessionId},
    error::{OpenError, StoreError},
};

/// By when a session began, so that what has expired stands in front.
const SESSIONS: TableDefinition<'_, (u64, [u8; 16]), Option<&str>> =
    TableDefinition::new("sessions");
/// A user, and the moment before which the sessions began that have ended.
const USERS: TableDefinition<'_, &str, u64> = TableDefinition::new("users");
/// The same of everybody: one row.
const ALL: TableDefinition<'_, (), u64> = TableDefinition::new("all");

/// In bytes. Nothing is read twice.
const CACHE: usize = 16 << 20;

pub(super) struct Store(Database);

impl Store {
    /// Opens the file, or makes it.
    pub(super) fn open(path: &Path) -> Result<Self, OpenError> {
        Self::database(path).map_err(|error| match error {
            DatabaseError::DatabaseAlreadyOpen => OpenError::InUse { path: path.into() },
            error => OpenError::Store(StoreError::because(
                format!("the revocation file {} cannot be used", path.display()),
                error,
            )),
        })
    }

    fn database(path: &Path) -> Result<Self, DatabaseError> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let is_new = !path.exists();
        let backend = FileBackend::new(options.open(path)?)?;
        let mut builder = Builder::new();
        builder.set_cache_size(CACHE);
        let database = builder.create_with_backend(backend)?;
        if is_new {
            sync_name(path)?;
        }
        Ok(Self(database))
    }

    pub(super) fn for_each(&self, mut visit: impl FnMut(Entry)) -> Result<(), StoreError> {
        (|| {
            let read = self.0.begin_read()?;
            // Cuts first: what they cover takes no room.
            if let Some(table) = existing(read.open_table(ALL))?
                && let Some(before) = table.get(())?
            {
                visit(Entry::All { before: UnixTime::from_secs(before.value()) });
            }
            if let Some(table) = existing(read.open_table(USERS))? {
                for row in table.iter()? {
                    let (sub, before) = row?;
                    let before = UnixTime::from_secs(before.value());
                    visit(Entry::User { sub: sub.value().into(), before });
                }
            }
            if let Some(table) = existing(read.open_table(SESSIONS))? {
                for row in table.iter()? {
                    let (key, sub) = row?;
                    let (begun, name) = key.value();
                    let (sid, begun) = (SessionId(name), UnixTime::from_secs(begun));
                    visit(Entry::Session { sid, sub: sub.value().map(Box::from), begun });
                }
            }
            Ok(())
        })()
        .map_err(failed)
    }

    /// Writes entries and syncs them to the disk, all or none.
    pub(super) fn write<'e>(
        &self,
        entries: impl IntoIterator<Item = &'e Entry>,
    ) -> Result<(), StoreError> {
        self.commit(|tables| {
            for entry in entries {
                match entry {
                    Entry::Session { sid, sub, begun } => {
                        let key = (begun.as_secs(), sid.0);
                        tables.sessions.insert(key, sub.as_deref())?;
                    }
                    Entry::User { sub, before } => {
                        let known = tables.users.get(&**sub)?.map(|known| known.value());
                        if known < Some(before.as_secs()) {
                            tables.users.insert(&**sub, before.as_secs())?;
                        }
                    }
                    Entry::All { before } => {
                        let known = tables.all.get(())?.map(|known| known.value());
                        if known < Some(before.as_secs()) {
                            tables.all.insert((), before.as_secs())?;
                        }
                    }
                }
            }
            Ok(())
        })
    }

    /// Drops what could not be valid any more `now`.
    pub(super) fn expire(&self, now: UnixTime, lifetime: Lifetime) -> Result<(), StoreError> {
        let ended = |before: u64| lifetime.end(UnixTime::from_secs(before)) <= now;
        self.commit(|tables| {
            let first_alive = (lifetime.begun(now).as_secs().saturating_add(1), [0; 16]);
            tables.sessions.retain_in(..first_alive, |_, _| false)?;
            tables.users.retain(|_, before| !ended(before))?;
            tables.all.retain(|(), before| !ended(before))?;
            Ok(())
        })
    }

    /// Drops the sessions that a cut ends.
    pub(super) fn compact(&self, is_cut: impl Fn(&Entry) -> bool) -> Result<(), StoreError> {
        let cut = |(begun, name): (u64, [u8; 16]), sub: Option<&str>| {
            let (sid, begun) = (SessionId(name), UnixTime::from_secs(begun));
            is_cut(&Entry::Session { sid, sub: sub.map(Box::from), begun })
        };
        self.commit(|tables| Ok(tables.sessions.retain(|key, sub| !cut(key, sub))?))
    }

    fn commit(
        &self,
        change: impl FnOnce(&mut Tables<'_>) -> Result<(), redb::Error>,
    ) -> Result<(), StoreError> {
        (|| {
            let mut write = self.0.begin_write()?;
            write.set_durability(Durability::Immediate)?;
            // After a crash the file opens at once instead of being walked.
            write.set_quick_repair(true);
            change(&mut Tables {
                sessions: write.open_table(SESSIONS)?,
                users: write.open_table(USERS)?,
                all: write.open_table(ALL)?,
            })?;
            write.commit()?;
            Ok(())
        })()
        .map_err(failed)
    }
}

/// A file is found again after a power cut when its folder is on the disk, too.
fn sync_name(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        std::fs::File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

/// Open for one commit.
struct Tables<'t> {
    sessions: redb::Table<'t, (u64, [u8; 16]), Option<&'static str>>,
    users: redb::Table<'t, &'static str, u64>,
    all: redb::Table<'t, (), u64>,
}

/// A table that nothing was ever written to does not exist.
fn existing<T>(table: Result<T, redb::TableError>) -> Result<Option<T>, redb::TableError> {
    match table {
        Ok(table) => Ok(Some(table)),
        Err(redb::TableError::TableDoesNotExist(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

fn failed(error: redb::Error) -> StoreError {
    StoreError::because("the revocation file cannot be read or written", error)
}
