//! `waxseal revocations` on the command line, also while a server has the list open.

mod check;
mod list;
mod revoke;
mod usage;

use std::{
    path::PathBuf,
    process::{Command, Output},
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use tempfile::TempDir;
use waxseal_core::{RevocationStatus, Revocations as _, SessionRef, UnixTime};
use waxseal_revocation::{RevocationList, Store};

const ID: &str = "AAAAAAAAAAAAAAAAAAAAAQ";
const DAY: u64 = 86_400;

/// All commands that need a list.
const COMMANDS: [&[&str]; 6] = [
    &["list"],
    &["count"],
    &["revoke-user", "42"],
    &["revoke-session", ID],
    &["revoke-before", "1705305600"],
    &["revoke-all"],
];

struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

/// Runs `waxseal revocations` with this value of `REVOCATIONS`.
fn run(arguments: &[&str], revocations: Option<&str>) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_waxseal"));
    command.arg("revocations").args(arguments).env_remove("REVOCATIONS");
    command.envs(revocations.map(|text| ("REVOCATIONS", text)));
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { code: status.code(), out: text(stdout), err: text(stderr) }
}

/// A folder with a revocation file, or with none yet.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    /// With a list that revokes nothing.
    fn with_list() -> Self {
        let place = Self::new();
        place.says(&["create", "--trust-existing"]);
        place
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("sessions.db")
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        run(arguments, Some(&format!("sqlite:{}", self.path().display())))
    }

    /// The output of a command that succeeds.
    fn says(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert_eq!((ran.code, &*ran.err), (Some(0), ""), "{arguments:?}");
        ran.out
    }

    /// The error of a command that fails with this exit code.
    fn fails(&self, arguments: &[&str], code: i32) -> String {
        let ran = self.run(arguments);
        assert_eq!((ran.code, &*ran.out), (Some(code), ""), "{arguments:?}: {}", ran.err);
        ran.err
    }

    /// Opens the list as a server does.
    fn open(&self) -> RevocationList {
        RevocationList::builder(Store::sqlite(self.path())).open().unwrap()
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs()
}

/// A session of this user that a server without a list has issued.
fn session(id: &str, user: Option<&str>, issued_at: u64) -> SessionRef {
    let issued_at = UnixTime::from_secs(issued_at);
    SessionRef { id: id.into(), user: user.map(Into::into), issued_at, stamp: 0 }
}

/// A session that a server issues now.
fn issued_now(list: &RevocationList, id: &str, user: Option<&str>) -> SessionRef {
    SessionRef { stamp: list.stamp().unwrap(), ..session(id, user, now()) }
}

fn is_good(list: &RevocationList, session: &SessionRef) -> bool {
    list.status(session) == RevocationStatus::Good
}

/// Waits until an open list reports the session as revoked, for at most five seconds.
fn becomes_revoked(list: &RevocationList, session: &SessionRef) {
    let started = Instant::now();
    while list.status(session) != RevocationStatus::Revoked {
        assert!(started.elapsed() < Duration::from_secs(5), "the list does not follow the file");
        thread::sleep(Duration::from_millis(10));
    }
}
