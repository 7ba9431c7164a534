//! The `Set-Cookie` lines and the state of saved sessions.

use serde_json::json;

use crate::{
    client::{Client, Jar},
    server::{Format, Server},
};

const NO_COOKIES: [&str; 0] = [];

/// After any number of saves and deletes, the response has one line for the session cookie,
/// and keeps the lines of the application.
pub fn the_session_sets_one_cookie_beside_the_applications_own(server: &Server) {
    let client = Client::of(server);
    let own = "header set-cookie: theme=dark\nheader set-cookie: lang=en; Path=/\n";
    for (steps, sets) in [
        ("insert a 1\nsave\ninsert a 2\nsave", true),
        ("delete\ninsert a 2\nsave", true),
        ("insert a 1\nsave\ndelete", false),
        ("delete\ndelete", false),
    ] {
        let response = client.script(&format!("{own}{steps}"), &NO_COOKIES);
        let line = response.set_cookie(server.mint.cookie);
        assert_eq!(!line.contains("Max-Age=0"), sets, "{steps}: {line}");
        assert_eq!(response.set_cookie("theme"), "theme=dark");
        assert_eq!(response.set_cookie("lang"), "lang=en; Path=/");
        if sets {
            let mut jar = Jar::default();
            jar.take(&response);
            let data = client.script(
                "read",
                &[server.mint.pair(jar.value(server.mint.cookie).unwrap_or_default())],
            );
            assert_eq!(data.json(), json!({"a": 2}), "{steps}");
        }
    }
    let response = client.script(&format!("{own}insert a 1"), &NO_COOKIES);
    assert_eq!(response.values("set-cookie"), ["theme=dark", "lang=en; Path=/"]);
}

/// Changes after the last save are not sent.
pub fn only_saved_changes_are_sent(server: &Server) {
    let (client, mut jar) = (Client::of(server), Jar::default());
    jar.take(&client.script("insert a 1\nsave\ninsert a 2", &NO_COOKIES));
    assert_eq!(client.script("read", &jar.cookies()).json(), json!({"a": 1}));
    let response = client.script("insert a 3\nread", &jar.cookies());
    assert_eq!(response.json(), json!({"a": 3}));
    assert!(response.set_cookies(server.mint.cookie).is_empty());
}

/// A saved session is sent with redirects and errors, too.
pub fn every_status_sends_the_cookie(server: &Server) {
    for status in ["200", "204", "302", "404", "500"] {
        let response =
            Client::of(server).script(&format!("insert a 1\nsave\nstatus {status}"), &NO_COOKIES);
        assert_eq!(response.status.to_string(), status);
        response.set_cookie(server.mint.cookie);
    }
}

/// A session over the size limit is an error with both sizes, and sends no cookie.
pub fn a_too_large_session_is_an_error_and_sends_no_cookie(server: &Server) {
    let client = Client::of(server);
    let response = client.script(&format!("insert a \"{}\"\nsave", "x".repeat(3050)), &NO_COOKIES);
    assert_eq!(response.status, 500);
    assert!(response.body.contains("4096"), "{}", response.body);
    assert!(response.set_cookies(server.mint.cookie).is_empty());

    // The largest session that fits is sent and read.
    let len = (0..3000).rev().step_by(3).find(|len| {
        let script = format!("insert a \"{}\"\nsave", "x".repeat(*len));
        client.script(&script, &NO_COOKIES).status == 200
    });
    let script = format!("insert a \"{}\"\nsave", "x".repeat(len.unwrap_or_default()));
    let response = client.script(&script, &NO_COOKIES);
    // The length of a ciphertext grows in steps of 16 bytes.
    let smallest = if server.mint.is_encrypted() { 4070 } else { 4090 };
    assert!((smallest..=4096).contains(&response.set_cookie(server.mint.cookie).len()));
    let mut jar = Jar::default();
    jar.take(&response);
    assert_eq!(client.script("state", &jar.cookies()).json()["new"], false);
}

