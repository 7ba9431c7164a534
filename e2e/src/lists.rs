//! Revocation lists of several servers over one store, and what every such store must do.

use std::{
    future::Future,
    net::TcpListener,
    pin::pin,
    process::Command,
    task::{Context, Poll, Waker},
    thread,
    time::{Duration, Instant},
};

use waxseal::{RevocationStatus, Revocations as _, SessionRef, UnixTime};
use waxseal_core::{NotDurable, Recorded, Revocation, Target};
use waxseal_revocation::{OpenError, RevocationList, Store, operator::Operator};

use crate::program;

/// A port that was free a moment ago, for a program that cannot choose one itself.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}

/// Waits for at most a minute: a failed election of Sentinel takes long to start again.
pub fn eventually(failure: &str, mut condition: impl FnMut() -> bool) {
    for _ in 0..3000 {
        if condition() {
            return;
        }
        thread::sleep(Duration::from_millis(20));
    }
    panic!("{failure}");
}

/// A server without traffic may be trusted for so long after its last contact.
pub const STALENESS: Duration = Duration::from_secs(2);

/// The store at an address.
pub fn store(address: &str) -> Store {
    address.parse().expect("an address")
}

/// Opens the list of one server.
///
/// # Errors
///
/// Those of the list.
pub fn try_open(address: &str) -> Result<RevocationList, OpenError> {
    RevocationList::builder(store(address)).max_staleness(STALENESS).open()
}

/// Opens the list of one server.
pub fn open(address: &str) -> RevocationList {
    try_open(address).expect("a list")
}

/// A session that the server of this list issues now.
pub fn issue(list: &RevocationList, id: &str, user: Option<&str>) -> SessionRef {
    let (id, user) = (id.into(), user.map(Into::into));
    SessionRef { id, user, issued_at: UnixTime::now(), stamp: list.stamp().expect("it is current") }
}

/// Waits for at most thirty seconds.
pub fn wait<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    let start = Instant::now();
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(result) => return result,
            Poll::Pending => thread::sleep(Duration::from_millis(1)),
        }
        assert!(start.elapsed() < Duration::from_secs(30), "no answer");
    }
}

/// Logs a session out.
///
/// # Errors
///
/// The store has not recorded it.
pub fn try_logout(list: &RevocationList, session: &SessionRef) -> Result<Recorded, NotDurable> {
    let target = Target::Session(session.clone());
    wait(list.revoke(Revocation { target, successor: None }))
}

/// Logs a session out, durably.
pub fn logout(list: &RevocationList, session: &SessionRef) -> Recorded {
    try_logout(list, session).expect("it is durable")
}

/// Whether a server rejects the session.
pub fn is_revoked(list: &RevocationList, session: &SessionRef) -> bool {
    list.status(session) == RevocationStatus::Revoked
}

/// Whether a server accepts the session.
pub fn is_good(list: &RevocationList, session: &SessionRef) -> bool {
    list.status(session) == RevocationStatus::Good
}

/// Another session, issued at the same time.
pub fn issue_of(session: &SessionRef, id: &str) -> SessionRef {
    SessionRef { id: id.into(), ..session.clone() }
}

/// Checks each kind of revocation, on two servers and on one that starts later.
pub fn a_revocation_reaches_every_server(address: &str) {
    let (one, other) = (open(address), open(address));
    let [a, b, c] = ["a", "b", "c"].map(|id| issue(&one, id, Some("42")));
    let anonymous = issue(&one, "anonymous", None);
    let recorded = logout(&one, &a);
    assert!(recorded.is_revoked && !recorded.is_cutoff && recorded.stamp > a.stamp);
    eventually("the logout does not arrive", || is_revoked(&other, &a));
    assert!(is_good(&other, &b));

    // A cutoff covers what was revoked in an earlier second.
    thread::sleep(Duration::from_millis(1100));
    wait(other.revoke_user("42")).expect("it is durable");
    eventually("the cutoff does not arrive", || is_revoked(&one, &b) && is_revoked(&one, &c));
    assert!(is_good(&one, &anonymous) && is_good(&one, &issue(&one, "new", Some("42"))));
    logout(&one, &anonymous);
    wait(one.revoke_session(&issue(&one, "by reference", Some("7")))).expect("it is durable");

    // A server that starts now reads everything.
    let late = open(address);
    assert!([&a, &b, &c, &anonymous].into_iter().all(|session| is_revoked(&late, session)));
    // Sessions that the cutoff covers were dropped.
    assert_eq!(late.readiness().sessions, 2);

    let latest = issue(&one, "latest", Some("8"));
    thread::sleep(Duration::from_millis(1100));
    wait(late.revoke_all()).expect("it is durable");
    eventually("the cutoff does not arrive", || is_revoked(&one, &latest));
    let last = open(address);
    assert!(is_revoked(&last, &anonymous));
    assert_eq!(last.readiness().sessions, 0, "the cutoff covers them");
}

/// Checks that the list cannot be filled by one user.
pub fn many_sessions_of_one_user_become_a_cutoff(address: &str) {
    let list = open(address);
    let sessions: Vec<_> =
        (0..1001).map(|n| issue(&list, &format!("id {n}"), Some("42"))).collect();
    let pending: Vec<_> = sessions
        .iter()
        .map(|session| {
            let target = Target::Session(session.clone());
            list.revoke(Revocation { target, successor: None })
        })
        .collect();
    let recorded: Vec<_> =
        pending.into_iter().map(|one| wait(one).expect("it is durable")).collect();
    assert!(recorded.last().is_some_and(|recorded| recorded.is_cutoff));
    let other = open(address);
    assert!(sessions.iter().all(|session| is_revoked(&other, session)));
    assert!(is_good(&other, &issue(&other, "new", Some("42"))));
}

