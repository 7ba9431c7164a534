//! The list of ended sessions over a real Redis, and what may happen to that:
//! as lists in this process, whose clock and limits can be set.

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

/// The log, with short times so that tests need not wait.
fn log(redis: &Redis) -> waxseal_revocation::Redis {
    waxseal_revocation::Redis::new(&redis.address())
        .expect("an address")
        .startup_grace(Duration::from_secs(2))
        .timeout(Duration::from_secs(1))
}

fn open(log: waxseal_revocation::Redis) -> RevocationList {
    RevocationList::builder(log).absolute_timeout(ABSOLUTE).open().expect("a list")
}

/// A Redis in which a list was begun, long ago.
fn begun(keeps: bool) -> Redis {
    let redis = Redis::start(keeps);
    let info = redis.cli(&["info", "server"]);
    let run = info.lines().find_map(|line| line.strip_prefix("run_id:")).expect("a run").trim();
    redis.cli(&["xadd", KEY, "*", "epoch", "test"]);
    redis.cli(&["xadd", KEY, "*", "before", "1700000000"]);
    redis.cli(&["xadd", KEY, "*", "whole", "test", "run", run, "by", "init"]);
    redis
}

fn end(list: &RevocationList, sid: &str) -> Acknowledgement {
    end_at(list, sid, later())
}

fn end_at(list: &RevocationList, sid: &str, begun: UnixTime) -> Acknowledgement {
    list.revoke(SessionRef { id: sid.into(), user: None, issued_at: begun }, now())
}

/// After everything that is cut here.
fn later() -> UnixTime {
    UnixTime::from_secs(now().as_secs() + 60)
}

fn status(list: &RevocationList, sid: &str) -> RevocationStatus {
    list.status(Some(sid), None, later())
}

fn wait(recording: Acknowledgement) -> Result<(), NotDurable> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(pin!(recording))
}

fn becomes(list: &RevocationList, state: State) {
    eventually(&format!("{state:?}"), || list.readiness().state == state);
}

fn knows(list: &RevocationList, sid: &str) {
    eventually(sid, || status(list, sid) == RevocationStatus::Revoked);
}

