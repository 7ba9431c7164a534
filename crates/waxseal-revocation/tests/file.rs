//! A list over a file: what is ended stays so over a restart, and no longer
//! than it has to.

mod support;

use support::{ABSOLUTE, Clock, ENTRY, NOW, at, end, eventually, session, standing, wait};
use tempfile::TempDir;
use waxseal_core::{Revocations as _, Standing::*};
use waxseal_revocation::{Entry, Log, OpenError, RevocationList, operator};

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

    fn log(&self) -> Log {
        Log::file(self.dir.path().join("revoked"))
    }

    fn open(&self) -> RevocationList {
        self.try_open().unwrap()
    }

    fn try_open(&self) -> Result<RevocationList, OpenError> {
        let clock = self.clock.clone();
        let builder = RevocationList::builder(self.log()).clock(move || clock.now());
        builder.absolute_limit(ABSOLUTE).open()
    }
}

#[test]
fn one_session_ends_and_stays_ended() {
    let place = Place::new();
    let list = place.open();
    assert_eq!(standing(&list, SID, None, NOW), Good);
    end(&list, SID, None, NOW);
    assert_eq!(standing(&list, SID, None, NOW), Ended);
    assert_eq!(standing(&list, OTHER, None, NOW), Good);
    drop(list);

    let list = place.open();
    assert_eq!(standing(&list, SID, None, NOW), Ended);
    assert_eq!(standing(&list, OTHER, None, NOW), Good);
    assert_eq!(list.status().entries, 1);
}

#[test]
fn names_of_others_are_names_too() {
    let place = Place::new();
    let list = place.open();
    end(&list, "session-1", Some("susan"), NOW);
    assert_eq!(standing(&list, "session-1", None, NOW), Ended);
    assert_eq!(standing(&list, "session-2", None, NOW), Good);
    assert_eq!(standing(&list, "", None, NOW), Good);
}

#[test]
fn all_sessions_of_a_user_end_and_the_next_one_does_not() {
    let place = Place::new();
    let list = place.open();
    wait(list.end_all_for("42")).unwrap();
    for begun in [NOW - 100, NOW, NOW + 29] {
        assert_eq!(standing(&list, SID, Some("42"), begun), Ended, "{begun}");
    }
    assert_eq!(standing(&list, SID, Some("43"), NOW), Good);
    assert_eq!(standing(&list, SID, None, NOW), Good);

    // Who logs in again is in, at once.
    let begun = list.begin(Some("42"), at(NOW)).unwrap();
    assert_eq!(begun, at(NOW + 30));
    assert_eq!(list.standing(Some(SID), Some("42"), begun), Good);
    assert_eq!(list.begin(Some("42"), at(NOW + 100)), Some(at(NOW + 100)));
    assert_eq!(list.begin(Some("43"), at(NOW)), Some(at(NOW)));

    // And is out again by the next cut in the same second.
    wait(list.end_all_for("42")).unwrap();
    assert_eq!(list.standing(Some(SID), Some("42"), begun), Ended);
    drop(list);
    assert_eq!(place.open().standing(Some(SID), Some("42"), begun), Ended);
}

#[test]
fn whoever_cuts_on_and_on_can_still_log_in() {
    let place = Place::new();
    let list = place.open();
    for _ in 0..1000 {
        drop(list.end_all_for("42"));
    }
    // A session that begins further ahead than the leeway would be refused: not
    // this second, but the next.
    assert_eq!(list.begin(Some("42"), at(NOW)), None);
    place.clock.set(NOW + 1);
    assert_eq!(list.begin(Some("42"), at(NOW + 1)), Some(at(NOW + 61)));
    assert_eq!(list.begin(Some("43"), at(NOW + 1)), Some(at(NOW + 1)));
}

#[test]
fn however_often_all_sessions_of_a_user_were_ended_the_next_time_ends_all() {
    let place = Place::new();
    let list = place.open();
    for second in 0..3 {
        place.clock.set(NOW + second);
        for _ in 0..100 {
            let begun = list.begin(Some("42"), at(NOW + second));
            drop(list.end_all_for("42"));
            if let Some(begun) = begun {
                assert_eq!(list.standing(None, Some("42"), begun), Ended);
            }
        }
    }
}

#[test]
fn who_has_begun_at_a_cut_ends_with_all_others() {
    let place = Place::new();
    let list = place.open();
    wait(list.end_all_for("42")).unwrap();
    let begun = list.begin(Some("42"), at(NOW)).unwrap();
    wait(list.end_all_before(at(NOW)).unwrap()).unwrap();
    assert_eq!(list.standing(None, Some("42"), begun), Ended);
}

