//! A list over each store, through the API.

use std::{
    future::Future as _,
    path::Path,
    pin::pin,
    task::{Context, Waker},
    thread,
    time::Duration,
};

use pollster::block_on;
use tempfile::TempDir;
use waxseal_core::{
    Recorded, Revocation, RevocationStatus, Revocations as _, SessionRef, Successor, Target,
    UnixTime,
};
use waxseal_revocation::{OpenError, RevocationList, State, Store, operator::Operator};

/// A session that this list issues now, for the user 42.
fn issue(list: &RevocationList, id: &str) -> SessionRef {
    issue_to(list, id, Some("42"))
}

fn issue_to(list: &RevocationList, id: &str, user: Option<&str>) -> SessionRef {
    let (id, user) = (id.into(), user.map(Into::into));
    SessionRef { id, user, issued_at: UnixTime::now(), stamp: list.stamp().unwrap() }
}

fn logout(list: &RevocationList, session: &SessionRef) -> Recorded {
    let target = Target::Session(session.clone());
    block_on(list.revoke(Revocation { target, successor: None })).unwrap()
}

fn renew(list: &RevocationList, session: &SessionRef) -> Recorded {
    let target = Target::Session(session.clone());
    let successor = Some(Successor { session: session.clone(), must_be_good: true, also: None });
    block_on(list.revoke(Revocation { target, successor })).unwrap()
}

fn is_good(list: &RevocationList, session: &SessionRef) -> bool {
    match list.status(session) {
        RevocationStatus::Good => true,
        RevocationStatus::Revoked => false,
        RevocationStatus::Unknown => panic!("{:?}", list.readiness()),
    }
}

