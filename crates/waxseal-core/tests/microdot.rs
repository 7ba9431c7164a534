//! Microdot mode reads and writes exactly the format of Microdot.

mod support;

use std::{collections::BTreeMap, time::Duration};

use support::{MICRODOT_KEY, Minter, NOW, microdot, request};
use waxseal_core::{CookieSpec, OpenSession, Sealer, UnixTime};

#[test]
fn the_last_cookie_counts_in_microdot_mode() {
    let minter = Minter::microdot();
    let good = |name: &str| format!("session={}", minter.token(format!(r#"{{"{name}":1}}"#)));
    let keys = |cookies: &[&str]| request(&microdot(), cookies, NOW, |session| session.keys()).0;
    assert_eq!(keys(&[&format!("{}; {}", good("a"), good("b"))]), ["b"]);
    assert_eq!(keys(&[&good("a"), &good("b")]), ["b"]);
    assert_eq!(keys(&[&format!("{}; session=malformed", good("a"))]), ["a"]);
}

#[test]
fn microdot_mode_writes_the_tokens_of_microdot() {
    let ((), response) = request(&microdot(), &[], NOW, |session| {
        session.insert("username", "joe").unwrap();
        session.save().unwrap();
        assert_eq!((session.issued_at(), session.expires_at()), (None, None));
    });
    assert_eq!(
        response.cookie(),
        "session=eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ1c2VybmFtZSI6ImpvZSJ9.\
         5c9Xq2Di-vQM__F2bTaGWfFhqQNGvJjLZzXrbPfCE94; Path=/; HttpOnly"
    );
    let ((), response) = request(&microdot(), &[], NOW, |session| session.delete().unwrap());
    assert_eq!(
        response.cookie(),
        "session=; Path=/; Expires=Thu, 01 Jan 1970 00:00:01 GMT; Max-Age=0; HttpOnly"
    );
}

#[test]
fn claims_of_microdot_round_trip_unchanged() {
    let claims =
        format!(r#"{{"exp": {}.5, "n": 123456789012345678901234567890, "sid": 7}}"#, NOW + 9);
    let cookie = format!("session={}", Minter::microdot().token(claims));
    let ((), response) = request(&microdot(), &[&cookie], NOW, |session| {
        assert_eq!(session.keys(), ["n", "sid"]);
        assert_eq!(session.expires_at(), Some(UnixTime::from_secs(NOW + 9)));
        session.save().unwrap();
    });
    assert_eq!(
        response.claims(),
        format!(r#"{{"exp":{}.5,"n":123456789012345678901234567890,"sid":7}}"#, NOW + 9)
    );
    // Microdot's cookie ends with the browser, also if its session has an expiry.
    assert!(response.cookie().ends_with("; Path=/; HttpOnly"), "{}", response.cookie());
}

#[test]
fn in_microdot_mode_clearing_the_data_keeps_the_claims() {
    let claims = format!(r#"{{"sub":"susan","exp":{},"iat":5,"jti":"x","a":1}}"#, NOW + 9);
    let cookie = format!("session={}", Minter::microdot().token(&claims));
    let kept = claims.replace(r#","a":1"#, "");
    let ((), response) = request(&microdot(), &[&cookie], NOW, |session| {
        assert_eq!(session.user().as_deref(), Some("susan"));
        session.clear_data();
        session.set_remember(true);
        session.set_timeouts(Duration::from_secs(1), Duration::from_secs(1));
        session.renew().unwrap();
        assert_eq!(session.user().as_deref(), Some("susan"));
        assert_eq!((session.id(), session.authenticated_at()), (None, None));
        assert_eq!(session.issued_at(), Some(UnixTime::from_secs(5)));
    });
    assert_eq!(response.claims(), kept);
    let ((), response) = request(&microdot(), &[&cookie], NOW, |session| {
        session.set_data(BTreeMap::from([("b", 2)])).unwrap();
        session.save().unwrap();
    });
    assert_eq!(response.claims(), kept.replace('}', r#","b":2}"#));
}

#[test]
fn a_microdot_session_gets_no_session_id() {
    let sealer = microdot();
    let now = UnixTime::from_secs(NOW);
    let session = OpenSession::open(&sealer, [], now).unwrap();
    let mut session = session.with_randomness(|| Ok([9; 16]));
    session.save().unwrap();
    assert_eq!(session.id(), None);
}

/// Microdot's application owns `exp`, so a login under it ends with it.
#[test]
fn in_microdot_mode_a_login_drops_the_data_of_another_user_and_keeps_the_times() {
    let claims = format!(r#"{{"sub":"susan","exp":{},"jti":"x","a":1}}"#, NOW + 9);
    let cookie = format!("session={}", Minter::microdot().token(claims));
    let logged_in = |user: &str| {
        let handler = |session: &mut OpenSession<&Sealer>| session.log_in(user).unwrap();
        request(&microdot(), &[&cookie], NOW, handler).1.claims()
    };
    assert_eq!(logged_in("joe"), format!(r#"{{"exp":{},"sub":"joe"}}"#, NOW + 9));
    assert_eq!(logged_in("susan"), format!(r#"{{"exp":{},"a":1,"sub":"susan"}}"#, NOW + 9));
}

#[test]
fn microdot_mode_takes_the_options_of_microdots_cookie() {
    let cookie = CookieSpec::builder_microdot()
        .path("/child")
        .domain("example.com")
        .max_age(Duration::from_secs(3600))
        .secure()
        .insecure_allow_scripts()
        .partitioned();
    let sealer = Sealer::microdot_with(MICRODOT_KEY, cookie.build().unwrap()).unwrap();
    let ((), response) = request(&sealer, &[], NOW, |session| session.save().unwrap());
    let line = response.cookie().split_once("; ").unwrap().1;
    assert_eq!(line, "Path=/child; Domain=example.com; Max-Age=3600; Secure; Partitioned");
}
