//! Requests beside the loop that follows the store, in many orders of their steps: shuttle chooses
//! which thread runs at each lock and atomic. `scripts/interleavings` runs these tests.

use std::{
    pin::Pin,
    sync::{Arc, mpsc::Receiver},
    task::{Context, Poll, Waker},
    time::Duration,
};

use shuttle::{check_pct, check_random, thread};
use waxseal_core::{
    Acknowledgement, Revocation, RevocationStatus, Revocations as _, SessionRef, SessionView,
    Successor, Target, UnixTime,
};

use crate::{
    clock::Clock,
    copy::Copy,
    entry::Entry,
    follow::Follower,
    key::{SessionKey, UserKey},
    list::RevocationList,
    shared::{Job, Shared},
    store::memory::Memory,
    sync::atomic::{AtomicU64, Ordering::SeqCst},
    test_log::logged,
    worker::Worker,
};

const ORDERS: usize = 3000;
/// How many times at most another thread takes over where that matters.
const SWITCHES: usize = 3;
const STALENESS: u64 = 15_000;
const START: u64 = 1_800_000_000_000;

/// One server over a store. A test runs its loop by hand.
struct Server {
    list: RevocationList,
    follower: Follower,
    jobs: Receiver<Job>,
}

/// Milliseconds since the start.
type Time = Arc<AtomicU64>;

impl Server {
    fn new(memory: &Memory, time: &Time) -> Self {
        let (millis, run_time) = (Arc::clone(time), Arc::clone(time));
        let clock = Clock::new(
            move || START + millis.load(SeqCst),
            move || Duration::from_millis(run_time.load(SeqCst)),
        );
        let (day, staleness) = (Duration::from_secs(86_400), Duration::from_millis(STALENESS));
        let shared = Arc::new(Shared::new(clock, day, 100, staleness));
        let memory = memory.clone();
        let follower =
            Follower::new(Arc::clone(&shared), move || Ok(Box::new(memory.clone()) as Box<_>));
        let (worker, jobs) = Worker::by_hand();
        let mut server = Self { list: RevocationList::new(shared, worker), follower, jobs };
        server.turn();
        server
    }

    fn turn(&mut self) {
        let jobs: Vec<_> = self.jobs.try_iter().collect();
        self.follower.turn(jobs).expect("the store works");
    }
}

fn store() -> (Memory, Time) {
    let time = Time::default();
    let millis = Arc::clone(&time);
    let clock = Clock::new(move || START + millis.load(SeqCst), Duration::default);
    (Memory::new(clock), time)
}

fn session(id: &str, stamp: u64) -> SessionRef {
    let issued_at = UnixTime::from_secs(START / 1000);
    SessionRef { id: id.into(), user: Some("42".into()), issued_at, stamp }
}

fn is_acknowledged(acknowledgement: &mut Acknowledgement) -> bool {
    let poll = Pin::new(acknowledgement).poll(&mut Context::from_waker(Waker::noop()));
    matches!(poll, Poll::Ready(Ok(_)))
}

/// While a cutoff takes the place of a revoked session, each moment has one of the two.
#[test]
fn a_revoked_session_is_never_good_for_a_moment() {
    check_pct(
        || {
            let copy = Arc::new(Copy::default());
            let (key, user) = (SessionKey::new("a"), Some(UserKey::new("42")));
            copy.apply(Entry::Session { key, user, since: UnixTime::from_secs(40) });
            let pruning = Arc::clone(&copy);
            let pruning = thread::spawn(move || {
                pruning.apply(Entry::User { key: UserKey::new("42"), cutoff: 50_000 });
                pruning.prune(0);
            });
            let view = SessionView {
                id: Some("a"),
                user: Some("42"),
                issued_at: UnixTime::from_secs(10),
                stamp: 39_000,
            };
            for _ in 0..3 {
                assert!(copy.is_revoked(&view));
            }
            pruning.join().expect("it prunes");
            assert!(copy.is_revoked(&view));
        },
        ORDERS,
        SWITCHES,
    );
}

