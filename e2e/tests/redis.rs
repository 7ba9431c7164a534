//! Lists that share a real Redis, while it loses data, hangs, and changes its role.

use std::{
    future::Future,
    pin::pin,
    process::Command,
    task::{Context, Poll, Waker},
    thread,
    time::{Duration, Instant},
};

use e2e::{
    program,
    redis::{Redis, eventually},
};
use waxseal::{RevocationStatus, Revocations as _, SessionRef, UnixTime};
use waxseal_core::{NotDurable, Recorded, Revocation, Target};
use waxseal_revocation::{OpenError, RevocationList, State, Store, operator::Operator};

/// A server without traffic may be trusted for so long after its last contact.
const STALENESS: Duration = Duration::from_secs(2);

fn store(address: &str) -> Store {
    address.parse().expect("an address")
}

fn try_open(address: &str) -> Result<RevocationList, OpenError> {
    RevocationList::builder(store(address)).max_staleness(STALENESS).open()
}

fn open(address: &str) -> RevocationList {
    try_open(address).expect("a list")
}

fn issue(list: &RevocationList, id: &str, user: Option<&str>) -> SessionRef {
    let (id, user) = (id.into(), user.map(Into::into));
    SessionRef { id, user, issued_at: UnixTime::now(), stamp: list.stamp().expect("it is current") }
}