/// Looks again and again, for a minute at most.
fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_mins(1) {
        if is_so() {
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("never: {what}");
}

#[test]
fn what_one_server_ends_all_know() {
    let redis = begun(true);
    let (one, other) = (open(log(&redis)), open(log(&redis)));
    becomes(&one, State::Current);
    becomes(&other, State::Current);
    assert_eq!(status(&other, "session"), RevocationStatus::Good);
    wait(end(&one, "session")).expect("it is recorded");
    knows(&other, "session");

    let begun = other.issued_at(Some("42"), now()).expect("the list is trusted");
    wait(one.revoke_user("42")).expect("it is recorded");
    eventually("the user", || other.status(None, Some("42"), begun) == RevocationStatus::Revoked);
    // Who logs in again at whichever server is in at all of them.
    let again = other.issued_at(Some("42"), now()).expect("the list is trusted");
    assert_eq!(one.status(Some("new"), Some("42"), again), RevocationStatus::Good);

    // A server that starts later knows it all; so does an operator.
    let third = open(log(&redis));
    becomes(&third, State::Current);
    knows(&third, "session");
    assert_eq!(third.status(None, Some("42"), begun), RevocationStatus::Revoked);
    let entries = operator::entries(&log(&redis).into(), ABSOLUTE).expect("they can be read");
    assert!(matches!(
        &*entries,
        [Entry::Session { .. }, Entry::User { sub, .. }] if **sub == *"42"
    ));
    operator::end_user(&log(&redis).into(), "43").expect("it is recorded");
    eventually("the operator's", || {
        third.status(None, Some("43"), now()) == RevocationStatus::Revoked
    });
}

#[test]
fn an_empty_redis_is_not_taken_for_a_list() {
    let redis = Redis::start(true);
    let list = open(log(&redis));
    becomes(&list, State::Uninitialised);
    assert_eq!(status(&list, "session"), RevocationStatus::Unknown);
    assert_eq!(list.issued_at(None, now()), None);
    // Nor does writing make one.
    let error = wait(end(&list, "session")).expect_err("it is not recorded").to_string();
    assert!(error.contains("has no revocation list"), "{error}");
    let error = operator::end_user(&log(&redis).into(), "42").expect_err("there is none");
    assert!(error.to_string().contains("`waxseal revocations init`"), "{error}");
    assert_eq!(redis.cli(&["exists", "waxseal:revocations"]), "0");

    let before = ago(1);
    assert!(operator::init(&log(&redis).into()).expect("it is begun").is_some());
    becomes(&list, State::Current);
    // Nobody knows what was ended before: all of it is.
    assert_eq!(list.status(Some("other"), None, before), RevocationStatus::Revoked);
    assert_eq!(status(&list, "other"), RevocationStatus::Good);
    // What could not be written then was tried on.
    eventually("it is in the stream", || redis.cli(&["xlen", "waxseal:revocations"]) == "4");
    assert_eq!(status(&list, "session"), RevocationStatus::Revoked);
    // A second time changes nothing.
    assert!(operator::init(&log(&redis).into()).expect("it can be asked").is_none());
}

#[test]
fn a_restart_with_its_data_loses_nothing() {
    let mut redis = begun(true);
    let (one, other) = (open(log(&redis)), open(log(&redis)));
    becomes(&one, State::Current);
    becomes(&other, State::Current);
    for number in 0..100 {
        wait(end(&one, &format!("session-{number}"))).expect("it is recorded");
    }
    redis.kill();
    redis.restart();
    drop((one, other));
    // Nobody is there who could know more: after a while the list is whole.
    let third = open(log(&redis));
    becomes(&third, State::Current);
    for number in 0..100 {
        assert_eq!(status(&third, &format!("session-{number}")), RevocationStatus::Revoked);
    }
}

#[test]
fn a_restart_without_data_is_made_good_by_the_servers() {
    let mut redis = begun(false);
    let (one, other) = (open(log(&redis)), open(log(&redis)));
    becomes(&one, State::Current);
    becomes(&other, State::Current);
    wait(end(&one, "session")).expect("it is recorded");
    knows(&other, "session");
    wait(other.revoke_user("42")).expect("it is recorded");
    let begun = ago(1);

    redis.kill();
    redis.restart();
    // One that starts meanwhile trusts no half of a list.
    let third = open(log(&redis));
    eventually("the new server is whole", || {
        let good = status(&third, "another") == RevocationStatus::Good;
        if good {
            assert_eq!(status(&third, "session"), RevocationStatus::Revoked);
            assert_eq!(third.status(None, Some("42"), begun), RevocationStatus::Revoked);
        }
        good
    });
    // And all are one again.
    wait(end(&third, "later")).expect("it is recorded");
    knows(&one, "later");
    knows(&other, "later");
    assert_eq!(one.readiness().state, State::Current);
}

#[test]
fn entries_lost_behind_new_ones_are_published_again() {
    let mut redis = begun(false);
    let one = open(log(&redis));
    becomes(&one, State::Current);
    wait(end(&one, "lost")).expect("it is recorded");
    // A backup that is older: the same list, without the last entry, and with
    // others since.
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
    let second = open(log(&redis));
    knows(&second, "lost");
}

#[test]
fn what_has_come_together_is_written_however_much_it_is() {
    const MANY: usize = 300_000;
    let redis = begun(true);
    let list = open(log(&redis));
    becomes(&list, State::Current);
    redis.cut();
    for number in 0..MANY {
        drop(end(&list, &number.to_string()));
    }
    redis.mend();
    eventually("all is written", || list.readiness().pending == 0);
    // And not several times.
    let items: usize = redis.cli(&["xlen", KEY]).parse().expect("a number");
    assert!(items < MANY + MANY / 10, "{items}");
}

#[test]
fn after_an_absence_all_is_read_before_anything_is_trusted() {
    let redis = begun(true);
    let list = open(log(&redis).max_staleness(Duration::from_secs(1)));
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
    eventually("it is trusted", || status(&list, "another") == RevocationStatus::Good);
    assert_eq!(status(&list, &newest), RevocationStatus::Revoked);
}

#[test]
fn entries_lost_in_a_process_that_goes_on_are_published_again() {
    let redis = begun(true);
    let one = open(log(&redis));
    becomes(&one, State::Current);
    wait(end(&one, "lost")).expect("it is recorded");
    // Its server reads it, too.
    thread::sleep(Duration::from_secs(1));
    // As above, without a restart: a backup put back.
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
    let name = SessionId::of("lost").to_string();
    eventually("it is there again", || redis.cli(&["xrange", KEY, "-", "+"]).contains(&name));
}

#[test]
fn whoever_takes_over_is_not_trusted_at_once() {
    const SETTLE: u64 = 4;
    let redis = Redis::start(true);
    // Of a process before: this one was a replica all the time, and lacks what
    // came last.
    redis.cli(&["xadd", KEY, "*", "epoch", "test"]);
    let early = SessionId::of("early").to_string();
    let begun = now().to_string();
    redis.cli(&["xadd", KEY, "*", "sid", &early, "begun", &begun]);
    redis.cli(&["xadd", KEY, "*", "whole", "test", "run", "before", "by", "server"]);
    thread::sleep(Duration::from_secs(SETTLE + 1));
    let list = open(log(&redis).startup_grace(Duration::from_secs(SETTLE)));
    knows(&list, "early");
    thread::sleep(Duration::from_millis(500));
    assert_eq!(status(&list, "late"), RevocationStatus::Unknown);
    // Another server publishes it.
    let late = SessionId::of("late").to_string();
    redis.cli(&["xadd", KEY, "*", "sid", &late, "begun", &begun]);
    becomes(&list, State::Current);
    assert_eq!(status(&list, "late"), RevocationStatus::Revoked);
}

#[test]
fn a_clock_that_was_ahead_keeps_nobody_waiting() {
    let redis = Redis::start(true);
    let info = redis.cli(&["info", "server"]);
    let run = info.lines().find_map(|line| line.strip_prefix("run_id:")).expect("a run").trim();
    let id = format!("{}000-0", now().as_secs() + 100_000);
    redis.cli(&["xadd", KEY, "*", "epoch", "test"]);
    redis.cli(&["xadd", KEY, &id, "whole", "test", "run", run, "by", "server"]);
    becomes(&open(log(&redis)), State::Current);
}

#[test]
fn a_list_that_nobody_has_lived_to_complete_can_be_begun() {
    let redis = Redis::start(true);
    redis.cli(&["xadd", KEY, "*", "epoch", "test"]);
    let list = open(log(&redis));
    becomes(&list, State::Uninitialised);
    let before = ago(1);
    assert!(operator::init(&log(&redis).into()).expect("it is begun").is_some());
    becomes(&list, State::Current);
    assert_eq!(list.status(None, None, before), RevocationStatus::Revoked);
    assert!(operator::init(&log(&redis).into()).expect("it can be asked").is_none());
}

#[test]
fn a_list_that_is_begun_anew_is_completed() {
    let redis = begun(true);
    let one = open(log(&redis));
    becomes(&one, State::Current);
    wait(end(&one, "session")).expect("it is recorded");
    redis.cli(&["del", "waxseal:revocations"]);
    eventually("it is there again", || {
        redis.cli(&["xrange", "waxseal:revocations", "-", "+"]).contains("whole")
    });
    let second = open(log(&redis));
    becomes(&second, State::Current);
    assert_eq!(status(&second, "session"), RevocationStatus::Revoked);
}

#[test]
fn who_is_completing_a_list_is_waited_for() {
    let redis = begun(true);
    redis.cli(&["xadd", "waxseal:revocations", "*", "completing", "another run"]);
    let asked = Instant::now();
    let list = open(log(&redis));
    becomes(&list, State::Current);
    assert!(asked.elapsed() >= Duration::from_secs(1), "{:?}", asked.elapsed());
}

#[test]
fn out_of_reach_for_long_it_is_not_trusted() {
    let redis = begun(true);
    let brief = log(&redis).max_staleness(Duration::from_secs(1));
    let strict = open(brief.clone());
    let lenient = open(brief.dangerous_serve_when_stale());
    becomes(&strict, State::Current);
    becomes(&lenient, State::Current);
    wait(end(&strict, "session")).expect("it is recorded");
    knows(&lenient, "session");

    redis.cut();
    becomes(&strict, State::Stale);
    becomes(&lenient, State::Stale);
    assert_eq!(status(&strict, "other"), RevocationStatus::Unknown);
    assert_eq!(status(&lenient, "other"), RevocationStatus::Good);
    // What is known to have ended has ended all the same.
    assert_eq!(status(&strict, "session"), RevocationStatus::Revoked);
    assert_eq!(status(&lenient, "session"), RevocationStatus::Revoked);
    assert!(strict.readiness().contact_age >= Duration::from_secs(1));
    // What is ended now is told as not recorded, and is not forgotten.
    wait(end(&lenient, "meanwhile")).expect_err("Redis is out of reach");
    assert_eq!(status(&lenient, "meanwhile"), RevocationStatus::Revoked);
    assert_eq!(lenient.readiness().pending, 1);

    redis.mend();
    becomes(&strict, State::Current);
    knows(&strict, "meanwhile");
    assert_eq!(status(&strict, "other"), RevocationStatus::Good);
    assert_eq!(lenient.readiness().pending, 0);
}

#[test]
fn what_has_expired_leaves_memory_and_the_stream() {
    let redis = begun(true);
    let one = open(log(&redis));
    becomes(&one, State::Current);
    // Nobody can have a session any more that began so long ago: in 3 seconds.
    let lifetime = ABSOLUTE.as_secs() + 2 * 60;
    wait(end_at(&one, "old", ago(lifetime - 3))).expect("it is recorded");
    wait(end(&one, "new")).expect("it is recorded");
    assert_eq!(one.readiness().entries, 2);
    let stream = || redis.cli(&["xrange", "waxseal:revocations", "-", "+"]);
    assert_eq!(stream().matches("begun").count(), 2);
    eventually("memory", || one.readiness().entries == 1);
    eventually("the stream", || stream().matches("begun").count() == 1);
    // The cut with which it was begun has expired, too; what makes it a list
    // stays.
    eventually("the cut", || redis.cli(&["xlen", "waxseal:revocations"]) == "3");
    assert!(stream().contains("epoch") && stream().contains("whole"));
    let second = open(log(&redis));
    becomes(&second, State::Current);
    knows(&second, "new");
}

#[test]
fn a_server_that_may_not_trim_follows_all_the_same() {
    let redis = begun(true);
    redis.cli(&["acl", "setuser", "default", "resetkeys", &format!("~{KEY}")]);
    let (one, other) = (open(log(&redis)), open(log(&redis)));
    becomes(&one, State::Current);
    becomes(&other, State::Current);
    wait(end(&one, "session")).expect("it is recorded");
    knows(&other, "session");
}

#[test]
fn nobody_fills_the_stream_by_logging_in_and_out() {
    let redis = begun(true);
    let list = open(log(&redis));
    becomes(&list, State::Current);
    let (cut, begun) = (ago(700), ago(600));
    let session = |number: usize| SessionRef {
        id: number.to_string(),
        user: Some("42".into()),
        issued_at: begun,
    };
    for number in 0..1000 {
        wait(list.revoke(session(number), now())).expect("it is recorded");
    }
    wait(end(&list, "of another")).expect("it is recorded");
    for _ in 0..100 {
        operator::end_before(&log(&redis).into(), cut).expect("it is recorded");
    }
    // What makes it a list, a cut of everybody, that of the user, the other, and
    // whatever has come last.
    eventually("they are one", || redis.cli(&["xlen", KEY]) == "6");
    let second = open(log(&redis));
    becomes(&second, State::Current);
    knows(&second, "of another");
    assert!((0..1000).all(|number| {
        second.status(Some(&number.to_string()), Some("42"), begun) == RevocationStatus::Revoked
    }));
    let before = UnixTime::from_secs(cut.as_secs() - 1);
    assert_eq!(second.status(None, None, before), RevocationStatus::Revoked);
}

#[test]
fn an_acknowledgement_can_mean_more() {
    let redis = begun(true);
    // No replica has it, so it is never safe enough.
    let list = open(log(&redis).durability(Durability::Replicas(1)));
    becomes(&list, State::Current);
    let error = wait(end(&list, "session")).expect_err("there is no replica").to_string();
    assert!(error.contains("too few replicas"), "{error}");
    // It is in the stream, once.
    let stream = redis.cli(&["xrange", "waxseal:revocations", "-", "+"]);
    assert_eq!(stream.matches("begun").count(), 1);
    // Nor where it cannot be known.
    redis.cli(&["acl", "setuser", "default", "-wait"]);
    let list = open(log(&redis).durability(Durability::Replicas(1)));
    becomes(&list, State::Current);
    let error = wait(end(&list, "third")).expect_err("it may not ask").to_string();
    assert!(error.contains("permissions"), "{error}");
    // A server without WAITAOF (before 7.2) is believed as it is.
    let list = open(log(&redis).durability(Durability::Synced(0)));
    becomes(&list, State::Current);
    wait(end(&list, "other")).expect("it is recorded");
}

#[test]
fn a_password_is_part_of_the_address_and_of_no_message() {
    let redis = begun(true);
    redis.cli(&["acl", "setuser", "app", "on", ">open sesame", "~waxseal:*", "+@all"]);
    let log = |password| {
        let address = redis.address_of("app", password);
        waxseal_revocation::Redis::new(&address).expect("an address")
    };
    assert!(!format!("{:?}", log("open%20sesame")).contains("sesame"));
    let list = open(log("open%20sesame"));
    becomes(&list, State::Current);
    wait(end(&list, "session")).expect("it is recorded");

    let error = operator::end_user(&log("wrong").into(), "42").expect_err("it is wrong");
    let error = error.to_string();
    assert!(error.starts_with("Redis: ") && !error.contains("wrong@"), "{error}");
    let shut_out = open(log("wrong"));
    thread::sleep(Duration::from_secs(1));
    assert_eq!(shut_out.readiness().state, State::Loading);
    let no_address = waxseal_revocation::Redis::new("http://app:secret@host").expect_err("none");
    assert!(!no_address.to_string().contains("secret"), "{no_address}");
}
