//! The revocation list with a real Redis and its failures. The lists run in this process, so that
//! the tests can set their times.

use std::{
    pin::pin,
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use e2e::redis::Redis;
use waxseal::{RevocationStatus, Revocations as _, SessionRef, UnixTime};
use waxseal_revocation::{
    Acknowledgement, Durability, Entry, NotDurable, RevocationList, SessionId, State, operator,
};

const ABSOLUTE: Duration = Duration::from_secs(1000);
const KEY: &str = "waxseal:revocations";

fn now() -> UnixTime {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    UnixTime::from_secs(since_1970.as_secs())
}

fn ago(secs: u64) -> UnixTime {
    UnixTime::from_secs(now().as_secs() - secs)
}

/// The revocation store, with short times for the tests.
fn store(redis: &Redis) -> waxseal_revocation::Redis {
    waxseal_revocation::Redis::new(&redis.address())
        .expect("an address")
        .startup_grace(Duration::from_secs(2))
        .timeout(Duration::from_secs(1))
}

fn open(store: waxseal_revocation::Redis) -> RevocationList {
    RevocationList::builder(store).absolute_timeout(ABSOLUTE).open().expect("a list")
}

/// A Redis with a revocation list that was created long ago.
fn with_list(keeps: bool) -> Redis {
    let redis = Redis::start(keeps);
    let info = redis.cli(&["info", "server"]);
    let run = info.lines().find_map(|line| line.strip_prefix("run_id:")).expect("a run").trim();
    redis.cli(&["xadd", KEY, "*", "epoch", "test"]);
    redis.cli(&["xadd", KEY, "*", "before", "1700000000"]);
    redis.cli(&["xadd", KEY, "*", "whole", "test", "run", run, "by", "init"]);
    redis
}

fn revoke(list: &RevocationList, sid: &str) -> Acknowledgement {
    revoke_issued_at(list, sid, later())
}

fn revoke_issued_at(list: &RevocationList, sid: &str, issued_at: UnixTime) -> Acknowledgement {
    list.revoke(SessionRef { id: sid.into(), user: None, issued_at }, now())
}

/// A time after every cutoff in these tests.
fn later() -> UnixTime {
    UnixTime::from_secs(now().as_secs() + 60)
}

fn status(list: &RevocationList, sid: &str) -> RevocationStatus {
    list.status(Some(sid), None, later())
}

fn wait(acknowledgement: Acknowledgement) -> Result<(), NotDurable> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(pin!(acknowledgement))
}

fn becomes(list: &RevocationList, state: State) {
    eventually(&format!("{state:?}"), || list.readiness().state == state);
}

fn becomes_revoked(list: &RevocationList, sid: &str) {
    eventually(sid, || status(list, sid) == RevocationStatus::Revoked);
}

