//! Who the user of a session is, and how that changes.

mod support;

use std::time::Duration;

use support::{Headers, Minter, NOW, alive, finish, microdot, own, request, secret, verdict};
use waxseal_core::{
    OpenSession, RandomError, ReadError, Rejection, SaveError, Sealer, SessionRef, UnixTime,
};

const ISSUED: u64 = NOW - 3600;
const WEEK: u64 = 604_800;

type Session<'s> = OpenSession<&'s Sealer>;

fn cookie(members: &str) -> String {
    format!("__Host-session={}", Minter::own().token(alive(members)))
}

/// Runs a request with random session IDs.
fn run<R>(cookies: &[&str], handler: impl FnOnce(&mut Session<'_>) -> R) -> (R, Headers) {
    let sealer = own();
    let headers = cookies.iter().map(|header| header.as_bytes());
    let session = OpenSession::open(&sealer, headers, support::now()).unwrap();
    let mut session = session.with_randomness(|| Ok([9; 16]));
    let result = handler(&mut session);
    let mut response = Headers::default();
    finish(&mut session).unwrap().apply(&mut response);
    (result, response)
}

fn new_id() -> String {
    support::b64([9; 16])
}

/// The claims of a session that is issued now, before its other members.
fn new(members: &str) -> String {
    let (id, exp) = (new_id(), NOW + WEEK);
    format!(r#"{{"iat":{NOW},"exp":{exp},"sid":"{id}"{members}}}"#)
}

#[test]
fn log_in_saves_a_new_session_at_once() {
    let ((), response) = run(&[], |session| {
        session.log_in("é\"42").unwrap();
        assert_eq!(session.user().as_deref(), Some("é\"42"));
        assert_eq!(session.authenticated_at(), Some(UnixTime::from_secs(NOW)));
        assert!(session.is_new());
    });
    assert_eq!(response.claims(), new(&format!(r#","sub":"é\"42","auth_time":{NOW}"#)));
}

/// S-H2: the next person at a shared browser, or a user who logs in over a stolen cookie,
/// gets nothing of the session before.
#[test]
fn log_in_drops_the_data_of_another_user() {
    let admin = cookie(r#""sid":"old","sub":"admin","is_admin":true"#);
    let ((), response) = run(&[&admin], |session| {
        assert_eq!(session.get("is_admin").unwrap(), Some(true));
        session.log_in("mallory").unwrap();
        assert_eq!(session.get::<bool>("is_admin").unwrap(), None);
    });
    assert_eq!(response.claims(), new(&format!(r#","sub":"mallory","auth_time":{NOW}"#)));
    // Another spelling of the claim is the same user.
    let escaped = cookie(r#""sub":"\u0061dmin","a":1"#);
    let ((), response) = run(&[&escaped], |session| session.log_in("admin").unwrap());
    assert!(response.claims().contains(r#""a":1"#));
    // Case distinguishes users.
    let ((), response) = run(&[&admin], |session| session.log_in("Admin").unwrap());
    assert!(!response.claims().contains("is_admin"));
}

#[test]
fn log_in_keeps_the_data_of_an_anonymous_visitor_and_no_claims() {
    let claims = format!(
        r#""sid":"old","cart":[1],"remember":false,"wx_idle":60,"wx_abs":99999,"nbf":{ISSUED},"cnf":{{}},"jti":"x","iss":"y""#
    );
    let ((), response) = run(&[&cookie(&claims)], |session| session.log_in("42").unwrap());
    assert_eq!(response.claims(), new(&format!(r#","cart":[1],"sub":"42","auth_time":{NOW}"#)));
    assert!(response.cookie().contains("; Max-Age=604800;"));
}

/// I-12.
#[test]
fn clear_user_keeps_only_the_named_entries() {
    let user = cookie(r#""sid":"old","sub":"42","auth_time":5,"cart":[1],"a":2,"theme":"dark""#);
    let ((), response) = run(&[&user], |session| {
        session.clear_user(&["theme", "cart", "unknown", "sub", "sid"]).unwrap();
        assert_eq!((session.user(), session.authenticated_at()), (None, None));
        assert_eq!(session.keys(), ["cart", "theme"]);
    });
    assert_eq!(response.claims(), new(r#","cart":[1],"theme":"dark""#));
}

#[test]
fn confirm_user_changes_the_id_and_the_time_of_authentication() {
    let user = cookie(r#""sid":"old","sub":"42","auth_time":5,"a":1"#);
    let ((), response) = run(&[&user], |session| {
        assert_eq!(session.authenticated_at(), Some(UnixTime::from_secs(5)));
        session.confirm_user().unwrap();
        assert_eq!(session.authenticated_at(), Some(UnixTime::from_secs(NOW)));
        assert!(!session.is_new());
    });
    let (exp, id) = (NOW + WEEK, new_id());
    assert_eq!(
        response.claims(),
        format!(
            r#"{{"iat":{ISSUED},"exp":{exp},"sid":"{id}","sub":"42","auth_time":{NOW},"a":1}}"#
        )
    );
    let (confirmed, response) = run(&[&cookie(r#""a":1"#)], |session| session.confirm_user());
    assert_eq!(confirmed, Err(SaveError::NoUser));
    assert!(response.sets_none());
}

/// A thief who renews a stolen session cannot extend it past its absolute timeout.
#[test]
fn renew_changes_the_id_and_keeps_the_issue_time() {
    let ((), response) = run(&[&cookie(r#""sid":"old","a":1"#)], |session| {
        session.renew().unwrap();
        assert_eq!(session.issued_at(), Some(UnixTime::from_secs(ISSUED)));
        assert!(!session.is_new());
    });
    let (exp, id) = (NOW + WEEK, new_id());
    assert_eq!(response.claims(), format!(r#"{{"iat":{ISSUED},"exp":{exp},"sid":"{id}","a":1}}"#));
}

#[test]
fn every_change_of_identity_also_saves_the_data() {
    type Change = fn(&mut Session<'_>) -> Result<(), SaveError>;
    let changes: [Change; 4] = [
        |session| session.log_in("42"),
        |session| session.clear_user(&["b"]),
        |session| session.confirm_user(),
        |session| session.renew(),
    ];
    for change in changes {
        let ((), response) = run(&[&cookie(r#""sub":"42""#)], |session| {
            session.insert("b", 1).unwrap();
            change(session).unwrap();
            session.insert("c", 1).unwrap();
        });
        let claims = response.claims();
        assert!(claims.contains(r#""b":1"#) && !claims.contains(r#""c":1"#), "{claims}");
    }
}

#[test]
fn a_user_has_1_to_256_bytes() {
    let longest = "é".repeat(128);
    let ((), response) = run(&[], |session| session.log_in(&longest).unwrap());
    let token = response.token().to_owned();
    assert_eq!(verdict(&own(), &token), Ok(vec![]));
    for (user, len) in [(String::new(), 0), (format!("{longest}x"), 257)] {
        let (result, response) = run(&[], |session| session.log_in(&user));
        assert_eq!(result, Err(SaveError::InvalidUser { len }));
        assert!(response.sets_none());
        // Another implementation that has the key cannot make one, either.
        let token = Minter::own().token(alive(&format!(r#""sub":"{user}""#)));
        assert_eq!(verdict(&own(), &token), Err(Rejection::Claims));
    }
    let text = SaveError::InvalidUser { len: 0 }.to_string();
    assert!(text.contains("0 bytes") && text.contains("1 to 256 bytes"), "{text}");
}

/// A handler that ignores the error of a login must not save the session of the user
/// before.
#[test]
fn after_a_failed_change_of_identity_the_session_is_what_it_was_and_saves_fail() {
    let susan = cookie(r#""sid":"old","sub":"susan","a":1"#);
    let ((), response) = run(&[&susan], |session| {
        session.log_in("").unwrap_err();
        assert_eq!(session.user().as_deref(), Some("susan"));
        assert_eq!(session.id().as_deref(), Some("old"));
        assert_eq!(session.get("a").unwrap(), Some(1));
        session.insert("of mallory", 1).unwrap();
        assert_eq!(session.save(), Err(SaveError::EarlierFailure));
    });
    assert!(response.sets_none());

    // What was saved before is sent.
    let ((), response) = run(&[&susan], |session| {
        session.save().unwrap();
        session.insert("b", "x".repeat(3000)).unwrap();
        assert!(matches!(session.clear_user(&["b"]), Err(SaveError::TooLarge { .. })));
        assert_eq!(session.save(), Err(SaveError::EarlierFailure));
    });
    assert!(response.claims().contains(r#""sub":"susan""#));

    // A change that keeps the user does not help.
    let ((), response) = run(&[&susan], |session| {
        session.log_in("").unwrap_err();
        assert_eq!(session.renew(), Err(SaveError::EarlierFailure));
        assert_eq!(session.confirm_user(), Err(SaveError::EarlierFailure));
    });
    assert!(response.sets_none());

    // A later login or a logout begins again.
    let ((), response) = run(&[&susan], |session| {
        session.log_in("").unwrap_err();
        session.log_in("joe").unwrap();
        session.insert("b", 1).unwrap();
        session.save().unwrap();
    });
    assert!(response.claims().contains(r#""sub":"joe""#));
    let ((), response) = run(&[&susan], |session| {
        session.log_in("").unwrap_err();
        session.delete().unwrap();
        session.save().unwrap();
    });
    assert!(!response.claims().contains("susan"));
}

#[test]
fn a_change_of_identity_fails_for_want_of_randomness_a_clock_or_a_response() {
    let sealer = own();
    let open = |secs| OpenSession::open(&sealer, [], UnixTime::from_secs(secs)).unwrap();
    let mut session = open(NOW).with_randomness(|| Err(RandomError));
    assert_eq!(session.log_in("42"), Err(SaveError::NoRandomness));
    assert_eq!(session.user(), None);
    let mut session = open(1000);
    assert_eq!(session.log_in("42"), Err(SaveError::ClockNotSet));
    let mut session = open(NOW);
    drop(session.finish());
    assert_eq!(session.log_in("42"), Err(SaveError::Finished));
    assert_eq!(session.save(), Err(SaveError::Finished));
}

/// I-3.
#[test]
fn the_id_is_that_of_the_saved_cookie() {
    let sid = r#""sid":"\u006fld","wx_rev":7,"sub":"42""#;
    run(&[&cookie(sid)], |session| {
        assert_eq!(session.id().as_deref(), Some("old"));
        session.save().unwrap();
        assert_eq!(session.id().as_deref(), Some("old"));
        let reference = session.reference().unwrap();
        let issued_at = UnixTime::from_secs(ISSUED);
        let (id, user) = ("old".into(), Some("42".into()));
        assert_eq!(reference, SessionRef { id, user, issued_at, stamp: 7 });
        assert_eq!(
            serde_json::to_string(&reference).unwrap(),
            format!(r#"{{"id":"old","user":"42","issued_at":{ISSUED},"stamp":7}}"#)
        );
        session.renew().unwrap();
        assert_eq!(session.id(), Some(new_id()));
        session.delete().unwrap();
        assert_eq!((session.id(), session.reference()), (None, None));
        session.save().unwrap();
        assert_eq!(session.id(), Some(new_id()));
    });
    run(&[], |session| assert_eq!((session.id(), session.reference()), (None, None)));
    // In Microdot's format, `sid` is data.
    let microdot_cookie = format!("session={}", Minter::microdot().token(r#"{"sid":"x"}"#));
    request(&microdot(), &[&microdot_cookie], NOW, |session| assert_eq!(session.id(), None));
}

#[test]
fn take_reads_and_removes() {
    let ((), response) =
        run(&[&cookie(r#""sub":"42","flash":"saved","n":1,"card":"4111""#)], |session| {
            assert_eq!(session.take::<String>("flash").unwrap().as_deref(), Some("saved"));
            assert_eq!(session.take::<String>("flash").unwrap(), None);
            assert!(!session.is_empty());
            let error: ReadError = session.take::<String>("n").unwrap_err();
            assert!(error.to_string().contains("\"n\""), "{error}");
            let debug = format!("{:?}", session.get::<u8>("card").unwrap_err());
            assert!(debug.contains("card") && !debug.contains("4111"), "{debug}");
            session.remove("card");
            assert_eq!(session.take("n").unwrap(), Some(1));
            assert!(session.is_empty(), "a user is no data");
            assert_eq!(session.now(), support::now());
            assert_eq!(session.take::<String>("sub").unwrap(), None);
            session.save().unwrap();
        });
    assert!(!response.claims().contains("flash"));
    assert!(response.claims().contains(r#""sub":"42""#));
}

/// I-8: a session that is not remembered ends sooner on the server, too.
#[test]
fn a_session_can_have_shorter_timeouts_of_its_own() {
    let ((), response) = run(&[], |session| {
        session.log_in("42").unwrap();
        session.set_remember(false);
        session.set_timeouts(Duration::from_secs(1800), Duration::from_secs(7200));
        session.save().unwrap();
        assert_eq!(session.expires_at(), Some(UnixTime::from_secs(NOW + 1800)));
    });
    assert!(response.claims().contains(r#""wx_idle":1800,"wx_abs":7200"#));
    let cookie = format!("__Host-session={}", response.token());

    // The refresh follows the session's timeouts, and ends with them.
    let ((), refreshed) = request(&own(), &[&cookie], NOW + 1000, |session| {
        assert_eq!(session.user().as_deref(), Some("42"));
    });
    assert!(refreshed.claims().contains(&format!(r#""exp":{}"#, NOW + 2800)));
    let at = |secs| request(&own(), &[&cookie], secs, |session| session.rejection()).0;
    assert_eq!(at(NOW + 1799), None);
    assert_eq!(at(NOW + 1800), Some(Rejection::Expired));
    // The absolute timeout applies even if `exp` is later.
    let late = format!(r#"{{"iat":{},"exp":{},"wx_abs":7200}}"#, NOW - 7199, NOW + 9);
    assert!(verdict(&own(), &Minter::own().token(&late)).is_ok());
    let late = late.replace("7200", "7199");
    assert_eq!(verdict(&own(), &Minter::own().token(&late)), Err(Rejection::Expired));
    // A renewal keeps them; a session cannot lengthen those of the sealer.
    let ((), renewed) = run(&[&cookie], |session| {
        session.renew().unwrap();
        session.set_timeouts(Duration::MAX, Duration::ZERO);
        session.save().unwrap();
    });
    assert!(renewed.claims().contains(r#""wx_idle":1800,"wx_abs":1"#));
    assert!(renewed.claims().contains(&format!(r#""exp":{}"#, NOW + 1)));
    assert!(verdict(&own(), renewed.token()).is_ok());
}

#[test]
fn mistyped_claims_of_a_session_are_rejected() {
    for member in [
        r#""wx_idle":"60""#,
        r#""wx_abs":null"#,
        r#""wx_idle":0"#,
        r#""wx_abs":0"#,
        r#""auth_time":[]"#,
        r#""sub":"""#,
        r#""aud":"shop""#,
    ] {
        let token = Minter::own().token(alive(member));
        assert_eq!(verdict(&own(), &token), Err(Rejection::Claims), "{member}");
    }
    for key in ["auth_time", "cnf", "wx_rev", "wx_idle", "wx_abs"] {
        run(&[], |session| {
            let text = session.insert(key, 1).unwrap_err().to_string();
            assert!(text.contains("reserved"), "{text}");
        });
    }
}

#[test]
fn the_refresh_threshold_is_checked_and_followed() {
    let sealer =
        |left| Sealer::builder(secret()).refresh_threshold(Duration::from_secs(left)).build();
    for left in [0, WEEK + 1] {
        let text = sealer(left).unwrap_err().to_string();
        assert!(text.contains("refresh threshold"), "{text}");
    }
    let token = Minter::own().token(format!(r#"{{"iat":{NOW},"exp":{}}}"#, NOW + WEEK));
    let cookie = format!("__Host-session={token}");
    let refreshes =
        |left, at| !request(&sealer(left).unwrap(), &[&cookie], at, |_| ()).1.sets_none();
    assert!(!refreshes(WEEK, NOW) && refreshes(WEEK, NOW + 1));
    assert!(!refreshes(WEEK - 60, NOW + 60));
    assert!(refreshes(WEEK - 60, NOW + 61));
    assert!(!refreshes(60, NOW + WEEK - 60));
    assert!(refreshes(60, NOW + WEEK - 59));
}
