//! A logout is effective on every server that shares the revocation file, even after a crash.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    pin::pin,
    process::Command,
    thread,
    time::Duration,
};

use e2e::{
    client::{Client, Jar, Response},
    program::example,
    server::{Format, Server},
    visitor::{eventually, is_in, log_in, log_out, log_out_until_killed},
};
use waxseal::{RevocationStatus, Revocations as _, SessionRef, UnixTime};
use waxseal_core::{Acknowledgement, Revocation, Target};
use waxseal_revocation::{RevocationList, Store};

const AXUM: &str = env!("CARGO_BIN_EXE_serve-axum");
const ACTIX: &str = env!("CARGO_BIN_EXE_serve-actix");

/// A folder with the revocation file, which all servers of a test share.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("sessions.db")
    }

    fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command.env("REVOCATIONS", format!("sqlite:{}", self.file().display()));
        command
    }

    fn start(&self, program: impl AsRef<Path>) -> Server {
        Server::start(&mut self.command(program), Format::Waxseal)
    }

    /// A server whose list has room for eight sessions.
    fn start_small(&self, program: impl AsRef<Path>) -> Server {
        Server::start(self.command(program).env("MAX_SESSIONS", "8"), Format::Waxseal)
    }
}

fn removes_the_cookie(response: &Response) {
    let line = response.set_cookie("__Host-session");
    assert!(line.starts_with("__Host-session=;") && line.contains("Max-Age=0"), "{line}");
}

/// Another server refuses a session a moment after its revocation.
fn becomes_revoked(client: &Client, jar: &Jar) {
    eventually("the other server refuses the session", || !is_in(client, jar));
}

/// Both integrations, as the server that revokes and the server that learns of it.
const PAIRS: [(&str, &str); 2] = [(AXUM, ACTIX), (ACTIX, AXUM)];

#[test]
fn a_copy_of_the_cookie_is_rejected_by_every_server_after_a_logout() {
    for (program, other_program) in PAIRS {
        let place = Place::new();
        let (server, other_server) = (place.start(program), place.start(other_program));
        let (client, other_client) = (Client::of(&server), Client::of(&other_server));
        let (mine, other) = (log_in(&client, "susan"), log_in(&other_client, "susan"));
        let stolen = mine.clone();
        assert!(is_in(&client, &stolen) && is_in(&other_client, &stolen));
        let response = log_out(&client, &mine);
        assert_eq!(response.status, 303);
        removes_the_cookie(&response);
        assert!(!is_in(&client, &stolen), "{program}");
        let seen = client.script("state", &stolen.cookies()).json();
        assert_eq!(seen["rejection"], "revoked");
        becomes_revoked(&other_client, &stolen);
        assert!(is_in(&client, &other) && is_in(&other_client, &other), "only one is revoked");
        // The revocation survives a restart.
        drop((server, other_server));
        let server = place.start(program);
        let client = Client::of(&server);
        assert!(!is_in(&client, &stolen));
        assert!(is_in(&client, &other));
    }
}

/// A new release starts beside the old one.
#[test]
fn a_server_that_starts_beside_another_takes_over() {
    for (program, next_program) in PAIRS {
        let place = Place::new();
        let old = place.start(program);
        let client = Client::of(&old);
        let (before, stays) = (log_in(&client, "susan"), log_in(&client, "david"));
        let during = log_in(&client, "susan");
        log_out(&client, &before);
        let new = place.start(next_program);
        let next_client = Client::of(&new);
        assert!(!is_in(&next_client, &before), "it reads the list before it serves");
        assert!(is_in(&next_client, &during) && is_in(&next_client, &stays));
        // Both serve for a while.
        log_out(&client, &during);
        becomes_revoked(&next_client, &during);
        let issued_by_new = log_in(&next_client, "susan");
        assert!(is_in(&client, &issued_by_new));
        drop(old);
        log_out(&next_client, &issued_by_new);
        drop(new);
        let server = place.start(program);
        let client = Client::of(&server);
        for revoked in [&before, &during, &issued_by_new] {
            assert!(!is_in(&client, revoked));
        }
        assert!(is_in(&client, &stays));
    }
}

