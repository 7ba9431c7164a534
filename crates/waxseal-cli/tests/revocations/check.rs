//! What `check` says about a store.

use std::fs;

use waxseal_core::{Revocation, Target};

use super::*;

#[test]
fn check_describes_the_list() {
    let place = Place::with_list();
    let said = place.says(&["check"]);
    for part in [
        "A server that starts now uses the revocation list ",
        "revoked sessions: 0 (0 without a user)\ncutoffs: 0\nlast record: 2",
        "longest absolute timeout: unknown, because no server has used the list yet\n",
    ] {
        assert!(said.contains(part), "{said}");
    }
    // Also while a server runs.
    let list = place.open();
    place.says(&["revoke-session", ID]);
    place.says(&["revoke-user", "42"]);
    let said = place.says(&["check"]);
    for part in [
        "revoked sessions: 1 (1 without a user)\ncutoffs: 1\nlast record: 2",
        " UTC, ",
        "longest absolute timeout: 30 days\n",
    ] {
        assert!(said.contains(part), "{said}");
    }
    drop(list);
}

#[test]
fn a_missing_list_is_no_error_and_is_not_created() {
    let place = Place::new();
    let said = place.says(&["check"]);
    assert!(said.contains("has no revocation list"), "{said}");
    assert!(said.contains("all users must log in again"), "{said}");
    assert!(said.contains("create --trust-existing"), "{said}");
    assert_eq!(fs::read_dir(place.0.path()).unwrap().count(), 0);

    fs::write(place.path(), "").unwrap();
    assert_eq!(place.says(&["check"]), said);
    assert_eq!(fs::metadata(place.path()).unwrap().len(), 0);
    // As it says.
    let list = place.open();
    assert_eq!(list.status(&session(ID, None, now())), RevocationStatus::Revoked);
}

#[test]
fn a_store_that_no_server_can_use_is_an_error() {
    let place = Place::new();
    fs::write(place.path(), "something else, at some length".repeat(100)).unwrap();
    let error = place.fails(&["check"], 1);
    assert!(error.contains("a server cannot start: "), "{error}");
    assert!(error.contains("is damaged; move it away"), "{error}");

    let store = format!("sqlite:{}", place.0.path().join("missing/sessions.db").display());
    let ran = run(&["check"], Some(&store));
    assert_eq!((ran.code, &*ran.out), (Some(1), ""));
    assert!(ran.err.contains("cannot write the folder"), "{}", ran.err);

    let ran = run(&["check"], Some(&format!("sqlite:{}", place.0.path().display())));
    assert_eq!((ran.code, &*ran.out), (Some(1), ""), "a folder is no file: {}", ran.err);
}

#[test]
fn a_record_in_the_future_is_a_warning() {
    let place = Place::with_list();
    let list = place.open();
    // A record is later than the stamp of the session that it revokes.
    let stamp = (now() + 2 * DAY) * 1000;
    let target = Target::Session(SessionRef { stamp, ..session(ID, None, now()) });
    drop(list.revoke(Revocation { target, successor: None }));
    drop(list);
    let ran = place.run(&["check"]);
    assert_eq!(ran.code, Some(0));
    assert!(ran.out.contains(" UTC, in "), "{}", ran.out);
    assert!(ran.err.contains("warning: the last record is in the future"), "{}", ran.err);
}
