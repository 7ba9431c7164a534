//! Lists that share a real Redis, while it loses data, hangs, and changes its role.

use std::{thread, time::Duration};

use e2e::{
    lists::{
        self, eventually, is_good, is_revoked, issue, issue_of, logout, open, try_logout, try_open,
        wait,
    },
    redis::Redis,
};
use waxseal::{RevocationStatus, Revocations as _, SessionRef};
use waxseal_core::{Revocation, Target};
use waxseal_revocation::State;

#[test]
fn a_revocation_reaches_every_server() {
    lists::a_revocation_reaches_every_server(&Redis::start(&[]).url());
}

#[test]
fn many_sessions_of_one_user_become_a_cutoff() {
    lists::many_sessions_of_one_user_become_a_cutoff(&Redis::start(&[]).url());
}

#[test]
fn four_servers_at_the_same_time_lose_nothing() {
    lists::four_servers_at_the_same_time_lose_nothing(&Redis::start(&[]).url());
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
fn several_servers_restore_a_large_list_at_the_same_time() {
    const SESSIONS: usize = 12_000;
    let redis = Redis::start(&[]);
    let lists = [(); 3].map(|()| open(&redis.url()));
    let sessions: Vec<_> = (0..SESSIONS).map(|n| issue(&lists[0], &format!("{n}"), None)).collect();
    let pending: Vec<_> = sessions
        .iter()
        .map(|session| SessionRef { user: Some(session.id.clone()), ..session.clone() })
        .enumerate()
        .map(|(n, session)| {
            // No more than the queue holds.
            if n % 3000 == 2999 {
                thread::sleep(Duration::from_secs(1));
            }
            let target = Target::Session(session);
            lists[0].revoke(Revocation { target, successor: None })
        })
        .collect();
    for recorded in pending {
        wait(recorded).expect("it is durable");
    }
    for list in &lists {
        eventually("a logout does not arrive", || list.readiness().sessions == SESSIONS);
    }
    redis.run::<redis::Value>(&["FLUSHALL"]);
    eventually("the list is not restored", || {
        redis.run::<usize>(&["ZCARD", "{waxseal}:sessions"]) == SESSIONS + 1
            && redis.run::<bool>(&["EXISTS", "{waxseal}:head"])
    });
    let late = open(&redis.url());
    assert!(sessions.iter().all(|session| is_revoked(&late, session)));
    assert!(is_good(&late, &issue_of(&sessions[0], "good")), "nobody was logged out");
}

#[test]
fn two_servers_that_create_a_list_do_not_mix_their_parts() {
    let redis = Redis::start(&[]);
    let script = include_str!("../../crates/waxseal-revocation/src/store/redis/commit.lua");
    let commit = |arguments: &[&str]| -> u32 {
        let keys = ["{x}:head", "{x}:sessions", "{x}:users", "{x}:feed"];
        redis.run(&[&["EVAL", script, "4"], &keys[..], arguments].concat())
    };
    let (one, other) = ("9007199254740994", "18014398509481982");
    let part = ["session", "user and key of 32 bytes, or so..", "time"];
    assert_eq!(commit(&["", "", "create", one]), 1);
    assert_eq!(commit(&[&[one, ""], &part[..]].concat()), 1);
    assert_eq!(commit(&["", "", "create", other]), 1, "it begins again");
    assert_eq!(commit(&[&[one, ""], &part[..]].concat()), 0);
    assert_eq!(commit(&[one, "a head"]), 0);
    assert_eq!(commit(&[other, "another head"]), 1);
    assert_eq!(redis.run::<String>(&["GET", "{x}:head"]), "another head");
    assert_eq!(commit(&["", "", "create", one]), 0, "there is a list");
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
    lists::an_operator_works_while_servers_run(&Redis::start(&[]).url());
}

#[test]
fn the_command_works_while_servers_run() {
    let redis = Redis::start(&[]);
    let replica = redis.replica();
    lists::the_command_works_while_servers_run(&redis.url(), &replica.url());
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
