//! Configuration, checked when the list is opened.

use std::{
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

use waxseal_core::UnixTime;

use crate::{
    clock::Clock, entry::Lifetime, error::OpenError, index::Index, list::RevocationList,
    log::Store, shared::Shared, status::Health,
};

const DAY: u64 = 86_400;
const TEN_YEARS: Duration = Duration::from_secs(3653 * DAY);

/// Opens a [`RevocationList`].
#[must_use = "nothing happens before `open`"]
pub struct RevocationListBuilder {
    log: Store,
    absolute: Duration,
    max_entries: usize,
    clock: Clock,
}

impl RevocationListBuilder {
    pub(crate) fn new(log: Store) -> Self {
        Self {
            log,
            absolute: Duration::from_secs(30 * DAY),
            max_entries: 2_000_000,
            clock: Clock::system(),
        }
    }

    /// The longest absolute limit of the sessions that the list is for; 30 days
    /// unless given, as a sealer's. How long entries live follows from it.
    ///
    /// To raise it, raise it here on every server, and then in the sealers.
    pub const fn absolute_timeout(mut self, limit: Duration) -> Self {
        self.absolute = limit;
        self
    }

    /// The most entries that are taken, at about 70 bytes of memory each; two
    /// million unless given. From four fifths on there is an error in the log.
    /// Where the list is full, ending one more session fails; ending all of a
    /// user, or all, does not.
    pub const fn max_entries(mut self, max: usize) -> Self {
        self.max_entries = max;
        self
    }

    /// Another clock than the operating system's: for tests.
    pub fn clock(mut self, now: impl Fn() -> UnixTime + Send + Sync + 'static) -> Self {
        self.clock = Clock::new(now);
        self
    }

    /// Opens the list, and starts the thread that keeps its log.
    ///
    /// A file is read before this returns, and made if it is not there. Redis is
    /// reached later: until then the list's [state](crate::Readiness) is
    /// [`Loading`](crate::State::Loading), and requests with a session get a
    /// 503.
    ///
    /// # Errors
    ///
    /// [`OpenError`] where limits make no sense or the file cannot be used.
    pub fn open(self) -> Result<RevocationList, OpenError> {
        if self.absolute.as_secs() == 0 || self.absolute > TEN_YEARS {
            return Err(OpenError::AbsoluteLimit);
        }
        if self.max_entries == 0 {
            return Err(OpenError::NoEntries);
        }
        let lifetime = Lifetime::new(self.absolute);
        let shared = Arc::new(Shared {
            index: Index::new(lifetime),
            health: Health::new(),
            lifetime,
            absolute: self.absolute,
            max_entries: self.max_entries,
            clock: self.clock,
            ahead: Mutex::default(),
        });
        let appender = self.log.start(Arc::clone(&shared))?;
        Ok(RevocationList::new(shared, appender))
    }
}

impl fmt::Debug for RevocationListBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RevocationListBuilder")
            .field("log", &self.log)
            .field("absolute", &self.absolute)
            .field("max_entries", &self.max_entries)
            .finish_non_exhaustive()
    }
}
