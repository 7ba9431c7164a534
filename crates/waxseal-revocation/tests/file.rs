//! A list over a file: what is ended stays so over a restart, and no longer
//! than it has to.

mod support;

use support::{ABSOLUTE, Clock, ENTRY, NOW, at, end, eventually, session, status, wait};
use tempfile::TempDir;
use waxseal_core::{RevocationStatus::*, Revocations as _};
use waxseal_revocation::{Entry, OpenError, RevocationList, Store, operator};

const SID: &str = "AAAAAAAAAAAAAAAAAAAAAQ";
/// For operators, whose clock is the system's.
const FOREVER: std::time::Duration = std::time::Duration::from_secs(1_000_000_000);
const OTHER: &str = "AAAAAAAAAAAAAAAAAAAAAg";

struct Place {
    dir: TempDir,
    clock: Clock,
}

impl Place {
    fn new() -> Self {
        Self { dir: TempDir::new().unwrap(), clock: Clock::at(NOW) }
    }

    fn log(&self) -> Store {
        Store::file(self.dir.path().join("revoked"))
    }

    fn open(&self) -> RevocationList {
        self.try_open().unwrap()
    }

    fn try_open(&self) -> Result<RevocationList, OpenError> {
        let clock = self.clock.clone();
        let builder = RevocationList::builder(self.log()).clock(move || clock.now());
        builder.absolute_timeout(ABSOLUTE).open()
    }
}

#[test]
fn one_session_ends_and_stays_ended() {
    let place = Place::new();
    let list = place.open();
    assert_eq!(status(&list, SID, None, NOW), Good);
    end(&list, SID, None, NOW);
    assert_eq!(status(&list, SID, None, NOW), Revoked);
    assert_eq!(status(&list, OTHER, None, NOW), Good);
    drop(list);

    let list = place.open();
    assert_eq!(status(&list, SID, None, NOW), Revoked);
    assert_eq!(status(&list, OTHER, None, NOW), Good);
    assert_eq!(list.readiness().entries, 1);
}

#[test]
fn names_of_others_are_names_too() {
    let place = Place::new();
    let list = place.open();
    end(&list, "session-1", Some("susan"), NOW);
    assert_eq!(status(&list, "session-1", None, NOW), Revoked);
    assert_eq!(status(&list, "session-2", None, NOW), Good);
    assert_eq!(status(&list, "", None, NOW), Good);
}

#[test]
fn all_sessions_of_a_user_end_and_the_next_one_does_not() {
    let place = Place::new();
    let list = place.open();
    wait(list.revoke_user("42")).unwrap();
    for begun in [NOW - 100, NOW, NOW + 29] {
        assert_eq!(status(&list, SID, Some("42"), begun), Revoked, "{begun}");
    }
    assert_eq!(status(&list, SID, Some("43"), NOW), Good);
    assert_eq!(status(&list, SID, None, NOW), Good);

    // Who logs in again is in, at once.
    let begun = list.issued_at(Some("42"), at(NOW)).unwrap();
    assert_eq!(begun, at(NOW + 30));
    assert_eq!(list.status(Some(SID), Some("42"), begun), Good);
    assert_eq!(list.issued_at(Some("42"), at(NOW + 100)), Some(at(NOW + 100)));
    assert_eq!(list.issued_at(Some("43"), at(NOW)), Some(at(NOW)));

    // And is out again by the next cut in the same second.
    wait(list.revoke_user("42")).unwrap();
    assert_eq!(list.status(Some(SID), Some("42"), begun), Revoked);
    drop(list);
    assert_eq!(place.open().status(Some(SID), Some("42"), begun), Revoked);
}

#[test]
fn whoever_cuts_on_and_on_can_still_log_in() {
    let place = Place::new();
    let list = place.open();
    for _ in 0..1000 {
        drop(list.revoke_user("42"));
    }
    // A session that begins further ahead than the leeway would be refused: not
    // this second, but the next.
    assert_eq!(list.issued_at(Some("42"), at(NOW)), None);
    place.clock.set(NOW + 1);
    assert_eq!(list.issued_at(Some("42"), at(NOW + 1)), Some(at(NOW + 61)));
    assert_eq!(list.issued_at(Some("43"), at(NOW + 1)), Some(at(NOW + 1)));
}

#[test]
fn however_often_all_sessions_of_a_user_were_ended_the_next_time_ends_all() {
    let place = Place::new();
    let list = place.open();
    for second in 0..3 {
        place.clock.set(NOW + second);
        for _ in 0..100 {
            let begun = list.issued_at(Some("42"), at(NOW + second));
            drop(list.revoke_user("42"));
            if let Some(begun) = begun {
                assert_eq!(list.status(None, Some("42"), begun), Revoked);
            }
        }
    }
}

