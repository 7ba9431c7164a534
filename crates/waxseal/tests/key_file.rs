//! A key file that changes while the server runs.

mod support;

use std::{fs, path::Path};

use futures_util::FutureExt as _;
use support::{Log, clock};
use waxseal::{
    Sealer,
    key_file::{self, KeyFile, KeyFileError},
};
use waxseal_core::OpenSession;

fn jwk(letter: char, operations: &str) -> String {
    // Of the last of 43 characters, four bits are used, and two are zero.
    let k = letter.to_string().repeat(42) + "A";
    format!(
        r#"{{"kty":"oct","alg":"HS256","kid":"{letter}","k":"{k}","key_ops":{operations},"waxseal:cookie":"__Host-session","x":1}}"#
    )
}

const SIGN: &str = r#"["sign","verify"]"#;
const VERIFY: &str = r#"["verify"]"#;

fn set(keys: &[String]) -> String {
    format!(r#"{{"keys":[{}]}}"#, keys.join(","))
}

fn write(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    #[cfg(unix)]
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
}

fn open(path: &Path) -> KeyFile {
    KeyFile::open(path, |keys| Sealer::builder(keys).build()).unwrap()
}

/// A token that the sealer signs now.
fn token(sealer: &Sealer) -> String {
    let mut session = OpenSession::open(sealer, [], clock()).unwrap();
    session.save().unwrap();
    let changes = session.finish().now_or_never().unwrap().unwrap();
    let line = changes.set_cookie_lines().next().unwrap();
    line.split(';').next().unwrap().split_once('=').unwrap().1.into()
}

fn accepts(sealer: &Sealer, token: &str) -> bool {
    sealer.verify(token.as_bytes(), clock()).is_ok()
}

#[test]
fn a_changed_file_changes_the_keys() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.json");
    write(&path, &set(&[jwk('a', SIGN)]));
    let file = open(&path);
    let sealer = file.sealer();
    let old = token(&sealer.current());
    assert!(!file.reload_if_changed().unwrap());

    write(&path, &set(&[jwk('a', VERIFY), jwk('b', SIGN)]));
    assert!(file.reload_if_changed().unwrap());
    let new = token(&sealer.current());
    assert!(accepts(&sealer.current(), &old) && accepts(&sealer.current(), &new));

    write(&path, &set(&[jwk('b', SIGN)]));
    file.reload().unwrap();
    assert!(!accepts(&sealer.current(), &old) && accepts(&sealer.current(), &new));
}

#[test]
fn a_malformed_file_keeps_the_keys_and_is_logged_once() {
    let (log, _guard) = Log::start();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.json");
    let good = set(&[jwk('a', SIGN)]);
    write(&path, &good);
    let file = open(&path);
    let old = token(&file.sealer().current());
    assert_eq!(log.text(), "", "a file with mode 600 causes no warning");

    for broken in ["", "{", &good[..good.len() - 1], r#"{"keys":[]}"#] {
        write(&path, broken);
        assert!(file.reload_if_changed().is_err(), "{broken}");
        assert!(!file.reload_if_changed().unwrap(), "the change was seen already");
        assert!(accepts(&file.sealer().current(), &old));
    }
    fs::remove_file(&path).unwrap();
    assert!(matches!(file.reload_if_changed(), Err(KeyFileError::Io(_))));
    assert!(accepts(&file.sealer().current(), &old));
    assert_eq!(log.text().matches("ERROR").count(), 5, "{}", log.text());
    assert!(!log.text().contains("aaaa"), "{}", log.text());

    write(&path, &good);
    assert!(file.reload_if_changed().unwrap());
}

/// In a process of its own, because other tests need file descriptors.
#[test]
#[cfg(unix)]
fn a_change_that_cannot_be_read_now_is_read_later() {
    if std::env::var_os("FEW_FILES").is_none() {
        let test = "a_change_that_cannot_be_read_now_is_read_later";
        let mut shell = std::process::Command::new("sh");
        shell
            .args(["-c", "ulimit -n 64; exec \"$0\" \"$@\""])
            .arg(std::env::current_exe().unwrap());
        let output = shell.args(["--exact", test]).env("FEW_FILES", "1").output().unwrap();
        assert!(output.status.success(), "{output:?}");
        assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"), "{output:?}");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.json");
    write(&path, &set(&[jwk('a', SIGN)]));
    let file = open(&path);
    let leaked = token(&file.sealer().current());
    write(&path, &set(&[jwk('b', SIGN)]));

    let mut open_files = Vec::new();
    open_files.extend(std::iter::from_fn(|| fs::File::open("/dev/null").ok()));
    for _ in 0..2 {
        assert!(matches!(file.reload_if_changed(), Err(KeyFileError::Io(_))));
    }
    drop(open_files);
    assert!(file.reload_if_changed().unwrap());
    assert!(!accepts(&file.sealer().current(), &leaked));
    assert!(!file.reload_if_changed().unwrap());
}

#[test]
#[cfg(unix)]
fn a_file_that_others_can_read_causes_a_warning() {
    let (log, _guard) = Log::start();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.json");
    write(&path, &set(&[jwk('a', SIGN)]));
    fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    key_file::load(&path).unwrap();
    assert!(log.text().contains("WARN") && log.text().contains("644"), "{}", log.text());
}

#[test]
#[cfg(unix)]
fn a_change_of_permissions_is_a_change() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.json");
    write(&path, &set(&[jwk('a', SIGN)]));
    let file = open(&path);
    fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o640)).unwrap();
    assert!(file.reload_if_changed().unwrap());
}
