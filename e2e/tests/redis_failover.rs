//! Lists that share a Redis whose network or role changes: proxies, Sentinels, a Cluster.

use e2e::{
    lists::{
        eventually, is_good, is_revoked, issue, issue_of, logout, open, try_logout, try_open, wait,
    },
    proxy::Proxy,
    redis::Redis,
};
use waxseal::RevocationStatus;
use waxseal_revocation::{RevocationList, State};

fn through(proxy: &Proxy) -> RevocationList {
    open(&format!("redis://{}", proxy.host()))
}

fn has_list(redis: &Redis) -> bool {
    redis.run(&["EXISTS", "{waxseal}:head"])
}

#[test]
fn a_proxy_that_leads_to_an_empty_redis_loses_nothing() {
    let (one, other) = (Redis::start(&[]), Redis::start(&[]));
    let proxy = Proxy::to(&one.host());
    let list = through(&proxy);
    let [a, b, good] = ["a", "b", "good"].map(|id| issue(&list, id, Some(id)));
    logout(&list, &a);
    wait(list.revoke_user("b")).expect("it is durable");
    proxy.lead_to(&other.host());
    eventually("the list is not created there", || has_list(&other));
    logout(&list, &issue(&list, "c", None));
    let late = open(&other.url());
    assert!(is_revoked(&late, &a) && is_revoked(&late, &b) && is_good(&late, &good));
    assert!(is_good(&list, &good), "nobody was logged out");
}

#[test]
fn a_proxy_that_leads_to_an_older_copy_loses_nothing() {
    let redis = Redis::start(&[]);
    let proxy = Proxy::to(&redis.host());
    let list = through(&proxy);
    let [a, b, good] = ["a", "b", "good"].map(|id| issue(&list, id, Some(id)));
    logout(&list, &a);
    let copy = redis.replica();
    copy.run::<String>(&["REPLICAOF", "NO", "ONE"]);
    assert!(has_list(&copy));
    logout(&list, &b);
    proxy.lead_to(&copy.host());
    let late = open(&copy.url());
    eventually("what the copy lacks is not appended", || is_revoked(&late, &b));
    assert!(is_revoked(&late, &a) && is_good(&late, &good) && is_good(&list, &good));
    logout(&list, &good);
}

#[test]
fn a_server_that_was_cut_off_keeps_what_it_knows() {
    let redis = Redis::start(&[]);
    let proxy = Proxy::to(&redis.host());
    let survivor = through(&proxy);
    let [a, good] = ["a", "good"].map(|id| issue(&survivor, id, Some(id)));
    logout(&survivor, &a);
    proxy.cut();
    redis.run::<()>(&["FLUSHALL"]);
    // Another server finds an empty Redis, and does not know the list.
    let late = open(&redis.url());
    assert!(is_revoked(&late, &a) && is_revoked(&late, &good), "nobody is trusted");
    assert_eq!(survivor.status(&good), RevocationStatus::Unknown);
    assert!(try_logout(&survivor, &good).is_err());
    proxy.lead_to(&redis.host());
    eventually("it is not current again", || survivor.readiness().state == State::Current);
    assert!(is_revoked(&survivor, &a) && is_revoked(&survivor, &good));
    let new = issue(&survivor, "new", Some("good"));
    eventually("a login after it is not good", || is_good(&late, &new));
}

#[test]
fn a_paused_redis_is_not_trusted() {
    for mode in ["ALL", "WRITE"] {
        let redis = Redis::start(&[]);
        let list = open(&redis.url());
        let [a, good] = ["a", "good"].map(|id| issue(&list, id, Some(id)));
        redis.run::<()>(&["CLIENT", "PAUSE", "7000", mode]);
        assert!(try_logout(&list, &a).is_err(), "{mode}");
        eventually("it is still trusted", || list.status(&good) == RevocationStatus::Unknown);
        assert!(is_revoked(&list, &a), "{mode}");
        eventually("it is not trusted again", || is_good(&list, &good));
        eventually("the logout is forgotten", || is_revoked(&open(&redis.url()), &a));
    }
}