/// A session keeps its `iat` until a user logs in.
pub fn a_session_keeps_its_issue_time_until_a_login(server: &Server) {
    let (client, mint) = (Client::of(server), &server.mint);
    let mut jar = Jar::default();
    let old = mint.pair(&mint.alive(r#""a":1"#));
    let before = client.script("state", &[&old]).json();
    assert_eq!(before["new"], false);
    assert_eq!(before["rejection"], json!(null));

    jar.take(&client.script("save", &[&old]));
    let after = client.script("state", &jar.cookies()).json();
    assert_eq!(after["issued"], before["issued"]);

    if server.format() == Format::Waxseal {
        jar.take(&client.script("renew", &jar.cookies()));
        let renewed = client.script("state", &jar.cookies()).json();
        assert_eq!(renewed["issued"], before["issued"]);
        jar.take(&client.script("login susan", &jar.cookies()));
        let logged_in = client.script("state", &jar.cookies()).json();
        assert!(logged_in["issued"].as_u64() > before["issued"].as_u64());
        assert_eq!(client.script("read", &jar.cookies()).json(), json!({"a": 1}));
    }
    let rejected = client.script("state", &[mint.pair(&mint.expired(r#""a":1"#))]).json();
    assert_eq!(rejected["rejection"], "expired");
    assert_eq!(rejected["new"], true);
}

/// Any JSON round-trips.
pub fn data_round_trips(server: &Server) {
    let (client, mut jar) = (Client::of(server), Jar::default());
    let data = json!({
        "name": "José 🦀 \"quoted\" <b> \u{0} \u{2028}",
        "": [1, -2.5, 1e300, u64::MAX, null, true, {"deep": [[[]]]}],
        "é": {},
    });
    jar.take(&client.script(&format!("write {data}\nsave"), &NO_COOKIES));
    assert_eq!(client.script("read", &jar.cookies()).json(), data);
}

const DAY: i64 = 86_400;

/// In the second half of the idle timeout (7 days), reading extends the session, but never past
/// the absolute timeout (30 days).
pub fn activity_extends_a_session(server: &Server) {
    let (client, mint) = (Client::of(server), &server.mint);
    let line = |issued, expires| {
        let token = mint.between(issued, expires, r#""sid":"s","a":1"#);
        let response = client.script("read", &[mint.pair(&token)]);
        assert_eq!(response.json()["a"], 1);
        response.set_cookies(mint.cookie).first().map(|line| String::from(*line))
    };
    // Sessions in Microdot's format have no timeouts.
    let limited = server.format() == Format::Waxseal;
    assert_eq!(line(-DAY, 7 * DAY / 2 + 60), None, "half of the idle timeout is left");
    let near = line(-DAY, 7 * DAY / 2 - 60);
    assert_eq!(near.is_some(), limited);
    assert!(near.is_none_or(|line| line.contains("; Max-Age=604800;")));
    let last = line(-29 * DAY, DAY / 2);
    assert_eq!(last.is_some(), limited);
    let max_age = |line: String| -> Option<i64> {
        line.split("; ").find_map(|part| part.strip_prefix("Max-Age=")?.parse().ok())
    };
    assert!(
        last.is_none_or(|line| max_age(line).is_some_and(|secs| (DAY - 60..=DAY).contains(&secs)))
    );
    assert_eq!(line(-29 * DAY, DAY), None, "the absolute timeout does not allow more");
}

/// A session expires 30 days after it was issued, even if its token has a later `exp`.
pub fn the_absolute_timeout_is_enforced(server: &Server) {
    let (client, mint) = (Client::of(server), &server.mint);
    let is_new = |issued| {
        let token = mint.between(issued, DAY, r#""a":1"#);
        client.script("state", &[mint.pair(&token)]).json()["new"].clone()
    };
    assert_eq!(is_new(-30 * DAY + 60), false);
    assert_eq!(is_new(-30 * DAY), server.format() == Format::Waxseal);
}

/// The session keeps its user and its choice of `remember`.
pub fn the_user_and_remember_me_are_kept(server: &Server) {
    let client = Client::of(server);
    let limited = server.format() == Format::Waxseal;
    let mut jar = Jar::default();
    let response = client.script("login susan\nremember false\ninsert a 1\nsave", &NO_COOKIES);
    assert!(!response.set_cookie(server.mint.cookie).contains("Max-Age"));
    jar.take(&response);
    assert_eq!(client.script("state", &jar.cookies()).json()["user"], "susan");
    assert_eq!(client.script("read", &jar.cookies()).json(), json!({"a": 1}));

    let response = client.script("save", &jar.cookies());
    assert!(
        !response.set_cookie(server.mint.cookie).contains("Max-Age"),
        "the session keeps `remember`"
    );
    let response = client.script("remember true\nsave", &jar.cookies());
    assert_eq!(response.set_cookie(server.mint.cookie).contains("; Max-Age=604800"), limited);
}

/// The session reports why its cookie was rejected.
pub fn the_rejection_is_reported(server: &Server) {
    let (client, mint) = (Client::of(server), &server.mint);
    let rejection =
        |token: &str| client.script("state", &[mint.pair(token)]).json()["rejection"].clone();
    let good = mint.alive(r#""a":1"#);
    let (message, _) = good.rsplit_once('.').unwrap_or_default();
    assert_eq!(rejection(&good), json!(null));
    assert_eq!(rejection("malformed"), "malformed");
    assert_eq!(rejection(&format!("{message}.{}", "A".repeat(43))), "signature");
    assert_eq!(rejection(&mint.token_with(r#"{"alg":"none"}"#, "{}")), "header");
    assert_eq!(rejection(&mint.token("[]")), "claims");
    assert_eq!(rejection(&mint.between(3600, DAY, r#""a":1"#)), "not-yet-valid");
    assert_eq!(rejection(&mint.expired(r#""a":1"#)), "expired");
    assert_eq!(rejection(&"x".repeat(5000)), "too-large");
    assert_eq!(client.script("state", &NO_COOKIES).json()["rejection"], json!(null));
}