/// Waits until another list has read what was recorded.
fn wait_for(condition: impl Fn() -> bool) {
    for _ in 0..500 {
        if condition() {
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("nothing has changed for five seconds");
}

struct File(TempDir);

impl File {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn path(&self) -> std::path::PathBuf {
        self.0.path().join("sessions.db")
    }

    fn store(&self) -> Store {
        Store::sqlite(self.path())
    }

    fn open(&self) -> RevocationList {
        RevocationList::builder(self.store()).open().unwrap()
    }
}

/// Runs a test over each store.
fn over_each(test: impl Fn(&RevocationList)) {
    test(&RevocationList::memory().unwrap());
    test(&File::new().open());
}

#[test]
fn a_logout_revokes_one_session() {
    over_each(|list| {
        let (one, other) = (issue(list, "one"), issue(list, "other"));
        let recorded = logout(list, &one);
        assert!(recorded.is_revoked && !recorded.is_cutoff && recorded.stamp > one.stamp);
        assert!(!is_good(list, &one) && is_good(list, &other));
    });
}

/// `revoke_others` seals the session again with a later stamp. A thief who has a copy calls it; then
/// the owner logs out with the cookie that is revoked.
#[test]
fn a_logout_with_an_old_copy_revokes_the_copy_that_revoke_others_sealed() {
    over_each(|list| {
        let old = issue(list, "a");
        let successor = Some(Successor { session: old.clone(), must_be_good: true, also: None });
        let others = Revocation { target: Target::User("42".into()), successor };
        let stamp = block_on(list.revoke(others)).unwrap().stamp;
        let sealed_again = SessionRef { stamp, ..old.clone() };
        assert!(!is_good(list, &old) && is_good(list, &sealed_again));
        assert!(logout(list, &old).is_revoked);
        assert!(!is_good(list, &sealed_again));
    });
}

#[test]
fn a_cutoff_of_a_user_spares_later_sessions_and_other_users() {
    over_each(|list| {
        let (old, other) = (issue(list, "old"), issue_to(list, "other", Some("43")));
        let anonymous = issue_to(list, "anonymous", None);
        let recorded = block_on(list.revoke_user("42")).unwrap();
        assert!(recorded.is_cutoff);
        let new = issue(list, "new");
        assert!(!is_good(list, &old) && is_good(list, &new));
        assert!(is_good(list, &other) && is_good(list, &anonymous));
        // A session without a stamp is older than every cutoff.
        assert!(!is_good(list, &SessionRef { stamp: 0, ..new }));
    });
}

#[test]
fn cutoffs_of_everyone() {
    over_each(|list| {
        let old = issue_to(list, "old", None);
        block_on(list.revoke_all()).unwrap();
        let new = issue_to(list, "new", None);
        assert!(!is_good(list, &old) && is_good(list, &new));

        let now = UnixTime::now().as_secs();
        let tomorrow = UnixTime::from_secs(now + 86_400);
        assert!(list.revoke_issued_before(tomorrow).is_err());
        block_on(list.revoke_issued_before(UnixTime::from_secs(now)).unwrap()).unwrap();
        let earlier = SessionRef { issued_at: UnixTime::from_secs(now - 1), ..new.clone() };
        assert!(!is_good(list, &earlier) && is_good(list, &new));
    });
}

#[test]
fn the_transaction_says_whether_the_successor_is_revoked() {
    over_each(|list| {
        let session = issue(list, "a");
        assert!(!renew(list, &session).was_revoked);
        assert!(renew(list, &session).was_revoked, "by its ID");
        let session = issue(list, "b");
        block_on(list.revoke_user("42")).unwrap();
        let recorded = renew(list, &session);
        assert!(recorded.was_revoked && !recorded.is_cutoff, "by a cutoff");

        // A thief does not move his session past the cutoff with one of his own.
        let target = Target::User("42".into());
        let successor = Some(Successor { session, must_be_good: true, also: None });
        let again = block_on(list.revoke(Revocation { target, successor })).unwrap();
        assert!(again.was_revoked && again.stamp == recorded.stamp);
    });
}

#[test]
fn a_stamp_is_larger_than_that_of_the_sessions_it_revokes() {
    over_each(|list| {
        let ahead = SessionRef { stamp: list.stamp().unwrap() + 1_000_000, ..issue(list, "a") };
        let target = Target::User("42".into());
        let successor = Some(Successor { session: ahead.clone(), must_be_good: true, also: None });
        let recorded = block_on(list.revoke(Revocation { target, successor })).unwrap();
        assert!(recorded.stamp > ahead.stamp && !is_good(list, &ahead));
    });
}

#[test]
fn a_reference_from_a_form_cannot_shorten_a_revocation() {
    over_each(|list| {
        let session = issue(list, "a");
        block_on(list.revoke_user("7")).unwrap();
        // It claims the session of a user whose sessions are revoked, and no stamp.
        let (user, issued_at) = (Some("7".into()), UnixTime::from_secs(0));
        let form = SessionRef { id: "a".into(), user, issued_at, stamp: 0 };
        block_on(list.revoke_session(&form)).unwrap();
        assert!(!is_good(list, &session));
        // A later cutoff of the claimed user does not drop it.
        block_on(list.revoke_user("7")).unwrap();
        assert!(!is_good(list, &session));
        let empty = SessionRef { id: String::new(), ..form };
        assert!(block_on(list.revoke_session(&empty)).is_err());
    });
}

#[test]
fn the_thousand_and_first_session_of_a_user_is_a_cutoff() {
    over_each(|list| {
        let ids: Vec<_> = (0..1001).map(|n| format!("id {n}")).collect();
        let sessions: Vec<_> = ids.iter().map(|id| issue(list, id)).collect();
        let pending: Vec<_> = sessions
            .iter()
            .map(|session| {
                let target = Target::Session(session.clone());
                list.revoke(Revocation { target, successor: None })
            })
            .collect();
        let recorded: Vec<_> = pending.into_iter().map(|one| block_on(one).unwrap()).collect();
        assert_eq!(recorded.iter().filter(|recorded| recorded.is_cutoff).count(), 1);
        assert!(recorded.last().unwrap().is_cutoff);
        assert!(sessions.iter().all(|session| !is_good(list, session)));
        assert!(!is_good(list, &SessionRef { id: "never revoked".into(), ..sessions[0].clone() }));
        assert!(is_good(list, &issue(list, "new")));
    });
}

#[test]
fn sessions_without_a_user_cannot_fill_the_list() {
    let file = File::new();
    let open = || RevocationList::builder(file.store()).max_sessions(40).open().unwrap();
    let list = open();
    let flood: Vec<_> = (0..100).map(|n| issue_to(&list, &format!("{n}"), None)).collect();
    let revoked = flood.iter().filter(|session| logout(&list, session).is_revoked).count();
    assert_eq!(revoked, 10, "a quarter");
    // Users fill the rest, and then get cutoffs.
    let users: Vec<_> = (0..100).map(|n| format!("user {n}")).collect();
    for user in &users {
        let session = issue_to(&list, &format!("session of {user}"), Some(user));
        assert!(logout(&list, &session).is_revoked);
        let other = open();
        assert!(!is_good(&list, &session) && !is_good(&other, &session));
    }
    assert_eq!(list.readiness().sessions, 40);
    assert_eq!(list.readiness().sessions_without_user, 10);
    assert_eq!(list.readiness().entries, 40 + 70);
    assert!(block_on(list.revoke_session(&issue(&list, "x"))).is_err());
}

#[test]
fn servers_share_a_file_and_a_restart_keeps_everything() {
    let file = File::new();
    let (one, other) = (file.open(), file.open());
    let session = issue(&one, "a");
    assert!(is_good(&other, &session));
    logout(&one, &session);
    wait_for(|| !is_good(&other, &session));
    block_on(other.revoke_user("43")).unwrap();
    let of_43 = issue_to(&one, "b", Some("43"));
    wait_for(|| is_good(&one, &issue_to(&one, "c", Some("43"))));
    drop((one, other));
    let again = file.open();
    assert!(!is_good(&again, &session));
    drop(of_43);
}

#[test]
fn a_change_wakes_those_who_wait() {
    let file = File::new();
    let (one, other) = (file.open(), file.open());
    let session = issue(&one, "a");
    let mut cx = Context::from_waker(Waker::noop());
    assert!(pin!(other.revoked(&session)).poll(&mut cx).is_pending());
    let waiting = thread::spawn({
        let (other, session) = (other.clone(), session.clone());
        move || block_on(other.revoked(&session))
    });
    logout(&one, &session);
    wait_for(|| waiting.is_finished());
    waiting.join().unwrap();
}

#[test]
fn a_new_list_revokes_every_earlier_session() {
    let file = File::new();
    let (session, stamp) = {
        let list = file.open();
        (issue(&list, "a"), list.stamp().unwrap())
    };
    std::fs::remove_file(file.path()).unwrap();
    let list = file.open();
    assert!(!is_good(&list, &session), "earlier logouts are not known");
    assert!(list.stamp().unwrap() > stamp && is_good(&list, &issue(&list, "b")));
}

#[test]
fn the_first_roll_out_can_trust_existing_sessions() {
    let file = File::new();
    assert!(Operator::create(&file.store(), true).unwrap());
    assert!(!Operator::create(&file.store(), false).unwrap(), "there is a list");
    let list = file.open();
    assert!(is_good(&list, &SessionRef { stamp: 0, ..issue(&list, "a") }));
}

/// A deleted or replaced file must not be a list without revocations.
#[test]
fn a_running_server_completes_a_file_that_was_deleted_or_replaced() {
    let file = File::new();
    let list = file.open();
    let (early, late) = (issue(&list, "early"), issue(&list, "late"));
    logout(&list, &early);
    let backup = file.0.path().join("backup");
    std::fs::copy(file.path(), &backup).unwrap();
    logout(&list, &late);
    block_on(list.revoke_user("43")).unwrap();
    let good = issue(&list, "good");
    for replace in [
        (|_: &Path, path: &Path| std::fs::remove_file(path).unwrap()) as fn(&Path, &Path),
        |backup, path| std::fs::rename(backup, path).unwrap(),
        |_, path| std::fs::write(path, b"").unwrap(),
    ] {
        let stamp = list.stamp();
        replace(&backup, &file.path());
        let new = issue(&list, "new");
        assert!(logout(&list, &new).is_revoked, "it is recorded in the new file");
        assert!(list.stamp() >= stamp);
        let other = file.open();
        for list in [&list, &other] {
            assert!(!is_good(list, &early) && !is_good(list, &late) && !is_good(list, &new));
            assert!(is_good(list, &good), "nobody is logged out");
        }
    }
}

#[test]
fn a_stale_list_knows_nothing() {
    let file = File::new();
    let list =
        RevocationList::builder(file.store()).max_staleness(Duration::from_secs(1)).open().unwrap();
    let session = issue(&list, "a");
    // A folder in its place.
    std::fs::remove_file(file.path()).unwrap();
    std::fs::create_dir(file.path()).unwrap();
    wait_for(|| list.status(&session) == RevocationStatus::Unknown);
    assert_eq!((list.readiness().state, list.stamp()), (State::Stale, None));
    assert!(list.readiness().error.is_some());
    let target = Target::Session(session.clone());
    assert!(block_on(list.revoke(Revocation { target, successor: None })).is_err());
    assert_eq!(list.status(&session), RevocationStatus::Revoked, "the memory keeps it");

    std::fs::remove_dir(file.path()).unwrap();
    wait_for(|| list.readiness().state == State::Current);
    assert!(!is_good(&file.open(), &session), "the new file gets it");
}

/// A logout that was answered with an error takes effect when the file can be written again, and
/// the list stays current.
#[test]
fn a_locked_file_delays_a_logout_and_does_not_lose_it() {
    let file = File::new();
    let list = file.open();
    let (session, other) = (issue(&list, "a"), issue_to(&list, "b", Some("43")));
    let mut operator = Operator::open(&file.store()).unwrap();
    let lock = rusqlite::Connection::open(file.path()).unwrap();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    let target = Target::Session(session.clone());
    let logout = list.revoke(Revocation { target, successor: None });
    let cutoff = list.revoke_user("43");
    let error = block_on(logout).unwrap_err().to_string();
    assert!(error.contains("locked"), "{error}");
    assert!(block_on(cutoff).is_err());
    assert_eq!(list.readiness().state, State::Current, "reading works");
    operator.must_be_writable().unwrap_err();
    lock.execute_batch("ROLLBACK").unwrap();
    operator.must_be_writable().unwrap();
    wait_for(|| list.readiness().error.is_none() && !is_good(&list, &other));
    let new = file.open();
    assert!(!is_good(&new, &session) && !is_good(&new, &other));
}

#[test]
fn an_operator_revokes_what_was_issued_before_now_and_no_later() {
    let file = File::new();
    let list = file.open();
    let mut operator = Operator::open(&file.store()).unwrap();
    let now = UnixTime::now();
    let later = UnixTime::from_secs(now.as_secs() + 3600);
    let error = operator.revoke_issued_before(later).unwrap_err().to_string();
    assert!(error.contains("in the future"), "{error}");
    operator.revoke_issued_before(now).unwrap();
    let is_good = |issued_at: u64| {
        let stamp = list.stamp().unwrap_or(0);
        let session = SessionRef {
            id: "a".into(),
            user: None,
            issued_at: UnixTime::from_secs(issued_at),
            stamp,
        };
        list.status(&session) == RevocationStatus::Good
    };
    wait_for(|| !is_good(now.as_secs() - 1));
    assert!(is_good(now.as_secs()));
}

/// A server may have a shorter absolute timeout than another one of the same store.
#[test]
fn the_store_remembers_the_longest_absolute_timeout() {
    let file = File::new();
    let open = |days: u64| {
        let timeout = Duration::from_secs(days * 86_400);
        RevocationList::builder(file.store()).absolute_timeout(timeout).open().unwrap()
    };
    let stored = || {
        let summary = Operator::open(&file.store()).unwrap().read(|_| ()).unwrap().unwrap();
        summary.absolute_timeout / 86_400
    };
    for (days, expected) in [(10, 10), (1, 10), (20, 20), (1, 20)] {
        drop(open(days));
        assert_eq!(stored(), expected);
    }
}

#[test]
fn limits_are_checked() {
    let open = |change: fn(
        waxseal_revocation::RevocationListBuilder,
    ) -> waxseal_revocation::RevocationListBuilder| {
        change(RevocationList::builder(Store::sqlite("/nonexistent/sessions.db")))
            .open()
            .unwrap_err()
    };
    assert!(matches!(
        open(|list| list.absolute_timeout(Duration::ZERO)),
        OpenError::AbsoluteTimeout
    ));
    assert!(matches!(open(|list| list.max_sessions(3)), OpenError::MaxSessions));
    assert!(matches!(open(|list| list.max_staleness(Duration::MAX)), OpenError::MaxStaleness));
    let error = open(|list| list).to_string();
    assert!(error.contains("/nonexistent/sessions.db"), "{error}");
}

#[test]
fn the_file_is_private_and_another_database_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let file = File::new();
    drop(file.open());
    let mode = std::fs::metadata(file.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!("file:x".parse::<Store>().is_err() && "sqlite:".parse::<Store>().is_err());

    let connection = rusqlite::Connection::open(file.0.path().join("theirs")).unwrap();
    connection.execute_batch("CREATE TABLE customers (id)").unwrap();
    let theirs = Store::sqlite(file.0.path().join("theirs"));
    let error = RevocationList::builder(theirs).open().unwrap_err().to_string();
    assert!(error.contains("another application"), "{error}");
}

#[test]
fn entries_of_a_newer_release_are_refused() {
    let file = File::new();
    drop(file.open());
    let connection = rusqlite::Connection::open(file.path()).unwrap();
    connection.execute_batch("UPDATE head SET min_reader = 2").unwrap();
    let error = RevocationList::builder(file.store()).open().unwrap_err().to_string();
    assert!(error.contains("newer release"), "{error}");
}
