//! The example `login`.

use std::{
    fs,
    process::{Command, Output},
    thread,
    time::{Duration, Instant},
};

use e2e::{
    client::{Client, Jar},
    mint::Mint,
    program::example,
    server::{Format, Server},
    visitor::{is_in, log_in},
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

const NO_COOKIES: [&str; 0] = [];

fn login() -> Command {
    Command::new(example("login"))
}

fn start(format: Format) -> Server {
    Server::start(&mut login(), format)
}

fn start_encrypted() -> Server {
    Server::start_minted(&mut login(), Format::Waxseal, Mint::encrypted())
}

mod waxseal {
    e2e::conformance_of_a_login!(super::start(super::Format::Waxseal));
}

mod encrypted {
    e2e::conformance_of_a_login!(super::start_encrypted());
}

mod microdot {
    e2e::conformance_of_a_login!(super::start(super::Format::Microdot));
}

e2e::conformance_of_a_form!(start(Format::Waxseal));

#[test]
fn names_are_escaped() {
    let server = start(Format::Waxseal);
    let (client, mut jar) = (Client::of(&server), Jar::default());
    jar.take(&client.form("/", "username=%3Cb%3E%22%26%27Jos%C3%A9&password=wax", &NO_COOKIES));
    let page = client.get("/", &jar.cookies()).body;
    assert!(page.contains("Hello <b>&#60;b&#62;&#34;&#38;&#39;José</b>!"), "{page}");
    assert!(!page.contains("<b><b>"), "{page}");
}

/// Without the checkbox, the session is shorter on the server, too.
#[test]
fn the_checkbox_decides_how_long_the_session_lasts() {
    let server = start(Format::Waxseal);
    let client = Client::of(&server);
    for (field, lasts, max_age) in
        [("", "UTC, in 30 minutes", false), ("&remember=on", "UTC, in 7 days", true)]
    {
        let form = format!("username=susan&password=wax{field}");
        let response = client.form("/", &form, &NO_COOKIES);
        assert_eq!(response.set_cookie(server.mint.cookie).contains("Max-Age"), max_age);
        let mut jar = Jar::default();
        jar.take(&response);
        let page = client.get("/", &jar.cookies()).body;
        assert!(page.contains(lasts), "{page}");
    }
}

#[test]
fn the_page_shows_the_content_of_the_cookie() {
    let server = start(Format::Waxseal);
    let (client, mut jar) = (Client::of(&server), Jar::default());
    assert!(!client.get("/", &NO_COOKIES).body.contains("<details>"));
    jar.take(&client.form("/", "username=susan&password=wax&remember=on", &NO_COOKIES));
    let page = client.get("/", &jar.cookies()).body;
    let size = server.mint.pair(jar.value(server.mint.cookie).expect("a cookie")).len();
    let header = server.mint.header.replace('"', "&#34;");
    for part in ["<details>", "__Host-session", &header, &format!("{size} of 4096 bytes")] {
        assert!(page.contains(part), "{part}: {page}");
    }
    // A second may pass between the login and the page.
    assert!(["7", "6"].iter().any(|days| page.contains(&format!("UTC, in {days} days"))), "{page}");
    // The page never shows a rejected cookie, even if the request also has an accepted one.
    let forged = server.mint.alive(r#""username":"forged""#).replace('.', ".x");
    let good = server.mint.pair(jar.value(server.mint.cookie).expect("a cookie"));
    let page = client.get("/", &[format!("{}; {good}", server.mint.pair(&forged))]).body;
    assert!(page.contains("<details>") && !page.contains("forged"), "{page}");
    assert!(!client.get("/", &[server.mint.pair("a.b.c")]).body.contains("<details>"));
}

/// What the browser sees beside what the server sees.
#[test]
fn the_page_of_an_encrypted_session_shows_both_sides() {
    let server = start_encrypted();
    let (client, mut jar) = (Client::of(&server), Jar::default());
    assert!(client.get("/", &NO_COOKIES).body.contains("in an encrypted cookie"));
    jar.take(&client.form("/", "username=susan&password=wax", &NO_COOKIES));
    let page = client.get("/", &jar.cookies()).body;
    let browser = page.find("What the browser sees").expect("a heading");
    let server_side = page.find("What the server sees").expect("a heading");
    let claim = page.find("&#34;susan&#34;").expect("the claims");
    assert!(browser < server_side && server_side < claim, "{page}");
    assert!(page.contains("A256CBC-HS512"), "{page}");
}

#[test]
fn a_wrong_login_is_a_message_in_the_form() {
    let server = start(Format::Waxseal);
    let response = Client::of(&server).form(
        "/",
        &format!("username={}&password=wax", "x".repeat(5000)),
        &NO_COOKIES,
    );
    assert_eq!(response.status, 422);
    assert!(response.body.contains("This name or password is wrong."), "{}", response.body);
    assert!(response.values("set-cookie").is_empty());
}

fn run(command: &mut Command) -> (Option<i32>, String) {
    let Output { status, stdout, stderr } = command.env("PORT", "0").output().expect("it runs");
    let text = [stdout, stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    (status.code(), text.concat())
}

#[test]
fn a_short_secret_is_a_clear_error() {
    let (code, text) = run(login().env("SESSION_SECRET", "top-secret"));
    assert_eq!(code, Some(2));
    assert!(text.contains("32") && text.contains("SESSION_SECRET"), "{text}");
    assert!(!text.contains("top-secret"), "{text}");
}

#[test]
fn an_empty_secret_is_an_error_in_microdot_mode() {
    let (code, text) = run(login().arg("--microdot").env("SESSION_SECRET", ""));
    assert_eq!(code, Some(2));
    assert!(text.contains("empty"), "{text}");
}

#[test]
fn wrong_usage_is_an_error() {
    let (code, text) = run(login().arg("--mikrodot"));
    assert_eq!(code, Some(2));
    assert!(text.contains("--mikrodot") && text.contains("--help"), "{text}");
    let (code, text) = run(login().arg("--help"));
    assert_eq!(code, Some(0));
    assert!(text.contains("--microdot") && text.contains("SESSION_SECRET"), "{text}");
}

/// The build of the README has no TLS; `device_login.rs` tests the build that has it.
#[test]
fn a_build_without_device_binding_says_how_to_get_it() {
    let (code, text) = run(login().arg("--device-bound"));
    assert_eq!(code, Some(2));
    assert!(text.contains("--features device-bound -- --device-bound"), "{text}");
    let (code, text) = run(login().args(["--device-bound", "--microdot"]));
    assert_eq!(code, Some(2));
    assert!(text.contains("Microdot's sessions cannot be bound"), "{text}");
}

#[test]
fn the_server_exits_cleanly_on_a_signal() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let mut server = start(Format::Waxseal);
        Client::of(&server).get("/", &NO_COOKIES);
        let id = Pid::from_raw(server.id().try_into().expect("a process id"));
        kill(id, signal).expect("the server can be signalled");
        assert_eq!(server.wait(), Some(0), "{signal}");
    }
}

/// A login page with a revocation list in this folder.
fn start_with_list(folder: &tempfile::TempDir) -> Server {
    let store = format!("sqlite:{}", folder.path().join("sessions.db").display());
    Server::start(login().env("REVOCATIONS", store), Format::Waxseal)
}

#[test]
fn a_user_can_log_out_the_other_devices() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = start_with_list(&folder);
    let client = Client::of(&server);
    let (mut mine, other) = (log_in(&client, "susan"), log_in(&client, "susan"));
    let joe = log_in(&client, "joe");
    let page = client.get("/", &mine.cookies()).body;
    assert!(page.contains(r#"action="/logout-others""#), "{page}");

    let response = client.form("/logout-others", "", &mine.cookies());
    assert_eq!(response.status, 303, "{}", response.body);
    mine.take(&response);
    assert!(is_in(&client, &mine) && !is_in(&client, &other) && is_in(&client, &joe));
    // Another server on the same file knows the same.
    let second = start_with_list(&folder);
    let client = Client::of(&second);
    assert!(is_in(&client, &mine) && !is_in(&client, &other) && is_in(&client, &joe));
    // The user can log in again on the other device.
    assert!(is_in(&client, &log_in(&client, "susan")));
}

#[test]
fn only_the_user_can_log_out_the_other_devices() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = start_with_list(&folder);
    let client = Client::of(&server);
    let (mine, other) = (log_in(&client, "susan"), log_in(&client, "susan"));
    for site in ["cross-site", "same-site"] {
        let headers = [("sec-fetch-site", site)];
        let response = client.form_with("/logout-others", "", &mine.cookies(), &headers);
        assert_eq!(response.status, 403, "{site}");
    }
    assert_eq!(client.form("/logout-others", "", &NO_COOKIES).status, 401);
    assert_eq!(client.get("/logout-others", &mine.cookies()).status, 405);
    assert!(is_in(&client, &mine) && is_in(&client, &other));
    assert!(!client.get("/", &NO_COOKIES).body.contains("/logout-others"));
}

#[test]
fn without_a_list_other_devices_cannot_be_logged_out() {
    let server = start(Format::Waxseal);
    let client = Client::of(&server);
    let jar = log_in(&client, "susan");
    assert!(!client.get("/", &jar.cookies()).body.contains("/logout-others"));
    assert_eq!(client.form("/logout-others", "", &jar.cookies()).status, 404);
    assert!(is_in(&client, &jar));
    let response = client.get("/ready", &NO_COOKIES);
    assert_eq!((response.status, &*response.body), (200, "ready"));
}

/// A server without its store trusts its copy for `max_staleness`, 15 seconds.
#[test]
fn ready_says_when_the_list_cannot_be_trusted() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = start_with_list(&folder);
    let client = Client::of(&server);
    let jar = log_in(&client, "susan");
    let response = client.get("/ready", &NO_COOKIES);
    assert_eq!((response.status, &*response.body), (200, "ready"));
    assert_eq!(response.values("set-cookie"), NO_COOKIES);

    // Without the folder, the server cannot create the list again.
    let moved = folder.path().with_extension("moved");
    fs::rename(folder.path(), &moved).expect("the folder can be moved");
    let started = Instant::now();
    let response = loop {
        let response = client.get("/ready", &NO_COOKIES);
        if response.status != 200 {
            break response;
        }
        assert!(started.elapsed() < Duration::from_mins(1), "the server stays ready");
        thread::sleep(Duration::from_millis(100));
    };
    assert_eq!(response.status, 503);
    let body = &response.body;
    assert!(body.contains("Stale") && body.contains("sessions.db"), "{body}");
    assert_eq!(client.get("/", &jar.cookies()).status, 503);

    fs::rename(&moved, folder.path()).expect("the folder can be moved back");
    while client.get("/ready", &NO_COOKIES).status != 200 {
        assert!(started.elapsed() < Duration::from_mins(2), "the server stays unready");
        thread::sleep(Duration::from_millis(100));
    }
    assert!(is_in(&client, &jar));
}
