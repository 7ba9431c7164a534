//! Stores that fail, lose entries, or do not exist yet.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use waxseal_core::UnixTime;

use super::{
    BATCH, Follower, MAX_WAITING,
    clocks::{Server, revocation},
    faulty::Faulty,
};
use crate::{
    entry::Entry, error::StoreFailure, record, request::Revoke, store::memory::Tables,
    test_log::logged,
};

/// The follower of a server that starts beside the list in `store`, and how often it connects.
fn beside(server: &Server, store: Faulty) -> (Follower, Arc<AtomicUsize>) {
    let connects = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&connects);
    let follower = Follower::new(Arc::clone(&server.shared), move || {
        counter.fetch_add(1, Relaxed);
        Ok(Box::new(store.clone()))
    });
    (follower, connects)
}

#[test]
fn a_server_waits_whether_another_one_has_the_list() {
    let mut server = Server::new();
    *server.memory.tables() = Tables::default();
    let other = Server::new();
    // It has no contact yet, so it does not know the list.
    server.shared = Arc::new(crate::shared::Shared::new(
        other.shared.clock.clone(),
        Duration::from_secs(60),
        100,
        Duration::from_secs(60),
    ));
    let store = Faulty {
        grace: Duration::from_secs(60),
        heads: Some(Arc::default()),
        ..Faulty::new(server.memory.clone())
    };
    let (mut follower, _) = beside(&server, store);
    let log = logged(|| follower.turn(Vec::new()).unwrap());
    assert_eq!(server.memory.tables().head.unwrap().everyone, 0, "{log}");
    assert!(!log.contains("log in once more"), "{log}");
}

#[test]
fn a_locked_store_is_contact_and_needs_no_new_connection() {
    let server = Server::new();
    let store = Faulty::new(server.memory.clone());
    store.is_locked.store(true, Relaxed);
    let (mut follower, connects) = beside(&server, store);
    for _ in 0..3 {
        server.pass(120);
        assert!(!server.shared.is_current());
        follower.turn(vec![revocation("a")]).unwrap_err();
        assert!(server.shared.is_current());
    }
    assert_eq!(connects.load(Relaxed), 1);
    // Without a pause, the loop would use a whole processor.
    assert_eq!(follower.interval(), Duration::from_millis(50));
}

#[test]
fn a_server_wakes_those_who_wait_when_it_has_read_an_entry() {
    let mut server = Server::new();
    server.revoke("a");
    let mut other = Server::new();
    *other.memory.tables() = server.memory.tables().clone();
    let mut changes = other.shared.changes.subscribe();
    other.turn();
    assert!(changes.has_changed().unwrap());
    changes.mark_unchanged();
    other.turn();
    assert!(!changes.has_changed().unwrap());
}

/// The next complete reading finds the entry in the copy already.
#[test]
fn an_entry_from_a_reading_that_breaks_off_is_announced() {
    let mut server = Server::new();
    server.revoke("a");
    let other = Server::new();
    let mut changes = other.shared.changes.subscribe();
    changes.mark_unchanged();
    let store = Faulty { breaks_off: true, ..Faulty::new(server.memory.clone()) };
    beside(&other, store).0.turn(Vec::new()).unwrap_err();
    assert!(changes.has_changed().unwrap());
}

/// Another server accepts its sessions for longer than this one does.
#[test]
fn a_list_that_is_created_again_has_the_longest_absolute_timeout() {
    let mut server = Server::new();
    let longest = server.memory.tables().head.unwrap().absolute_timeout + 1000;
    record::merge(&mut server.memory, &[], 0, longest).unwrap();
    server.pass(3600);
    server.turn();
    for lost in [None, Some(0)] {
        let mut tables = Tables::default();
        if let Some(absolute_timeout) = lost {
            tables = server.memory.tables().clone();
            tables.head.as_mut().unwrap().absolute_timeout = absolute_timeout;
        }
        *server.memory.tables() = tables;
        beside(&server, Faulty::new(server.memory.clone())).0.turn(Vec::new()).unwrap();
        assert_eq!(server.memory.tables().head.unwrap().absolute_timeout, longest);
    }
}

