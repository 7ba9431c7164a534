//! Stores that fail, lose entries, or do not exist yet.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use super::{
    Follower, MAX_WAITING,
    clocks::{Server, revocation},
    faulty::Faulty,
};
use crate::{error::StoreFailure, record, store::memory::Tables, test_log::logged};

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
    let store = Faulty { is_locked: true, ..Faulty::new(server.memory.clone()) };
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