/// Checks that concurrent transactions lose nothing.
pub fn four_servers_at_the_same_time_lose_nothing(address: &str) {
    let lists = [(); 4].map(|()| open(address));
    let sessions: Vec<_> =
        (0..800).map(|n| issue(&lists[0], &format!("id {n}"), Some(&format!("{n}")))).collect();
    thread::scope(|scope| {
        for (list, part) in lists.iter().zip(sessions.chunks(200)) {
            scope.spawn(move || {
                for session in part {
                    assert!(logout(list, session).is_revoked);
                }
            });
        }
    });
    let late = open(address);
    assert!(sessions.iter().all(|session| is_revoked(&late, session)));
    for list in &lists {
        eventually("a logout does not arrive", || {
            sessions.iter().all(|session| is_revoked(list, session))
        });
    }
}

/// The size of a large list; the environment variable `ENTRIES` sets it.
pub fn many() -> usize {
    std::env::var("ENTRIES").map_or(12_000, |entries| entries.parse().expect("a number"))
}

/// Checks that three servers restore what the store loses. `stored` counts the sessions in the
/// store, if it has a list.
pub fn several_servers_restore_a_large_list(
    address: &str,
    entries: usize,
    lose: impl FnOnce(),
    stored: impl Fn() -> Option<usize>,
) {
    let open = || {
        let list = RevocationList::builder(store(address)).max_sessions(2_000_000);
        list.max_staleness(Duration::from_secs(15)).open().expect("a list")
    };
    let lists = [(); 3].map(|()| open());
    let sessions: Vec<_> =
        (0..entries).map(|n| issue(&lists[0], &format!("{n}"), Some(&format!("{n}")))).collect();
    // No more than the queue holds.
    for part in sessions.chunks(3000) {
        let pending: Vec<_> = part
            .iter()
            .map(|session| {
                let target = Target::Session(session.clone());
                lists[0].revoke(Revocation { target, successor: None })
            })
            .collect();
        for recorded in pending {
            wait(recorded).expect("it is durable");
        }
    }
    for list in &lists {
        eventually("a logout does not arrive", || list.readiness().sessions == entries);
    }
    lose();
    let start = Instant::now();
    while stored() != Some(entries) {
        assert!(start.elapsed() < Duration::from_mins(5), "{:?} of {entries}", stored());
        thread::sleep(Duration::from_millis(100));
    }
    println!("{entries} entries restored after {:?}", start.elapsed());
    eventually("it is not trusted again", || is_good(&lists[0], &issue_of(&sessions[0], "good")));
    let late = open();
    assert!(sessions.iter().all(|session| is_revoked(&late, session)));
    assert!(is_good(&late, &issue_of(&sessions[0], "good")), "nobody was logged out");
    logout(&lists[1], &issue(&lists[1], "after it", None));
}

/// Checks the operations of an operator.
pub fn an_operator_works_while_servers_run(address: &str) {
    assert!(Operator::create(&store(address), true).expect("it can be written"));
    assert!(!Operator::create(&store(address), true).expect("it can be written"));
    let list = open(address);
    // Sessions from before the first list.
    let session = SessionRef { stamp: 0, ..issue(&list, "old", Some("42")) };
    assert!(is_good(&list, &session));
    let mut operator = Operator::open(&store(address)).expect("it can be read");
    operator.revoke_session("old").expect("it is durable");
    operator.revoke_user("42").expect("it is durable");
    eventually("the revocation does not arrive", || is_revoked(&list, &session));
    let mut entries = 0;
    let summary = operator.read(|_| entries += 1).expect("it can be read").expect("a list");
    assert_eq!((summary.sessions, summary.sessions_without_user, entries), (1, 1, 2));
}

/// Checks the command, also on a replica, and that it prints no password.
pub fn the_command_works_while_servers_run(address: &str, replica: &str) {
    let list = open(address);
    let session = issue(&list, "a", Some("42"));
    let run = |address: &str, arguments: &[&str]| {
        let mut command = Command::new(program::command_with_all_stores());
        let output =
            command.env("REVOCATIONS", address).arg("revocations").args(arguments).output();
        let output = output.expect("the command runs");
        let text =
            String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        (output.status.code(), text.into_owned())
    };
    assert_eq!(run(address, &["revoke-user", "42"]).0, Some(0));
    eventually("the revocation does not arrive", || is_revoked(&list, &session));
    let (code, text) = run(address, &["check"]);
    assert!(code == Some(0) && text.contains(" at 127.0.0.1:"), "{text}");
    let (code, text) = run(replica, &["check"]);
    assert!(code == Some(1) && text.contains("a server cannot start"), "{text}");
    let (scheme, _) = address.split_once("://").expect("an address");
    let (code, text) = run(&format!("{scheme}://waxseal:hunter2@127.0.0.1:1"), &["count"]);
    assert!(code == Some(1) && !text.contains("hunter2"), "{text}");
    let (code, text) = run(&format!("{scheme}://:hunter2@:x"), &["count"]);
    assert!(code == Some(2) && !text.contains("hunter2"), "{text}");
}
