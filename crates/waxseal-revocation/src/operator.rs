//! The operations of an operator on a store, while servers run. The command
//! `waxseal revocations` uses them.

use waxseal_core::{SessionRef, UnixTime};

use crate::{
    clock::Clock,
    entry::Entry,
    error::{FutureTimeError, StoreError},
    key::UserKey,
    record::{self, Everyone},
    request::{Request, Revoke, Session},
    store::{Backend, Store},
    transaction::Needs,
};

/// A connection to a store, for one command.
pub struct Operator(Box<dyn Backend>);

/// The counts and times of a store, beside its entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// The number of revoked sessions.
    pub sessions: u64,
    /// The number of revoked sessions without a user.
    pub sessions_without_user: u64,
    /// The stamp of the last record, in milliseconds since 1970.
    pub last_stamp: u64,
    /// The longest absolute timeout of any server, in seconds.
    pub absolute_timeout: u64,
}

impl Operator {
    /// Connects to a store that exists.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if it cannot be read.
    pub fn open(store: &Store) -> Result<Self, StoreError> {
        Ok(Self(store.connect_existing()?))
    }

    /// Creates a list in an empty or missing store. Returns false, and changes nothing, if the
    /// store has a list already.
    ///
    /// A new list revokes every session that was issued before, because it does not know
    /// earlier revocations. With `trust_existing` it revokes none: use it for the first roll-out
    /// of a list, if no session was revoked before.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be written.
    pub fn create(store: &Store, trust_existing: bool) -> Result<bool, StoreError> {
        let mut backend = store.connect()?;
        let stamp = Clock::system().millis();
        let everyone = if trust_existing { Everyone::Trusted } else { Everyone::CutOff };
        Ok(record::create(&mut *backend, &[], stamp, everyone)?)
    }

    /// Checks that the store can be written, with a write that changes no entry. In Postgres, it
    /// creates the tables if they are missing.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if it cannot, for example because it is a replica.
    pub fn must_be_writable(&mut self) -> Result<(), StoreError> {
        Ok(self.0.transact(&Needs::default(), &mut |_| Ok(()))?)
    }

    /// Calls `visit` with every entry, and returns a summary; `None` if the store has no list.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be read.
    pub fn read(&mut self, mut visit: impl FnMut(Entry)) -> Result<Option<Summary>, StoreError> {
        let Some(head) = self.0.head()? else { return Ok(None) };
        let mut summary = Summary {
            sessions: 0,
            sessions_without_user: 0,
            last_stamp: head.position.stamp,
            absolute_timeout: head.absolute_timeout,
        };
        let mut visit = |entry| {
            if let Entry::Session { user, .. } = entry {
                summary.sessions = summary.sessions.saturating_add(1);
                let without_user = u64::from(user.is_none());
                summary.sessions_without_user =
                    summary.sessions_without_user.saturating_add(without_user);
            }
            visit(entry);
        };
        head.entries().for_each(&mut visit);
        self.0.entries(&mut visit)?;
        Ok(Some(summary))
    }

    /// Revokes all sessions of a user.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store has not recorded the revocation.
    pub fn revoke_user(&mut self, user: &str) -> Result<(), StoreError> {
        self.append(Revoke::User(UserKey::new(user)))
    }

    /// Revokes the session with this session ID.
    ///
    /// # Errors
    ///
    /// As [`revoke_user`](Self::revoke_user).
    pub fn revoke_session(&mut self, id: &str) -> Result<(), StoreError> {
        let (user, issued_at) = (None, UnixTime::from_secs(0));
        let session = SessionRef { id: id.into(), user, issued_at, stamp: 0 };
        self.append(Revoke::Reference(Session::new(&session)))
    }

    /// Revokes all sessions of everyone.
    ///
    /// # Errors
    ///
    /// As [`revoke_user`](Self::revoke_user).
    pub fn revoke_all(&mut self) -> Result<(), StoreError> {
        self.append(Revoke::Everyone)
    }

    /// Revokes all sessions that were issued before a time, which must not be in the
    /// future.
    ///
    /// # Errors
    ///
    /// As [`revoke_user`](Self::revoke_user).
    pub fn revoke_issued_before(&mut self, time: UnixTime) -> Result<(), StoreError> {
        if time > UnixTime::now() {
            return Err(StoreError::new(FutureTimeError.to_string()));
        }
        self.append(Revoke::IssuedBefore(time))
    }

    /// Ignores `max_sessions`: an operator can revoke a session even if the list is full.
    fn append(&mut self, target: Revoke) -> Result<(), StoreError> {
        if self.0.head()?.is_none() {
            return Err(StoreError::new(
                "the store has no list yet; start a server, or create the list",
            ));
        }
        let appended = record::append(&mut *self.0, &[Request::of(target)], u64::MAX)?;
        // Read back: the store keeps what it has acknowledged.
        if self.0.follow(appended.last)?.is_none() {
            return Err(StoreError::new("the store does not keep what it has acknowledged"));
        }
        Ok(())
    }
}

impl std::fmt::Debug for Operator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Operator(..)")
    }
}