/// A logout, a password change and the loop: what is acknowledged is revoked, what was seen to be
/// revoked stays so, and a login after the password change is good.
#[test]
fn an_acknowledged_revocation_is_known_and_a_later_login_is_good() {
    check_random(
        || {
            let (memory, time) = store();
            let mut server = Server::new(&memory, &time);
            let stamp = server.list.stamp().expect("it is current");
            let [logout, cutoff] = [server.list.clone(), server.list.clone()];
            let logout = thread::spawn(move || {
                let target = Target::Session(session("a", stamp));
                let mut acknowledgement = logout.revoke(Revocation { target, successor: None });
                // This server rejects it at once.
                let status = logout.status(&session("a", stamp));
                assert_eq!(status, RevocationStatus::Revoked);
                while !is_acknowledged(&mut acknowledgement) {
                    thread::yield_now();
                }
                assert_eq!(logout.status(&session("a", stamp)), RevocationStatus::Revoked);
            });
            let cutoff = thread::spawn(move || {
                let successor = session("b", stamp);
                let mut was_revoked = false;
                let mut acknowledgement = cutoff.revoke(Revocation {
                    target: Target::User("42".into()),
                    successor: Some(Successor {
                        session: successor,
                        also: None,
                        must_be_good: true,
                    }),
                });
                while !is_acknowledged(&mut acknowledgement) {
                    let status = cutoff.status(&session("c", stamp));
                    assert!(!was_revoked || status == RevocationStatus::Revoked);
                    was_revoked = status == RevocationStatus::Revoked;
                    thread::yield_now();
                }
                assert_eq!(cutoff.status(&session("c", stamp)), RevocationStatus::Revoked);
                let later = cutoff.stamp().expect("it is current");
                assert_eq!(cutoff.status(&session("d", later)), RevocationStatus::Good);
            });
            for _ in 0..200 {
                server.turn();
                thread::yield_now();
            }
            logout.join().expect("the logout is acknowledged");
            cutoff.join().expect("the cutoff is acknowledged");
        },
        ORDERS / 10,
    );
}

/// The loop and the reporting thread report at the same time.
#[test]
fn a_change_of_the_state_is_logged_once() {
    check_pct(
        || {
            let clock = Clock::new(|| START, Duration::default);
            let (day, staleness) = (Duration::from_secs(86_400), Duration::from_millis(STALENESS));
            let shared = Arc::new(Shared::new(clock, day, 100, staleness));
            let log = logged(|| {
                let reports = Arc::clone(&shared);
                let reports = thread::spawn(move || reports.report());
                shared.set_contact(shared.clock.run_time());
                shared.report();
                reports.join().expect("it reports");
                // One of them may have left it to the next report.
                shared.report();
            });
            assert_eq!(log.matches("the revocation list is").count(), 1, "{log}");
        },
        ORDERS,
        SWITCHES,
    );
}

/// Another server has revoked a session while this one had no contact. When it has contact again,
/// no request finds the old copy good.
#[test]
fn a_copy_that_was_stale_is_not_good_before_it_is_complete() {
    check_pct(
        || {
            let (memory, time) = store();
            let mut server = Server::new(&memory, &time);
            let mut other = Server::new(&memory, &time);
            let stamp = server.list.stamp().expect("it is current");
            let target = Target::Session(session("a", stamp));
            let mut recorded = other.list.revoke(Revocation { target, successor: None });
            other.turn();
            assert!(is_acknowledged(&mut recorded));
            time.store(STALENESS + 1, SeqCst);

            let list = server.list.clone();
            let request = thread::spawn(move || {
                for _ in 0..4 {
                    let status = list.status(&session("a", stamp));
                    assert_ne!(status, RevocationStatus::Good);
                }
            });
            server.turn();
            request.join().expect("the request is served");
            let status = server.list.status(&session("a", stamp));
            assert_eq!(status, RevocationStatus::Revoked);
        },
        ORDERS,
        SWITCHES,
    );
}
