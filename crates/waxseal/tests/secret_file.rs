//! A secret in a file.

mod support;

use std::fs;

use support::Log;
use waxseal::{Sealer, Secret, SecretError, UnixTime};

const TEXT: &str = "a secret of 32 bytes for the test";

/// Whether the secret in a file is `TEXT`.
fn is_text(file: &[u8]) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    fs::write(&path, file).unwrap();
    let sealer = |secret: Secret| Sealer::builder(secret).build().unwrap();
    let (read, expected) = (Secret::from_file(&path).unwrap(), Secret::new(TEXT).unwrap());
    let now = UnixTime::from_secs(support::NOW);
    let (_, token) = seal(&sealer(read));
    sealer(expected).verify(token.as_bytes(), now).is_ok()
}

/// The name and the token of a session.
fn seal(sealer: &Sealer) -> (String, String) {
    let mut session =
        waxseal_core::OpenSession::open(sealer, [], UnixTime::from_secs(support::NOW)).unwrap();
    session.save().unwrap();
    let finish = std::pin::pin!(session.finish());
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(changes) = std::future::Future::poll(finish, &mut context) else {
        panic!("nothing to wait for")
    };
    let line = changes.unwrap().set_cookie_lines().next().unwrap().to_owned();
    let (name, rest) = line.split_once('=').unwrap();
    (name.into(), rest.split(';').next().unwrap().into())
}

#[test]
fn one_newline_at_the_end_is_no_part_of_the_secret() {
    assert!(is_text(TEXT.as_bytes()));
    assert!(is_text(format!("{TEXT}\n").as_bytes()));
    assert!(is_text(format!("{TEXT}\r\n").as_bytes()));
    for other in
        [format!("{TEXT}\n\n"), format!("\n{TEXT}"), format!("{TEXT} "), format!("{TEXT}\r")]
    {
        assert!(!is_text(other.as_bytes()), "{other:?}");
    }
}

#[test]
fn a_file_that_cannot_be_used_is_an_error_with_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    let text = Secret::from_file(&path).unwrap_err().to_string();
    assert!(text.contains("secret") && text.contains("cannot be read"), "{text}");
    fs::write(&path, "short\n").unwrap();
    assert_eq!(Secret::from_file(&path).unwrap_err(), SecretError::TooShort { len: 5 });
    fs::write(&path, vec![b'x'; 65_537]).unwrap();
    assert!(matches!(Secret::from_file(&path), Err(SecretError::Unreadable { .. })));
    fs::write(&path, vec![b'x'; 65_536]).unwrap();
    assert!(Secret::from_file(&path).is_ok());
}

#[cfg(unix)]
#[test]
fn a_file_that_others_can_read_causes_a_warning_without_the_secret() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    fs::write(&path, TEXT).unwrap();
    for (mode, warns) in [(0o600, false), (0o400, false), (0o640, true), (0o604, true)] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let (log, _guard) = Log::start();
        Secret::from_file(&path).unwrap();
        assert_eq!(log.text().contains("chmod 600"), warns, "{mode:o}: {}", log.text());
        assert!(!log.text().contains(TEXT));
    }
}
