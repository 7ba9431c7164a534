//! Microdot mode reads and writes exactly the format of Microdot.

mod support;

use std::collections::BTreeMap;

use support::{Minter, NOW, microdot, request};
use waxseal_core::UnixTime;

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
}

#[test]
fn in_microdot_mode_only_the_times_are_reserved() {
    let claims = format!(r#"{{"sub":"susan","exp":{},"iat":5,"jti":"x","a":1}}"#, NOW + 9);
    let cookie = format!("session={}", Minter::microdot().token(claims));
    let times = format!(r#"{{"exp":{},"iat":5}}"#, NOW + 9);
    let ((), response) = request(&microdot(), &[&cookie], NOW, |session| {
        assert_eq!(session.user().as_deref(), Some("susan"));
        session.clear();
        session.renew();
        session.set_remember(true);
        session.save().unwrap();
        assert_eq!(session.user(), None);
        assert_eq!(session.issued_at(), Some(UnixTime::from_secs(5)));
    });
    assert_eq!(response.claims(), times);
    let ((), response) = request(&microdot(), &[&cookie], NOW, |session| {
        session.set_data(BTreeMap::from([("b", 2)])).unwrap();
        session.save().unwrap();
    });
    assert_eq!(response.claims(), times.replace('}', r#","b":2}"#));
}
