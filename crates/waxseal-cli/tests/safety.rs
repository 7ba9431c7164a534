//! What the command shows on a terminal, and what it leaves in files and in the list of
//! processes.

use std::{
    fs::{self, File},
    io::Write as _,
    path::Path,
    process::{Command, Output, Stdio},
};

const SECRET: &str = "a secret of more than 32 characters, for tests";

fn waxseal(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_waxseal"));
    command.args(arguments).env("SESSION_SECRET", SECRET);
    command
}

/// The exit code, standard output and standard error.
fn run(arguments: &[&str], input: &str) -> (Option<i32>, String, String) {
    let mut command = waxseal(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A command that does not read its input may have ended.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

/// Whether a terminal shows all of the text as it is.
fn is_plain(text: &str) -> bool {
    let moves = |character: char| {
        (character.is_control() && character != '\n')
            || ('\u{202a}'..='\u{202e}').contains(&character)
    };
    !text.contains(moves)
}

/// S-L8: C1 controls, the reversal of a line, DEL.
const TRICKS: &str = "\u{9b}31m\u{202e}\u{7f}";

#[test]
fn verify_escapes_claims_and_keeps_their_meaning() {
    let object = format!(r#"{{"name{TRICKS}":"{TRICKS}"}}"#);
    let (code, token, _) = run(&["seal"], &object);
    assert_eq!(code, Some(0));
    let (code, line, _) = run(&["verify"], &token);
    assert_eq!(code, Some(0));
    assert!(is_plain(&line), "{line:?}");
    let line: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(line["claims"][format!("name{TRICKS}")], TRICKS);
}

fn key_file(folder: &Path, kid: &str, cookie: &str) -> String {
    let path = folder.join("keys.json");
    let json = format!(
        r#"{{"keys":[{{"kty":"oct","kid":"{kid}","k":"{}","key_ops":["sign","verify"],"waxseal:cookie":"{cookie}"}}]}}"#,
        "A".repeat(42) + "E"
    );
    fs::write(&path, json).unwrap();
    path.to_str().unwrap().into()
}

#[test]
fn kids_cookie_names_and_paths_are_escaped() {
    let folder = tempfile::tempdir().unwrap();
    let path = key_file(folder.path(), "\u{202e}kid", "\u{9b}31mcookie");
    let (code, shown, _) = run(&["keys", "list", &path], "");
    assert_eq!(code, Some(0));
    assert!(is_plain(&shown) && shown.contains(r"\u{202e}kid"), "{shown:?}");
    assert!(shown.contains(r"\u{9b}31mcookie"), "{shown:?}");

    let (_, _, error) = run(&["keys", "add", &path, "--cookie", "other"], "");
    assert!(is_plain(&error) && error.contains("cookie"), "{error:?}");
    let (_, _, error) = run(&["keys", "promote", &path, "\u{202e}kid"], "");
    assert!(is_plain(&error) && error.contains("already seals"), "{error:?}");
    let (_, _, error) = run(&["keys", "list", "no\u{9b}31mfile"], "");
    assert!(is_plain(&error) && error.contains("31mfile"), "{error:?}");
}

#[test]
fn a_token_in_the_arguments_causes_a_warning() {
    let (_, token, _) = run(&["seal", "--user", "42"], "{}");
    for command in ["inspect", "verify"] {
        let (code, _, warning) = run(&[command, token.trim()], "");
        assert_eq!(code, Some(0));
        assert!(warning.contains("pass tokens on standard input"), "{warning}");
        let (code, _, warning) = run(&[command], &token);
        assert_eq!((code, warning.as_str()), (Some(0), ""));
    }
}

/// S-L9.
#[cfg(unix)]
#[test]
fn a_dangling_symbolic_link_stays_a_link() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    let folder = tempfile::tempdir().unwrap();
    let (link, via) = (folder.path().join("link"), folder.path().join("via"));
    fs::create_dir(folder.path().join("place")).unwrap();
    symlink("via", &link).unwrap();
    symlink("place/keys.json", &via).unwrap();
    for _ in 0..2 {
        let (code, _, error) = run(&["keys", "add", link.to_str().unwrap()], "");
        assert_eq!(code, Some(0), "{error}");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert!(fs::symlink_metadata(&via).unwrap().is_symlink());
    }
    let target = folder.path().join("place/keys.json");
    assert_eq!(fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o600);
    let json = fs::read_to_string(target).unwrap();
    assert_eq!(json.matches("\"kid\"").count(), 2);

    symlink("circle", folder.path().join("circle")).unwrap();
    let circle = folder.path().join("circle");
    let (code, _, error) = run(&["keys", "add", circle.to_str().unwrap()], "");
    assert_eq!(code, Some(1), "{error}");
    assert!(fs::symlink_metadata(&circle).unwrap().is_symlink());
}

#[cfg(unix)]
#[test]
fn a_secret_in_a_file_that_others_can_read_causes_a_warning() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    for arguments in [&["keygen"][..], &["keygen", "--jwks"], &["keys", "export"]] {
        for (mode, warns) in [(0o644, true), (0o640, true), (0o600, false)] {
            let file = File::create(folder.path().join("secret")).unwrap();
            file.set_permissions(fs::Permissions::from_mode(mode)).unwrap();
            let ran = waxseal(arguments).stdout(file).stderr(Stdio::piped()).output().unwrap();
            let warning = String::from_utf8(ran.stderr).unwrap();
            assert_eq!(
                warning.contains("run chmod 600"),
                warns,
                "{arguments:?} {mode:o} {warning}"
            );
        }
    }
}

#[test]
fn applications_and_markers_have_keys_of_their_own() {
    let shop = ["--application", "shop", "--marker", "admin"];
    let with =
        |command: &str, options: &[&str], input: &str| run(&[&[command], options].concat(), input);
    let (_, token, _) = with("seal", &shop, "{}");
    assert_eq!(with("verify", &shop, &token).0, Some(0));
    for other in [&[][..], &shop[..2], &shop[2..], &["--application", "admin"]] {
        assert_eq!(with("verify", other, &token).0, Some(1), "{other:?}");
    }
    let (code, _, error) = with("verify", &["--application", "a b"], &token);
    assert!(code == Some(2) && error.contains("application must be"), "{error}");
}

#[test]
fn key_files_carry_their_purpose() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.json");
    let path = path.to_str().unwrap();
    let (code, _, error) = run(&["keys", "add", path, "--purpose", "shop/admin"], "");
    assert_eq!(code, Some(0), "{error}");
    assert_eq!(run(&["keys", "add", path], "").0, Some(0), "a new key has the same purpose");
    let (code, _, error) = run(&["keys", "add", path, "--purpose", "blog"], "");
    assert!(code == Some(1) && error.contains("shop/admin"), "{error}");
    assert!(run(&["keys", "list", path], "").1.contains("for shop/admin"));

    let file = ["--jwks", path];
    let purpose = ["--application", "shop", "--marker", "admin"];
    let (code, token, error) = run(&[&["seal"][..], &file, &purpose].concat(), "{}");
    assert_eq!(code, Some(0), "{error}");
    let (code, line, _) = run(&[&["verify"][..], &file, &purpose].concat(), &token);
    assert!(code == Some(0) && line.contains(r#""aud":"shop/admin""#), "{line}");
    let (code, _, error) = run(&[&["verify"][..], &file].concat(), &token);
    assert!(code == Some(2) && error.contains("purpose \"shop/admin\""), "{error}");

    let (code, _, error) = run(&["keygen", "--jwks", "--purpose", "a b"], "");
    assert!(code == Some(2) && error.contains("waxseal:purpose"), "{error}");
}