#[test]
fn the_log_says_what_a_store_has_lost() {
    let mut server = Server::new();
    let before = server.memory.tables().clone();
    server.revoke("a");
    *server.memory.tables() = before;
    let log = logged(|| server.turn());
    assert!(log.contains("lacked entries") && log.contains("entries=1"), "{log}");
    assert_eq!(server.memory.tables().sessions(), 1);

    *server.memory.tables() = Tables::default();
    let log = logged(|| server.turn());
    assert!(log.contains("created the list again from its copy"), "{log}");
    assert!(!log.contains("lacked entries"), "{log}");
    assert_eq!(server.memory.tables().sessions(), 1);
}

/// Nothing else in the feed shows this loss: the store is as it was before the merge.
#[test]
fn what_was_merged_is_merged_again_if_the_store_loses_it_at_once() {
    let mut server = Server::new();
    let before = server.memory.tables().clone();
    server.revoke("a");
    *server.memory.tables() = before.clone();
    let store = Faulty::new(server.memory.clone());
    *store.set_back_to.lock().unwrap() = Some(before);
    beside(&server, store).0.turn(Vec::new()).unwrap();
    assert_eq!(server.memory.tables().sessions(), 1);
}

/// The stamps that a store gives must be larger than those that servers have sealed.
#[test]
fn a_store_that_has_lost_only_a_stamp_gets_it_back() {
    let mut server = Server::new();
    let before = server.memory.tables().clone();
    let stamp = before.head.unwrap().position.stamp;
    record::merge(&mut server.memory, &[], stamp + 1000, 60).unwrap();
    server.turn();
    *server.memory.tables() = before;
    let log = logged(|| server.turn());
    assert!(server.memory.tables().head.unwrap().position.stamp > stamp + 1000);
    assert!(!log.contains("lacked entries"), "{log}");
    // A store that lacks nothing is only read.
    let before = server.memory.tables().head;
    beside(&server, Faulty::new(server.memory.clone())).0.turn(Vec::new()).unwrap();
    assert_eq!(server.memory.tables().head.unwrap().position, before.unwrap().position);
}

/// A failover loses the commit, and another server appends a later record before this one reads.
#[test]
fn a_record_that_another_one_has_replaced_is_not_acknowledged() {
    let mut server = Server::new();
    server.turn();
    let mut other = Server::new();
    *other.memory.tables() = server.memory.tables().clone();
    record::merge(&mut other.memory, &[], server.shared.copy.stamp() + 9000, 60).unwrap();
    let store = Faulty::new(server.memory.clone());
    *store.set_back_to.lock().unwrap() = Some(other.memory.tables().clone());
    beside(&server, store).0.turn(vec![revocation("a")]).unwrap();
    assert_eq!(server.memory.tables().sessions(), 1);
    assert_eq!(server.shared.copy.sessions().0, 1);
}

#[test]
fn what_waits_for_a_locked_store_is_pending() {
    let server = Server::new();
    let store = Faulty::new(server.memory.clone());
    let is_locked = Arc::clone(&store.is_locked);
    let (mut follower, _) = beside(&server, store);
    is_locked.store(true, Relaxed);
    for jobs in [["a", "b", "b"], ["a", "b", "c"]] {
        server.shared.pending.fetch_add(jobs.len(), Relaxed);
        follower.turn(jobs.map(revocation).into()).unwrap_err();
        assert_eq!(server.shared.readiness().pending, follower.waiting.len());
    }
    assert_eq!(follower.waiting.len(), 3);
    is_locked.store(false, Relaxed);
    follower.turn(Vec::new()).unwrap();
    assert_eq!(server.shared.readiness().pending, 0);
}

