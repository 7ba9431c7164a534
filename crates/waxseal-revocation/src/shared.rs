//! The state that the handles of a list share with the loop.

use std::{
    sync::{PoisonError, TryLockError},
    time::Duration,
};

use tokio::sync::{oneshot, watch};
use waxseal_core::{NotDurable, Recorded};

use crate::{
    clock::Clock,
    copy::Copy,
    entry::Entry,
    events,
    readiness::{Readiness, State},
    request::Request,
    sync::{
        Mutex, MutexGuard,
        atomic::{
            AtomicBool, AtomicU64, AtomicUsize,
            Ordering::{AcqRel, Acquire, Relaxed, Release},
        },
    },
};

/// One waiting revocation.
pub(crate) struct Job {
    pub(crate) request: Request,
    /// `None` after its caller has got an answer.
    pub(crate) acknowledge: Option<oneshot::Sender<Result<Recorded, NotDurable>>>,
}

impl Job {
    /// Answers the caller of a revocation, once.
    pub(crate) fn answer(self, result: Result<Recorded, NotDurable>) {
        if let Some(acknowledge) = self.acknowledge {
            // The request may have been cancelled.
            let _ = acknowledge.send(result);
        }
    }
}

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) copy: Copy,
    pub(crate) clock: Clock,
    pub(crate) absolute_timeout: Duration,
    pub(crate) max_sessions: usize,
    pub(crate) max_staleness: Duration,
    /// The run time of the last contact with the store, in milliseconds, plus one; 0 before
    /// the first.
    contact: AtomicU64,
    /// Revocations that the store has not recorded yet.
    pub(crate) pending: AtomicUsize,
    /// Whether there was no room for a revocation: the loop completes the store from the copy.
    pub(crate) must_read: AtomicBool,
    /// Whether the copy has an entry that has not been announced.
    has_news: AtomicBool,
    /// The number of announcements.
    pub(crate) changes: watch::Sender<u64>,
    /// Why the last exchange with the store failed.
    trouble: Mutex<Option<String>>,
    reported: Mutex<Reported>,
}

/// What the log says about the list.
#[derive(Debug, Default)]
struct Reported {
    is_current: bool,
    is_nearly_full: bool,
}

impl Shared {
    pub(crate) fn new(
        clock: Clock,
        absolute_timeout: Duration,
        max_sessions: usize,
        max_staleness: Duration,
    ) -> Self {
        let copy = Copy::default();
        copy.raise_absolute_timeout(absolute_timeout.as_secs());
        Self {
            copy,
            clock,
            absolute_timeout,
            max_sessions,
            max_staleness,
            contact: AtomicU64::new(0),
            pending: AtomicUsize::new(0),
            must_read: AtomicBool::new(false),
            has_news: AtomicBool::new(false),
            changes: watch::Sender::new(0),
            trouble: Mutex::default(),
            reported: Mutex::default(),
        }
    }

    /// How long ago the store last answered; `None` before the first time.
    pub(crate) fn contact_age(&self) -> Option<Duration> {
        let contact = self.contact.load(Acquire).checked_sub(1)?;
        Some(self.clock.run_time().saturating_sub(Duration::from_millis(contact)))
    }

    /// Whether the copy has everything that the store had at most `max_staleness` ago.
    pub(crate) fn is_current(&self) -> bool {
        self.contact_age().is_some_and(|age| age <= self.max_staleness)
    }

    /// The store has answered a question that was asked at this run time.
    pub(crate) fn set_contact(&self, started: Duration) {
        let millis = u64::try_from(started.as_millis()).unwrap_or(u64::MAX);
        self.contact.store(millis.saturating_add(1), Release);
    }

    /// The result of the last exchange with the store.
    pub(crate) fn set_trouble(&self, error: Option<String>) {
        let before = std::mem::replace(&mut *lock(&self.trouble), error.clone());
        // The loop tries again four times a second.
        if let Some(error) = error.filter(|error| before.as_ref() != Some(error)) {
            events::store_failed(&error, self.pending.load(Relaxed));
        }
        self.report();
    }

    /// The loop has ended, so nothing can be trusted.
    pub(crate) fn set_ended(&self, reason: &str) {
        self.contact.store(0, Release);
        // First: the log may panic, too.
        self.announce();
        self.set_trouble(Some(reason.into()));
    }

