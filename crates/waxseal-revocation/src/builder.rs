//! Configuration, checked when the list is opened.

use std::{fmt, sync::Arc, time::Duration};

use crate::{
    clock::Clock, error::OpenError, expiry::LONGEST_ABSOLUTE_TIMEOUT, follow::Follower,
    list::RevocationList, shared::Shared, store::Store, worker::Worker,
};

const DAY: u64 = 86_400;

/// Opens a [`RevocationList`].
#[must_use = "nothing happens before `open`"]
pub struct RevocationListBuilder {
    store: Store,
    absolute_timeout: Duration,
    max_sessions: usize,
    max_staleness: Duration,
}

impl RevocationListBuilder {
    pub(crate) const fn new(store: Store) -> Self {
        Self {
            store,
            absolute_timeout: Duration::from_secs(30 * DAY),
            max_sessions: 1_000_000,
            max_staleness: Duration::from_secs(15),
        }
    }

    /// Sets the longest absolute timeout of the sealers, from 1 second to 10 years; 30 days by
    /// default, as in a sealer. The store remembers the longest one of all servers, and keeps
    /// its entries that long.
    pub const fn absolute_timeout(mut self, timeout: Duration) -> Self {
        self.absolute_timeout = timeout;
        self
    }

    /// Sets the maximum number of sessions that are revoked one by one, at up to 80 bytes of
    /// memory each; one million by default.
    ///
    /// If the list is full, a logout revokes all sessions of its user. Sessions without a user
    /// get a quarter of the list; a session that does not fit is
    /// [not revoked](waxseal_core::Recorded::is_revoked). At 80 %, the log contains an error.
    pub const fn max_sessions(mut self, max: usize) -> Self {
        self.max_sessions = max;
        self
    }

    /// Sets how long the store can be out of reach before requests with a session get a 503,
    /// from 1 second to 1 hour; 15 seconds by default. A server that cannot read the store
    /// accepts a revoked session for at most this long.
    pub const fn max_staleness(mut self, max: Duration) -> Self {
        self.max_staleness = max;
        self
    }

    /// Opens the list: reads the store, and starts the thread that follows it.
    ///
    /// # Errors
    ///
    /// [`OpenError`] if a limit is out of range, or the store cannot be used.
    pub fn open(self) -> Result<RevocationList, OpenError> {
        let Self { store, absolute_timeout, max_sessions, max_staleness } = self;
        if !(1..=LONGEST_ABSOLUTE_TIMEOUT).contains(&absolute_timeout.as_secs()) {
            return Err(OpenError::AbsoluteTimeout);
        }
        if !(4..=100_000_000).contains(&max_sessions) {
            return Err(OpenError::MaxSessions);
        }
        if !(1..=3600).contains(&max_staleness.as_secs()) {
            return Err(OpenError::MaxStaleness);
        }
        let shared = Shared::new(Clock::system(), absolute_timeout, max_sessions, max_staleness);
        let shared = Arc::new(shared);
        let mut follower = Follower::new(Arc::clone(&shared), move || store.connect());
        follower.turn(Vec::new())?;
        let worker = Worker::start(Arc::clone(&shared), follower)?;
        Ok(RevocationList::new(shared, worker))
    }
}

impl fmt::Debug for RevocationListBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RevocationListBuilder")
            .field("store", &self.store)
            .field("absolute_timeout", &self.absolute_timeout)
            .field("max_sessions", &self.max_sessions)
            .field("max_staleness", &self.max_staleness)
            .finish()
    }
}
