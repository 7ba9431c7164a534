//! A logout is effective on one machine, even after a crash.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::Duration,
};

use e2e::{
    client::{Client, Jar, Response},
    program::example,
    server::{Format, Server},
    visitor::{is_in, log_in, log_out, log_out_until_killed},
};

const AXUM: &str = env!("CARGO_BIN_EXE_serve-axum");
const ACTIX: &str = env!("CARGO_BIN_EXE_serve-actix");

/// A folder with the revocation file, which one server at a time has open.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("revoked")
    }

    fn store(&self) -> String {
        format!("file:{}", self.file().display())
    }

    fn start(&self, program: impl AsRef<Path>) -> Server {
        let mut command = Command::new(program.as_ref());
        Server::start(command.env("REVOCATIONS", self.store()), Format::Waxseal)
    }
}

fn removes_the_cookie(response: &Response) {
    let line = response.set_cookie("__Host-session");
    assert!(line.starts_with("__Host-session=;") && line.contains("Max-Age=0"), "{line}");
}

#[test]
fn a_copy_of_the_cookie_is_rejected_after_a_logout() {
    for program in [AXUM, ACTIX] {
        let place = Place::new();
        let server = place.start(program);
        let client = Client::of(&server);
        let (mine, other) = (log_in(&client, "susan"), log_in(&client, "susan"));
        let stolen = mine.clone();
        assert!(is_in(&client, &stolen));
        removes_the_cookie(&log_out(&client, &mine));
        assert!(!is_in(&client, &stolen), "{program}");
        let seen = client.script("state", &stolen.cookies()).json();
        assert_eq!(seen["rejection"], "revoked");
        assert!(is_in(&client, &other), "only one session is revoked");
        // The revocation survives a restart.
        drop(server);
        let server = place.start(program);
        let client = Client::of(&server);
        assert!(!is_in(&client, &stolen));
        assert!(is_in(&client, &other));
    }
}

#[test]
fn renewing_a_session_revokes_the_old_one() {
    for program in [AXUM, ACTIX] {
        let place = Place::new();
        let server = place.start(program);
        let client = Client::of(&server);
        let old = log_in(&client, "susan");
        let mut new = old.clone();
        new.take(&client.script("renew", &old.cookies()));
        assert!(is_in(&client, &new));
        assert!(!is_in(&client, &old), "{program}");
        // A renewal that fails changes nothing.
        let too_large = format!("insert a \"{}\"\nrenew", "x".repeat(3000));
        assert_eq!(client.script(&too_large, &new.cookies()).status, 500);
        assert!(is_in(&client, &new));
    }
}

/// A request is in flight while another request revokes its session.
#[test]
fn a_request_in_flight_does_not_restore_a_revoked_session() {
    for program in [AXUM, ACTIX] {
        let place = Place::new();
        let server = place.start(program);
        let client = Client::of(&server);
        for steps in ["insert a 1\nsave", "renew", ""] {
            // In the second half of the idle timeout, the cookie is refreshed automatically.
            let sid = format!("{:A<22}", steps.len());
            let members = format!(r#""sid":"{sid}","username":"susan""#);
            let jar = server.mint.pair(&server.mint.between(-4 * 86_400, 3 * 86_400, &members));
            let refreshed = client.get("/", &[&jar]);
            assert_eq!(refreshed.set_cookies("__Host-session").len(), 1, "the cookie is refreshed");

            let go = place.0.path().join(format!("go-{sid}"));
            let script = format!("read\n{steps}\nwait-for {}", go.display());
            let in_flight = {
                let (client, jar) = (client.clone(), jar.clone());
                thread::spawn(move || client.script(script.replace("\n\n", "\n").trim(), &[jar]))
            };
            // The request has opened its session, which was valid.
            let opened = (0..1200).any(|_| {
                thread::sleep(Duration::from_millis(50));
                go.with_extension("waiting").exists()
            });
            assert!(opened, "no request in flight within a minute");
            removes_the_cookie(&client.form("/logout", "", &[&jar]));
            File::create(&go).expect("a file");
            let response = in_flight.join().expect("a response");
            assert_eq!(response.json()["username"], "susan");
            let lines = response.set_cookies("__Host-session");
            assert!(lines.is_empty(), "{program}, {steps:?}: {lines:?}");
        }
    }
}

#[test]
fn a_logout_everywhere_revokes_the_sessions_of_one_user_only() {
    let place = Place::new();
    let server = place.start(example("login"));
    let client = Client::of(&server);
    let (laptop, phone) = (log_in(&client, "susan"), log_in(&client, "susan"));
    let other = log_in(&client, "david");
    let page = client.get("/", &laptop.cookies());
    assert!(page.body.contains(r#"action="/logout-everywhere""#));

    removes_the_cookie(&client.form("/logout-everywhere", "", &laptop.cookies()));
    assert!(!is_in(&client, &laptop));
    assert!(!is_in(&client, &phone));
    assert!(is_in(&client, &other));
    // The user can log in again at once.
    let again = log_in(&client, "susan");
    assert!(is_in(&client, &again));
    removes_the_cookie(&client.form("/logout-everywhere", "", &again.cookies()));
    assert!(!is_in(&client, &again));
}

#[test]
fn without_a_list_the_page_has_no_logout_everywhere() {
    let server = Server::start(&mut Command::new(example("login")), Format::Waxseal);
    let client = Client::of(&server);
    let jar = log_in(&client, "susan");
    assert!(!client.get("/", &jar.cookies()).body.contains("everywhere"));
    // Without a revocation list, a copy of a signed cookie survives a logout, as documented.
    log_out(&client, &jar);
    assert!(is_in(&client, &jar));
}

#[test]
fn a_second_server_cannot_open_the_revocation_file() {
    let place = Place::new();
    let _first = place.start(example("login"));
    let second = Command::new(example("login"))
        .env("SESSION_SECRET", "a secret for tests, and nothing else")
        .env("PORT", "0")
        .env("REVOCATIONS", place.store())
        .output()
        .expect("it runs");
    assert_eq!(second.status.code(), Some(2));
    let error = String::from_utf8_lossy(&second.stderr);
    assert!(error.starts_with("login: REVOCATIONS: the revocation file "), "{error}");
    assert!(error.contains("is open in another process"), "{error}");
}

#[test]
fn no_acknowledged_logout_is_lost_when_the_server_is_killed() {
    const USERS: usize = 1000;
    let place = Place::new();
    let server = place.start(AXUM);
    let client = Client::of(&server);
    let jars: Vec<Jar> = (0..USERS).map(|user| log_in(&client, &format!("user{user}"))).collect();
    let acknowledged = log_out_until_killed(&server, &jars);
    drop(server);

    let server = place.start(AXUM);
    let client = Client::of(&server);
    for user in &acknowledged {
        assert!(!is_in(&client, &jars[*user]), "the session of user {user} is valid again");
    }
    // The sessions of the other users stay valid.
    assert!(is_in(&client, &jars[USERS - 1]));
}