#[test]
fn everything_before_a_moment_ends() {
    let place = Place::new();
    let list = place.open();
    wait(list.end_all_before(at(NOW - 10)).unwrap()).unwrap();
    assert_eq!(list.standing(None, None, at(NOW - 11)), Ended);
    assert_eq!(list.standing(None, None, at(NOW - 10)), Good);
    assert_eq!(list.begin(None, at(NOW)), Some(at(NOW)));
    // Up to now is meant for clocks that are a little ahead, too.
    wait(list.end_all_before(at(NOW)).unwrap()).unwrap();
    assert_eq!(list.standing(None, None, at(NOW + 29)), Ended);
    assert_eq!(list.begin(Some("42"), at(NOW)), Some(at(NOW + 30)));
    // Not up to a moment that lies ahead.
    assert!(list.end_all_before(at(NOW + 31)).is_err());
    drop(list);
    assert_eq!(place.open().standing(None, None, at(NOW + 29)), Ended);
}

#[test]
fn a_limit_that_is_raised_forgets_nothing() {
    let place = Place::new();
    let list = place.open();
    wait(list.end_all_before(at(NOW - 600)).unwrap()).unwrap();
    end(&list, SID, Some("42"), NOW - 500);
    drop(list);
    let clock = place.clock.clone();
    let builder = RevocationList::builder(place.log()).clock(move || clock.now());
    let list = builder.absolute_limit(ABSOLUTE * 2).open().unwrap();
    assert_eq!(standing(&list, SID, Some("42"), NOW - 500), Ended);
    // And it is known for as long as such a session may be good.
    place.clock.set(NOW - 500 + 2 * 1000);
    assert_eq!(standing(&list, SID, Some("42"), NOW - 500), Ended);
}

#[test]
fn entries_leave_when_nothing_can_be_valid_any_more() {
    let place = Place::new();
    let list = place.open();
    end(&list, SID, Some("42"), NOW);
    wait(list.end_all_for("43")).unwrap();
    wait(list.end_all_before(at(NOW - 500)).unwrap()).unwrap();
    assert_eq!(list.status().entries, 2);

    // A second before, all is there, also after a restart.
    place.clock.set(NOW + ENTRY - 1);
    drop(list);
    let list = place.open();
    assert_eq!(list.status().entries, 2);
    assert_eq!(standing(&list, SID, None, NOW), Ended);

    place.clock.set(NOW + ENTRY);
    eventually("the session leaves memory", || list.status().entries == 1);
    // The cut's moment lies half the leeway later.
    place.clock.set(NOW + ENTRY + 30);
    eventually("the cut leaves memory", || list.status().entries == 0);
    drop(list);
    // And the file: with the clock set back, nothing comes again.
    place.clock.set(NOW);
    assert_eq!(place.open().status().entries, 0);
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
    assert_eq!(list.status().entries, 101);
    // The one hundred and first, at a later time, by whoever logs in again.
    let now = at(NOW + 200);
    place.clock.set(NOW + 200);
    wait(list.end(session(&sid(100), Some("42"), NOW + 100), now)).unwrap();
    assert_eq!(list.status().entries, 2);
    for number in 0..=100 {
        assert_eq!(standing(&list, &sid(number), Some("42"), NOW + number), Ended);
    }
    assert_eq!(standing(&list, OTHER, Some("43"), NOW), Ended);
    // The session that takes the old one's place is good.
    let begun = list.begin(Some("42"), now).unwrap();
    assert_eq!(list.standing(Some("new"), Some("42"), begun), Good);
    drop(list);

    let list = place.open();
    assert_eq!(list.status().entries, 2);
    assert_eq!(standing(&list, &sid(50), Some("42"), NOW + 50), Ended);
}

#[test]
fn a_file_does_not_grow_with_what_cuts_have_taken_the_place_of() {
    let place = Place::new();
    let list = place.open();
    place.clock.set(NOW + 121);
    let end = |number: u64| {
        let begun = NOW + number / 100;
        list.end(session(&format!("{number}"), Some("42"), begun), at(begun + 1))
    };
    for ended in (0..12_000).map(end).collect::<Vec<_>>() {
        wait(ended).unwrap();
    }
    assert!(list.status().entries <= 101);
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
    let end = |sid| wait(list.end(session(sid, None, NOW), at(NOW)));
    end("1").unwrap();
    end("2").unwrap();
    let error = end("3").unwrap_err().to_string();
    assert!(error.contains("raise max_entries"), "{error}");
    wait(list.end_all_for("42")).unwrap();
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
    assert!(matches!(place.try_open(), Err(OpenError::Log(_))));
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

    let list = RevocationList::builder(log).absolute_limit(ABSOLUTE).open().unwrap();
    assert_eq!(list.standing(None, Some("42"), again.max(all)), Good, "begun after all cuts");
    assert_eq!(list.standing(None, Some("42"), at(again.as_secs() - 1)), Ended);
    assert_eq!(list.standing(None, None, at(all.as_secs() - 1)), Ended);
    assert_eq!(list.standing(None, None, all), Good, "an earlier cut changes nothing");
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
    wait(list.end_all_for("42")).unwrap();
    drop(list);
    place.clock.set(NOW - 3600);
    let list = place.open();
    // It does not keep anybody out.
    assert!(list.begin(Some("42"), at(NOW - 3600)).is_some());
    place.clock.set(NOW);
    eventually("the cut", || list.standing(None, Some("42"), at(NOW - 1)) == Ended);
}
