//! `revoke_others`: "log out my other devices".

use waxseal_core::{
    CookieSpec, OpenSession, Outcome, Rejection, Revocation, SaveError, Sealer, Target,
};

use super::{
    list::{List, STAMP},
    requests::{
        DAY, Handler, ISSUED, Response, Save, builder, cookie, old, open, rejection, request,
        request_with_ids, stamped, under,
    },
    support::{Minter, NOW, SECRET, alive, own},
};

/// The stamp of the first record.
pub const RECORD: u64 = STAMP + 1;

/// A request of the user 42, who has another session, after one of which only the session in the
/// response is good. Another user's session stays good in any case.
#[track_caller]
pub fn ends_the_others(handler: impl FnOnce(&mut OpenSession<&Sealer>)) -> (List, Response) {
    let list = List::default();
    let sealer = under(&list);
    let [old, other] = ["old", "other"].map(|id| stamped(id, "42", STAMP));
    let another = stamped("another", "43", STAMP);
    let ((), response) = request_with_ids(&sealer, &[&old], handler);
    for cookie in [old, other] {
        assert_eq!(rejection(&sealer, &[&cookie]), Some(Rejection::Revoked));
    }
    assert_eq!(rejection(&sealer, &[&another]), None);
    assert_eq!(list.cut_off(), ["42"]);
    if response.outcome == Outcome::Saved {
        assert_eq!(rejection(&sealer, &[&response.cookie()]), None);
        assert_eq!(response.headers.lines().len(), 1);
    }
    (list, response)
}

