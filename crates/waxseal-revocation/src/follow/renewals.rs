//! A renewal and a store that loses data. The server has the presented session in its copy before
//! the store records the renewal, and adds it to a store that lacks it, so it can refuse its own
//! renewal.
//! A copy does not know which of its entries other servers have seen, so it leaves out none.

use std::{
    sync::{Arc, mpsc::Receiver},
    time::Duration,
};

use waxseal_core::{
    Acknowledgement, Revocation, Revocations, SessionRef, Successor, Target, UnixTime,
};

use super::{Follower, faulty::Faulty};
use crate::{
    clock::Clock,
    list::RevocationList,
    shared::{Job, Shared},
    store::memory::Memory,
    worker::Worker,
};

struct Server {
    list: RevocationList,
    follower: Follower,
    queue: Receiver<Job>,
    store: Faulty,
    session: SessionRef,
}

impl Server {
    fn new() -> Self {
        let (clock, timeout) = (Clock::system(), Duration::from_secs(60));
        let store = Faulty::new(Memory::new(clock.clone()));
        let shared = Arc::new(Shared::new(clock, timeout, 100, timeout));
        let backend = store.clone();
        let mut follower =
            Follower::new(Arc::clone(&shared), move || Ok(Box::new(backend.clone())));
        follower.turn(Vec::new()).unwrap();
        let (worker, queue) = Worker::by_hand();
        let list = RevocationList::new(shared, worker);
        let session = SessionRef {
            id: "a".into(),
            user: Some("42".into()),
            issued_at: UnixTime::from_secs(1),
            stamp: Revocations::stamp(&list).unwrap(),
        };
        Self { list, follower, queue, store, session }
    }

    fn renew(&self) -> Acknowledgement {
        let session = self.session.clone();
        let successor = Successor { session: session.clone(), also: None, must_be_good: true };
        self.list
            .revoke(Revocation { target: Target::Session(session), successor: Some(successor) })
    }

    fn turn(&mut self) {
        self.follower.turn(self.queue.try_iter().collect()).unwrap();
    }
}

fn was_revoked(recorded: Acknowledgement) -> bool {
    pollster::block_on(recorded).unwrap().was_revoked
}

/// Another server may have seen the record, and answered a logout with it.
#[test]
fn a_renewal_that_the_store_had_is_refused_after_a_loss() {
    let mut server = Server::new();
    *server.store.set_back_to.lock().unwrap() = Some(server.store.memory.tables().clone());
    let renewal = server.renew();
    server.turn();
    assert!(was_revoked(renewal));
    assert!(server.store.memory.tables().revokes(&server.session));
}

/// The revocation was acknowledged before the loss. The renewal waited while the server read it.
#[test]
fn a_renewal_of_a_revoked_session_is_refused_after_a_loss() {
    for is_waiting in [false, true] {
        let mut server = Server::new();
        let before = server.store.memory.tables().clone();
        let revoked = server.list.revoke_session(&server.session);
        let jobs: Vec<_> = server.queue.try_iter().collect();
        let renewal = is_waiting.then(|| server.renew());
        server.follower.turn(jobs).unwrap();
        assert!(!was_revoked(revoked));
        *server.store.memory.tables() = before;
        let renewal = renewal.unwrap_or_else(|| server.renew());
        server.turn();
        assert!(was_revoked(renewal), "{is_waiting}");
    }
}
