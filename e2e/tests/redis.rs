//! Lists that share a real Redis, while it loses data, hangs, and changes its role.

use std::{
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    thread,
    time::Duration,
};

use e2e::{
    lists::{
        self, eventually, is_good, is_revoked, issue, issue_of, logout, open, try_logout, try_open,
        wait,
    },
    proxy::Proxy,
    redis::Redis,
};
use waxseal::RevocationStatus;
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

/// The near server wins every race for the next commit.
#[test]
fn a_busy_server_near_redis_leaves_a_turn_to_a_server_far_away() {
    let redis = Redis::start(&[]);
    let near = open(&redis.url());
    let proxy = Proxy::delayed(&redis.host(), Duration::from_millis(3));
    let address = format!("redis://{}", proxy.host());
    let far = open(&address);
    let has_ended = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for n in 0.. {
                if has_ended.load(Relaxed) {
                    break;
                }
                let (id, user) = (n.to_string(), format!("user {n}"));
                try_logout(&near, &issue(&near, &id, Some(&user))).expect("the store is near");
            }
        });
        let results: Vec<_> = (0..8).map(|n| wait(far.revoke_user(&n.to_string()))).collect();
        let late = try_open(&address);
        has_ended.store(true, Relaxed);
        for result in results {
            result.expect("it has a turn");
        }
        late.expect("it has a turn");
    });
}

#[test]
fn a_turn_of_a_server_that_died_ends() {
    let redis = Redis::start(&[]);
    let list = open(&redis.url());
    for n in 0..2 {
        // As long as the turn of a server lasts.
        let taken: String = redis.run(&["SET", "{waxseal}:turn", "1", "PX", "1000"]);
        assert_eq!(taken, "OK");
        let session = issue(&list, &n.to_string(), None);
        logout(&list, &session);
        let left: i64 = redis.run(&["EXISTS", "{waxseal}:turn"]);
        assert_eq!(left, 0, "the list did not wait");
        assert!(is_revoked(&open(&redis.url()), &session));
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

fn sessions_of_the_list(redis: &Redis) -> Option<usize> {
    redis
        .run::<bool>(&["EXISTS", "{waxseal}:head"])
        .then(|| redis.run::<usize>(&["ZCARD", "{waxseal}:sessions"]) - 1)
}

#[test]
fn several_servers_restore_a_large_list_at_the_same_time() {
    let redis = Redis::start(&[]);
    lists::several_servers_restore_a_large_list(
        &redis.url(),
        lists::many(),
        || redis.run::<()>(&["FLUSHALL"]),
        || sessions_of_the_list(&redis),
    );
    let keys: Vec<String> = redis.run(&["KEYS", "*"]);
    assert!(keys.iter().all(|key| !key.contains("new:") && !key.contains("creating")), "{keys:?}");
}

/// Not all servers write the list at the same time: Redis has no memory for that.
#[test]
fn several_servers_restore_a_list_with_little_memory() {
    let redis = Redis::start(&["--maxmemory-policy", "noeviction"]);
    let lose = || {
        let info: String = redis.run(&["INFO", "memory"]);
        let used = info.lines().find_map(|line| line.strip_prefix("used_memory:"));
        let used: usize = used.expect("a number").trim().parse().expect("a number");
        redis.run::<()>(&["FLUSHALL"]);
        redis.run::<()>(&["CONFIG", "SET", "maxmemory", &(used * 7 / 4).to_string()]);
    };
    let stored = || sessions_of_the_list(&redis);
    lists::several_servers_restore_a_large_list(&redis.url(), 60_000, lose, stored);
}

/// A server that creates the list and dies is not waited for without end.
#[test]
fn a_creator_that_dies_is_replaced() {
    let redis = Redis::start(&[]);
    redis.run::<()>(&["SET", "{waxseal}:creating", "0", "EX", "3"]);
    let list = loop {
        match try_open(&redis.url()) {
            Ok(list) => break list,
            Err(error) => assert!(error.to_string().contains("did not finish"), "{error}"),
        }
    };
    logout(&list, &issue(&list, "a", None));
}

#[test]
fn a_list_is_created_complete_or_not_at_all() {
    let redis = Redis::start(&[]);
    let script = include_str!("../../crates/waxseal-revocation/src/store/redis/commit.lua");
    let keys = ["head", "sessions", "users", "feed", "turn", "new:1:sessions", "new:1:users"];
    let keys = keys.map(|key| format!("{{x}}:{key}"));
    let create = |head: &str| -> u32 {
        let mut command = vec!["EVAL", script, "7"];
        command.extend(keys.iter().map(String::as_str));
        command.extend(["", head, "1", "create", "2", "1"]);
        redis.run(&command)
    };
    redis.run::<u32>(&["ZADD", "{x}:new:1:users", "9007199254740992", "list"]);
    redis.run::<u32>(&["ZADD", "{x}:new:1:sessions", "0", "list"]);
    assert_eq!(create("a head"), 0, "a session has expired");
    assert!(!redis.run::<bool>(&["EXISTS", "{x}:head"]));
    redis.run::<u32>(&["ZADD", "{x}:new:1:sessions", "0", "a session"]);
    redis.run::<u32>(&["EXPIRE", "{x}:new:1:sessions", "60"]);
    assert_eq!(create("a head"), 1);
    for key in ["sessions", "users"] {
        assert_eq!(redis.run::<i32>(&["TTL", &format!("{{x}}:{key}")]), -1, "{key} stays");
    }
    redis.run::<u32>(&["ZADD", "{x}:new:1:users", "9007199254740992", "list"]);
    redis.run::<u32>(&["ZADD", "{x}:new:1:sessions", "0", "list", "0", "another session"]);
    assert_eq!(create("another head"), 0, "there is a list");
    assert_eq!(redis.run::<String>(&["GET", "{x}:head"]), "a head");
    let members: Vec<String> = redis.run(&["ZRANGE", "{x}:sessions", "0", "-1"]);
    assert_eq!(members, ["a session", "list"]);
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
