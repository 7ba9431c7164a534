//! A logout revokes every presented session, and so does a login.

use waxseal_core::{
    CookieSpec, OpenSession, Outcome, Rejection, Revocation, Sealer, SessionRef, Target, UnixTime,
};

use super::{
    list::List,
    requests::{
        DAY, Handler, ISSUED, answer, builder, cookie, old, request, session_ref, stamped, under,
    },
    support::{Minter, NOW, SECRET, finish, now, own},
};

#[test]
fn delete_revokes_the_session_of_the_cookie() {
    let list = List::default();
    let ((), response) = request(&under(&list), &[&old()], |session| session.delete().unwrap());
    assert!(response.headers.cookie().contains("Max-Age=0"));
    assert_eq!((response.outcome, list.known().awaited), (Outcome::Deleted, 1));
    // The request continues as no session.
    let target = Target::Session(session_ref("old", Some("42")));
    assert!(list.known().requested == [Revocation { target, successor: None }]);

    let list = List::default();
    request(&under(&list), &[&cookie(r#""sid":"s""#)], |session| session.delete().unwrap());
    assert_eq!(list.revoked(), [session_ref("s", None)]);
}

#[test]
fn every_presented_session_with_a_good_signature_is_revoked_by_a_logout() {
    let previous = CookieSpec::builder("previous").build().unwrap();
    let session = |name: &'static str, iat: u64, exp: u64, id: &str| {
        let claims = format!(r#"{{"iat":{iat},"exp":{exp},"sid":"{id}","sub":"42"}}"#);
        format!("{name}={}", Minter::derived(SECRET, name).token(claims))
    };
    let (own, exp) = ("__Host-session", NOW + DAY);
    let expired = session(own, ISSUED, NOW, "expired");
    // The server's clock is two minutes behind that of the server that issued it.
    let early = session(own, NOW + 120, exp, "early");
    let other = session("previous", ISSUED, exp, "previous");
    let forged = format!("{}x", session(own, ISSUED, exp, "forged"));
    let all = [&*expired, &early, &other, &forged, "__Host-session=malformed"].join("; ");
    let good = format!("{}; {all}; {}", old(), session(own, ISSUED, exp, "second"));
    for (cookies, accepted) in [(all, false), (good, true)] {
        let list = List::default();
        let sealer = builder(&list).previous_cookie(previous.clone()).build().unwrap();
        let ((), response) = request(&sealer, &[&cookies], |session| {
            assert_eq!(session.rejection().is_none(), accepted);
            session.delete().unwrap();
        });
        assert_eq!(response.outcome, Outcome::Deleted);
        let revoked: Vec<_> = list.revoked().into_iter().map(|session| session.id).collect();
        let expected: &[&str] = if accepted {
            &["old", "expired", "early", "second", "previous"]
        } else {
            &["expired", "early", "previous"]
        };
        assert_eq!(revoked, expected);
        assert_eq!(list.known().awaited, expected.len(), "each is acknowledged");

        // A new session after the logout does not undo it, and a repeated cookie counts once.
        let list = List::default();
        let sealer = builder(&list).previous_cookie(previous.clone()).build().unwrap();
        let junk = "__Host-session=malformed; ".repeat(16);
        request(&sealer, &[&format!("{junk}{cookies}; {expired}")], |session| {
            session.delete().unwrap();
            session.log_in("43").unwrap();
        });
        assert_eq!(list.revoked().len(), expected.len());

        // A login of the user or of another one, and `clear_user`, revoke them, too.
        let handlers: [Handler; 3] = [
            |session| session.log_in("42").unwrap(),
            |session| session.log_in("43").unwrap(),
            |session| session.clear_user(&[]).unwrap(),
        ];
        for handler in handlers {
            let list = List::default();
            let sealer = builder(&list).previous_cookie(previous.clone()).build().unwrap();
            let ((), response) = request(&sealer, &[&cookies], handler);
            assert_eq!(response.outcome, Outcome::Saved);
            let revoked: Vec<_> = list.revoked().into_iter().map(|session| session.id).collect();
            assert_eq!(revoked, expected);
            assert_eq!(list.known().awaited, expected.len());
            // The session in the response is good.
            let (rejection, _) =
                request(&sealer, &[&response.cookie()], |session| session.rejection());
            assert_eq!(rejection, None);
        }

        // Nothing else revokes them.
        let list = List::default();
        let sealer = builder(&list).previous_cookie(previous.clone()).build().unwrap();
        request(&sealer, &[&cookies], |session| session.save().unwrap());
        assert_eq!(list.revoked(), []);
    }
}

/// Each cookie costs the server a MAC and the store a record.
#[test]
fn a_logout_revokes_at_most_16_cookies_beside_the_accepted_one() {
    let list = List::default();
    let others = (0..20).map(|n| cookie(&format!(r#""sid":"{n}""#)));
    let cookies: Vec<_> = [old()].into_iter().chain(others).collect();
    request(&under(&list), &[&cookies.join("; ")], |session| session.delete().unwrap());
    assert_eq!(list.revoked().len(), 1 + 16);
}

#[test]
fn a_logout_revokes_no_cookie_over_the_size_limit() {
    let of_length = |len: usize| {
        let padded = |len| cookie(&format!(r#""sid":"long","a":"{}""#, "x".repeat(len)));
        (0..1000).map(padded).find(|cookie| cookie.len() >= "__Host-session=".len() + len).unwrap()
    };
    let longest = of_length(400);
    let limit = longest.len() - "__Host-session=".len();
    for (other, count) in [(longest, 2), (of_length(limit + 1), 1)] {
        let list = List::default();
        let sealer = builder(&list).max_token_bytes(limit).build().unwrap();
        let cookies = format!("{}; {other}", old());
        request(&sealer, &[&cookies], |session| session.delete().unwrap());
        assert_eq!(list.revoked().len(), count);
    }
}

/// A logout before the clock of a device is set is a logout.
#[test]
fn a_logout_without_a_clock_revokes_the_session() {
    let (list, cookie) = (List::default(), stamped("old", "42", 7));
    let sealer = under(&list);
    let time = UnixTime::from_secs(1000);
    let session = OpenSession::open(&sealer, [cookie.as_bytes()], time).unwrap();
    assert_eq!(session.rejection(), Some(Rejection::ClockNotSet));
    answer(session, |session| session.delete().unwrap());
    assert_eq!(list.revoked(), [SessionRef { stamp: 7, ..session_ref("old", Some("42")) }]);
}

#[test]
fn one_failed_acknowledgement_of_several_is_an_error() {
    let list = List::default();
    list.known().fails = true;
    let sealer = under(&list);
    let cookies = format!("{}; {}", old(), cookie(r#""sid":"second""#));
    let mut session = OpenSession::open(&sealer, [cookies.as_bytes()], now()).unwrap();
    session.delete().unwrap();
    assert!(finish(&mut session).is_err());
}

#[test]
fn a_saved_session_without_a_user_is_reported() {
    let reported = |sealer: &Sealer, handler: fn(&mut OpenSession<&Sealer>)| {
        let mut session = OpenSession::open(sealer, [], now()).unwrap();
        session = session.with_randomness(|| Ok([9; 16]));
        handler(&mut session);
        finish(&mut session).unwrap().is_saved_without_user()
    };
    let list = List::default();
    assert!(reported(&under(&list), |session| session.save().unwrap()));
    assert!(reported(&under(&list), |session| {
        session.log_in("42").unwrap();
        session.clear_user(&[]).unwrap();
    }));
    assert!(!reported(&under(&list), |session| session.log_in("42").unwrap()));
    assert!(!reported(&under(&list), |session| session.delete().unwrap()));
    assert!(!reported(&under(&list), |_| ()));
    assert!(!reported(&own(), |session| session.save().unwrap()), "without a list");
}

#[test]
fn deleting_a_session_revoked_by_another_request_removes_the_cookie() {
    let list = List::default();
    let ((), response) = request(&under(&list), &[&old()], |session| {
        session.delete().unwrap();
        list.revoked_by_another("old");
    });
    assert!(response.headers.cookie().contains("Max-Age=0"));
    assert_eq!(response.outcome, Outcome::Deleted);
}

#[test]
fn a_request_without_a_session_revokes_none() {
    let list = List::default();
    for cookies in [&[][..], &["__Host-session=malformed"]] {
        request(&under(&list), cookies, |session| session.delete().unwrap());
        let ((), response) = request(&under(&list), cookies, |session| {
            session.renew().unwrap();
            session.log_in("42").unwrap();
        });
        assert_eq!((response.outcome, list.known().awaited), (Outcome::Saved, 0));
    }
    assert!(list.revoked().is_empty());
}
