//! A server on Microdot (Python) and a Rust server, with one cookie jar. `MICRODOT_PYTHON` is a
//! Python with the packages `microdot` and `PyJWT`.

use std::{
    pin::pin,
    process::Command,
    task::{Context, Poll, Waker},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use data_encoding::BASE64URL_NOPAD;
use e2e::{
    client::{Client, Jar, Response},
    program::microdot,
    server::{Format, Server},
};
use serde_json::{Value, json};
use waxseal::{CookieSpec, CookieSpecBuilder, Sealer, UnixTime};
use waxseal_core::OpenSession;

const NO_COOKIES: [&str; 0] = [];

fn python() -> Server {
    Server::start(&mut microdot().expect("MICRODOT_PYTHON is set"), Format::Microdot)
}

fn rust() -> Server {
    Server::start(&mut Command::new(env!("CARGO_BIN_EXE_serve-axum")), Format::Microdot)
}

/// The data of the session, as the Python server reads it.
fn at_python(client: &Client, jar: &Jar) -> Value {
    let response = client.get("/data", &jar.cookies());
    serde_json::from_str(&response.body).expect("JSON")
}

/// The data of the session, as the Rust server reads it.
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
    format!("username={}&password=wax", encoded.collect::<String>())
}

const NAMES: [&str; 8] =
    ["susan", "José", "🦀 crab", "\"quoted\"", "<b>bold</b>", "", "a\\b\u{7f}", "line\nbreak"];

#[test]
fn rust_accepts_a_login_in_python() {
    let (python, rust) = (python(), rust());
    let (there, here) = (Client::of(&python), Client::of(&rust));
    for name in NAMES {
        let mut jar = Jar::default();
        jar.take(&there.form("/", &form(name), &NO_COOKIES));
        assert_eq!(at_rust(&here, &jar), json!({"username": name}));
    }
}

#[test]
fn python_accepts_a_login_in_rust() {
    let (python, rust) = (python(), rust());
    let (there, here) = (Client::of(&python), Client::of(&rust));
    for name in NAMES {
        let mut jar = Jar::default();
        jar.take(&here.form("/", &form(name), &NO_COOKIES));
        assert_eq!(at_python(&there, &jar), json!({"username": name}));
    }
}

/// Nested data, floats and a 30-digit integer, as Python writes them.
const DATA: &str = r#"{"big": 123456789012345678901234567890, "floats": [1e-07, 0.1, 1e+300, -0.0, 2.5],
    "nested": {"é": ["🦀", null, true, {"a": [[], {}]}]}, "exp_soon": 1, "iss": "me", "sid": 7, "remember": "yes"}"#;

