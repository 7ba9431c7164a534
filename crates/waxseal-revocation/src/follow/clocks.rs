//! Servers with clocks that a test sets: when entries expire, and what a wrong clock does.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use waxseal_core::UnixTime;

use super::Follower;
use crate::{
    clock::Clock,
    key::{SessionKey, UserKey},
    request::{Request, Revoke, Session},
    shared::{Job, Shared},
    store::memory::Memory,
    test_log::logged,
};

const START: u64 = 1_800_000_000;
const MINUTE: u64 = 60;
const DAY: u64 = 24 * 60 * MINUTE;

/// One server and its store, with a clock each, in seconds.
pub(super) struct Server {
    clock: Arc<AtomicU64>,
    store_clock: Arc<AtomicU64>,
    run_time: Arc<AtomicU64>,
    pub(super) memory: Memory,
    pub(super) shared: Arc<Shared>,
    pub(super) follower: Follower,
}

impl Server {
    pub(super) fn new() -> Self {
        let [clock, store_clock, run_time] = [START, START, 0].map(|secs| Arc::new(secs.into()));
        let read = |clock: &Arc<AtomicU64>| {
            let clock = Arc::clone(clock);
            move || clock.load(Relaxed)
        };
        let of = |clock: &Arc<AtomicU64>| {
            let (secs, run_time) = (read(clock), read(&run_time));
            Clock::new(move || secs() * 1000, move || Duration::from_secs(run_time()))
        };
        let memory = Memory::new(of(&store_clock));
        let minute = Duration::from_secs(MINUTE);
        let shared = Arc::new(Shared::new(of(&clock), minute, 100, minute));
        let backend = memory.clone();
        let follower = Follower::new(Arc::clone(&shared), move || Ok(Box::new(backend.clone())));
        let mut server = Self { clock, store_clock, run_time, memory, shared, follower };
        server.turn();
        server
    }

    pub(super) fn turn(&mut self) {
        self.follower.turn(Vec::new()).unwrap();
    }

    pub(super) fn revoke(&mut self, id: &str) {
        self.follower.turn(vec![revocation(id)]).unwrap();
    }

    /// Time passes without an exchange with the store.
    pub(super) fn pass(&self, secs: u64) {
        for clock in [&self.clock, &self.store_clock, &self.run_time] {
            clock.fetch_add(secs, Relaxed);
        }
    }

    fn advance(&mut self, secs: u64) {
        self.pass(secs);
        self.turn();
    }

    fn entries(&self) -> (usize, usize) {
        (self.shared.copy.len(), self.memory.tables().sessions())
    }
}

/// The revocation of a session of user 42.
pub(super) fn revocation(id: &str) -> Job {
    let session = Session {
        key: SessionKey::new(id),
        user: UserKey::new("42"),
        issued_at: UnixTime::from_secs(START),
        stamp: START * 1000,
        also: None,
    };
    Job { request: Request::of(Revoke::Session(session)), acknowledge: None }
}

/// The servers wait a day for the horizon of the start, which is before the entry, and a day for
/// the next one.
#[test]
fn an_entry_expires_after_two_days() {
    for step in [10 * MINUTE, 11 * MINUTE] {
        let mut server = Server::new();
        server.revoke("a");
        let mut steps = 0;
        while server.entries() == (1, 1) && steps < 1000 {
            server.advance(step);
            steps += 1;
        }
        assert_eq!(server.entries(), (0, 0));
        let took = steps * step;
        assert!((2 * DAY..2 * DAY + 30 * MINUTE).contains(&took), "{took}");
    }
}

#[test]
fn a_server_looks_every_ten_minutes() {
    let mut server = Server::new();
    let overdue = |server: &Server| server.memory.tables().head.unwrap().expiry.overdue;
    for looks in 1..=3 {
        server.advance(5 * MINUTE);
        assert_eq!(overdue(&server), (looks - 1) * 10 * MINUTE);
        server.advance(5 * MINUTE);
        assert_eq!(overdue(&server), looks * 10 * MINUTE);
    }
}

#[test]
fn one_clock_that_is_ahead_drops_nothing() {
    for is_of_store in [false, true] {
        let mut server = Server::new();
        server.revoke("a");
        let ahead = if is_of_store { &server.store_clock } else { &server.clock };
        ahead.fetch_add(400 * DAY, Relaxed);
        // By the other clock, which stands still, the entry is not overdue.
        for _ in 0..1000 {
            server.run_time.fetch_add(10 * MINUTE, Relaxed);
            server.turn();
        }
        assert_eq!(server.entries(), (1, 1), "{is_of_store}");
    }
}

#[test]
fn a_damaged_store_cannot_make_a_server_forget() {
    let mut server = Server::new();
    server.revoke("a");
    let damage = |server: &Server| {
        server.memory.tables().head.as_mut().unwrap().expiry.expired = START + 4000 * DAY;
    };
    damage(&server);
    server.advance(10 * MINUTE);
    // The store skips the wait for a day, but the entry is overdue by the server's clock.
    assert_eq!(server.entries().0, 0);
    let mut server = Server::new();
    server.revoke("a");
    damage(&server);
    for clock in [&server.store_clock, &server.run_time] {
        clock.fetch_add(10 * MINUTE, Relaxed);
    }
    server.turn();
    assert_eq!(server.entries().0, 1);
}

#[test]
fn the_log_names_a_clock_that_is_behind() {
    let mut server = Server::new();
    let mut log_at = |clock: u64| {
        server.store_clock.store(clock, Relaxed);
        server.run_time.fetch_add(10 * MINUTE, Relaxed);
        logged(|| server.turn())
    };
    assert_eq!(log_at(START - 60 * MINUTE), "");
    let log = log_at(START - 60 * MINUTE - 1);
    assert!(log.contains("behind its last record") && log.contains("secs=3601"), "{log}");
}
