//! Missing lists, wrong values of `REVOCATIONS`, and the help.

use std::fs;

use super::*;

#[test]
fn no_command_creates_a_missing_list() {
    let place = Place::new();
    for arguments in COMMANDS {
        let error = place.fails(arguments, 1);
        assert!(error.contains("sessions.db has no revocation list"), "{error}");
        assert!(error.contains("waxseal revocations create"), "{error}");
        assert_eq!(fs::read_dir(place.0.path()).unwrap().count(), 0);
    }
    // A file without tables has no list, either.
    fs::write(place.path(), "").unwrap();
    for arguments in COMMANDS {
        let error = place.fails(arguments, 1);
        assert!(error.contains("no list") || error.contains("no revocation list"), "{error}");
        assert_eq!(fs::metadata(place.path()).unwrap().len(), 0);
    }
}

#[test]
fn a_file_that_is_not_a_revocation_file_stays_unchanged() {
    let place = Place::new();
    let text = "something else, at some length".repeat(100);
    fs::write(place.path(), &text).unwrap();
    for arguments in COMMANDS.into_iter().chain([&["create"][..], &["check"]]) {
        let error = place.fails(arguments, 1);
        assert!(error.contains("is damaged"), "{error}");
    }
    assert_eq!(fs::read_to_string(place.path()).unwrap(), text);
    assert_eq!(fs::read_dir(place.0.path()).unwrap().count(), 1);
}

#[test]
fn no_error_contains_an_address() {
    let missing = run(&["count"], None);
    assert_eq!(missing.code, Some(2));
    assert!(missing.err.contains("REVOCATIONS is not set"), "{}", missing.err);
    assert!(missing.err.contains("sqlite:PATH"), "{}", missing.err);
    for text in [
        "",
        "sqlite:",
        "/var/lib/app/geheim.db",
        "redis://susan:geheim@localhost",
        "postgres://susan:geheim@localhost",
    ] {
        for arguments in COMMANDS.into_iter().chain([&["create"][..], &["check"]]) {
            let ran = run(arguments, Some(text));
            assert_eq!((ran.code, &*ran.out), (Some(2), ""), "{text}: {}", ran.err);
            let says = ["sqlite:PATH", "has no support for"];
            assert!(says.iter().any(|text| ran.err.contains(text)), "{}", ran.err);
            assert!(!ran.err.contains("geheim"), "{}", ran.err);
        }
    }
}

#[cfg(unix)]
#[test]
fn an_address_that_is_not_utf_8_is_wrong_usage() {
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
        (&["--help"][..], "REVOCATIONS=sqlite:"),
        (&["list", "--help"], "in milliseconds"),
        (&["create", "--help"], "REVOKE EVERY SESSION"),
        (&["create", "--help"], "first roll-out"),
        (&["check", "--help"], "503"),
        (&["revoke-before", "--help"], "2026-11-24T10:48:00Z"),
        (&["revoke-user", "--help"], "log_in"),
    ] {
        let ran = run(arguments, None);
        assert_eq!(ran.code, Some(0));
        assert!(ran.out.contains(part), "{}", ran.out);
    }
    // The names of an earlier version are no commands.
    for command in ["end-user", "end-before", "init"] {
        assert_eq!(run(&[command], None).code, Some(2));
    }
}
