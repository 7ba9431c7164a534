//! A change of the session ID revokes the old one, once.

use waxseal_core::{OpenSession, Outcome, SaveError, Sealer};

use super::{
    list::{List, STAMP},
    requests::{DAY, ISSUED, Response, new_id, old, request, session_ref, under},
    support::NOW,
};

/// Checks whether a handler revokes the session of the cookie.
#[track_caller]
fn revokes(expected: bool, handler: impl FnOnce(&mut OpenSession<&Sealer>)) -> Response {
    let list = List::default();
    let ((), response) = request(&under(&list), &[&old()], handler);
    let one = [session_ref("old", Some("42"))];
    assert_eq!(list.revoked(), if expected { &one[..] } else { &[] });
    assert_eq!(list.known().awaited, usize::from(expected));
    assert!(list.cut_off().is_empty());
    response
}

#[test]
fn renew_revokes_the_old_session_id_when_the_new_one_is_sent() {
    let renewed = revokes(true, |session| session.renew().unwrap());
    let claims = renewed.headers.claims();
    // The issue time stays.
    let start = format!(r#"{{"iat":{ISSUED},"exp":{},"sid":"{}","#, NOW + 7 * DAY, new_id());
    assert!(claims.starts_with(&start) && claims.contains(r#""a":1"#), "{claims}");
    assert_eq!(renewed.outcome, Outcome::Saved);

    let renewed = revokes(true, |session| {
        session.save().unwrap();
        session.renew().unwrap();
    });
    assert!(renewed.headers.claims().starts_with(&start), "the session has a new ID");

    // A renewal that fails leaves the session as it is.
    let failed = revokes(false, |session| {
        session.insert("b", "x".repeat(3000)).unwrap();
        assert!(matches!(session.renew(), Err(SaveError::TooLarge { .. })));
    });
    assert!(failed.headers.sets_none());
    let failed = revokes(false, |session| {
        session.save().unwrap();
        session.insert("b", "x".repeat(3000)).unwrap();
        session.renew().unwrap_err();
    });
    assert!(failed.headers.claims().contains(r#""sid":"old""#));

    revokes(false, |session| session.save().unwrap());
    revokes(false, |session| session.insert("b", 1).unwrap());
}

#[test]
fn another_user_revokes_the_session_of_the_previous_user() {
    let response = revokes(true, |session| session.log_in("43").unwrap());
    assert!(response.headers.claims().contains(r#""sub":"43""#));
    revokes(true, |session| {
        session.log_in("43").unwrap();
        session.delete().unwrap();
    });
}

#[test]
fn several_renewals_revoke_the_session_once() {
    revokes(true, |session| {
        session.renew().unwrap();
        session.renew().unwrap();
    });
    revokes(true, |session| {
        session.renew().unwrap();
        session.log_in("43").unwrap();
    });
    // The first save is sent, and the old session is revoked for it.
    let response = revokes(true, |session| {
        session.renew().unwrap();
        session.insert("b", "x".repeat(3000)).unwrap();
        session.renew().unwrap_err();
    });
    assert_eq!(response.outcome, Outcome::Saved);
}

#[test]
fn the_last_of_save_and_delete_wins_and_both_revoke_the_old_session() {
    let created = revokes(true, |session| {
        session.delete().unwrap();
        session.insert("b", 2).unwrap();
        session.save().unwrap();
    });
    let (id, exp) = (new_id(), NOW + 7 * DAY);
    let claims = format!(r#"{{"iat":{NOW},"exp":{exp},"sid":"{id}","wx_rev":{STAMP},"b":2}}"#);
    assert_eq!(created.headers.claims(), claims);

    for save_first in [false, true] {
        let deleted = revokes(true, |session| {
            if save_first {
                session.save().unwrap();
            }
            session.renew().unwrap();
            session.delete().unwrap();
            session.delete().unwrap();
        });
        assert!(deleted.headers.cookie().contains("Max-Age=0"));
    }
    // A failed save does not undo a logout.
    revokes(true, |session| {
        session.delete().unwrap();
        session.insert("b", "x".repeat(3000)).unwrap();
        session.save().unwrap_err();
    });
}
