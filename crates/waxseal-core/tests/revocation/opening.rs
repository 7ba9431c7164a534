//! Session IDs: of sessions without one, of Microdot's sessions, and their spelling.

use waxseal_core::{CookieSpec, OpenSession, Outcome, Rejection, SaveError, Sealer, UnixTime};

use super::{
    list::{List, STAMP},
    requests::{
        DAY, Handler, ISSUED, answer, builder, cookie, new_id, old, open, rejection, request,
        session_ref, under,
    },
    support::{MICRODOT_KEY, Minter, NOW, now, own, secret},
};

#[test]
fn a_session_without_an_id_is_rejected_or_gets_one() {
    let list = List::default();
    let without_id = cookie(r#""sub":"42","a":1"#);
    assert_eq!(rejection(&under(&list), &[&without_id]), Some(Rejection::NoSid));
    assert!(list.known().checked.is_empty());

    let accepting = builder(&list).dangerous_accept_without_sid().build().unwrap();
    let (seen, response) = request(&accepting, &[&without_id], |session| session.rejection());
    assert_eq!((seen, response.outcome), (None, Outcome::Refreshed));
    assert_eq!(list.known().checked[0], (None, Some("42".into()), ISSUED, 0));
    let exp = NOW + 6 * DAY;
    let with_id =
        format!(r#"{{"iat":{ISSUED},"exp":{exp},"sid":"{}","sub":"42","a":1}}"#, new_id());
    assert_eq!(response.headers.claims(), with_id);

    // A save adds an ID, too. The next request keeps it.
    let ((), response) = request(&accepting, &[&without_id], |session| session.save().unwrap());
    assert!(response.headers.claims().contains(&format!(r#""sid":"{}""#, new_id())));
    let with_id = response.cookie();
    let ((), response) = request(&accepting, &[&with_id], |_| ());
    assert_eq!(response.outcome, Outcome::Read);
    let ((), _) = request(&accepting, &[&with_id], |session| session.delete().unwrap());
    assert_eq!(list.known().awaited, 1);
    assert_eq!(list.revoked(), [session_ref(&new_id(), Some("42"))]);
}

/// Without an ID, only a cutoff can revoke the session.
#[test]
fn deleting_a_session_without_an_id_only_removes_the_cookie() {
    let list = List::default();
    let accepting = builder(&list).dangerous_accept_without_sid().build().unwrap();
    let handlers: [Handler; 3] = [
        |session| session.delete().unwrap(),
        |session| {
            session.save().unwrap();
            session.delete().unwrap();
        },
        |session| session.renew().unwrap(),
    ];
    for handler in handlers {
        let ((), response) = request(&accepting, &[&cookie(r#""sub":"42""#)], handler);
        assert!(!response.headers.sets_none() && list.known().awaited == 0);
    }
    assert!(list.revoked().is_empty());
    list.cut_off_by_another("42");
    assert_eq!(rejection(&accepting, &[&cookie(r#""sub":"42""#)]), Some(Rejection::Revoked));
}

#[test]
fn a_session_of_microdot_is_migrated_and_gets_an_id() {
    let list = List::default();
    let since = NOW - 5 * DAY;
    let sealer = builder(&list)
        .dangerous_migrate_weak_microdot(MICRODOT_KEY, UnixTime::from_secs(since))
        .dangerous_accept_without_sid()
        .build()
        .unwrap();
    let claims = format!(r#"{{"sid":"theirs","sub":"theirs","wx_rev":{},"a":1}}"#, STAMP + 9);
    let cookie = format!("session={}", Minter::microdot().token(claims));
    let (seen, response) = request(&sealer, &[&cookie], |session| session.keys());
    assert_eq!(seen, ["a"]);
    // The `sid`, `sub` and `wx_rev` of its token are ignored.
    assert_eq!(list.known().checked[0], (None, None, since, 0));
    let exp = NOW + 7 * DAY;
    let ours = format!(r#"{{"iat":{since},"exp":{exp},"sid":"{}","a":1}}"#, new_id());
    assert_eq!(response.headers.claims(), ours);
    assert!(response.headers.lines()[0].starts_with("session=; "), "Microdot's cookie is removed");

    list.cut_off_everyone();
    assert_eq!(rejection(&sealer, &[&cookie]), Some(Rejection::Revoked));
}

/// The list gets the decoded text, so that another spelling is not another session.
#[test]
fn ids_and_users_are_decoded() {
    let list = List::default();
    let escaped = cookie(r#""\u0073id":"\u006fld\/\u00e9\"","sub":"\ud83e\udd80\n""#);
    let ((), _) = request(&under(&list), &[&escaped], |session| session.delete().unwrap());
    assert_eq!(list.known().awaited, 1);
    assert_eq!(list.known().checked[0], (Some("old/é\"".into()), Some("🦀\n".into()), ISSUED, 0));
    assert_eq!(list.revoked(), [session_ref("old/é\"", Some("🦀\n"))]);
    assert_eq!(rejection(&under(&list), &[&escaped]), Some(Rejection::Revoked));
}

#[test]
fn an_id_or_user_that_is_not_text_is_rejected() {
    for members in [r#""sid":"s","sub":"\ud83e""#, r#""sid":"\udd80""#] {
        let list = List::default();
        let cookie = cookie(members);
        assert_eq!(rejection(&under(&list), &[&cookie]), Some(Rejection::Claims), "{members}");
        assert!(list.known().checked.is_empty());
        // The rule is the same without a list.
        assert_eq!(rejection(&own(), &[&cookie]), Some(Rejection::Claims), "{members}");
    }
}

#[test]
fn without_randomness_no_session_gets_an_id() {
    let list = List::default();
    let sealer = builder(&list).dangerous_accept_without_sid().build().unwrap();
    let request =
        |cookies: &[&str], handler: fn(&mut OpenSession<&Sealer>) -> Result<(), SaveError>| {
            answer(open(&sealer, cookies), handler)
        };
    let (saved, response) = request(&[], |session| session.save());
    assert_eq!(saved, Err(SaveError::NoRandomness));
    assert!(response.headers.sets_none());
    let (saved, _) = request(&[&old()], |session| {
        assert_eq!(session.renew(), Err(SaveError::NoRandomness));
        session.save()
    });
    assert_eq!(saved, Err(SaveError::EarlierFailure));
    assert!(list.known().awaited == 0 && list.revoked().is_empty());
    // A session with an ID keeps it.
    let (saved, response) = request(&[&old()], |session| session.save());
    assert_eq!(saved, Ok(()));
    assert!(response.headers.claims().contains(r#""sid":"old""#));
    // A session without an ID keeps its cookie, and the changes contain the error.
    let (_, response) = request(&[&cookie("")], |_| Ok(()));
    assert!(response.headers.sets_none());
    assert_eq!(response.refresh_error, Some(SaveError::NoRandomness));
}

/// Headers of separators must not cost memory, which a microcontroller has little of.
#[test]
fn cookies_of_other_names_are_not_collected() {
    let previous = CookieSpec::builder("previous").build().unwrap();
    let sealer = Sealer::builder(secret()).previous_cookie(previous).build().unwrap();
    let mut header = vec![b';'; 1 << 20];
    header.extend_from_slice(old().as_bytes());
    let session = OpenSession::open(&sealer, [&*header], now()).unwrap();
    assert_eq!(session.user().as_deref(), Some("42"));
}
