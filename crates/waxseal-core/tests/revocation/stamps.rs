//! The claim `wx_rev`: the stamp up to which a server knew the list.

use waxseal_core::{
    CookieSpec, Outcome, Rejection, SaveError, Sealer, Secret, UnixTime, WriteError,
};

use super::{
    list::{List, STAMP},
    requests::{
        DAY, Handler, ISSUED, Save, answer, builder, cookie, new_id, old, open, rejection, request,
        stamped, under,
    },
    support::{Minter, NOW, SECRET, alive, microdot, own, secret},
};

/// The stamp of a session in the list; an error if its cookie is rejected.
fn stamp_of(json: &str) -> Result<u64, Rejection> {
    let list = List::default();
    let cookie = cookie(&format!(r#""sid":"s","wx_rev":{json}"#));
    let own = own();
    let without_list = open(&own, &[&cookie]);
    let sealer = under(&list);
    let session = open(&sealer, &[&cookie]);
    // The rule is the same without a list.
    assert_eq!(session.rejection(), without_list.rejection());
    if let Some(rejection) = session.rejection() {
        return Err(rejection);
    }
    let stamp = session.reference().unwrap().stamp;
    assert_eq!(list.known().checked[0].3, stamp);
    Ok(stamp)
}

#[test]
fn a_stamp_is_a_number_below_2_to_the_53() {
    for (json, stamp) in [
        ("0", 0),
        ("1800000000", 1_800_000_000),
        ("1799990000000", STAMP),
        ("9007199254740991", (1 << 53) - 1),
        ("1.79999e12", STAMP),
        ("7.9", 7),
        ("-1", 0),
        ("-9007199254740992", 0),
    ] {
        assert_eq!(stamp_of(json), Ok(stamp), "{json}");
    }
    for json in [
        r#""1799990000000""#,
        "\"\"",
        "null",
        "true",
        "[1]",
        "{}",
        "9007199254740992",
        "1e16",
        "9223372036854775808",
    ] {
        assert_eq!(stamp_of(json), Err(Rejection::Claims), "{json}");
    }
}

#[test]
fn an_application_cannot_set_the_stamp() {
    for sealer in [under(&List::default()), own()] {
        let mut session = open(&sealer, &[]);
        let error = session.insert("wx_rev", 1).unwrap_err();
        assert!(matches!(error, WriteError::Reserved { key } if key == "wx_rev"));
        let error = session.set_data(serde_json::json!({ "wx_rev": 1 })).unwrap_err();
        assert!(matches!(error, WriteError::Reserved { key } if key == "wx_rev"));
    }
    // It cannot read or remove it either.
    let ((), response) = request(&under(&List::default()), &[&stamped("s", "42", 7)], |session| {
        assert!(session.keys().is_empty() && !session.remove("wx_rev"));
        assert_eq!(session.get::<u64>("wx_rev").unwrap(), None);
        session.clear_data();
        session.save().unwrap();
    });
    assert_eq!(response.stamp(), Some(7));
}

#[test]
fn in_microdots_format_the_claim_is_the_applications() {
    let sealer = microdot();
    let cookie = format!("session={}", Minter::microdot().token(r#"{"wx_rev":"theirs"}"#));
    let ((), response) = answer(open(&sealer, &[&cookie]), |session| {
        assert_eq!(session.get::<String>("wx_rev").unwrap().as_deref(), Some("theirs"));
        session.insert("wx_rev", "new").unwrap();
        session.save().unwrap();
    });
    assert_eq!(response.headers.claims(), r#"{"wx_rev":"new"}"#);
}

#[test]
fn a_new_session_gets_the_time_of_the_request_and_the_stamp_of_its_opening() {
    let logs_in: Handler = |session| session.log_in("\u{e9}\"").unwrap();
    let handlers: [(&[&str], Handler); 5] = [
        (&[], |session| session.save().unwrap()),
        (&[], logs_in),
        (&[&old()], logs_in),
        (&[&old()], |session| session.clear_user(&[]).unwrap()),
        (&[&old()], |session| {
            session.delete().unwrap();
            session.save().unwrap();
        }),
    ];
    for (cookies, handler) in handlers {
        let list = List::default();
        let ((), response) = request(&under(&list), cookies, |session| {
            // The stamp grows while the handler checks a password.
            list.revoked_by_another("another");
            list.cut_off_by_another("another");
            handler(session);
            assert_eq!(session.issued_at(), Some(UnixTime::from_secs(NOW)));
            assert_eq!(session.reference().unwrap().stamp, STAMP);
        });
        let (id, claims) = (new_id(), response.headers.claims());
        let exp = NOW + 7 * DAY;
        let start = format!(r#"{{"iat":{NOW},"exp":{exp},"sid":"{id}","wx_rev":{STAMP}"#);
        assert!(claims.starts_with(&start), "{claims}");
        assert_eq!(rejection(&under(&list), &[&response.cookie()]), None);
    }
}

/// A login that was checked with the old password is not good after the password has changed.
#[test]
fn a_login_is_revoked_by_a_cutoff_during_its_request() {
    let list = List::default();
    let ((), response) = request(&under(&list), &[], |session| {
        list.cut_off_in_the_store("42");
        session.log_in("42").unwrap();
    });
    assert_eq!(response.stamp(), Some(STAMP));
    list.reads();
    assert_eq!(rejection(&under(&list), &[&response.cookie()]), Some(Rejection::Revoked));
    // The next login is good.
    let ((), response) = request(&under(&list), &[], |session| session.log_in("42").unwrap());
    assert_eq!(rejection(&under(&list), &[&response.cookie()]), None);
}

/// `revoke_user` and then `log_in` in one handler: the browser would get a cookie that is revoked.
#[test]
fn a_login_after_a_cutoff_that_this_server_knows_is_an_error() {
    for cut_off in [List::cut_off_by_another, |list: &List, _: &str| list.cut_off_everyone()] {
        let list = List::default();
        let ((), response) = request(&under(&list), &[&old()], |session| {
            cut_off(&list, "42");
            assert_eq!(session.log_in("42"), Err(SaveError::Revoked));
        });
        assert!(response.headers.sets_none());
    }
}

#[test]
fn a_session_keeps_its_stamp_and_its_issue_time() {
    let members = |stamp: &str| format!(r#""sid":"old"{stamp},"sub":"42","a":1"#);
    for (stamp, expected) in [("", None), (r#","wx_rev":7"#, Some(7))] {
        let late = NOW + DAY;
        let late = format!(r#"{{"iat":{ISSUED},"exp":{late},{}}}"#, members(stamp));
        let late = format!("__Host-session={}", Minter::own().token(late));
        let early = cookie(&members(stamp));
        let old_name = Minter::derived(SECRET, "previous");
        let moved = format!("previous={}", old_name.token(alive(&members(stamp))));

        let list = List::default();
        let previous = CookieSpec::builder("previous").build().unwrap();
        let with_previous = builder(&list).previous_cookie(previous).build().unwrap();
        let rotated = Sealer::builder(Secret::new([8; 32]).unwrap()).fallback_secret(secret());
        let rotated = rotated.revocations(list.clone()).build().unwrap();
        let cases: [(&Sealer, &str, Handler, Outcome); 8] = [
            (&under(&list), &early, |session| session.save().unwrap(), Outcome::Saved),
            (&under(&list), &late, |_| (), Outcome::Refreshed),
            (&under(&list), &late, |session| session.insert("a", 2).unwrap(), Outcome::Refreshed),
            (&with_previous, &moved, |_| (), Outcome::Refreshed),
            (&rotated, &early, |_| (), Outcome::Refreshed),
            (&rotated, &early, |session| session.save().unwrap(), Outcome::Saved),
            // Without a list, too.
            (&own(), &early, |session| session.save().unwrap(), Outcome::Saved),
            (&under(&list), &early, |session| session.renew().unwrap(), Outcome::Saved),
        ];
        for (sealer, cookie, handler, outcome) in cases {
            let ((), response) = request(sealer, &[cookie], |session| {
                list.revoked_by_another("another");
                handler(session);
            });
            assert_eq!((response.stamp(), response.outcome), (expected, outcome), "{cookie}");
            let claims = response.headers.claims();
            assert!(claims.starts_with(&format!(r#"{{"iat":{ISSUED},"#)), "{claims}");
            assert_eq!(claims.matches("wx_rev").count(), usize::from(expected.is_some()));
        }
    }
}

#[test]
fn a_sealer_without_a_list_writes_no_stamp_into_a_new_session() {
    let handlers: [(&[&str], Handler); 2] = [
        (&[], |session| session.save().unwrap()),
        (&[&stamped("old", "42", 7)], |session| session.log_in("42").unwrap()),
    ];
    for (cookies, handler) in handlers {
        let ((), response) = request(&own(), cookies, handler);
        assert_eq!(response.stamp(), None);
    }
}

#[test]
fn without_a_stamp_of_the_list_no_session_is_issued() {
    let new: [Save; 3] = [
        |session| session.save(),
        |session| session.log_in("42"),
        |session| {
            session.delete().unwrap();
            session.save()
        },
    ];
    let list = List::default();
    list.known().has_no_stamp = true;
    for handler in new {
        let (saved, response) = request(&under(&list), &[], |session| {
            // It comes too late for this request.
            list.known().has_no_stamp = false;
            let saved = handler(session);
            list.known().has_no_stamp = true;
            saved
        });
        assert_eq!(saved, Err(SaveError::RevocationUnknown));
        assert!(response.headers.sets_none() || response.outcome == Outcome::Deleted);
    }
    // An open session stays valid: it was checked when it was opened.
    for save in [(|session| session.save()) as Save, |session| session.renew()] {
        let (saved, _) = request(&under(&List::default()), &[&old()], |session| {
            list.known().has_no_stamp = true;
            save(session)
        });
        assert_eq!(saved, Ok(()));
        let (saved, _) =
            request(&under(&list), &[&stamped("good", "42", 7)], |session| session.save());
        assert_eq!(saved, Ok(()));
    }
}
