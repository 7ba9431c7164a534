//! A store without room for more sessions records a cutoff of the user instead.

use waxseal_core::{OpenSession, Outcome, Rejection, Sealer};

use super::{
    list::{List, STAMP},
    requests::{Handler, ISSUED, cookie, rejection, request_with_ids, stamped, under},
    support::{Minter, NOW},
};

/// The stamp of the first record.
const RECORD: u64 = STAMP + 1;

/// A list whose store is full or not.
fn list(is_full: bool) -> List {
    let list = List::default();
    list.known().is_full = is_full;
    list
}

/// The stamp that the session gets. Its cookie is good, and the presented one is revoked.
#[track_caller]
fn stamp_after(is_full: bool, handler: impl FnOnce(&mut OpenSession<&Sealer>)) -> Option<u64> {
    let list = list(is_full);
    let old = stamped("old", "42", STAMP - 5);
    let ((), response) = request_with_ids(&under(&list), &[&old], handler);
    assert_eq!((response.outcome, response.has_unrevoked_session), (Outcome::Saved, false));
    assert_eq!(response.headers.lines().len(), 1);
    assert_eq!(rejection(&under(&list), &[&response.cookie()]), None);
    assert_eq!(rejection(&under(&list), &[&old]), Some(Rejection::Revoked));
    assert_eq!(list.known().stamp(), RECORD, "one record");
    // A cutoff revokes the other sessions of the user.
    let other = rejection(&under(&list), &[&stamped("other", "42", STAMP)]);
    assert_eq!(other.is_some(), is_full);
    response.stamp()
}

#[test]
fn a_cutoff_lifts_a_renewed_session() {
    assert_eq!(stamp_after(true, |session| session.renew().unwrap()), Some(RECORD));
    assert_eq!(stamp_after(false, |session| session.renew().unwrap()), Some(STAMP - 5));
}

#[test]
fn any_record_lifts_a_confirmed_session() {
    let handlers: [Handler; 3] = [
        |session| session.confirm_user().unwrap(),
        |session| {
            session.confirm_user().unwrap();
            session.renew().unwrap();
        },
        |session| {
            session.renew().unwrap();
            session.confirm_user().unwrap();
        },
    ];
    for handler in handlers {
        assert_eq!(stamp_after(true, handler), Some(RECORD));
        assert_eq!(stamp_after(false, handler), Some(RECORD));
    }
}

#[test]
fn a_cutoff_lifts_a_login_of_the_same_user_only() {
    let handlers: [Handler; 4] = [
        |session| session.log_in("42").unwrap(),
        |session| {
            session.log_in("42").unwrap();
            session.renew().unwrap();
        },
        |session| {
            session.log_in("42").unwrap();
            session.confirm_user().unwrap();
        },
        // The session is deleted first, so that an attacker cannot fix it.
        |session| {
            session.delete().unwrap();
            session.log_in("42").unwrap();
        },
    ];
    for handler in handlers {
        assert_eq!(stamp_after(true, handler), Some(RECORD));
        assert_eq!(stamp_after(false, handler), Some(STAMP));
    }
    let others: [Handler; 3] = [
        |session| session.log_in("43").unwrap(),
        |session| session.clear_user(&[]).unwrap(),
        |session| {
            session.delete().unwrap();
            session.log_in("43").unwrap();
        },
    ];
    for handler in others {
        assert_eq!(stamp_after(true, handler), Some(STAMP));
        assert_eq!(stamp_after(false, handler), Some(STAMP));
    }
}

/// Each presented session is revoked, also an expired one, and each may become a cutoff.
#[test]
fn a_login_after_a_logout_of_several_sessions_is_good() {
    let expired = format!(r#"{{"iat":{ISSUED},"exp":{NOW},"sid":"expired","sub":"42"}}"#);
    let expired = format!("__Host-session={}", Minter::own().token(expired));
    let several = ["one", "two", "three"].map(|id| stamped(id, "42", STAMP - 5)).join("; ");
    for (cookies, revoked) in [(several, 3), (expired, 1)] {
        for is_full in [true, false] {
            let list = list(is_full);
            let ((), response) = request_with_ids(&under(&list), &[&cookies], |session| {
                session.delete().unwrap();
                session.log_in("42").unwrap();
            });
            assert_eq!(list.known().awaited, revoked);
            assert_eq!(rejection(&under(&list), &[&response.cookie()]), None);
            assert!(rejection(&under(&list), &[&cookies]).is_some());
            assert_eq!(response.stamp(), Some(if is_full { RECORD } else { STAMP }));
        }
    }
}

#[test]
fn a_session_without_a_user_for_which_there_is_no_room_is_reported() {
    let anonymous = cookie(r#""sid":"old","a":1"#);
    let cases: [(bool, Handler, Outcome); 6] = [
        (true, |session| session.delete().unwrap(), Outcome::Deleted),
        (true, |session| session.renew().unwrap(), Outcome::Saved),
        (true, |session| session.log_in("42").unwrap(), Outcome::Saved),
        (true, |session| session.clear_user(&[]).unwrap(), Outcome::Saved),
        // Nothing is revoked.
        (false, |session| session.save().unwrap(), Outcome::Saved),
        (false, |_| (), Outcome::Read),
    ];
    for (is_reported, handler, outcome) in cases {
        let list = list(true);
        let ((), response) = request_with_ids(&under(&list), &[&anonymous], handler);
        assert_eq!((response.outcome, response.has_unrevoked_session), (outcome, is_reported));
        assert_eq!(rejection(&under(&list), &[&anonymous]), None, "a copy is accepted");

        let list = List::default();
        let ((), response) = request_with_ids(&under(&list), &[&anonymous], handler);
        assert_eq!((response.outcome, response.has_unrevoked_session), (outcome, false));
        assert_eq!(rejection(&under(&list), &[&anonymous]).is_some(), is_reported);
    }
}

#[test]
fn it_is_reported_also_if_the_login_is_revoked() {
    let list = list(true);
    list.cut_off_in_the_store("42");
    let anonymous = cookie(r#""sid":"old""#);
    let ((), response) = request_with_ids(&under(&list), &[&anonymous], |session| {
        session.log_in("42").unwrap();
        session.revoke_others().unwrap();
    });
    // A cutoff during the request revokes the login, and does not prevent the next one.
    assert_eq!(response.outcome, Outcome::Saved);
    assert!(response.has_unrevoked_session);
}
