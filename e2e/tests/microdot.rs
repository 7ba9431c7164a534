//! The real Microdot (Python) beside a Rust server, one browser's jar between
//! them. `MICRODOT_PYTHON` is a Python that has `microdot` and `PyJWT`.

use std::{
    process::Command,
    time::{SystemTime, UNIX_EPOCH},
};

use data_encoding::BASE64URL_NOPAD;
use e2e::{
    client::{Client, Jar, Response},
    program::microdot,
    server::{Format, Server},
};
use serde_json::{Value, json};

const NOBODY: [&str; 0] = [];

fn python() -> Server {
    Server::start(&mut microdot().expect("MICRODOT_PYTHON is set"), Format::Microdot)
}

fn rust() -> Server {
    Server::start(&mut Command::new(env!("CARGO_BIN_EXE_serve-axum")), Format::Microdot)
}

/// What the Python server has in this jar's session.
fn at_python(client: &Client, jar: &Jar) -> Value {
    let response = client.get("/data", &jar.cookies());
    serde_json::from_str(&response.body).expect("JSON")
}

/// What the Rust server has in this jar's session.
fn at_rust(client: &Client, jar: &Jar) -> Value {
    client.script("read", &jar.cookies()).json()
}

fn claims(jar: &Jar) -> String {
    let token = jar.value("session").expect("a session cookie");
    let claims = token.split('.').nth(1).expect("three parts");
    String::from_utf8(BASE64URL_NOPAD.decode(claims.as_bytes()).expect("base64url")).expect("UTF-8")
}

fn form(name: &str) -> String {
    let encoded = name.bytes().map(|byte| format!("%{byte:02X}"));
    format!("username={}", encoded.collect::<String>())
}

const NAMES: [&str; 8] =
    ["susan", "José", "🦀 crab", "\"quoted\"", "<b>bold</b>", "", "a\\b\u{7f}", "line\nbreak"];

#[test]
fn a_login_there_is_a_login_here() {
    let (python, rust) = (python(), rust());
    let (there, here) = (Client::of(&python), Client::of(&rust));
    for name in NAMES {
        let mut jar = Jar::default();
        jar.take(&there.form("/", &form(name), &NOBODY));
        assert_eq!(at_rust(&here, &jar), json!({"username": name}));
    }
}

#[test]
fn a_login_here_is_a_login_there() {
    let (python, rust) = (python(), rust());
    let (there, here) = (Client::of(&python), Client::of(&rust));
    for name in NAMES {
        let mut jar = Jar::default();
        jar.take(&here.form("/", &form(name), &NOBODY));
        assert_eq!(at_python(&there, &jar), json!({"username": name}));
    }
}

/// Nested data, floats and a 30-digit integer, as Python writes them.
const DATA: &str = r#"{"big": 123456789012345678901234567890, "floats": [1e-07, 0.1, 1e+300, -0.0, 2.5],
    "nested": {"é": ["🦀", null, true, {"a": [[], {}]}]}, "exp_soon": 1, "iss": "me", "sid": 7, "remember": "yes"}"#;