#[test]
fn who_has_begun_at_a_cut_ends_with_all_others() {
    let place = Place::new();
    let list = place.open();
    wait(list.revoke_user("42")).unwrap();
    let begun = list.issued_at(Some("42"), at(NOW)).unwrap();
    wait(list.revoke_issued_before(at(NOW)).unwrap()).unwrap();
    assert_eq!(list.status(None, Some("42"), begun), Revoked);
}

#[test]
fn everything_before_a_moment_ends() {
    let place = Place::new();
    let list = place.open();
    wait(list.revoke_issued_before(at(NOW - 10)).unwrap()).unwrap();
    assert_eq!(list.status(None, None, at(NOW - 11)), Revoked);
    assert_eq!(list.status(None, None, at(NOW - 10)), Good);
    assert_eq!(list.issued_at(None, at(NOW)), Some(at(NOW)));
    // Up to now is meant for clocks that are a little ahead, too.
    wait(list.revoke_issued_before(at(NOW)).unwrap()).unwrap();
    assert_eq!(list.status(None, None, at(NOW + 29)), Revoked);
    assert_eq!(list.issued_at(Some("42"), at(NOW)), Some(at(NOW + 30)));
    // Not up to a moment that lies ahead.
    assert!(list.revoke_issued_before(at(NOW + 31)).is_err());
    drop(list);
    assert_eq!(place.open().status(None, None, at(NOW + 29)), Revoked);
}

#[test]
fn a_limit_that_is_raised_forgets_nothing() {
    let place = Place::new();
    let list = place.open();
    wait(list.revoke_issued_before(at(NOW - 600)).unwrap()).unwrap();
    end(&list, SID, Some("42"), NOW - 500);
    drop(list);
    let clock = place.clock.clone();
    let builder = RevocationList::builder(place.log()).clock(move || clock.now());
    let list = builder.absolute_timeout(ABSOLUTE * 2).open().unwrap();
    assert_eq!(status(&list, SID, Some("42"), NOW - 500), Revoked);
    // And it is known for as long as such a session may be good.
    place.clock.set(NOW - 500 + 2 * 1000);
    assert_eq!(status(&list, SID, Some("42"), NOW - 500), Revoked);
}

#[test]
fn entries_leave_when_nothing_can_be_valid_any_more() {
    let place = Place::new();
    let list = place.open();
    end(&list, SID, Some("42"), NOW);
    wait(list.revoke_user("43")).unwrap();
    wait(list.revoke_issued_before(at(NOW - 500)).unwrap()).unwrap();
    assert_eq!(list.readiness().entries, 2);

    // A second before, all is there, also after a restart.
    place.clock.set(NOW + ENTRY - 1);
    drop(list);
    let list = place.open();
    assert_eq!(list.readiness().entries, 2);
    assert_eq!(status(&list, SID, None, NOW), Revoked);

    place.clock.set(NOW + ENTRY);
    eventually("the session leaves memory", || list.readiness().entries == 1);
    // The cut's moment lies half the leeway later.
    place.clock.set(NOW + ENTRY + 30);
    eventually("the cut leaves memory", || list.readiness().entries == 0);
    drop(list);
    // And the file: with the clock set back, nothing comes again.
    place.clock.set(NOW);
    assert_eq!(place.open().readiness().entries, 0);
}

#[test]
fn too_many_sessions_of_a_user_become_one_cut() {
    let place = Place::new();
    let list = place.open();
    end(&list, OTHER, Some("43"), NOW);
    let sid = |number: u64| format!("session-{number}");
    for number in 0..100 {
        end(&list, &sid(number), Some("42"), NOW + number);
    }
    assert_eq!(list.readiness().entries, 101);
    // The one hundred and first, at a later time, by whoever logs in again.
    let now = at(NOW + 200);
    place.clock.set(NOW + 200);
    wait(list.revoke(session(&sid(100), Some("42"), NOW + 100), now)).unwrap();
    assert_eq!(list.readiness().entries, 2);
    for number in 0..=100 {
        assert_eq!(status(&list, &sid(number), Some("42"), NOW + number), Revoked);
    }
    assert_eq!(status(&list, OTHER, Some("43"), NOW), Revoked);
    // The session that takes the old one's place is good.
    let begun = list.issued_at(Some("42"), now).unwrap();
    assert_eq!(list.status(Some("new"), Some("42"), begun), Good);
    drop(list);

    let list = place.open();
    assert_eq!(list.readiness().entries, 2);
    assert_eq!(status(&list, &sid(50), Some("42"), NOW + 50), Revoked);
}

