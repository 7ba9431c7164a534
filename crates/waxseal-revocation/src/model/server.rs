//! One simulated server: a real sealer, list and loop, driven by hand.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::SeqCst},
        mpsc::Receiver,
    },
    time::Duration,
};

use waxseal_core::{OpenSession, Sealer, Secret, UnixTime};

use super::link::Link;
use crate::{
    clock::Clock,
    follow::Follower,
    list::RevocationList,
    request::Revoke,
    shared::{Job, Shared},
    worker::Worker,
};

pub(super) const MAX_SESSIONS: usize = 64;
pub(super) const STALENESS: Duration = Duration::from_secs(15);
pub(super) const DAY: u64 = 86_400;

pub(super) struct Server {
    pub(super) list: RevocationList,
    pub(super) sealer: Arc<Sealer>,
    pub(super) link: Link,
    shared: Arc<Shared>,
    follower: Follower,
    jobs: Receiver<Job>,
    /// Jobs that arrived during the last turn.
    late_jobs: Vec<Job>,
    /// How far its clock is ahead, in milliseconds.
    pub(super) ahead: Arc<AtomicU64>,
    /// The run time of the last contact, as the model counts it.
    contact: Option<Duration>,
    run_time: Arc<dyn Fn() -> Duration + Send + Sync>,
    /// The run time since which nothing reaches the store, if so.
    down_since: Option<Duration>,
    /// Which start of the server this is.
    pub(super) start: u64,
    pub(super) absolute_timeout: Duration,
}

impl Server {
    /// Starts a server whose `time` is in milliseconds since 1970.
    pub(super) fn new(link: Link, time: &Arc<AtomicU64>, absolute_days: u64, start: u64) -> Self {
        let (ahead, started) = (Arc::new(AtomicU64::new(0)), time.load(SeqCst));
        let run_time: Arc<dyn Fn() -> Duration + Send + Sync> = {
            let time = Arc::clone(time);
            Arc::new(move || Duration::from_millis(time.load(SeqCst).saturating_sub(started)))
        };
        let clock = {
            let (time, ahead, run_time) =
                (Arc::clone(time), Arc::clone(&ahead), Arc::clone(&run_time));
            Clock::new(
                move || time.load(SeqCst).wrapping_add(ahead.load(SeqCst)),
                move || run_time(),
            )
        };
        let absolute = Duration::from_secs(absolute_days * DAY);
        let shared = Arc::new(Shared::new(clock, absolute, MAX_SESSIONS, STALENESS));
        let follower = {
            let link = link.clone();
            Follower::new(Arc::clone(&shared), move || Ok(Box::new(link.clone())))
        };
        let (worker, jobs) = Worker::by_hand();
        let list = RevocationList::new(Arc::clone(&shared), worker);
        let secret = Secret::new([7; 32]).unwrap();
        let sealer = Sealer::builder(secret)
            .revocations(list.clone())
            .absolute_timeout(Some(absolute))
            .build()
            .unwrap();
        let sealer = Arc::new(sealer);
        let (contact, absolute_timeout) = (None, absolute);
        Self {
            list,
            sealer,
            link,
            shared,
            follower,
            jobs,
            late_jobs: Vec::new(),
            ahead,
            contact,
            run_time,
            down_since: None,
            start,
            absolute_timeout,
        }
    }

    /// One turn of the loop.
    pub(super) fn turn(&mut self) {
        let started = (self.run_time)();
        *self.link.was_in_contact.lock().unwrap_or_else(PoisonError::into_inner) =
            self.is_in_contact();
        let mut jobs: Vec<_> = self.late_jobs.drain(..).chain(self.jobs.try_iter()).collect();
        if self.link.has_fault() {
            self.late_jobs = jobs.split_off(jobs.len() / 2);
        }
        let readiness = self.list.readiness();
        let has_room = readiness.sessions + 16 < MAX_SESSIONS
            && readiness.sessions_without_user + 8 < MAX_SESSIONS / 4;
        if has_room && self.link.has_fault() {
            // The queue had no room, but the copy has the sessions.
            jobs.retain(|job| !matches!(job.request.target, Revoke::Session(_)));
            self.shared.must_read.store(true, SeqCst);
        }
        if self.follower.turn(jobs).is_ok() {
            self.contact = Some(started);
        }
    }

    pub(super) fn is_in_contact(&self) -> bool {
        self.contact.is_some_and(|contact| (self.run_time)().saturating_sub(contact) <= STALENESS)
    }

    /// Whether nothing has reached the store for longer than the copy may be trusted.
    pub(super) fn is_cut_off(&self) -> bool {
        let age = |since| (self.run_time)().saturating_sub(since);
        self.down_since.is_some_and(|since| age(since) > STALENESS)
    }

    pub(super) fn set_up(&mut self, up: bool) {
        let since = self.down_since.unwrap_or_else(|| (self.run_time)());
        self.down_since = (!up).then_some(since);
        *self.link.is_up.lock().unwrap_or_else(PoisonError::into_inner) = up;
    }

    /// Opens a request. `None` for a 503.
    pub(super) fn open(
        &self,
        cookie: Option<&str>,
        now: UnixTime,
    ) -> Option<OpenSession<Arc<Sealer>>> {
        let cookies = cookie.map(|cookie| format!("__Host-session={cookie}"));
        let cookies = cookies.as_ref().map(|cookie| cookie.as_bytes());
        OpenSession::open(Arc::clone(&self.sealer), cookies, now).ok().map(with_ids)
    }

    /// Whether the copy itself says that a session is revoked, trusted or not.
    pub(super) fn knows(&self, session: &waxseal_core::SessionRef) -> bool {
        self.shared.copy.is_revoked(&session.view())
    }
}

fn with_ids(session: OpenSession<Arc<Sealer>>) -> OpenSession<Arc<Sealer>> {
    static IDS: Mutex<u128> = Mutex::new(1);
    session.with_randomness(|| {
        let mut ids = IDS.lock().unwrap_or_else(PoisonError::into_inner);
        *ids += 1;
        Ok(ids.to_be_bytes())
    })
}