    /// Adds an entry to the copy. Announce it after the last one.
    pub(crate) fn apply(&self, entry: Entry) {
        if self.copy.apply(entry) {
            self.has_news.swap(true, AcqRel);
        }
    }

    /// Wakes the futures that wait for a revocation, if the copy has a new entry, or cannot be
    /// trusted.
    pub(crate) fn announce(&self) {
        if self.has_news.swap(false, AcqRel) || !self.is_current() {
            self.changes.send_modify(|changes| *changes = changes.wrapping_add(1));
        }
    }

    /// Announces what is new, logs a change of the state, and sets the gauges. If another thread
    /// reports, the next report does the rest.
    pub(crate) fn report(&self) {
        // First: the log may block.
        self.announce();
        let mut reported = match self.reported.try_lock() {
            Ok(reported) => reported,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return,
        };
        let readiness = self.readiness();
        let is_current = readiness.state == State::Current;
        if reported.is_current != is_current {
            events::state(&readiness);
            reported.is_current = is_current;
        }
        let (entries, max) = (readiness.sessions.saturating_mul(10), readiness.max_sessions);
        if entries >= max.saturating_mul(8) && !reported.is_nearly_full {
            events::nearly_full(&readiness);
            reported.is_nearly_full = true;
        } else if entries < max.saturating_mul(7) {
            reported.is_nearly_full = false;
        }
        events::gauges(&readiness);
    }

    pub(crate) fn readiness(&self) -> Readiness {
        let contact_age = self.contact_age();
        let state = match contact_age {
            None => State::Loading,
            Some(age) if age <= self.max_staleness => State::Current,
            Some(_) => State::Stale,
        };
        let (sessions, without_user) = self.copy.sessions();
        Readiness {
            state,
            entries: self.copy.len(),
            sessions,
            sessions_without_user: without_user,
            max_sessions: self.max_sessions,
            pending: self.pending.load(Relaxed),
            contact_age,
            error: lock(&self.trouble).clone(),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{Arc, mpsc::channel},
        thread,
    };

    use waxseal_core::UnixTime;

    use super::*;
    use crate::{entry::Entry, key::SessionKey, test_log::logged};

    /// A future that starts to wait between two reports must be woken by the next one.
    #[test]
    fn each_report_of_a_stale_list_wakes_those_who_wait() {
        let minute = Duration::from_secs(60);
        let shared = Shared::new(Clock::system(), minute, 10, minute);
        shared.report();
        let mut changes = shared.changes.subscribe();
        shared.report();
        assert!(changes.has_changed().unwrap());
        shared.set_contact(shared.clock.run_time());
        changes.mark_unchanged();
        shared.report();
        assert!(!changes.has_changed().unwrap());
    }

    #[test]
    fn a_log_that_blocks_one_thread_does_not_stop_the_other() {
        let minute = Duration::from_secs(60);
        let shared = Arc::new(Shared::new(Clock::system(), minute, 10, minute));
        let logging = lock(&shared.reported);
        let (report, reported) = channel();
        thread::spawn({
            let shared = Arc::clone(&shared);
            move || {
                shared.report();
                report.send(()).unwrap();
            }
        });
        assert_eq!(reported.recv_timeout(Duration::from_secs(20)), Ok(()));
        drop(logging);
    }

    #[test]
    fn the_log_warns_once_before_a_list_is_full() {
        let minute = Duration::from_secs(60);
        let shared = Shared::new(Clock::system(), minute, 10, minute);
        // The sessions from `first` on are in the list.
        let warnings = |first: u8, end: u8| {
            for n in 0..end {
                let since = UnixTime::from_secs(100 + u64::from(n));
                shared.copy.apply(Entry::Session { key: SessionKey([n; 16]), user: None, since });
            }
            shared.copy.prune(100 + u64::from(first));
            let log = logged(|| shared.set_trouble(None));
            log.matches("80 % of its maximum").count()
        };
        assert_eq!(warnings(0, 7), 0);
        assert_eq!(warnings(0, 8), 1);
        assert_eq!(warnings(0, 9), 0);
        // Seven are too many for another warning.
        assert_eq!(warnings(2, 9), 0);
        assert_eq!(warnings(0, 9), 0);
        assert_eq!(warnings(3, 9), 0);
        assert_eq!(warnings(0, 9), 1);
    }
}