#[test]
fn a_file_does_not_grow_with_what_cuts_have_taken_the_place_of() {
    let place = Place::new();
    let list = place.open();
    place.clock.set(NOW + 121);
    let end = |number: u64| {
        let begun = NOW + number / 100;
        list.revoke(session(&format!("{number}"), Some("42"), begun), at(begun + 1))
    };
    for ended in (0..12_000).map(end).collect::<Vec<_>>() {
        wait(ended).unwrap();
    }
    assert!(list.readiness().entries <= 101);
    drop(list);
    place.open();
    let rows = operator::entries(&place.log(), FOREVER).unwrap();
    let sessions = rows.iter().filter(|entry| matches!(entry, Entry::Session { .. })).count();
    assert!(sessions <= 101, "{sessions}");
}

#[test]
fn a_full_list_says_so_and_still_takes_cuts() {
    let place = Place::new();
    let list = RevocationList::builder(place.log()).max_entries(2).open().unwrap();
    let end = |sid| wait(list.revoke(session(sid, None, NOW), at(NOW)));
    end("1").unwrap();
    end("2").unwrap();
    let error = end("3").unwrap_err().to_string();
    assert!(error.contains("raise max_entries"), "{error}");
    wait(list.revoke_user("42")).unwrap();
}

#[test]
fn a_second_process_is_told_whose_file_it_is() {
    let place = Place::new();
    let list = place.open();
    let error = place.try_open().unwrap_err();
    assert!(matches!(&error, OpenError::InUse { path } if path.ends_with("revoked")));
    assert!(error.to_string().contains("is open in another process"), "{error}");
    assert!(matches!(operator::end_user(&place.log(), "42"), Err(OpenError::InUse { .. })));
    drop(list);
    place.open();
}

#[test]
fn what_is_not_a_list_is_not_taken_for_an_empty_one() {
    let place = Place::new();
    std::fs::write(place.dir.path().join("revoked"), "something else, at some length").unwrap();
    assert!(matches!(place.try_open(), Err(OpenError::Store(_))));
}

#[cfg(unix)]
#[test]
fn nobody_else_may_read_it() {
    use std::os::unix::fs::MetadataExt as _;
    let place = Place::new();
    place.open();
    let mode = std::fs::metadata(place.dir.path().join("revoked")).unwrap().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn operators_read_and_write_while_no_server_does() {
    let place = Place::new();
    let log = place.log();
    let error = operator::entries(&log, ABSOLUTE).unwrap_err().to_string();
    assert!(error.contains("there is no revocation file"), "{error}");
    let begun = operator::init(&log).unwrap().unwrap();
    assert_eq!(operator::init(&log).unwrap(), None, "a list that exists stays");
    // Past the cut before, at which a session may have begun since.
    let cut = operator::end_user(&log, "42").unwrap();
    assert!(cut > begun);
    let again = operator::end_user(&log, "42").unwrap();
    assert!(again > cut);
    let entries = operator::entries(&log, ABSOLUTE).unwrap();
    let [Entry::User { sub, before }, Entry::All { before: all }] = &*entries else {
        panic!("{entries:?}")
    };
    assert_eq!((&**sub, *before, *all), ("42", again, begun));
    assert!(entries[0].to_string().starts_with("user \"42\", sessions begun before "));
    assert!(matches!(operator::end_before(&log, at(u64::MAX)), Err(OpenError::Cut(_))));
    let all = operator::end_all(&log).unwrap();
    assert!(all > begun);
    assert_eq!(operator::end_before(&log, at(1_700_000_000)).unwrap(), at(1_700_000_000));

    let list = RevocationList::builder(log).absolute_timeout(ABSOLUTE).open().unwrap();
    assert_eq!(list.status(None, Some("42"), again.max(all)), Good, "begun after all cuts");
    assert_eq!(list.status(None, Some("42"), at(again.as_secs() - 1)), Revoked);
    assert_eq!(list.status(None, None, at(all.as_secs() - 1)), Revoked);
    assert_eq!(list.status(None, None, all), Good, "an earlier cut changes nothing");
}

#[test]
fn what_an_operator_ends_includes_who_has_begun_at_a_cut() {
    let place = Place::new();
    let moment = |entries: &[Entry]| match entries {
        [Entry::User { before, .. }] | [Entry::All { before }, ..] => *before,
        other => panic!("{other:?}"),
    };
    operator::init(&place.log()).unwrap();
    let cut = || moment(&operator::entries(&place.log(), ABSOLUTE).unwrap());
    let first = cut();
    operator::end_all(&place.log()).unwrap();
    assert!(cut() > first);
}

#[test]
fn a_clock_that_was_behind_at_the_start_forgets_no_cut() {
    let place = Place::new();
    let list = place.open();
    wait(list.revoke_user("42")).unwrap();
    drop(list);
    place.clock.set(NOW - 3600);
    let list = place.open();
    // It does not keep anybody out.
    assert!(list.issued_at(Some("42"), at(NOW - 3600)).is_some());
    place.clock.set(NOW);
    eventually("the cut", || list.status(None, Some("42"), at(NOW - 1)) == Revoked);
}
