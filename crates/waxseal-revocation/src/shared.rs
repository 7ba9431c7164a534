//! The state that the handles of a list share with the loop.

use std::{sync::PoisonError, time::Duration};

use tokio::sync::{oneshot, watch};
use waxseal_core::{NotDurable, Recorded};

use crate::{
    clock::Clock,
    copy::Copy,
    events,
    readiness::{Readiness, State},
    request::Request,
    sync::{
        Mutex, MutexGuard,
        atomic::{
            AtomicBool, AtomicU64, AtomicUsize,
            Ordering::{Acquire, Relaxed, Release},
        },
    },
};

/// One waiting revocation.
pub(crate) struct Job {
    pub(crate) request: Request,
    /// `None` after its caller has got an answer.
    pub(crate) acknowledge: Option<oneshot::Sender<Result<Recorded, NotDurable>>>,
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
    /// Revocations that wait for an acknowledgement.
    pub(crate) pending: AtomicUsize,
    /// Whether the queue had no room for a revocation: the loop completes the store from the
    /// copy.
    pub(crate) must_read: AtomicBool,
    /// The number of changes, for `changed`.
    pub(crate) changes: watch::Sender<u64>,
    /// Why the last exchange with the store failed.
    trouble: Mutex<Option<String>>,
    was_current: AtomicBool,
    is_nearly_full: AtomicBool,
}

impl Shared {
    pub(crate) fn new(
        clock: Clock,
        absolute_timeout: Duration,
        max_sessions: usize,
        max_staleness: Duration,
    ) -> Self {
        Self {
            copy: Copy::default(),
            clock,
            absolute_timeout,
            max_sessions,
            max_staleness,
            contact: AtomicU64::new(0),
            pending: AtomicUsize::new(0),
            must_read: AtomicBool::new(false),
            changes: watch::Sender::new(0),
            trouble: Mutex::default(),
            was_current: AtomicBool::new(false),
            is_nearly_full: AtomicBool::new(false),
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
        let mut trouble = self.trouble();
        // The loop tries again four times a second.
        if let Some(error) = error.as_ref().filter(|error| trouble.as_ref() != Some(error)) {
            events::store_failed(error, self.pending.load(Relaxed));
        }
        *trouble = error;
        drop(trouble);
        self.report();
    }

    /// Answers the caller of a revocation, once.
    pub(crate) fn acknowledge(&self, job: Job, result: Result<Recorded, NotDurable>) {
        if let Some(acknowledge) = job.acknowledge {
            // The request may have been cancelled.
            let _ = acknowledge.send(result);
            self.pending.fetch_sub(1, Relaxed);
        }
    }

    /// The loop has ended, so nothing can be trusted.
    pub(crate) fn set_ended(&self, reason: &str) {
        self.contact.store(0, Release);
        self.set_trouble(Some(reason.into()));
        self.notify();
    }

    fn trouble(&self) -> MutexGuard<'_, Option<String>> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes the futures that wait for a change.
    pub(crate) fn notify(&self) {
        self.changes.send_modify(|changes| *changes = changes.wrapping_add(1));
    }

    /// Reports a change of the state, and the gauges.
    pub(crate) fn report(&self) {
        let readiness = self.readiness();
        let is_current = readiness.state == State::Current;
        if self.was_current.swap(is_current, Relaxed) != is_current {
            events::state(&readiness);
            self.notify();
        }
        let (entries, max) = (readiness.sessions.saturating_mul(10), readiness.max_sessions);
        if entries >= max.saturating_mul(8) {
            if !self.is_nearly_full.swap(true, Relaxed) {
                events::nearly_full(&readiness);
            }
        } else if entries < max.saturating_mul(7) {
            self.is_nearly_full.store(false, Relaxed);
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
            error: self.trouble().clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use waxseal_core::UnixTime;

    use super::*;
    use crate::{entry::Entry, key::SessionKey, test_log::logged};

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