#[test]
fn a_session_of_python_round_trips_through_rust() {
    let (python, rust) = (python(), rust());
    let (there, here) = (Client::of(&python), Client::of(&rust));
    let mut jar = Jar::default();
    jar.take(&there.form("/data", DATA, &NO_COOKIES));
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
fn a_logout_on_one_server_logs_out_on_both() {
    let (python, rust) = (python(), rust());
    let (there, here) = (Client::of(&python), Client::of(&rust));
    for (login, logout) in [(&there, &here), (&here, &there)] {
        let mut jar = Jar::default();
        jar.take(&login.form("/", "username=susan&password=wax", &NO_COOKIES));
        assert_eq!(at_rust(&here, &jar), at_python(&there, &jar));
        jar.take(&logout.form("/logout", "", &jar.cookies()));
        assert_eq!(jar.cookies(), NO_COOKIES);
        assert_eq!(at_rust(&here, &jar), json!({}));
        assert_eq!(at_python(&there, &jar), json!({}));
    }
}

#[test]
fn both_servers_send_the_same_lines() {
    let (python, rust) = (python(), rust());
    let (there, here) = (Client::of(&python), Client::of(&rust));
    let line = |response: Response| response.set_cookie("session").to_owned();
    for name in ["joe", "", "<b>"] {
        let theirs = there.form("/", &form(name), &NO_COOKIES);
        let ours = here.form("/", &form(name), &NO_COOKIES);
        assert_eq!(ours.values("vary"), theirs.values("vary"));
        assert_eq!(line(ours), line(theirs));
    }
    assert_eq!(
        line(here.form("/logout", "", &NO_COOKIES)),
        line(there.form("/logout", "", &NO_COOKIES))
    );
}

/// Both accept the last of two cookies, and reject a token that is unsigned or expired. They differ
/// where PyJWT is lax: it accepts `=` after a token, duplicate names, and NaN.
#[test]
fn both_servers_give_the_same_verdicts() {
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

/// MicroPython's `jwt.py` has made this token.
#[test]
fn both_servers_accept_a_token_of_micropython() {
    let (python, rust) = (python(), rust());
    let cookie = "session=eyJ0eXAiOiAiSldUIiwgImFsZyI6ICJIUzI1NiJ9.eyJ1c2VybmFtZSI6ICJzdXNhbiJ9.\
        6gkThX0SIJN4hqN2xbHoEsDq1uUF0Srami8UMHbBCxU";
    for server in [&python, &rust] {
        let page = Client::of(server).get("/", &[cookie]).body;
        assert!(page.contains("Hello <b>susan</b>!"), "{page}");
    }
}

/// Starts a server with waxseal's cookie that migrates Microdot's. The migration started
/// `seconds_ago`.
fn migrating(seconds_ago: u64) -> Server {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let mut command = Command::new(env!("CARGO_BIN_EXE_serve-axum"));
    command
        .env("MICRODOT_KEY", "top-secret")
        .env("MICRODOT_SINCE", (now - seconds_ago).to_string());
    Server::start(&mut command, Format::Waxseal)
}

#[test]
fn a_session_of_microdot_is_migrated() {
    let (python, rust) = (python(), migrating(3600));
    let (there, here) = (Client::of(&python), Client::of(&rust));
    for name in NAMES {
        let mut jar = Jar::default();
        jar.take(&there.form("/", &form(name), &NO_COOKIES));

        // Reading the session migrates it.
        let response = here.script("read", &jar.cookies());
        assert_eq!(response.json(), json!({"username": name}));
        jar.take(&response);
        assert_eq!(jar.value("session"), None, "Microdot's cookie is removed");
        assert!(jar.value("__Host-session").is_some());

        let response = here.script("read", &jar.cookies());
        assert_eq!(response.json(), json!({"username": name}));
        assert!(response.values("set-cookie").is_empty(), "it is migrated once");
        assert_eq!(at_python(&there, &jar), json!({}), "Microdot no longer has a session");
    }
}

#[test]
fn a_logout_removes_both_cookies() {
    let (python, rust) = (python(), migrating(3600));
    let (there, here) = (Client::of(&python), Client::of(&rust));
    let mut jar = Jar::default();
    jar.take(&here.form("/", "username=here&password=wax", &NO_COOKIES));
    jar.take(&there.form("/", "username=there&password=wax", &jar.cookies()));
    assert!(jar.value("session").is_some() && jar.value("__Host-session").is_some());
    assert_eq!(at_rust(&here, &jar), json!({"username": "here"}), "waxseal's cookie comes first");

    jar.take(&here.form("/logout", "", &jar.cookies()));
    assert_eq!(jar.cookies(), NO_COOKIES);
    // This is also true for a user whose session was not migrated.
    jar.take(&there.form("/", "username=there&password=wax", &NO_COOKIES));
    jar.take(&here.form("/logout", "", &jar.cookies()));
    assert_eq!(jar.cookies(), NO_COOKIES);
}

#[test]
fn after_the_absolute_timeout_the_migration_window_has_ended() {
    const MONTH: u64 = 30 * 86_400;
    let python = python();
    let mut jar = Jar::default();
    jar.take(&Client::of(&python).form("/", "username=susan&password=wax", &NO_COOKIES));
    for (seconds_ago, name) in [(MONTH - 60, "susan".into()), (MONTH, Value::Null)] {
        let rust = migrating(seconds_ago);
        assert_eq!(at_rust(&Client::of(&rust), &jar)["username"], name);
    }
}

/// The `Set-Cookie` lines of a login and a logout with `cookie_options`, byte for byte.
#[test]
fn the_options_of_the_cookie_make_the_same_lines() {
    type Options = fn(CookieSpecBuilder) -> CookieSpecBuilder;
    let cases: [(Value, Options); 8] = [
        (json!({}), |spec| spec),
        (json!({"path": "/child"}), |spec| spec.path("/child")),
        (json!({"http_only": false}), CookieSpecBuilder::insecure_allow_scripts),
        (json!({"secure": true}), CookieSpecBuilder::secure),
        (json!({"domain": "example.com"}), |spec| spec.domain("example.com")),
        (json!({"secure": true, "partitioned": true}), |spec| spec.secure().partitioned()),
        (json!({"max_age": 3600}), |spec| spec.max_age(Duration::from_hours(1))),
        (
            json!({
                "path": "/child", "domain": "example.com", "max_age": 60, "secure": true,
                "http_only": false, "partitioned": true
            }),
            |spec| {
                let spec = spec.path("/child").domain("example.com").secure().partitioned();
                spec.max_age(Duration::from_mins(1)).insecure_allow_scripts()
            },
        ),
    ];
    for (options, with) in cases {
        let mut command = microdot().expect("MICRODOT_PYTHON is set");
        let server =
            Server::start(command.env("COOKIE_OPTIONS", options.to_string()), Format::Microdot);
        let client = Client::of(&server);
        let cookie = with(CookieSpec::builder_microdot()).build().expect("a cookie");
        let sealer = Sealer::microdot_with(server.mint.secret, cookie).expect("a sealer");
        let line = |handler: fn(&mut OpenSession<&Sealer>)| {
            let mut session =
                OpenSession::open(&sealer, [], UnixTime::now()).expect("there is no list");
            handler(&mut session);
            let changes = pin!(session.finish()).poll(&mut Context::from_waker(Waker::noop()));
            let Poll::Ready(Ok(changes)) = changes else { panic!("nothing to wait for") };
            changes.set_cookie_lines().next().expect("a line").to_owned()
        };
        let login = line(|session| {
            session.insert("username", "joe").expect("small");
            session.save().expect("small");
        });
        let logout = line(|session| session.delete().expect("in time"));
        let theirs = client.form("/", &form("joe"), &NO_COOKIES);
        assert_eq!(theirs.set_cookie("session"), login, "{options}");
        let theirs = client.form("/logout", "", &NO_COOKIES);
        assert_eq!(theirs.set_cookie("session"), logout, "{options}");
    }
}