fn wait<T>(future: impl Future<Output = T>) -> T {
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

fn try_logout(list: &RevocationList, session: &SessionRef) -> Result<Recorded, NotDurable> {
    let target = Target::Session(session.clone());
    wait(list.revoke(Revocation { target, successor: None }))
}

fn logout(list: &RevocationList, session: &SessionRef) -> Recorded {
    try_logout(list, session).expect("it is durable")
}

fn is_revoked(list: &RevocationList, session: &SessionRef) -> bool {
    list.status(session) == RevocationStatus::Revoked
}

fn is_good(list: &RevocationList, session: &SessionRef) -> bool {
    list.status(session) == RevocationStatus::Good
}

#[test]
fn a_revocation_reaches_every_server() {
    let redis = Redis::start(&[]);
    let (one, other) = (open(&redis.url()), open(&redis.url()));
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
    let late = open(&redis.url());
    assert!([&a, &b, &c, &anonymous].into_iter().all(|session| is_revoked(&late, session)));
    // Sessions that the cutoff covers were dropped.
    assert_eq!(late.readiness().sessions, 2);

    let latest = issue(&one, "latest", Some("8"));
    thread::sleep(Duration::from_millis(1100));
    wait(late.revoke_all()).expect("it is durable");
    eventually("the cutoff does not arrive", || is_revoked(&one, &latest));
    let last = open(&redis.url());
    assert!(is_revoked(&last, &anonymous));
    assert_eq!(last.readiness().sessions, 0, "the cutoff covers them");
}

#[test]
fn many_sessions_of_one_user_become_a_cutoff() {
    let redis = Redis::start(&[]);
    let list = open(&redis.url());
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
    let other = open(&redis.url());
    assert!(sessions.iter().all(|session| is_revoked(&other, session)));
    assert!(is_good(&other, &issue(&other, "new", Some("42"))));
}

#[test]
fn four_servers_at_the_same_time_lose_nothing() {
    let redis = Redis::start(&[]);
    let lists = [(); 4].map(|()| open(&redis.url()));
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
    let late = open(&redis.url());
    assert!(sessions.iter().all(|session| is_revoked(&late, session)));
    for list in &lists {
        eventually("a logout does not arrive", || {
            sessions.iter().all(|session| is_revoked(list, session))
        });
    }
}

/// What a Redis can lose while servers run.
const LOSSES: &[&[&str]] = &[
    &["FLUSHALL"],
    &["DEL", "{waxseal}:head"],
    &["DEL", "{waxseal}:sessions"],
    &["DEL", "{waxseal}:users"],
    &["DEL", "{waxseal}:feed"],
    &["SWAPDB", "0", "1"],
    &["XTRIM", "{waxseal}:feed", "MAXLEN", "0"],
];

#[test]
fn a_server_that_lives_restores_what_redis_loses() {
    for loss in LOSSES {
        let redis = Redis::start(&[]);
        let survivor = open(&redis.url());
        let [a, b, good] = ["a", "b", "good"].map(|id| issue(&survivor, id, Some(id)));
        logout(&survivor, &a);
        wait(survivor.revoke_user("b")).expect("it is durable");
        redis.run::<redis::Value>(loss);
        // A server that starts at the same time can be faster than the survivor: then all
        // must log in again.
        eventually("the list is not restored", || {
            thread::sleep(Duration::from_millis(100));
            redis.run::<bool>(&["EXISTS", "{waxseal}:head"])
        });
        logout(&survivor, &issue(&survivor, "c", None));
        let late = open(&redis.url());
        assert!(is_revoked(&late, &a) && is_revoked(&late, &b), "{loss:?}");
        assert!(is_good(&late, &good) && is_good(&survivor, &good), "{loss:?}");
        assert!(is_revoked(&survivor, &a) && is_revoked(&survivor, &b), "{loss:?}");
    }
}

#[test]
fn a_redis_that_lost_everything_without_a_server_revokes_every_session() {
    for loss in LOSSES {
        let redis = Redis::start(&[]);
        let list = open(&redis.url());
        let (a, b) = (issue(&list, "a", Some("42")), issue(&list, "b", Some("43")));
        logout(&list, &a);
        drop(list);
        redis.run::<redis::Value>(loss);
        let late = match try_open(&redis.url()) {
            Ok(late) => late,
            Err(error) => panic!("{loss:?}: {error}"),
        };
        assert!(is_revoked(&late, &a), "{loss:?}");
        // Without the feed, nothing is lost.
        let is_feed = loss.contains(&"{waxseal}:feed");
        assert_eq!(is_good(&late, &b), is_feed, "{loss:?}");
        assert!(is_good(&late, &issue(&late, "new", Some("42"))));
    }
}

#[test]
fn a_key_of_another_type_is_an_error() {
    for key in ["{waxseal}:head", "{waxseal}:sessions", "{waxseal}:users"] {
        let redis = Redis::start(&[]);
        let list = open(&redis.url());
        let session = issue(&list, "a", None);
        redis.run::<redis::Value>(&["DEL", key]);
        redis.run::<redis::Value>(&["RPUSH", key, "x"]);
        eventually("the list is still trusted", || {
            list.status(&session) == RevocationStatus::Unknown
        });
        let error = try_logout(&list, &session).expect_err("it is not recorded").to_string();
        assert!(error.contains("Redis"), "{error}");
        assert!(try_open(&redis.url()).is_err());
        redis.run::<redis::Value>(&["DEL", key]);
        eventually("the list is not created again", || list.readiness().state == State::Current);
    }
}

#[test]
fn a_feed_of_another_type_is_replaced_at_the_next_logout() {
    let redis = Redis::start(&[]);
    let list = open(&redis.url());
    let (a, b) = (issue(&list, "a", None), issue(&list, "b", None));
    logout(&list, &a);
    redis.run::<redis::Value>(&["SET", "{waxseal}:feed", "a string"]);
    eventually("nothing is noticed", || list.readiness().error.is_some());
    logout(&list, &b);
    let late = open(&redis.url());
    assert!(is_revoked(&late, &a) && is_revoked(&late, &b));
}

#[test]
fn a_redis_that_hangs_is_not_trusted() {
    let redis = Redis::start(&[]);
    let list = open(&redis.url());
    let (a, good) = (issue(&list, "a", Some("1")), issue(&list, "good", Some("2")));
    redis.freeze();
    let error = try_logout(&list, &a).expect_err("it is not recorded");
    assert!(is_revoked(&list, &a), "{error}");
    assert_eq!(list.status(&good), RevocationStatus::Unknown, "{error}");
    redis.thaw();
    eventually("it is not trusted again", || is_good(&list, &good));
    // The failed revocation takes effect later, as documented.
    eventually("the logout is forgotten", || is_revoked(&open(&redis.url()), &a));
}

#[test]
fn a_redis_that_is_killed_and_empty_gets_the_list_back() {
    let mut redis = Redis::start(&[]);
    let list = open(&redis.url());
    let (a, good) = (issue(&list, "a", Some("1")), issue(&list, "good", Some("2")));
    logout(&list, &a);
    redis.restart();
    eventually("the list is not restored", || {
        redis.run::<bool>(&["EXISTS", "{waxseal}:head"]) && is_good(&list, &good)
    });
    let late = open(&redis.url());
    assert!(is_revoked(&late, &a) && is_good(&late, &good));
}

#[test]
fn a_replica_is_not_the_store() {
    let redis = Redis::start(&[]);
    let list = open(&redis.url());
    let a = issue(&list, "a", Some("1"));
    let replica = redis.replica();
    let error = try_open(&replica.url()).expect_err("a replica cannot be written").to_string();
    assert!(error.contains("READONLY") || error.contains("read only"), "{error}");
    // A primary that becomes a replica of another one.
    replica.run::<String>(&["REPLICAOF", "NO", "ONE"]);
    let port = replica.host();
    let (host, port) = port.split_once(':').expect("a port");
    redis.run::<String>(&["REPLICAOF", host, port]);
    eventually("it is still trusted", || list.status(&a) == RevocationStatus::Unknown);
    assert!(try_logout(&list, &a).is_err());
}

#[test]
fn a_revocation_waits_for_the_replicas() {
    let redis = Redis::start(&[]);
    let url = format!("{}?replicas=1", redis.url());
    let error = try_open(&url).expect_err("there is no replica").to_string();
    assert!(error.contains("only 0 of 1 replicas"), "{error}");
    let replica = redis.replica();
    let list = open(&url);
    let (a, b) = (issue(&list, "a", Some("1")), issue(&list, "b", Some("2")));
    logout(&list, &a);
    let held: bool = replica.run(&["EXISTS", "{waxseal}:sessions"]);
    assert!(held, "the replica has it");
    replica.freeze();
    let error = try_logout(&list, &b).expect_err("the replica hangs").to_string();
    assert!(error.contains("only 0 of 1 replicas"), "{error}");
    eventually("it is still trusted", || {
        list.status(&issue_of(&a, "good")) == RevocationStatus::Unknown
    });
    replica.thaw();
    eventually("it is not trusted again", || list.readiness().state == State::Current);
    logout(&list, &b);
}

/// Another session, issued at the same time.
fn issue_of(session: &SessionRef, id: &str) -> SessionRef {
    SessionRef { id: id.into(), ..session.clone() }
}

#[test]
fn the_documented_permissions_are_enough() {
    let redis = Redis::start(&[]);
    let docs = include_str!("../../docs/revocation.md");
    let line = docs.lines().find(|line| line.starts_with("ACL SETUSER")).expect("documented");
    let line = line.replace(">PASSWORD", ">secret");
    redis.run::<String>(&line.split(' ').collect::<Vec<_>>());
    let url = format!("redis://waxseal:secret@{}", redis.host());
    let (one, other) = (open(&url), open(&url));
    let [a, b, c] = ["a", "b", "c"].map(|id| issue(&one, id, Some(id)));
    logout(&one, &a);
    wait(one.revoke_user("b")).expect("it is durable");
    wait(one.revoke_all()).expect("it is durable");
    eventually("a revocation does not arrive", || is_revoked(&other, &c));
    assert!(is_revoked(&other, &a) && is_revoked(&other, &b));
    let wrong = format!("redis://waxseal:wrong@{}", redis.host());
    let error = try_open(&wrong).expect_err("a wrong password").to_string();
    assert!(!error.contains("wrong@"), "the password is in the message: {error}");
}

#[test]
fn an_operator_works_while_servers_run() {
    let redis = Redis::start(&[]);
    assert!(Operator::create(&store(&redis.url()), true).expect("it can be written"));
    assert!(!Operator::create(&store(&redis.url()), true).expect("it can be written"));
    let list = open(&redis.url());
    // Sessions from before the first list.
    let session = SessionRef { stamp: 0, ..issue(&list, "old", Some("42")) };
    assert!(is_good(&list, &session));
    let mut operator = Operator::open(&store(&redis.url())).expect("it can be read");
    operator.revoke_session("old").expect("it is durable");
    operator.revoke_user("42").expect("it is durable");
    eventually("the revocation does not arrive", || is_revoked(&list, &session));
    let mut entries = 0;
    let summary = operator.read(|_| entries += 1).expect("it can be read").expect("a list");
    assert_eq!((summary.sessions, summary.sessions_without_user, entries), (1, 1, 2));
}

#[test]
fn the_command_works_while_servers_run() {
    let redis = Redis::start(&[]);
    let list = open(&redis.url());
    let session = issue(&list, "a", Some("42"));
    let run = |address: &str, arguments: &[&str]| {
        let mut command = Command::new(program::command_with_redis());
        let output =
            command.env("REVOCATIONS", address).arg("revocations").args(arguments).output();
        let output = output.expect("the command runs");
        let text =
            String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        (output.status.code(), text.into_owned())
    };
    assert_eq!(run(&redis.url(), &["revoke-user", "42"]).0, Some(0));
    eventually("the revocation does not arrive", || is_revoked(&list, &session));
    let (code, text) = run(&redis.url(), &["check"]);
    assert!(code == Some(0) && text.contains(&format!("Redis at {}", redis.host())), "{text}");
    let replica = redis.replica();
    let (code, text) = run(&replica.url(), &["check"]);
    assert!(code == Some(1) && text.contains("a server cannot start"), "{text}");
    let secret = format!("redis://waxseal:hunter2@{}", redis.host());
    let (code, text) = run(&secret, &["count"]);
    assert!(code == Some(1) && !text.contains("hunter2"), "{text}");
    let (code, text) = run("redis://:hunter2@", &["count"]);
    assert!(code == Some(2) && !text.contains("hunter2"), "{text}");
}

#[test]
fn entries_of_a_newer_release_are_not_skipped() {
    let redis = Redis::start(&[]);
    let list = open(&redis.url());
    let session = issue(&list, "a", None);
    let head: String = redis.run(&["GET", "{waxseal}:head"]);
    let newer = head.replacen("1 ", "2 ", 1);
    redis.run::<String>(&["SET", "{waxseal}:head", &newer]);
    eventually("it is still trusted", || list.status(&session) == RevocationStatus::Unknown);
    let error = try_open(&redis.url()).expect_err("it is newer").to_string();
    assert!(error.contains("upgrade"), "{error}");
}

#[test]
fn a_redis_without_memory_records_nothing_and_says_so() {
    let redis = Redis::start(&["--maxmemory-policy", "noeviction"]);
    let list = open(&redis.url());
    let (a, b) = (issue(&list, "a", Some("1")), issue(&list, "b", Some("2")));
    logout(&list, &a);
    redis.run::<String>(&["CONFIG", "SET", "maxmemory", "1"]);
    let error = try_logout(&list, &b).expect_err("there is no memory").to_string();
    assert!(error.contains("OOM") || error.contains("memory"), "{error}");
    redis.run::<String>(&["CONFIG", "SET", "maxmemory", "0"]);
    eventually("the logout is forgotten", || is_revoked(&open(&redis.url()), &b));
    assert!(is_revoked(&open(&redis.url()), &a));
}

#[test]
fn evicted_keys_are_restored() {
    let redis = Redis::start(&["--maxmemory-policy", "allkeys-random"]);
    let list = open(&redis.url());
    let (a, good) = (issue(&list, "a", Some("1")), issue(&list, "good", Some("2")));
    logout(&list, &a);
    redis.run::<String>(&["CONFIG", "SET", "maxmemory", "1"]);
    let _ = try_logout(&list, &issue_of(&a, "b"));
    redis.run::<String>(&["CONFIG", "SET", "maxmemory", "0"]);
    eventually("the list is not restored", || {
        redis.run::<bool>(&["EXISTS", "{waxseal}:head"]) && list.readiness().state == State::Current
    });
    logout(&list, &issue_of(&a, "c"));
    let late = open(&redis.url());
    assert!(is_revoked(&late, &a) && is_good(&list, &good));
}

#[test]
fn a_failover_by_sentinels_loses_no_acknowledged_logout() {
    let mut redis = Redis::start(&[]);
    let replica = redis.replica();
    let sentinels = redis.sentinels();
    let hosts = sentinels.each_ref().map(Redis::host).join(",");
    eventually("the Sentinels do not know the replica", || {
        sentinels.iter().all(|sentinel| {
            let info: String = sentinel.run(&["INFO", "sentinel"]);
            info.contains("slaves=1,sentinels=3")
        })
    });
    let url = format!("redis+sentinel://{hosts}/list?replicas=1");
    let list = open(&url);
    let (a, good) = (issue(&list, "a", Some("1")), issue(&list, "good", Some("2")));
    logout(&list, &a);
    // One Sentinel is gone, too.
    sentinels[0].freeze();
    redis.kill();
    eventually("it is still trusted", || list.status(&good) == RevocationStatus::Unknown);
    eventually("the replica is not promoted", || {
        replica.run::<String>(&["INFO", "replication"]).contains("role:master")
    });
    // The old primary comes back as a replica.
    redis.restart();
    eventually("the new primary is not found", || list.readiness().state == State::Current);
    sentinels[0].thaw();
    drop(list);
    let late = open(&url);
    assert!(is_revoked(&late, &a) && is_good(&late, &good));
    logout(&late, &good);
}

#[test]
fn a_cluster_of_three() {
    let nodes = [(); 3]
        .map(|()| Redis::start(&["--cluster-enabled", "yes", "--cluster-node-timeout", "2000"]));
    let slots = ["0", "5461", "10923", "16384"].map(|slot| slot.parse::<u32>().expect("a number"));
    for (node, range) in nodes.iter().zip(slots.windows(2)) {
        let (first, last) = (range[0].to_string(), (range[1] - 1).to_string());
        node.run::<String>(&["CLUSTER", "ADDSLOTSRANGE", &first, &last]);
        let other = nodes[0].host();
        let (host, port) = other.split_once(':').expect("a port");
        node.run::<String>(&["CLUSTER", "MEET", host, port]);
    }
    eventually("the Cluster does not come up", || {
        nodes.iter().all(|node| {
            let info: String = node.run(&["CLUSTER", "INFO"]);
            info.contains("cluster_state:ok") && info.contains("cluster_known_nodes:3")
        })
    });
    // Any node leads to the one that has the list.
    for node in &nodes {
        let list = open(&node.url());
        let session = issue(&list, &node.host(), Some("42"));
        logout(&list, &session);
        let others = nodes.each_ref().map(Redis::host).join(",");
        assert!(is_revoked(&open(&format!("redis://{others}")), &session));
    }
}
