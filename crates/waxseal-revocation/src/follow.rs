//! The loop that keeps a copy and its store the same: one for all stores.
//!
//! `turn` is one exchange with the store. After the store's interval, or when a revocation
//! arrives, it
//!
//! 1. connects, if there is no connection: reads everything into the copy, and adds to the
//!    store the entries of the copy that the store lacks;
//! 2. appends the waiting revocations, at most 1 000 in one transaction;
//! 3. follows the feed (the latest records of the store) from the last position, inclusive: if
//!    the item at that position is missing, it reads everything again;
//! 4. acknowledges the revocations that it has read back, and appends the others again.
//!
//! After an error it connects again, unless the store is only locked. A server whose store has
//! not answered for `max_staleness` does not trust its copy.

use std::{
    collections::HashSet,
    sync::{Arc, atomic::Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

use waxseal_core::NotDurable;

use crate::{
    copy::Missing,
    entry::Entry,
    error::StoreFailure,
    events,
    expiry::{self, Expiry, horizon},
    record::{self, Appended, Everyone},
    shared::{Job, Shared},
    store::Backend,
    transaction::{Head, Position},
};

/// How many revocations one exchange takes from the queue.
pub(crate) const BATCH: usize = 1000;
/// How many revocations wait for a store that fails.
const MAX_WAITING: usize = 10_000;
/// How many revocations one transaction records.
const APPENDED_AT_ONCE: usize = 1000;
/// After this number of attempts within one turn the store counts as broken.
const MAX_ATTEMPTS: usize = 4;

/// How often a copy that is too large is searched for what cutoffs cover.
const SHRINK_INTERVAL: Duration = Duration::from_secs(10);
/// How often a server looks whether another one has created the list.
const GRACE_STEP: Duration = Duration::from_millis(100);
/// How many entries one transaction adds to a store that lacks them: fewer than a feed holds.
const MERGED_AT_ONCE: usize = 5000;

pub(crate) struct Follower {
    shared: Arc<Shared>,
    connect: Box<dyn FnMut() -> Result<Box<dyn Backend>, StoreFailure> + Send>,
    connection: Option<Connection>,
    waiting: Vec<Job>,
    /// Whether the last exchange has taken everything from the queue.
    is_queue_empty: bool,
    /// When this server has last looked for expired entries, by its run time, and what it saw.
    expiry: Option<(Duration, Expiry)>,
    /// When this server has last dropped what cutoffs cover from a copy that is too large.
    shrunk: Option<Duration>,
}

struct Connection {
    backend: Box<dyn Backend>,
    /// The last item of the feed that the copy has. `None` before everything was read.
    position: Option<Position>,
}

impl Follower {
    pub(crate) fn new(
        shared: Arc<Shared>,
        connect: impl FnMut() -> Result<Box<dyn Backend>, StoreFailure> + Send + 'static,
    ) -> Self {
        Self {
            shared,
            connect: Box::new(connect),
            connection: None,
            waiting: Vec::new(),
            is_queue_empty: true,
            expiry: None,
            shrunk: None,
        }
    }

    /// How long to wait for revocations before the next exchange.
    pub(crate) fn interval(&self) -> Duration {
        let backend = self.connection.as_ref().map(|connection| &connection.backend);
        backend.map_or(Duration::from_millis(50), |backend| backend.interval())
    }

    /// One exchange with the store, with the revocations that have arrived.
    pub(crate) fn turn(&mut self, jobs: Vec<Job>) -> Result<(), StoreFailure> {
        // Reading everything takes time, in which a queue that is full would overflow again.
        self.is_queue_empty = jobs.len() < BATCH;
        self.waiting.extend(jobs);
        let result = self.exchange();
        if let Err(error) = &result {
            self.fail(error);
        }
        self.shared.set_trouble(result.as_ref().err().map(ToString::to_string));
        result
    }

    fn exchange(&mut self) -> Result<(), StoreFailure> {
        for _ in 0..MAX_ATTEMPTS {
            let reused = self.connection.take();
            let is_reused = reused.is_some();
            let mut connection = match reused {
                Some(connection) => connection,
                None => Connection { backend: (self.connect)()?, position: None },
            };
            match self.exchange_over(&mut connection) {
                Ok(true) => {
                    self.connection = Some(connection);
                    return Ok(());
                }
                // The appended revocations may be lost: read everything, and append them again.
                Ok(false) => self.connection = Some(Connection { position: None, ..connection }),
                Err(error) if error.is_of_writing() => {
                    self.connection = Some(connection);
                    return Err(error);
                }
                // The store may have been replaced or restarted.
                Err(_) if is_reused => {}
                Err(error) => return Err(error),
            }
        }
        Err(StoreFailure::new("the revocation store does not keep what it has acknowledged"))
    }

    /// Follows the feed, appends the waiting revocations, and reads them back. Returns false if
    /// everything must be read: the store has lost something, or may lack something. A store that
    /// can be read but not written still counts as contact.
    fn exchange_over(&mut self, connection: &mut Connection) -> Result<bool, StoreFailure> {
        let position = match connection.position {
            Some(position) => position,
            None => self.read(&mut *connection.backend)?,
        };
        let Some(mut position) = self.catch_up(&mut *connection.backend, position)? else {
            return Ok(false);
        };
        connection.position = Some(position);
        // In parts: the feed must hold what one transaction adds.
        while !self.waiting.is_empty() {
            let max_sessions = u64::try_from(self.shared.max_sessions).unwrap_or(u64::MAX);
            let part = self.waiting.iter().take(APPENDED_AT_ONCE);
            let requests: Vec<_> = part.map(|job| job.request).collect();
            let Appended { recorded, last } =
                record::append(&mut *connection.backend, &requests, max_sessions)?;
            let mut is_kept = false;
            let mut see = |item: Position| is_kept |= item == last;
            let Some(read) = self.catch_up_with(&mut *connection.backend, position, &mut see)?
            else {
                return Ok(false);
            };
            if !is_kept {
                return Ok(false);
            }
            position = read;
            connection.position = Some(position);
            let answered = self.waiting.drain(..requests.len().min(self.waiting.len()));
            self.shared.pending.fetch_sub(answered.len(), Relaxed);
            for (job, recorded) in answered.zip(recorded) {
                job.answer(Ok(recorded));
            }
        }
        // Only now: while the store cannot be written, what it lacks cannot be added, and the feed
        // must be followed.
        if self.is_queue_empty && self.shared.must_read.swap(false, Relaxed) {
            return Ok(false);
        }
        self.expire(&mut *connection.backend)?;
        Ok(true)
    }

    /// Reads the feed into the copy. Returns its last position; `None` if it has a gap.
    fn catch_up(
        &self,
        backend: &mut dyn Backend,
        position: Position,
    ) -> Result<Option<Position>, StoreFailure> {
        self.catch_up_with(backend, position, &mut |_| ())
    }

    /// As `catch_up`, and shows the position of each item to `see`.
    fn catch_up_with(
        &self,
        backend: &mut dyn Backend,
        position: Position,
        see: &mut dyn FnMut(Position),
    ) -> Result<Option<Position>, StoreFailure> {
        let started = self.shared.clock.run_time();
        let Some(items) = backend.follow(position)? else {
            return Ok(None);
        };
        let mut last = position;
        for item in items {
            self.shared.apply(item.entry);
            see(item.position);
            last = item.position;
        }
        // The copy is complete up to the stamp only after the last entry.
        self.shared.copy.raise_stamp(last.stamp);
        self.shared.set_contact(started);
        self.shared.announce();
        Ok(Some(last))
    }

    /// Reads everything, and completes the store from the copy. Returns a position up to which
    /// the copy is complete.
    fn read(&self, backend: &mut dyn Backend) -> Result<Position, StoreFailure> {
        for _ in 0..MAX_ATTEMPTS {
            let Some(head) = backend.head()? else {
                self.create(backend)?;
                continue;
            };
            let copy = &self.shared.copy;
            // What the store has dropped is not missing there.
            self.prune(head);
            let mut missing = Missing::new(copy);
            let mut visit = |entry| {
                missing.see(entry);
                self.shared.apply(entry);
            };
            head.entries().for_each(&mut visit);
            backend.entries(&mut visit)?;
            self.shared.announce();
            let missing = missing.of(copy);
            let timeout = copy.absolute_timeout();
            let is_current =
                copy.stamp() <= head.position.stamp && head.absolute_timeout >= timeout;
            let position = if !is_current || !missing.is_empty() {
                self.merge(backend, head.position, &missing)?
            } else {
                self.catch_up(backend, head.position)?
            };
            if let Some(position) = position {
                return Ok(position);
            }
            // The feed has lost its last item: give it another, and read again.
            record::merge(backend, &[], copy.stamp(), timeout)?;
        }
        Err(StoreFailure::new("the revocation store does not keep what was added to it"))
    }

    /// Adds what the store lacks, in parts, each of which it follows with what other servers
    /// append. Returns the last position; `None` if the feed has a gap.
    fn merge(
        &self,
        backend: &mut dyn Backend,
        mut position: Position,
        missing: &[Entry],
    ) -> Result<Option<Position>, StoreFailure> {
        let (stamp, timeout) = (self.shared.copy.stamp(), self.shared.copy.absolute_timeout());
        let nothing = missing.is_empty().then_some(missing);
        for part in missing.chunks(MERGED_AT_ONCE).chain(nothing) {
            let merged = record::merge(backend, part, stamp, timeout)?;
            if self.catch_up(backend, position)?.is_none() {
                return Ok(None);
            }
            position = merged;
        }
        if !missing.is_empty() {
            events::merged(missing.len());
        }
        Ok(Some(position))
    }

    /// Creates the list in an empty store.
    fn create(&self, backend: &mut dyn Backend) -> Result<(), StoreFailure> {
        let copy = &self.shared.copy;
        let mut entries = Vec::new();
        copy.for_each(|entry| entries.push(entry));
        // A server that was in contact has everything that the store had.
        let everyone = if self.shared.is_current() { Everyone::Trusted } else { Everyone::CutOff };
        if everyone == Everyone::CutOff {
            // Another server may know the list, and find the store empty only now.
            let end = Instant::now().checked_add(backend.grace());
            while end.is_some_and(|end| Instant::now() < end) {
                thread::sleep(GRACE_STEP);
                if backend.head()?.is_some() {
                    return Ok(());
                }
            }
        }
        if record::create(backend, &entries, copy.stamp(), everyone)? {
            match everyone {
                Everyone::Trusted => events::created_from_copy(entries.len()),
                Everyone::CutOff => events::created_with_cutoff(),
            }
        }
        Ok(())
    }

    /// Tells the callers that their revocations are not durable, and keeps the revocations for
    /// the next exchange. Equal ones are one: without a bound, an outage would fill the memory.
    fn fail(&mut self, error: &StoreFailure) {
        let (count, mut kept, mut known) = (self.waiting.len(), Vec::new(), HashSet::new());
        for mut job in self.waiting.drain(..) {
            let acknowledge = job.acknowledge.take();
            Job { acknowledge, ..job }.answer(Err(NotDurable::new(error.to_string())));
            let request = job.request.without_response();
            let Some(request) = request.filter(|request| known.insert(request.identity())) else {
                continue;
            };
            if kept.len() < MAX_WAITING {
                kept.push(Job { request, ..job });
            } else {
                // What the copy has is added to the store later; a cutoff is lost.
                self.shared.must_read.store(true, Relaxed);
            }
        }
        self.shared.pending.fetch_sub(count.saturating_sub(kept.len()), Relaxed);
        self.waiting = kept;
    }

    /// Drops the entries that have expired.
    fn expire(&mut self, backend: &mut dyn Backend) -> Result<(), StoreFailure> {
        let run_time = self.shared.clock.run_time();
        self.shrink(run_time);
        let last = self.expiry.map(|(at, seen)| (seen, run_time.saturating_sub(at)));
        if last.is_some_and(|(_, ago)| ago < expiry::INTERVAL) {
            return Ok(());
        }
        let last = last.map(|(seen, ago)| (seen, ago.as_secs()));
        let (head, store) = record::expire(backend, last, self.shared.clock.millis() / 1000)?;
        self.expiry = Some((run_time, head.expiry));
        let behind = (self.shared.copy.stamp() / 1000).saturating_sub(store);
        if behind > Duration::from_secs(3600).as_secs() {
            events::clock_behind(behind);
        }
        self.prune(head);
        Ok(())
    }

    /// Drops what cutoffs cover, before the next expiry, from a copy that has become larger than the
    /// list may be: the sessions of a user who logs in and out in a loop become cutoffs.
    fn shrink(&mut self, run_time: Duration) {
        let Shared { copy, max_sessions, .. } = &*self.shared;
        let is_due = self.shrunk.is_none_or(|at| run_time.saturating_sub(at) >= SHRINK_INTERVAL);
        if is_due && copy.sessions().0 > *max_sessions {
            self.shrunk = Some(run_time);
            copy.prune(0);
        }
    }

    /// Drops from the copy what the store has dropped, if it is overdue by this server's clock,
    /// too: otherwise a damaged store could make it forget.
    fn prune(&self, head: Head) {
        let (copy, server) = (&self.shared.copy, self.shared.clock.millis() / 1000);
        copy.raise_absolute_timeout(head.absolute_timeout);
        copy.prune(head.expiry.expired.min(horizon(server, copy.absolute_timeout())));
    }
}

#[cfg(test)]
mod clocks;
#[cfg(test)]
mod faulty;
#[cfg(test)]
mod losses;
#[cfg(test)]
mod renewals;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::Clock,
        key::{SessionKey, UserKey},
        request::{Request, Revoke, Session},
        store::memory::Memory,
    };
    use waxseal_core::UnixTime;

    #[test]
    fn more_revocations_than_a_feed_holds_are_recorded() {
        let clock = Clock::system();
        let memory = Memory::new(clock.clone());
        let timeout = Duration::from_secs(60);
        let shared = Arc::new(Shared::new(clock, timeout, 100, timeout));
        let mut follower = Follower::new(Arc::clone(&shared), move || Ok(Box::new(memory.clone())));
        let job = |n: u32| Job {
            request: Request::of(Revoke::User(UserKey::new(&n.to_string()))),
            acknowledge: None,
        };
        follower.turn((0..10_500).map(job).collect()).unwrap();
        assert!(follower.waiting.is_empty());
        assert_eq!(shared.copy.len(), 10_500);
    }

    /// The browser that has registered a key got an error, and does not know that it is bound.
    #[test]
    fn a_registration_that_failed_is_not_recorded_later() {
        let clock = Clock::system();
        let timeout = Duration::from_secs(60);
        let shared = Arc::new(Shared::new(clock, timeout, 100, timeout));
        let mut follower = Follower::new(shared, || Err(StoreFailure::new("no store")));
        let session = Session {
            key: SessionKey::new("a"),
            user: UserKey::new("42"),
            issued_at: UnixTime::from_secs(1),
            stamp: 1,
            also: None,
        };
        let job = |target| Job {
            request: Request { target, successor: Some((session, true)) },
            acknowledge: None,
        };
        let jobs = vec![job(Revoke::OnlySession(session)), job(Revoke::Session(session))];
        follower.turn(jobs).unwrap_err();
        let [kept] = &*follower.waiting else { panic!("one is kept") };
        assert!(matches!(kept.request.target, Revoke::Session(_)));
        // The response was an error, so nothing replaces the session.
        assert!(kept.request.successor.is_none());
    }
}