/// Without a new reading, only this server would reject the sessions.
#[test]
fn sessions_for_which_there_was_no_room_are_added_to_the_store_later() {
    let server = Server::new();
    let store = Faulty::new(server.memory.clone());
    let is_locked = Arc::clone(&store.is_locked);
    let (mut follower, _) = beside(&server, store);
    follower.turn(Vec::new()).unwrap();
    is_locked.store(true, Relaxed);
    let jobs: Vec<_> = (0..MAX_WAITING + 5).map(|n| revocation(&n.to_string())).collect();
    for job in &jobs {
        let Revoke::Session(session) = job.request.target else { unreachable!() };
        let since = UnixTime::from_secs(server.shared.copy.stamp() / 1000 + 1);
        server.shared.apply(Entry::Session { key: session.key, user: None, since });
    }
    follower.turn(jobs).unwrap_err();
    is_locked.store(false, Relaxed);
    follower.turn(Vec::new()).unwrap();
    assert_eq!(server.memory.tables().sessions(), MAX_WAITING + 5);
}

/// Other requests are served, however many revocations wait.
#[test]
fn a_store_that_cannot_be_written_is_followed_also_after_an_overflow() {
    let server = Server::new();
    let store = Faulty::new(server.memory.clone());
    let is_locked = Arc::clone(&store.is_locked);
    let (mut follower, _) = beside(&server, store);
    follower.turn(Vec::new()).unwrap();
    is_locked.store(true, Relaxed);
    let since = UnixTime::from_secs(server.shared.copy.stamp() / 1000 + 1);
    let jobs: Vec<_> = (0..MAX_WAITING + 5).map(|n| revocation(&n.to_string())).collect();
    for job in &jobs {
        let Revoke::Session(session) = job.request.target else { unreachable!() };
        server.shared.apply(Entry::Session { key: session.key, user: None, since });
    }
    follower.turn(jobs).unwrap_err();
    for _ in 0..6 {
        server.pass(20);
        follower.turn(Vec::new()).unwrap_err();
        assert!(server.shared.is_current());
    }
}

/// Otherwise the queue would overflow again while the server reads everything.
#[test]
fn a_full_queue_is_emptied_before_everything_is_read() {
    let mut server = Server::new();
    server.shared.must_read.store(true, Relaxed);
    let full: Vec<_> = (0..BATCH).map(|_| revocation("a")).collect();
    server.follower.turn(full).unwrap();
    assert!(server.shared.must_read.load(Relaxed));
    server.follower.turn(vec![revocation("a")]).unwrap();
    assert!(!server.shared.must_read.load(Relaxed));
}

/// The store drops the sessions of a user for whom it records a cutoff.
#[test]
fn a_copy_that_is_too_large_drops_what_cutoffs_cover() {
    let mut server = Server::new();
    // At most 100 fit, so the next one is a cutoff.
    for round in 0..3 {
        for n in 0..=100 {
            let mut job = revocation(&format!("{round} {n}"));
            if let Revoke::Session(session) = &mut job.request.target {
                session.stamp = server.shared.copy.stamp();
            }
            server.follower.turn(vec![job]).unwrap();
            server.pass(1);
        }
    }
    server.pass(10);
    server.turn();
    let (copy, stored) = (server.shared.copy.sessions().0, server.memory.tables().sessions());
    assert!(copy <= 100 + stored, "{copy} {stored}");
}

#[test]
fn an_outage_keeps_so_many_revocations_and_is_logged_once() {
    let server = Server::new();
    let mut follower =
        Follower::new(Arc::clone(&server.shared), || Err(StoreFailure::new("no store")));
    assert_eq!(follower.interval(), Duration::from_millis(50));
    let log = logged(|| {
        follower
            .turn((0..MAX_WAITING + 5).map(|n| revocation(&n.to_string())).collect())
            .unwrap_err();
        assert_eq!(follower.waiting.len(), MAX_WAITING);
        follower.turn(vec![revocation("0")]).unwrap_err();
        assert_eq!(follower.waiting.len(), MAX_WAITING);
    });
    assert_eq!(log.matches("an exchange with the revocation store failed").count(), 1, "{log}");
    follower.waiting.clear();
    follower.turn(vec![revocation("0"), revocation("1"), revocation("0")]).unwrap_err();
    assert_eq!(follower.waiting.len(), 2);
}