#[test]
fn any_session_goes_through_rust_unchanged() {
    let (python, rust) = (python(), rust());
    let (there, here) = (Client::of(&python), Client::of(&rust));
    let mut jar = Jar::default();
    jar.take(&there.form("/data", DATA, &NOBODY));
    let (before, seen) = (claims(&jar), there.get("/data", &jar.cookies()).body);
    assert!(before.contains("123456789012345678901234567890"));

    jar.take(&here.script("save", &jar.cookies()));
    assert_eq!(claims(&jar), before, "the same bytes");
    assert_eq!(there.get("/data", &jar.cookies()).body, seen);

    jar.take(&here.script("insert ours {\"ü\":1.5}\nsave", &jar.cookies()));
    let after = there.get("/data", &jar.cookies()).body;
    let without_end = seen.trim_end_matches('}');
    assert_eq!(after, format!(r#"{without_end}, "ours": {{"\u00fc": 1.5}}}}"#));
}

#[test]
fn a_logout_on_either_side_is_one_on_both() {
    let (python, rust) = (python(), rust());
    let (there, here) = (Client::of(&python), Client::of(&rust));
    for (login, logout) in [(&there, &here), (&here, &there)] {
        let mut jar = Jar::default();
        jar.take(&login.form("/", "username=susan", &NOBODY));
        assert_eq!(at_rust(&here, &jar), at_python(&there, &jar));
        jar.take(&logout.form("/logout", "", &jar.cookies()));
        assert_eq!(jar.cookies(), NOBODY);
        assert_eq!(at_rust(&here, &jar), json!({}));
        assert_eq!(at_python(&there, &jar), json!({}));
    }
}

#[test]
fn the_lines_are_the_same_bytes() {
    let (python, rust) = (python(), rust());
    let (there, here) = (Client::of(&python), Client::of(&rust));
    let line = |response: Response| response.set_cookie("session").to_owned();
    for name in ["joe", "", "<b>"] {
        let theirs = there.form("/", &form(name), &NOBODY);
        let ours = here.form("/", &form(name), &NOBODY);
        assert_eq!(ours.values("vary"), theirs.values("vary"));
        assert_eq!(line(ours), line(theirs));
    }
    assert_eq!(line(here.form("/logout", "", &NOBODY)), line(there.form("/logout", "", &NOBODY)));
}

/// Both take the last of two cookies, and neither takes what is not signed or
/// has expired. (They differ where PyJWT is lax: it takes `=` after a token, the
/// last of two equal names, and NaN.)
#[test]
fn the_same_verdicts() {
    let (python, rust) = (python(), rust());
    let (there, here) = (Client::of(&python), Client::of(&rust));
    let mint = &rust.mint;
    let one = mint.pair(&mint.token(r#"{"username":"one"}"#));
    let other = mint.pair(&mint.token(r#"{"username":"other"}"#));
    let (header, claims) = (mint.header.as_str(), r#"{"username":"one"}"#);
    for cookie in [
        one.clone(),
        format!("{one}; {other}"),
        format!("{other}; {one}"),
        format!("a=b; {one};{other} ; c"),
        one.replace("session=", "session2="),
        format!("{one}x"),
        mint.pair(&mint.expired(claims.trim_matches(['{', '}']))),
        mint.pair(&mint.alive(r#""username":"one""#)),
        mint.pair(&mint.token_with(r#"{"alg":"none"}"#, claims)),
        mint.pair(&mint.token_with(r#"{"alg":"HS512","typ":"JWT"}"#, claims)),
        mint.pair(&mint.token_with(&header.replace('}', r#","kid":"any"}"#), claims)),
        mint.pair(&mint.token_with(&header.replace('}', r#","crit":["x"]}"#), claims)),
        mint.pair(&mint.token(r#"{"username":"one","aud":"x"}"#)),
        mint.pair(&mint.token(r#"{"username":"one","sub":5}"#)),
        mint.pair(&mint.token(r#"{"username":"one","iss":5}"#)),
    ] {
        let name = |data: Value| data["username"].as_str().map(String::from);
        let theirs: Value =
            serde_json::from_str(&there.get("/data", &[&cookie]).body).expect("JSON");
        assert_eq!(name(here.script("read", &[&cookie]).json()), name(theirs), "{cookie}");
    }
}

/// MicroPython's own `jwt.py` made this one; it is not in the package.
#[test]
fn a_token_from_micropython_is_accepted_on_both_sides() {
    let (python, rust) = (python(), rust());
    let cookie = "session=eyJ0eXAiOiAiSldUIiwgImFsZyI6ICJIUzI1NiJ9.eyJ1c2VybmFtZSI6ICJzdXNhbiJ9.\
        6gkThX0SIJN4hqN2xbHoEsDq1uUF0Srami8UMHbBCxU";
    for server in [&python, &rust] {
        let page = Client::of(server).get("/", &[cookie]).body;
        assert!(page.contains("Hello <b>susan</b>!"), "{page}");
    }
}

/// A server of our own cookie that takes over Microdot's, moved to so many
/// seconds ago.
fn moving(seconds_ago: u64) -> Server {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let mut command = Command::new(env!("CARGO_BIN_EXE_serve-axum"));
    command
        .env("MICRODOT_KEY", "top-secret")
        .env("MICRODOT_SINCE", (now - seconds_ago).to_string());
    Server::start(&mut command, Format::Waxseal)
}

#[test]
fn users_of_microdot_move_and_stay_logged_in() {
    let (python, rust) = (python(), moving(3600));
    let (there, here) = (Client::of(&python), Client::of(&rust));
    for name in NAMES {
        let mut jar = Jar::default();
        jar.take(&there.form("/", &form(name), &NOBODY));

        // Reading is enough to move.
        let response = here.script("read", &jar.cookies());
        assert_eq!(response.json(), json!({"username": name}));
        jar.take(&response);
        assert_eq!(jar.value("session"), None, "Microdot's cookie is gone");
        assert!(jar.value("__Host-session").is_some());

        let response = here.script("read", &jar.cookies());
        assert_eq!(response.json(), json!({"username": name}));
        assert!(response.values("set-cookie").is_empty(), "once");
        assert_eq!(at_python(&there, &jar), json!({}), "the way back is closed");
    }
}

#[test]
fn a_logout_closes_both_doors() {
    let (python, rust) = (python(), moving(3600));
    let (there, here) = (Client::of(&python), Client::of(&rust));
    let mut jar = Jar::default();
    jar.take(&here.form("/", "username=here", &NOBODY));
    jar.take(&there.form("/", "username=there", &jar.cookies()));
    assert!(jar.value("session").is_some() && jar.value("__Host-session").is_some());
    assert_eq!(at_rust(&here, &jar), json!({"username": "here"}), "ours comes first");

    jar.take(&here.form("/logout", "", &jar.cookies()));
    assert_eq!(jar.cookies(), NOBODY);
    // And one who was never taken over.
    jar.take(&there.form("/", "username=there", &NOBODY));
    jar.take(&here.form("/logout", "", &jar.cookies()));
    assert_eq!(jar.cookies(), NOBODY);
}

#[test]
fn after_the_absolute_limit_the_door_is_closed() {
    const MONTH: u64 = 30 * 86_400;
    let python = python();
    let mut jar = Jar::default();
    jar.take(&Client::of(&python).form("/", "username=susan", &NOBODY));
    for (seconds_ago, name) in [(MONTH - 60, "susan".into()), (MONTH, Value::Null)] {
        let rust = moving(seconds_ago);
        assert_eq!(at_rust(&Client::of(&rust), &jar)["username"], name);
    }
}
