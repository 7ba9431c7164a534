//! The end of a request: the acknowledgements, and requests without a response.

use std::{
    future::Future as _,
    pin::pin,
    task::{Context, Poll, Waker},
};

use waxseal_core::{CookieSpec, OpenSession, Outcome, SaveError, SessionRef};

use super::{
    list::{List, STAMP},
    requests::{Handler, ISSUED, builder, old, open, session_ref, under},
    support::{Headers, Minter, SECRET, alive, finish, now},
};

/// A request that revokes its session, and one that revokes the others.
const REVOKE: [Handler; 2] =
    [|session| session.delete().unwrap(), |session| session.revoke_others().unwrap()];

#[test]
fn a_request_without_a_response_revokes_nothing() {
    for handler in REVOKE {
        let (list, cookie) = (List::default(), old());
        let sealer = under(&list);
        let mut session = open(&sealer, &[&cookie]);
        handler(&mut session);
        session.abandon();
        assert_eq!(session.delete(), Err(SaveError::Finished));
        assert_eq!(session.save(), Err(SaveError::Finished));
        assert_eq!(finish(&mut session).unwrap().outcome(), Outcome::Read);
        drop(session);
        assert!(list.known().requested.is_empty());
    }
}

#[test]
fn nothing_after_the_response_head_revokes() {
    let (list, cookie) = (List::default(), old());
    let sealer = under(&list);
    let mut session = open(&sealer, &[&cookie]);
    assert_eq!(finish(&mut session).unwrap().outcome(), Outcome::Read);
    assert_eq!(session.delete(), Err(SaveError::Finished));
    assert_eq!(session.revoke_others(), Err(SaveError::Finished));
    assert_eq!(finish(&mut session).unwrap().outcome(), Outcome::Read);
    assert!(list.known().requested.is_empty());
}

/// The 503 of a logout that is not durable removes the cookies as the logout does.
#[test]
fn a_failed_acknowledgement_is_an_error_that_removes_every_cookie() {
    let previous = CookieSpec::builder("previous").build().unwrap();
    let elsewhere = CookieSpec::builder("session").path("/old").build().unwrap();
    let spec = CookieSpec::builder("session").build().unwrap();
    let sealer = |list: &List| {
        let builder = builder(list).cookie(spec.clone()).previous_cookie(previous.clone());
        builder.previous_cookie(elsewhere.clone()).build().unwrap()
    };
    let token = Minter::derived(SECRET, "session").token(alive(r#""sid":"old","sub":"42""#));
    let cookie = format!("session={token}");
    let good = sealer(&List::default());
    let mut session = open(&good, &[&cookie]);
    session.delete().unwrap();
    let mut deleted = Headers::default();
    finish(&mut session).unwrap().apply(&mut deleted);
    assert_eq!(deleted.lines().len(), 3);

    let handlers: [Handler; 4] = [
        |session| session.delete().unwrap(),
        |session| session.renew().unwrap(),
        |session| session.confirm_user().unwrap(),
        |session| session.revoke_others().unwrap(),
    ];
    for handler in handlers {
        let list = List::default();
        list.known().fails = true;
        let sealer = sealer(&list);
        let mut session = open(&sealer, &[&cookie]).with_randomness(|| Ok([9; 16]));
        handler(&mut session);
        let unavailable = finish(&mut session).unwrap_err();
        assert!(unavailable.to_string().contains("the test fails it"), "{unavailable}");
        assert_eq!(unavailable.changes.outcome(), Outcome::Deleted);
        let mut response = Headers::default();
        unavailable.changes.apply(&mut response);
        assert_eq!(response.0, deleted.0);
    }
}

/// The stamp is 23 bytes of JSON: the cookie of a session that was sealed without a list may
/// have no room for it.
#[test]
fn a_session_that_cannot_be_sealed_with_its_stamp_is_an_error_that_removes_the_cookie() {
    let list = List::default();
    let sealer = under(&list);
    let cookie = old();
    let mut session = open(&sealer, &[&cookie]);
    let mut text = String::from("x");
    while session.save().is_ok() {
        text.push('x');
        session.insert("b", &text).unwrap();
    }
    text.pop();
    session.insert("b", &text).unwrap();
    session.revoke_others().unwrap();
    let unavailable = finish(&mut session).unwrap_err();
    let message = unavailable.to_string();
    assert!(message.contains("the other sessions are revoked"), "{message}");
    assert!(message.contains("the limit is 4096"), "{message}");
    assert_eq!(unavailable.changes.outcome(), Outcome::Deleted);
    assert_eq!(list.cut_off(), ["42"]);
}

#[test]
fn debug_shows_neither_ids_nor_users() {
    let list = List::default();
    let session = SessionRef { stamp: STAMP, ..session_ref("old", Some("42")) };
    let expected = format!("{{ issued_at: UnixTime({ISSUED}), stamp: {STAMP}, .. }}");
    assert_eq!(format!("{session:?}"), format!("SessionRef {expected}"));
    assert_eq!(format!("{:?}", session.view()), format!("SessionView {expected}"));
    let (sealer, cookie) = (under(&list), old());
    for handler in REVOKE {
        let mut session = OpenSession::open(&sealer, [cookie.as_bytes()], now()).unwrap();
        handler(&mut session);
        let shown = format!("{session:?} {:?}", session.finish());
        assert!(!shown.contains("old") && !shown.contains("42"), "{shown}");
    }
    for revocation in &list.known().requested {
        let Some(next) = &revocation.successor else { continue };
        let shown = format!("{revocation:?} {:?} {next:?}", revocation.target);
        assert!(!shown.contains("old") && !shown.contains("42"), "{shown}");
        assert!(shown.contains("User(..)"), "{shown}");
    }
    assert_eq!(list.known().requested.len(), 2);
}

/// A future that is polled again must not turn the error into a success.
#[test]
fn a_failed_finish_stays_failed() {
    let (list, cookie) = (List::default(), old());
    list.known().fails = true;
    let sealer = under(&list);
    let mut session = open(&sealer, &[&cookie]);
    session.delete().unwrap();
    let mut finish = pin!(session.finish());
    let mut context = Context::from_waker(Waker::noop());
    assert!(matches!(finish.as_mut().poll(&mut context), Poll::Ready(Err(_))));
    assert!(finish.as_mut().poll(&mut context).is_pending());
}
