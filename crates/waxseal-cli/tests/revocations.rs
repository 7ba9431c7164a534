//! `waxseal revocations` on the command line, over files.

use std::{
    path::PathBuf,
    process::{Command, Output},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tempfile::TempDir;
use waxseal_core::{RevocationStatus, Revocations as _, SessionRef, UnixTime};
use waxseal_revocation::{RevocationList, Store};

const SID: &str = "AAAAAAAAAAAAAAAAAAAAAQ";
const DAY: u64 = 86_400;

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

    fn with_list() -> Self {
        let place = Self::new();
        assert_eq!(place.run(&["init"]).code, Some(0));
        place
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("revoked")
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        run(arguments, Some(&format!("file:{}", self.path().display())))
    }

    /// The output of a command that succeeds.
    fn says(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert_eq!((ran.code, &*ran.err), (Some(0), ""), "{arguments:?}");
        ran.out
    }

    /// Opens the list as a server does.
    fn open(&self) -> RevocationList {
        RevocationList::builder(Store::file(self.path())).open().unwrap()
    }

    /// Revokes sessions as a server does.
    fn revoke(&self, sessions: &[(&str, Option<&str>, u64)]) {
        let list = self.open();
        for (sid, sub, issued_at) in sessions {
            let (id, user) = ((*sid).into(), sub.map(Into::into));
            // Dropping the list writes it to the file.
            drop(list.revoke(SessionRef { id, user, issued_at: at(*issued_at) }, at(now())));
        }
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs()
}

fn at(secs: u64) -> UnixTime {
    UnixTime::from_secs(secs)
}

#[test]
fn init_creates_a_list_and_revokes_all_sessions_once() {
    let place = Place::new();
    for arguments in [&["list"][..], &["count"], &["end-user", "42"], &["end-before", "now"]] {
        let ran = place.run(arguments);
        assert_eq!((ran.code, &*ran.out), (Some(1), ""), "{arguments:?}");
        assert!(ran.err.contains("there is no revocation file"), "{}", ran.err);
        assert!(!place.path().exists());
    }

    let said = place.says(&["init"]);
    assert!(
        said.starts_with("Created a revocation list, and revoked all sessions issued before 2"),
        "{said}"
    );
    let list = place.open();
    assert_eq!(list.status(Some(SID), None, at(now())), RevocationStatus::Revoked);
    let issued_at = list.issued_at(None, at(now())).unwrap();
    assert_eq!(list.status(Some(SID), None, issued_at), RevocationStatus::Good);
    drop(list);

    let again = place.run(&["init"]);
    assert_eq!((again.code, &*again.out), (Some(1), ""));
    assert!(again.err.contains("the revocation list already exists"), "{}", again.err);
    assert_eq!(place.open().status(Some(SID), None, issued_at), RevocationStatus::Good);
}

#[test]
fn end_user_revokes_the_sessions_of_one_user_only() {
    let place = Place::with_list();
    // A user may look like an option.
    for user in ["42", "-x"] {
        let said = place.says(&["end-user", user]);
        assert!(
            said.starts_with(&format!("Revoked all sessions of user \"{user}\" issued before 2"))
        );
        let list = place.open();
        // Later than the cutoff of the new list.
        let issued_at = list.issued_at(None, at(now())).unwrap();
        assert_eq!(list.status(Some(SID), Some(user), issued_at), RevocationStatus::Revoked);
        assert_eq!(list.status(Some(SID), Some("43"), issued_at), RevocationStatus::Good);
        let again = list.issued_at(Some(user), at(now())).unwrap();
        assert_eq!(list.status(Some(SID), Some(user), again), RevocationStatus::Good);
    }
}

#[test]
fn end_before_revokes_the_sessions_issued_before_a_time() {
    let place = Place::new();
    drop(place.open());
    for (time, shown) in [
        ("1705305600", "2024-01-15 08:00:00 UTC"),
        ("2024-01-15T09:00:00.5+01:00", "2024-01-15 08:00:01 UTC"),
    ] {
        let said = place.says(&["end-before", time]);
        assert_eq!(said, format!("Revoked all sessions issued before {shown}.\n"));
    }
    let past = now() - DAY;
    place.says(&["end-before", &past.to_string()]);
    let list = place.open();
    assert_eq!(list.status(Some(SID), None, at(past - 1)), RevocationStatus::Revoked);
    assert_eq!(list.status(Some(SID), None, at(past)), RevocationStatus::Good);
    drop(list);

    let before = now();
    place.says(&["end-before", "now"]);
    let list = place.open();
    // The cutoff is 30 seconds ahead, because the clocks of servers may be ahead.
    assert_eq!(list.status(Some(SID), None, at(before + 29)), RevocationStatus::Revoked);
    assert!(list.issued_at(None, at(before)).unwrap() >= at(before + 30));
}

#[test]
fn a_cutoff_in_the_future_or_without_a_zone_is_rejected() {
    let place = Place::with_list();
    let ahead = (now() + 3600).to_string();
    for (time, cause) in [
        (&*ahead, "not up to a moment ahead"),
        ("2999-01-01T00:00:00Z", "not up to a moment ahead"),
        ("2026-11-24", "a date with a zone"),
        ("yesterday", "a date with a zone"),
        ("-1", ""),
        ("", "a date with a zone"),
    ] {
        let ran = place.run(&["end-before", time]);
        assert_eq!((ran.code, &*ran.out), (Some(2), ""), "{time}");
        assert!(ran.err.contains(cause), "{time}: {}", ran.err);
    }
    assert_eq!(place.says(&["count"]), "1\n");
}

#[test]
fn list_prints_one_line_per_entry() {
    let place = Place::with_list();
    assert_eq!(place.says(&["list"]).lines().count(), 1);
    // Issued after the cutoff of the new list, which covers earlier sessions.
    let issued_at = now() + 60;
    place.revoke(&[(SID, Some("42"), issued_at + DAY), ("another format", None, issued_at)]);
    place.says(&["end-user", "43"]);

    let said = place.says(&["list"]);
    let lines: Vec<_> = said.lines().collect();
    let starts = [
        format!("session {SID} of user \"42\", issued 2"),
        "session ".into(),
        "user \"43\", sessions issued before 2".into(),
        "all users, sessions issued before 2".into(),
    ];
    assert_eq!(lines.len(), starts.len(), "{said}");
    for (line, start) in lines.iter().zip(&starts) {
        assert!(line.starts_with(start) && line.contains(" UTC, in "), "{line}");
    }
    assert!(lines[0].ends_with("in 1 day"), "{}", lines[0]);
    assert_eq!(place.says(&["count"]), "4\n");

    let json = place.says(&["list", "--json"]);
    let later = issued_at + DAY;
    assert_eq!(
        json.lines().next(),
        Some(&*format!(r#"{{"ends":"session","sid":"{SID}","sub":"42","begun":{later}}}"#))
    );
    let ends = |line: &str| -> serde_json::Value { serde_json::from_str(line).unwrap() };
    let ends: Vec<_> = json.lines().map(|line| ends(line)["ends"].clone()).collect();
    assert_eq!(ends, ["session", "session", "user", "everybody"]);
}

#[test]
fn an_entry_lasts_for_the_absolute_timeout() {
    let place = Place::new();
    drop(place.open());
    place.says(&["end-before", &(now() - 2 * DAY).to_string()]);
    assert_eq!(place.says(&["count"]), "1\n");
    assert_eq!(place.says(&["count", "--absolute", "1day"]), "0\n");
    assert_eq!(place.says(&["list", "--absolute", "1day"]), "");
}

#[test]
fn a_user_cannot_control_the_terminal() {
    const USER: &str = "\u{1b}[2J\u{9b}\u{7f}\u{202e}\u{200b}\u{2028}\u{feff}\u{ad}\nsusan\"\\";
    let place = Place::with_list();
    let said = place.says(&["end-user", USER]);
    place.revoke(&[(SID, Some(USER), now() + DAY)]);
    let (list, json) = (place.says(&["list"]), place.says(&["list", "--json"]));
    for text in [said, list, json.clone()] {
        let obeyed = |c: char| c != '\n' && !(' '..='~').contains(&c);
        assert!(!text.contains(obeyed), "{text:?}");
        assert!(text.contains("susan") && !text.contains("\nsusan"), "{text:?}");
    }
    for line in json.lines().take(2) {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["sub"], USER);
    }
}

#[test]
fn a_file_that_a_server_has_open_is_an_error() {
    let place = Place::with_list();
    let list = place.open();
    for arguments in [&["list"][..], &["count"], &["end-user", "42"], &["end-before", "now"]] {
        let ran = place.run(arguments);
        assert_eq!((ran.code, &*ran.out), (Some(1), ""), "{arguments:?}");
        assert!(ran.err.contains("is open in another process"), "{}", ran.err);
    }
    drop(list);
    assert_eq!(place.says(&["count"]), "1\n");
}

#[test]
fn a_file_that_is_not_a_revocation_file_stays_unchanged() {
    let place = Place::new();
    let text = "something else, at some length";
    std::fs::write(place.path(), text).unwrap();
    for arguments in [&["list"][..], &["init"], &["end-user", "42"], &["end-before", "now"]] {
        let ran = place.run(arguments);
        assert_eq!((ran.code, &*ran.out), (Some(1), ""), "{arguments:?}");
    }
    assert_eq!(std::fs::read_to_string(place.path()).unwrap(), text);
}

#[test]
fn no_error_contains_the_address() {
    let missing = run(&["count"], None);
    assert_eq!(missing.code, Some(2));
    assert!(missing.err.contains("REVOCATIONS is not set"), "{}", missing.err);
    assert!(missing.err.contains("file:PATH"), "{}", missing.err);
    for (text, code) in [
        ("", 2),
        ("file:", 2),
        ("/var/lib/revoked/geheim", 2),
        ("http://susan:geheim@localhost", 2),
        ("redis://susan:geheim@localhost:port", 2),
        ("redis:/susan:geheim@[", 2),
        // No server listens on port 1.
        ("redis://susan:geheim@127.0.0.1:1", 1),
        ("rediss://susan:geheim@127.0.0.1:1", 1),
    ] {
        for arguments in [&["count"][..], &["list"], &["end-user", "42"], &["init"]] {
            let ran = run(arguments, Some(text));
            assert_eq!((ran.code, &*ran.out), (Some(code), ""), "{text}: {}", ran.err);
            assert!(!ran.err.is_empty() && !ran.err.contains("geheim"), "{}", ran.err);
            assert!(!ran.err.contains("panicked"), "{}", ran.err);
        }
    }
}

#[cfg(unix)]
#[test]
fn no_error_contains_an_address_that_is_not_utf_8() {
    use std::os::unix::ffi::OsStrExt as _;
    let address = std::ffi::OsStr::from_bytes(b"redis://:geheim\xff@localhost");
    let mut command = Command::new(env!("CARGO_BIN_EXE_waxseal"));
    let output = command.args(["revocations", "count"]).env("REVOCATIONS", address).output();
    let output = output.unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("UTF-8") && !said.contains("geheim"), "{said}");
}

#[test]
fn the_help_explains_the_commands() {
    for (arguments, part) in [
        (&["--help"][..], "REVOCATIONS=file:"),
        (&["list", "--help"], "--json"),
        (&["init", "--help"], "REVOKE EVERY SESSION"),
        (&["end-before", "--help"], "2026-11-24T10:48:00Z"),
        (&["end-user", "--help"], "log_in"),
    ] {
        let ran = run(arguments, None);
        assert_eq!(ran.code, Some(0));
        assert!(ran.out.contains(part), "{}", ran.out);
    }
}

#[test]
fn a_file_has_no_key() {
    let ran = Place::with_list().run(&["count", "--key", "other"]);
    assert_eq!((ran.code, &*ran.out), (Some(2), ""));
    assert!(ran.err.contains("omit --key"), "{}", ran.err);
}