#[test]
fn killed_connections_are_opened_again() {
    let redis = Redis::start(&[]);
    let list = open(&redis.url());
    for n in 0..10 {
        let session = issue(&list, &format!("{n}"), Some("42"));
        redis.run::<usize>(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
        logout(&list, &session);
        assert!(is_revoked(&open(&redis.url()), &session));
        eventually("it is not current", || list.readiness().state == State::Current);
    }
}

/// Three Sentinels that know a primary and its replica, and the address of the list.
fn sentinels(primary: &Redis, options: &str) -> ([Redis; 3], String) {
    let sentinels = primary.sentinels();
    eventually("the Sentinels do not know the replica", || {
        sentinels.iter().all(|sentinel| {
            let info: String = sentinel.run(&["INFO", "sentinel"]);
            info.contains("slaves=1,sentinels=3")
        })
    });
    let hosts = sentinels.each_ref().map(Redis::host).join(",");
    (sentinels, format!("redis+sentinel://{hosts}/list{options}"))
}

fn is_primary(redis: &Redis) -> bool {
    redis.run::<String>(&["INFO", "replication"]).contains("role:master")
}

#[test]
fn a_failover_by_sentinels_loses_no_acknowledged_logout() {
    let mut redis = Redis::start(&[]);
    let replica = redis.replica();
    let (sentinels, url) = sentinels(&redis, "?replicas=1");
    let list = open(&url);
    let (a, good) = (issue(&list, "a", Some("1")), issue(&list, "good", Some("2")));
    logout(&list, &a);
    // One Sentinel is gone, too.
    sentinels[0].freeze();
    redis.kill();
    eventually("it is still trusted", || list.status(&good) == RevocationStatus::Unknown);
    eventually("the replica is not promoted", || is_primary(&replica));
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
fn a_failover_without_a_server_loses_no_logout_that_a_replica_has() {
    let mut redis = Redis::start(&[]);
    let replica = redis.replica();
    let (_sentinels, url) = sentinels(&redis, "?replicas=1");
    let list = open(&url);
    let (a, good) = (issue(&list, "a", Some("1")), issue(&list, "good", Some("2")));
    logout(&list, &a);
    drop(list);
    redis.kill();
    eventually("the replica is not promoted", || is_primary(&replica));
    // Without a replica, the new primary may lose what is written to it.
    eventually("the new primary is trusted without a replica", || {
        let error = try_open(&url).expect_err("there is no replica").to_string();
        error.contains("only 0 of 1 replicas")
    });
    redis.restart();
    eventually("the old primary is no replica", || try_open(&url).is_ok());
    let late = open(&url);
    assert!(is_revoked(&late, &a) && is_good(&late, &good));
}

#[test]
fn a_replica_that_is_behind_gets_what_a_server_knows() {
    let mut redis = Redis::start(&[]);
    let replica = redis.replica();
    let (_sentinels, url) = sentinels(&redis, "");
    let list = open(&url);
    let [a, b, good] = ["a", "b", "good"].map(|id| issue(&list, id, Some(id)));
    logout(&list, &a);
    eventually("the replica does not follow", || has_list(&replica));
    redis.run::<String>(&["ACL", "SETUSER", "default", "-psync", "-sync"]);
    redis.run::<usize>(&["CLIENT", "KILL", "TYPE", "replica"]);
    logout(&list, &b);
    redis.kill();
    eventually("the replica is not promoted", || is_primary(&replica));
    let members = replica.run::<usize>(&["ZCARD", "{waxseal}:sessions"]);
    assert!(members <= 3, "the replica was behind, or the list is there already");
    eventually("the new primary is not found", || list.readiness().state == State::Current);
    eventually("what it lacks is not appended", || {
        replica.run::<usize>(&["ZCARD", "{waxseal}:sessions"]) == 3
    });
    let late = open(&url);
    assert!(is_revoked(&late, &a) && is_revoked(&late, &b) && is_good(&late, &good));
}

/// The Sentinels and the replica do not reach the primary any more. The server still does, and
/// reaches the new primary, too.
#[test]
fn an_isolated_primary_is_not_the_store() {
    const OPTIONS: [&str; 2] = ["?replicas=1", ""];
    for options in OPTIONS {
        let redis = if options.is_empty() {
            Redis::start(&["--min-replicas-to-write", "1", "--min-replicas-max-lag", "1"])
        } else {
            Redis::start(&[])
        };
        let replica = redis.replica();
        if options.is_empty() {
            replica.run::<()>(&["CONFIG", "SET", "min-replicas-to-write", "1"]);
        }
        let (_sentinels, url) = sentinels(&redis, options);
        let list = open(&url);
        let [a, b, good] = ["a", "b", "good"].map(|id| issue(&list, id, Some(id)));
        logout(&list, &a);
        redis.run::<String>(&["ACL", "SETUSER", "default", "-ping", "-psync", "-sync"]);
        redis.run::<usize>(&["CLIENT", "KILL", "TYPE", "replica"]);
        eventually("it is still trusted", || list.status(&good) == RevocationStatus::Unknown);
        eventually("the replica is not promoted", || is_primary(&replica));
        assert!(is_primary(&redis), "two servers say that they are the primary");
        assert!(try_logout(&list, &b).is_err());
        assert!(try_open(&url).is_err());
        redis.run::<String>(&["ACL", "SETUSER", "default", "+ping", "+psync", "+sync"]);
        eventually("it is not trusted again", || is_good(&list, &good));
        assert!(!is_primary(&redis));
        let late = open(&url);
        assert!(is_revoked(&late, &a) && is_good(&late, &good));
        eventually("the logout is forgotten", || is_revoked(&late, &b));
    }
}

#[test]
fn a_cluster_of_three() {
    let nodes = [(); 3]
        .map(|()| Redis::start(&["--cluster-enabled", "yes", "--cluster-node-timeout", "2000"]));
    for (node, slots) in nodes.iter().zip([0..5461, 5461..10_923, 10_923..16_384]) {
        let slots: Vec<_> = slots.map(|slot: u32| slot.to_string()).collect();
        let mut command = vec!["CLUSTER", "ADDSLOTS"];
        command.extend(slots.iter().map(String::as_str));
        node.run::<String>(&command);
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

#[test]
fn a_primary_that_becomes_a_replica_is_not_the_store() {
    let redis = Redis::start(&[]);
    let list = open(&redis.url());
    let a = issue(&list, "a", Some("1"));
    let replica = redis.replica();
    let error = try_open(&replica.url()).expect_err("a replica cannot be written").to_string();
    assert!(error.contains("READONLY") || error.contains("read only"), "{error}");
    replica.run::<String>(&["REPLICAOF", "NO", "ONE"]);
    let host = replica.host();
    let (host, port) = host.split_once(':').expect("a port");
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