#[test]
fn it_needs_a_list_and_a_user() {
    let anonymous = cookie(r#""sid":"s""#);
    let list = List::default();
    let cases: [(&Sealer, &[&str], SaveError); 4] = [
        (&own(), &[&old()], SaveError::NoRevocations),
        (&own(), &[], SaveError::NoRevocations),
        (&under(&list), &[&anonymous], SaveError::NoUser),
        (&under(&list), &[], SaveError::NoUser),
    ];
    for (sealer, cookies, expected) in cases {
        let ((), response) = request(sealer, cookies, |session| {
            assert_eq!(session.revoke_others(), Err(expected.clone()));
            assert_eq!(session.save(), Err(SaveError::EarlierFailure));
        });
        assert!(response.headers.sets_none());
    }
    // After a failed login, the session is still that of the user before.
    request(&under(&list), &[&old()], |session| {
        session.log_in("").unwrap_err();
        assert_eq!(session.revoke_others(), Err(SaveError::EarlierFailure));
    });
    assert!(list.known().requested.is_empty());
    assert!(SaveError::NoRevocations.to_string().contains("SealerBuilder::revocations"));
}

#[test]
fn the_session_continues_with_the_stamp_of_the_cutoff() {
    let (list, response) = ends_the_others(|session| {
        let reference = session.reference();
        session.revoke_others().unwrap();
        assert!(!session.is_new() && session.reference() == reference);
    });
    let exp = NOW + 7 * DAY;
    let claims =
        format!(r#"{{"iat":{ISSUED},"exp":{exp},"sid":"old","wx_rev":{RECORD},"sub":"42"}}"#);
    assert_eq!(response.headers.claims(), claims);
    assert!(response.headers.cookie().contains("; Max-Age=604800; "));
    assert_eq!((response.outcome, list.known().awaited), (Outcome::Saved, 1));
    let [Revocation { target, .. }] = &*list.known().requested else { panic!("one revocation") };
    assert!(*target == Target::User("42".into()));
}

/// Alone and in every order with some of the other operations.
#[test]
fn in_every_order_only_the_session_in_the_response_is_good() {
    let operations: [Handler; 6] = [
        |session| session.revoke_others().unwrap(),
        |session| session.insert("b", 1).unwrap(),
        |session| session.renew().unwrap(),
        |session| session.save().unwrap(),
        |session| session.log_in("42").unwrap(),
        |session| session.confirm_user().unwrap(),
    ];
    let mut orders = vec![Vec::new()];
    let mut checked = 0;
    while let Some(order) = orders.pop() {
        if order.contains(&0) {
            checked += 1;
            let (list, response) = ends_the_others(|session| {
                for operation in &order {
                    operations[*operation](session);
                }
            });
            assert_eq!(response.stamp(), Some(RECORD), "{order:?}");
            // After a login, the presented session is revoked in any case.
            let appends = if order.contains(&4) { 2 } else { 1 };
            assert_eq!(
                (response.outcome, list.known().awaited),
                (Outcome::Saved, appends),
                "{order:?}"
            );
        }
        let next = (0..operations.len()).filter(|next| !order.contains(next));
        orders.extend(next.map(|next| [&*order, &[next]].concat()));
    }
    assert_eq!(checked, 1631);
}

#[test]
fn two_calls_are_one_cutoff_beside_the_presented_session() {
    let (list, _) = ends_the_others(|session| {
        session.revoke_others().unwrap();
        session.log_in("42").unwrap();
        session.revoke_others().unwrap();
    });
    assert_eq!(list.known().awaited, 2);
}

#[test]
fn a_failed_call_revokes_nothing() {
    let list = List::default();
    let ((), response) = request(&under(&list), &[&old()], |session| {
        session.save().unwrap();
        session.insert("b", "x".repeat(3000)).unwrap();
        assert!(matches!(session.revoke_others(), Err(SaveError::TooLarge { .. })));
    });
    assert_eq!(response.stamp(), None);
    assert!(list.known().requested.is_empty());
}

#[test]
fn a_change_after_the_last_save_is_not_sent() {
    let handlers: [Handler; 3] = [
        |session| session.insert("b", "later").unwrap(),
        |session| session.clear_data(),
        |session| {
            session.insert("b", "x".repeat(2900)).unwrap();
            session.save().unwrap_err();
        },
    ];
    for handler in handlers {
        let (_, response) = ends_the_others(|session| {
            session.insert("b", "saved").unwrap();
            session.set_remember(false);
            session.revoke_others().unwrap();
            handler(session);
            session.set_remember(true);
        });
        let claims = response.headers.claims();
        assert!(claims.ends_with(r#""sub":"42","b":"saved","remember":false}"#), "{claims}");
        assert!(!response.headers.cookie().contains("Max-Age"), "{:?}", response.headers);
    }
}

/// The documented limit: its cookie would be the old one again.
#[test]
fn a_request_in_flight_cannot_save_the_session() {
    let list = List::default();
    let sealer = under(&list);
    let cookie = old();
    let mut in_flight = open(&sealer, &[&cookie]);
    request(&sealer, &[&cookie], |session| session.revoke_others().unwrap());
    assert_eq!(in_flight.save(), Err(SaveError::Revoked));
}

/// The session in the response can be used as any other, and call it again.
#[test]
fn the_session_in_the_response_goes_on() {
    let saves: [Save; 5] = [
        |session| session.save(),
        |session| session.renew(),
        |session| session.confirm_user(),
        |session| session.log_in("42"),
        |session| session.revoke_others(),
    ];
    for save in saves {
        let (list, response) = ends_the_others(|session| session.revoke_others().unwrap());
        let ((), response) = request_with_ids(&under(&list), &[&response.cookie()], |session| {
            save(session).unwrap();
        });
        assert_eq!(response.outcome, Outcome::Saved);
        assert_eq!(rejection(&under(&list), &[&response.cookie()]), None);
    }
}

#[test]
fn the_previous_cookie_is_removed() {
    let list = List::default();
    let previous = CookieSpec::builder("previous").build().unwrap();
    let sealer = builder(&list).previous_cookie(previous).build().unwrap();
    let token = Minter::derived(SECRET, "previous").token(alive(r#""sid":"old","sub":"42""#));
    let cookie = format!("previous={token}");
    let ((), response) = request(&sealer, &[&cookie], |session| session.revoke_others().unwrap());
    let lines = response.headers.lines();
    assert!(lines.len() == 2 && lines[0].starts_with("previous=; "), "{lines:?}");
    assert_eq!((response.stamp(), rejection(&sealer, &[&response.cookie()])), (Some(RECORD), None));
    assert_eq!(rejection(&sealer, &[&cookie]), Some(Rejection::Revoked));
}
