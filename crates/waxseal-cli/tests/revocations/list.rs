//! What `list` and `count` print.

use serde_json::{Value, json};
use waxseal_core::{Revocation, Target};
use waxseal_revocation::UserKey;

use super::*;

/// Revokes sessions as a server does: dropping the list records them.
fn log_out(place: &Place, sessions: &[SessionRef]) {
    let list = place.open();
    for session in sessions {
        let target = Target::Session(session.clone());
        drop(list.revoke(Revocation { target, successor: None }));
    }
}

fn lines(json: &str) -> Vec<Value> {
    json.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A list with an entry of every kind.
fn full() -> Place {
    let place = Place::with_list();
    place.says(&["revoke-all"]);
    place.says(&["revoke-before", "1705305600"]);
    place.says(&["revoke-user", "joe"]);
    let list = place.open();
    let susan = issued_now(&list, ID, Some("susan"));
    let anonymous = issued_now(&list, "AAAAAAAAAAAAAAAAAAAAAg", None);
    drop(list);
    log_out(&place, &[susan, anonymous]);
    place
}

#[test]
fn list_prints_one_line_per_entry() {
    let place = full();
    let said = place.says(&["list"]);
    let (joe, susan) = (UserKey::new("joe"), UserKey::new("susan"));
    let starts = [
        "all sessions, revoked 2".to_owned(),
        "all sessions issued before 2024-01-15 08:00:00 UTC, ".into(),
        format!("all sessions of user {joe}, revoked 2"),
        "session AAAAAAAAAAAAAAAAAAAAAg, revoked 2".into(),
        format!("session {ID} of user {susan}, revoked 2"),
    ];
    assert_eq!(said.lines().count(), starts.len(), "{said}");
    for (line, start) in said.lines().zip(&starts) {
        assert!(line.starts_with(start) && line.contains(" UTC, "), "{line}");
    }
    assert!(!said.contains("susan") && !said.contains("joe"), "{said}");
    assert_eq!(place.says(&["count"]), "sessions: 2\ncutoffs: 3\n");
}

#[test]
fn json_has_stamps_in_milliseconds_and_times_in_seconds() {
    let listed = lines(&full().says(&["list", "--json"]));
    let [everyone, before, joe, anonymous, susan] = &listed[..] else { panic!("{listed:?}") };
    let is_now = |secs: &Value| secs.as_u64().unwrap().abs_diff(now()) < 60;
    for cutoff in [&everyone["cutoff"], &joe["cutoff"]] {
        assert!(is_now(&json!(cutoff.as_u64().unwrap() / 1000)), "{cutoff}");
    }
    for session in [susan, anonymous] {
        assert!(is_now(&session["since"]), "{session}");
    }
    let user = |name| UserKey::new(name).to_string();
    let (cutoff, since) = (&joe["cutoff"], &susan["since"]);
    assert_eq!(*everyone, json!({"revokes": "everyone", "cutoff": everyone["cutoff"]}));
    assert_eq!(*before, json!({"revokes": "issued_before", "time": 1_705_305_600}));
    assert_eq!(*joe, json!({"revokes": "user", "user": user("joe"), "cutoff": cutoff}));
    assert_eq!(
        *susan,
        json!({"revokes": "session", "id": ID, "user": user("susan"), "since": since})
    );
    assert!(anonymous.get("user").is_none());
}

#[test]
fn list_can_show_the_entries_for_one_user() {
    let place = full();
    for (user, kinds) in [
        ("joe", &["everyone", "issued_before", "user"][..]),
        ("susan", &["everyone", "issued_before", "session"]),
        ("nobody", &["everyone", "issued_before"]),
    ] {
        let listed = lines(&place.says(&["list", "--json", "--user", user]));
        let revokes: Vec<_> = listed.iter().map(|line| line["revokes"].clone()).collect();
        assert_eq!(revokes, kinds, "{user}");
    }
}

/// The file is not locked while the output waits for its reader.
#[test]
fn a_slow_reader_of_the_output_does_not_delay_a_server() {
    let place = Place::with_list();
    let list = place.open();
    let id = |number: u32| format!("a session of another issuer {number}");
    let sessions: Vec<_> = (0..3000).map(|number| session(&id(number), None, now())).collect();
    log_out(&place, &sessions);
    // More than a pipe holds.
    let mut command = Command::new(env!("CARGO_BIN_EXE_waxseal"));
    command.args(["revocations", "list"]).stdout(std::process::Stdio::piped());
    command.env("REVOCATIONS", format!("sqlite:{}", place.path().display()));
    let mut child = command.spawn().unwrap();
    let mut first = [0; 1];
    std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut first).unwrap();
    assert!(child.try_wait().unwrap().is_none(), "the pipe holds all of the output");
    let ran = place.run(&["revoke-user", "42"]);
    assert_eq!((ran.code, &*ran.err), (Some(0), ""));
    becomes_revoked(&list, &session(ID, Some("42"), now()));
    drop(child.stdout.take());
    child.wait().unwrap();
}

#[test]
fn a_user_cannot_control_the_terminal() {
    const USER: &str = "\u{1b}[2J\u{9b}\u{7f}\u{202e}\u{200b}\u{2028}\u{feff}\u{ad}\nsusan\"\\";
    let place = Place::with_list();
    let ran = place.run(&["revoke-session", USER]);
    let (user, list) = (place.says(&["revoke-user", USER]), place.says(&["list"]));
    for text in [ran.out, ran.err, user, list] {
        let obeyed = |c: char| c != '\n' && !(' '..='~').contains(&c);
        assert!(!text.contains(obeyed) && !text.contains("\nsusan"), "{text:?}");
    }
}