#[test]
fn revoke_others_ends_the_sessions_on_every_server_except_its_own() {
    for (program, other_program) in PAIRS {
        let place = Place::new();
        let (server, other_server) = (place.start(program), place.start(other_program));
        let (client, other_client) = (Client::of(&server), Client::of(&other_server));
        let david = log_in(&client, "david");
        for script in [
            "revoke-others",
            "insert a 1\nsave\nrevoke-others",
            "revoke-others\ninsert a 1\nsave",
            "renew\nrevoke-others",
            "revoke-others\nrenew",
            "login susan\nrevoke-others",
            "revoke-others\nlogin susan",
        ] {
            let mut laptop = log_in(&client, "susan");
            let copy = laptop.clone();
            let (phone, tablet) = (log_in(&other_client, "susan"), log_in(&client, "susan"));
            let response = client.script(script, &laptop.cookies());
            assert_eq!(response.status, 200, "{script:?}: {}", response.body);
            laptop.take(&response);
            for revoked in [&phone, &tablet, &copy] {
                assert!(!is_in(&client, revoked), "{script:?}");
                becomes_revoked(&other_client, revoked);
            }
            for client in [&client, &other_client] {
                assert!(is_in(client, &laptop), "{script:?}: its own session lives");
                assert!(is_in(client, &david), "{script:?}: another user's session lives");
                assert!(is_in(client, &log_in(client, "susan")), "{script:?}: she can log in");
            }
        }
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
            // Below the stamp of the new list, every session is revoked.
            let stamp = (UnixTime::now().as_secs() + 1) * 1000;
            let members = format!(r#""sid":"{sid}","username":"susan","wx_rev":{stamp}"#);
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
fn a_logout_that_cannot_be_recorded_is_a_503_and_removes_the_cookie() {
    for program in [AXUM, ACTIX] {
        let place = Place::new();
        let server = place.start(program);
        let client = Client::of(&server);
        let (mine, other) = (log_in(&client, "susan"), log_in(&client, "david"));
        // The file is a folder now.
        fs::remove_file(place.file()).expect("the file is removed");
        fs::create_dir(place.file()).expect("a folder");
        let response = log_out(&client, &mine);
        assert_eq!(response.status, 503, "{program}");
        assert_eq!(response.body, "");
        removes_the_cookie(&response);
        assert!(!is_in(&client, &mine), "this server knows the revocation");
        assert!(is_in(&client, &other), "other requests are served");
        let seen = client.script("readiness", &[""; 0]).json();
        let error = seen["error"].as_str().expect("an error");
        assert!(error.contains(&*place.file().to_string_lossy()), "{error}");
        // The server creates the file again from its copy.
        fs::remove_dir(place.file()).expect("the folder is removed");
        eventually("a logout is durable", || {
            log_out(&client, &log_in(&client, "later")).status == 303
        });
        let second = place.start(program);
        let client = Client::of(&second);
        assert!(!is_in(&client, &mine));
        assert!(is_in(&client, &other), "nobody else is logged out");
    }
}

#[test]
fn a_flood_of_anonymous_sessions_does_not_stop_a_logout() {
    for (program, other_program) in PAIRS {
        let place = Place::new();
        let (server, other_server) = (place.start_small(program), place.start_small(other_program));
        let (client, other_client) = (Client::of(&server), Client::of(&other_server));
        let (susan, david) = (log_in(&client, "susan"), log_in(&client, "david"));
        for number in 0..40 {
            let mut visitor = Jar::default();
            visitor.take(&client.script("insert a 1\nsave", &visitor.cookies()));
            let response = client.script("delete", &visitor.cookies());
            assert_eq!(response.status, 200, "visitor {number}");
            removes_the_cookie(&response);
        }
        let seen = client.script("readiness", &[""; 0]).json();
        assert_eq!((&seen["without_user"], &seen["error"]), (&2.into(), &().into()), "a quarter");

        assert_eq!(log_out(&client, &susan).status, 303);
        assert!(!is_in(&client, &susan));
        becomes_revoked(&other_client, &susan);
        // Users fill the rest of the list.
        for number in 0..10 {
            let jar = log_in(&client, &format!("user{number}"));
            assert_eq!(log_out(&client, &jar).status, 303);
            assert!(!is_in(&client, &jar));
            becomes_revoked(&other_client, &jar);
        }
        let seen = client.script("readiness", &[""; 0]).json();
        assert_eq!(seen["sessions"], 8, "the list is full");
        // In a full list a logout is a cutoff of the user.
        let (mine, phone) = (log_in(&client, "mary"), log_in(&other_client, "mary"));
        assert_eq!(log_out(&client, &mine).status, 303);
        for jar in [&mine, &phone] {
            becomes_revoked(&client, jar);
            becomes_revoked(&other_client, jar);
        }
        let again = log_in(&client, "mary");
        drop((server, other_server));
        let server = place.start_small(program);
        let client = Client::of(&server);
        for revoked in [&susan, &mine, &phone] {
            assert!(!is_in(&client, revoked), "the logout is durable");
        }
        for accepted in [&david, &again] {
            assert!(is_in(&client, accepted));
        }
    }
}

fn wait(acknowledgement: Acknowledgement) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(pin!(acknowledgement)).expect("it is durable");
}

/// In this process: over HTTP it would take minutes.
#[test]
fn thousands_of_revocations_of_one_user_become_a_cutoff() {
    let place = Place::new();
    let open = || RevocationList::builder(Store::sqlite(place.file())).open().expect("a list");
    let list = open();
    let issue = |user: &str, number: u32| SessionRef {
        id: format!("{user}-{number}"),
        user: Some(user.into()),
        issued_at: UnixTime::now(),
        stamp: list.stamp().expect("the list is current"),
    };
    let sessions: Vec<_> = (0..10_000).map(|number| issue("susan", number)).collect();
    let other = issue("david", 0);
    for some in sessions.chunks(2500) {
        let revoke = |session: &SessionRef| {
            list.revoke(Revocation { target: Target::Session(session.clone()), successor: None })
        };
        let acknowledgements: Vec<_> = some.iter().map(revoke).collect();
        acknowledgements.into_iter().for_each(wait);
    }
    let again = issue("susan", 10_000);
    let next = open();
    for list in [&list, &next] {
        for session in &sessions {
            assert_eq!(list.status(session), RevocationStatus::Revoked);
        }
        assert_eq!(list.status(&other), RevocationStatus::Good);
        assert_eq!(list.status(&again), RevocationStatus::Good, "she can log in again");
    }
    // The cutoff, the sessions of its second, and as many as one user may have after it.
    assert!(next.readiness().entries <= 2001, "{:?}", next.readiness());
}

#[test]
fn no_acknowledged_logout_is_lost_when_the_server_is_killed() {
    const USERS: usize = 1000;
    let place = Place::new();
    let server = place.start(AXUM);
    let client = Client::of(&server);
    let jars: Vec<Jar> = (0..USERS).map(|user| log_in(&client, &format!("user{user}"))).collect();
    let acknowledged = log_out_until_killed(&server, &jars);
    assert!((USERS / 2..USERS).contains(&acknowledged.len()), "{}", acknowledged.len());
    drop(server);

    let server = place.start(AXUM);
    let client = Client::of(&server);
    for user in &acknowledged {
        assert!(!is_in(&client, &jars[*user]), "the session of user {user} is valid again");
    }
    // The sessions of the other users stay valid.
    assert!(is_in(&client, &jars[USERS - 1]));
}