/// Polls a condition for at most a minute.
fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while start.elapsed() < Duration::from_mins(1) {
        if is_so() {
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("not within a minute: {what}");
}

#[test]
fn a_revocation_on_one_server_reaches_every_server() {
    let redis = with_list(true);
    let (one, other) = (open(store(&redis)), open(store(&redis)));
    becomes(&one, State::Current);
    becomes(&other, State::Current);
    assert_eq!(status(&other, "session"), RevocationStatus::Good);
    wait(revoke(&one, "session")).expect("it is durable");
    becomes_revoked(&other, "session");

    let issued_at = other.issued_at(Some("42"), now()).expect("the list is trusted");
    wait(one.revoke_user("42")).expect("it is durable");
    eventually("the user is revoked", || {
        other.status(None, Some("42"), issued_at) == RevocationStatus::Revoked
    });
    // After a new login on one server, the session is valid on every server.
    let again = other.issued_at(Some("42"), now()).expect("the list is trusted");
    assert_eq!(one.status(Some("new"), Some("42"), again), RevocationStatus::Good);

    // A server that starts later reads all entries, and so does the `waxseal` command.
    let third = open(store(&redis));
    becomes(&third, State::Current);
    becomes_revoked(&third, "session");
    assert_eq!(third.status(None, Some("42"), issued_at), RevocationStatus::Revoked);
    let entries = operator::entries(&store(&redis).into(), ABSOLUTE).expect("they can be read");
    assert!(matches!(
        &*entries,
        [Entry::Session { .. }, Entry::User { sub, .. }] if **sub == *"42"
    ));
    operator::end_user(&store(&redis).into(), "43").expect("it is durable");
    eventually("the revocation of the operator", || {
        third.status(None, Some("43"), now()) == RevocationStatus::Revoked
    });
}

#[test]
fn an_empty_redis_is_not_an_empty_list() {
    let redis = Redis::start(true);
    let list = open(store(&redis));
    becomes(&list, State::Uninitialised);
    assert_eq!(status(&list, "session"), RevocationStatus::Unknown);
    assert_eq!(list.issued_at(None, now()), None);
    // A write does not create a list.
    let error = wait(revoke(&list, "session")).expect_err("it is not durable").to_string();
    assert!(error.contains("has no revocation list"), "{error}");
    let error = operator::end_user(&store(&redis).into(), "42").expect_err("Redis has no list");
    assert!(error.to_string().contains("`waxseal revocations init`"), "{error}");
    assert_eq!(redis.cli(&["exists", "waxseal:revocations"]), "0");

    let before = ago(1);
    assert!(operator::init(&store(&redis).into()).expect("the list is created").is_some());
    becomes(&list, State::Current);
    // Earlier revocations are unknown, so all earlier sessions are revoked.
    assert_eq!(list.status(Some("other"), None, before), RevocationStatus::Revoked);
    assert_eq!(status(&list, "other"), RevocationStatus::Good);
    // The server retries the failed write.
    eventually("it is in the stream", || redis.cli(&["xlen", "waxseal:revocations"]) == "4");
    assert_eq!(status(&list, "session"), RevocationStatus::Revoked);
    // A second `init` changes nothing.
    assert!(operator::init(&store(&redis).into()).expect("Redis responds").is_none());
}

#[test]
fn a_restart_with_data_loses_no_entry() {
    let mut redis = with_list(true);
    let (one, other) = (open(store(&redis)), open(store(&redis)));
    becomes(&one, State::Current);
    becomes(&other, State::Current);
    for number in 0..100 {
        wait(revoke(&one, &format!("session-{number}"))).expect("it is durable");
    }
    redis.kill();
    redis.restart();
    drop((one, other));
    // No other server runs that could add entries, so the list is complete after the startup grace.
    let third = open(store(&redis));
    becomes(&third, State::Current);
    for number in 0..100 {
        assert_eq!(status(&third, &format!("session-{number}")), RevocationStatus::Revoked);
    }
}

#[test]
fn after_a_restart_without_data_the_servers_publish_their_entries() {
    let mut redis = with_list(false);
    let (one, other) = (open(store(&redis)), open(store(&redis)));
    becomes(&one, State::Current);
    becomes(&other, State::Current);
    wait(revoke(&one, "session")).expect("it is durable");
    becomes_revoked(&other, "session");
    wait(other.revoke_user("42")).expect("it is durable");
    let issued_at = ago(1);

    redis.kill();
    redis.restart();
    // A server that starts now does not trust an incomplete list.
    let third = open(store(&redis));
    eventually("the new server has the complete list", || {
        let good = status(&third, "another") == RevocationStatus::Good;
        if good {
            assert_eq!(status(&third, "session"), RevocationStatus::Revoked);
            assert_eq!(third.status(None, Some("42"), issued_at), RevocationStatus::Revoked);
        }
        good
    });
    // New revocations reach every server again.
    wait(revoke(&third, "later")).expect("it is durable");
    becomes_revoked(&one, "later");
    becomes_revoked(&other, "later");
    assert_eq!(one.readiness().state, State::Current);
}

#[test]
fn entries_missing_from_a_backup_are_published_again() {
    let mut redis = with_list(false);
    let one = open(store(&redis));
    becomes(&one, State::Current);
    wait(revoke(&one, "lost")).expect("it is durable");
    // Restore an older backup: the same list without the last entry, but with a newer one.
    let entries = redis.cli(&["--json", "xrange", "waxseal:revocations", "-", "+"]);
    let entries: Vec<(String, Vec<String>)> = serde_json::from_str(&entries).expect("JSON");
    redis.cut();
    redis.kill();
    redis.restart();
    for (id, fields) in &entries[..entries.len() - 1] {
        let mut command = vec!["xadd", "waxseal:revocations", id];
        command.extend(fields.iter().map(String::as_str));
        redis.cli(&command);
    }
    redis.cli(&["xadd", "waxseal:revocations", "*", "sub", "42", "before", "1900000000"]);
    redis.mend();
    let second = open(store(&redis));
    becomes_revoked(&second, "lost");
}

#[test]
fn all_pending_entries_are_written_after_an_outage() {
    const MANY: usize = 300_000;
    let redis = with_list(true);
    let list = open(store(&redis));
    becomes(&list, State::Current);
    redis.cut();
    for number in 0..MANY {
        drop(revoke(&list, &number.to_string()));
    }
    redis.mend();
    eventually("all entries are written", || list.readiness().pending == 0);
    // Each entry is written once, with few exceptions.
    let items: usize = redis.cli(&["xlen", KEY]).parse().expect("a number");
    assert!(items < MANY + MANY / 10, "{items}");
}

#[test]
fn after_an_outage_the_list_is_stale_until_all_entries_are_read() {
    let redis = with_list(true);
    let list = open(store(&redis).max_staleness(Duration::from_secs(1)));
    becomes(&list, State::Current);
    redis.cut();
    becomes(&list, State::Stale);
    let fill = "local sid
                for i = 1, 300000 do
                  sid = string.sub(redis.sha1hex(i), 1, 21) .. 'A'
                  redis.call('XADD', KEYS[1], '*', 'sid', sid, 'begun', ARGV[1])
                end
                return sid";
    let newest = redis.cli(&["eval", fill, "1", KEY, &now().to_string()]);
    redis.mend();
    eventually("the list is current", || status(&list, "another") == RevocationStatus::Good);
    assert_eq!(status(&list, &newest), RevocationStatus::Revoked);
}

#[test]
fn entries_missing_without_a_restart_are_published_again() {
    let redis = with_list(true);
    let one = open(store(&redis));
    becomes(&one, State::Current);
    wait(revoke(&one, "lost")).expect("it is durable");
    // The server reads its own entry back.
    thread::sleep(Duration::from_secs(1));
    // Restore an older backup as above, without a restart.
    redis.cut();
    let entries = redis.cli(&["--json", "xrange", KEY, "-", "+"]);
    let entries: Vec<(String, Vec<String>)> = serde_json::from_str(&entries).expect("JSON");
    redis.cli(&["del", KEY]);
    for (id, fields) in &entries[..entries.len() - 1] {
        let mut command = vec!["xadd", KEY, id];
        command.extend(fields.iter().map(String::as_str));
        redis.cli(&command);
    }
    redis.cli(&["xadd", KEY, "*", "sub", "42", "before", "1900000000"]);
    redis.mend();
    let id = SessionId::of("lost").to_string();
    eventually("the entry is published again", || {
        redis.cli(&["xrange", KEY, "-", "+"]).contains(&id)
    });
}

#[test]
fn a_promoted_replica_is_not_trusted_before_the_startup_grace() {
    const GRACE: u64 = 4;
    let redis = Redis::start(true);
    // An earlier Redis process wrote the list. This process was its replica, and lacks the last
    // entries.
    redis.cli(&["xadd", KEY, "*", "epoch", "test"]);
    let early = SessionId::of("early").to_string();
    let issued_at = now().to_string();
    redis.cli(&["xadd", KEY, "*", "sid", &early, "begun", &issued_at]);
    redis.cli(&["xadd", KEY, "*", "whole", "test", "run", "before", "by", "server"]);
    thread::sleep(Duration::from_secs(GRACE + 1));
    let list = open(store(&redis).startup_grace(Duration::from_secs(GRACE)));
    becomes_revoked(&list, "early");
    thread::sleep(Duration::from_millis(500));
    assert_eq!(status(&list, "late"), RevocationStatus::Unknown);
    // Another server publishes the missing entry.
    let late = SessionId::of("late").to_string();
    redis.cli(&["xadd", KEY, "*", "sid", &late, "begun", &issued_at]);
    becomes(&list, State::Current);
    assert_eq!(status(&list, "late"), RevocationStatus::Revoked);
}

#[test]
fn a_clock_that_was_ahead_does_not_delay_the_start() {
    let redis = Redis::start(true);
    let info = redis.cli(&["info", "server"]);
    let run = info.lines().find_map(|line| line.strip_prefix("run_id:")).expect("a run").trim();
    let id = format!("{}000-0", now().as_secs() + 100_000);
    redis.cli(&["xadd", KEY, "*", "epoch", "test"]);
    redis.cli(&["xadd", KEY, &id, "whole", "test", "run", run, "by", "server"]);
    becomes(&open(store(&redis)), State::Current);
}

#[test]
fn init_completes_a_list_that_was_never_completed() {
    let redis = Redis::start(true);
    redis.cli(&["xadd", KEY, "*", "epoch", "test"]);
    let list = open(store(&redis));
    becomes(&list, State::Uninitialised);
    let before = ago(1);
    assert!(operator::init(&store(&redis).into()).expect("the list is created").is_some());
    becomes(&list, State::Current);
    assert_eq!(list.status(None, None, before), RevocationStatus::Revoked);
    assert!(operator::init(&store(&redis).into()).expect("Redis responds").is_none());
}

#[test]
fn a_deleted_list_is_published_again() {
    let redis = with_list(true);
    let one = open(store(&redis));
    becomes(&one, State::Current);
    wait(revoke(&one, "session")).expect("it is durable");
    redis.cli(&["del", "waxseal:revocations"]);
    eventually("the list is published again", || {
        redis.cli(&["xrange", "waxseal:revocations", "-", "+"]).contains("whole")
    });
    let second = open(store(&redis));
    becomes(&second, State::Current);
    assert_eq!(status(&second, "session"), RevocationStatus::Revoked);
}

#[test]
fn a_server_waits_for_another_that_completes_the_list() {
    let redis = with_list(true);
    redis.cli(&["xadd", "waxseal:revocations", "*", "completing", "another run"]);
    let start = Instant::now();
    let list = open(store(&redis));
    becomes(&list, State::Current);
    assert!(start.elapsed() >= Duration::from_secs(1), "{:?}", start.elapsed());
}

#[test]
fn a_list_without_contact_for_too_long_is_stale() {
    let redis = with_list(true);
    let brief = store(&redis).max_staleness(Duration::from_secs(1));
    let strict = open(brief.clone());
    let lenient = open(brief.dangerous_serve_when_stale());
    becomes(&strict, State::Current);
    becomes(&lenient, State::Current);
    wait(revoke(&strict, "session")).expect("it is durable");
    becomes_revoked(&lenient, "session");

    redis.cut();
    becomes(&strict, State::Stale);
    becomes(&lenient, State::Stale);
    assert_eq!(status(&strict, "other"), RevocationStatus::Unknown);
    assert_eq!(status(&lenient, "other"), RevocationStatus::Good);
    // Known revocations stay effective.
    assert_eq!(status(&strict, "session"), RevocationStatus::Revoked);
    assert_eq!(status(&lenient, "session"), RevocationStatus::Revoked);
    assert!(strict.readiness().contact_age >= Duration::from_secs(1));
    // A new revocation is not durable yet. It is kept in memory and written later.
    wait(revoke(&lenient, "pending")).expect_err("Redis is unreachable");
    assert_eq!(status(&lenient, "pending"), RevocationStatus::Revoked);
    assert_eq!(lenient.readiness().pending, 1);

    redis.mend();
    becomes(&strict, State::Current);
    becomes_revoked(&strict, "pending");
    assert_eq!(status(&strict, "other"), RevocationStatus::Good);
    assert_eq!(lenient.readiness().pending, 0);
}

#[test]
fn expired_entries_are_removed_from_memory_and_the_stream() {
    let redis = with_list(true);
    let one = open(store(&redis));
    becomes(&one, State::Current);
    // All sessions issued at this time have expired in 3 seconds.
    let lifetime = ABSOLUTE.as_secs() + 2 * 60;
    wait(revoke_issued_at(&one, "old", ago(lifetime - 3))).expect("it is durable");
    wait(revoke(&one, "new")).expect("it is durable");
    assert_eq!(one.readiness().entries, 2);
    let stream = || redis.cli(&["xrange", "waxseal:revocations", "-", "+"]);
    assert_eq!(stream().matches("begun").count(), 2);
    eventually("memory is freed", || one.readiness().entries == 1);
    eventually("the stream is trimmed", || stream().matches("begun").count() == 1);
    // The cutoff of the new list has expired, too. The markers of the list stay.
    eventually("the cutoff is removed", || redis.cli(&["xlen", "waxseal:revocations"]) == "3");
    assert!(stream().contains("epoch") && stream().contains("whole"));
    let second = open(store(&redis));
    becomes(&second, State::Current);
    becomes_revoked(&second, "new");
}

#[test]
fn a_server_without_the_right_to_trim_follows_the_list() {
    let redis = with_list(true);
    redis.cli(&["acl", "setuser", "default", "resetkeys", &format!("~{KEY}")]);
    let (one, other) = (open(store(&redis)), open(store(&redis)));
    becomes(&one, State::Current);
    becomes(&other, State::Current);
    wait(revoke(&one, "session")).expect("it is durable");
    becomes_revoked(&other, "session");
}

#[test]
fn repeated_logins_and_logouts_do_not_fill_the_stream() {
    let redis = with_list(true);
    let list = open(store(&redis));
    becomes(&list, State::Current);
    let (cutoff, issued_at) = (ago(700), ago(600));
    let session =
        |number: usize| SessionRef { id: number.to_string(), user: Some("42".into()), issued_at };
    for number in 0..1000 {
        wait(list.revoke(session(number), now())).expect("it is durable");
    }
    wait(revoke(&list, "another session")).expect("it is durable");
    for _ in 0..100 {
        operator::end_before(&store(&redis).into(), cutoff).expect("it is durable");
    }
    // The two markers of the list, the cutoff for all sessions, the cutoff of the user, the other
    // session, and the last entry.
    eventually("the entries are merged", || redis.cli(&["xlen", KEY]) == "6");
    let second = open(store(&redis));
    becomes(&second, State::Current);
    becomes_revoked(&second, "another session");
    assert!((0..1000).all(|number| {
        second.status(Some(&number.to_string()), Some("42"), issued_at) == RevocationStatus::Revoked
    }));
    let before = UnixTime::from_secs(cutoff.as_secs() - 1);
    assert_eq!(second.status(None, None, before), RevocationStatus::Revoked);
}

#[test]
fn an_acknowledgement_waits_for_the_configured_durability() {
    let redis = with_list(true);
    // Redis has no replica, so the entry never becomes durable.
    let list = open(store(&redis).durability(Durability::Replicas(1)));
    becomes(&list, State::Current);
    let error = wait(revoke(&list, "session")).expect_err("Redis has no replica").to_string();
    assert!(error.contains("too few replicas"), "{error}");
    // The entry is in the stream once.
    let stream = redis.cli(&["xrange", "waxseal:revocations", "-", "+"]);
    assert_eq!(stream.matches("begun").count(), 1);
    // Without the right to run WAIT, durability is unknown.
    redis.cli(&["acl", "setuser", "default", "-wait"]);
    let list = open(store(&redis).durability(Durability::Replicas(1)));
    becomes(&list, State::Current);
    let error = wait(revoke(&list, "third")).expect_err("WAIT is not permitted").to_string();
    assert!(error.contains("permissions"), "{error}");
    // A Redis without WAITAOF (before 7.2) cannot report it, so a write counts as durable.
    let list = open(store(&redis).durability(Durability::Synced(0)));
    becomes(&list, State::Current);
    wait(revoke(&list, "other")).expect("it is durable");
}

#[test]
fn no_message_contains_the_password_of_the_address() {
    let redis = with_list(true);
    redis.cli(&["acl", "setuser", "app", "on", ">open sesame", "~waxseal:*", "+@all"]);
    let store = |password| {
        let address = redis.address_of("app", password);
        waxseal_revocation::Redis::new(&address).expect("an address")
    };
    assert!(!format!("{:?}", store("open%20sesame")).contains("sesame"));
    let list = open(store("open%20sesame"));
    becomes(&list, State::Current);
    wait(revoke(&list, "session")).expect("it is durable");

    let error =
        operator::end_user(&store("wrong").into(), "42").expect_err("the password is wrong");
    let error = error.to_string();
    assert!(error.starts_with("Redis: ") && !error.contains("wrong@"), "{error}");
    let rejected = open(store("wrong"));
    thread::sleep(Duration::from_secs(1));
    assert_eq!(rejected.readiness().state, State::Loading);
    let no_address =
        waxseal_revocation::Redis::new("http://app:secret@host").expect_err("an invalid address");
    assert!(!no_address.to_string().contains("secret"), "{no_address}");
}
