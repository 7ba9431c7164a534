//! The disk of the revocation file is full, or read-only.

use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

use e2e::{
    client::Client,
    server::{Format, Server},
    visitor::{eventually, is_in, log_in, log_out},
};

const AXUM: &str = env!("CARGO_BIN_EXE_serve-axum");

/// A server that runs after `mount` in its own mount namespace, so that the test needs no
/// privileges.
fn command(mount: &str, folder: &Path, file: &Path) -> Command {
    let mut command = Command::new("unshare");
    let script = format!(r#"{mount} && exec "$1""#);
    command.args(["--mount", "--map-root-user", "sh", "-c", &script]).arg(folder).arg(AXUM);
    command.env("REVOCATIONS", format!("sqlite:{}", file.display()));
    command
}

#[test]
fn a_logout_on_a_full_disk_is_a_503_and_removes_the_cookie() {
    let place = tempfile::tempdir().expect("a folder");
    let (folder, file) = (place.path(), place.path().join("sessions.db"));
    let mut on_small_disk = command(r#"mount -t tmpfs -o size=8m tmpfs "$0""#, folder, &file);
    let server = Server::start(&mut on_small_disk, Format::Waxseal);
    let client = Client::of(&server);
    let inside = PathBuf::from(format!("/proc/{}/root{}", server.id(), folder.display()));
    let early = log_in(&client, "early");
    assert_eq!(log_out(&client, &early).status, 303);
    let alive = log_in(&client, "alive");

    let filler = inside.join("filler");
    let mut filling = File::create(&filler).expect("a file");
    while filling.write_all(&[0; 4096]).is_ok() {}
    // The revocation file still has some free pages.
    let refused = (0..20_000).find_map(|user| {
        let jar = log_in(&client, &format!("user{user}"));
        let response = log_out(&client, &jar);
        // In any case, the cookie is removed, and a copy of it is rejected.
        assert!(response.set_cookie("__Host-session").contains("Max-Age=0"));
        assert!(!is_in(&client, &jar));
        (response.status == 503).then_some((jar, response))
    });
    let (refused, response) = refused.expect("the disk becomes full");
    assert_eq!(response.body, "");
    // The server keeps running, and users can log in.
    assert!(is_in(&client, &alive));
    assert!(is_in(&client, &log_in(&client, "another")));
    let seen = client.script("readiness", &[""; 0]).json();
    assert!(seen["error"].as_str().is_some_and(|error| error.contains("full")), "{seen}");

    // Once the disk has space, a logout works, and the server records the refused one, too.
    drop(filling);
    fs::remove_file(&filler).expect("the filler is removed");
    eventually("a logout is durable", || log_out(&client, &log_in(&client, "later")).status == 303);
    fs::copy(inside.join("sessions.db"), &file).expect("a copy of the revocation file");
    assert!(!server.errors().contains("panicked"), "{}", server.errors());
    drop(server);
    let mut on_large_disk = Command::new(AXUM);
    on_large_disk.env("REVOCATIONS", format!("sqlite:{}", file.display()));
    let server = Server::start(&mut on_large_disk, Format::Waxseal);
    let client = Client::of(&server);
    assert!(!is_in(&client, &refused));
    assert!(!is_in(&client, &early));
    assert!(is_in(&client, &alive));
}

/// Also of a file that another server has created.
#[test]
fn a_server_with_a_read_only_disk_does_not_serve() {
    let place = tempfile::tempdir().expect("a folder");
    let (folder, file) = (place.path(), place.path().join("sessions.db"));
    let mount = r#"mount --bind "$0" "$0" && mount -o remount,bind,ro "$0""#;
    for has_file in [false, true] {
        if has_file {
            let mut command = Command::new(AXUM);
            command.env("REVOCATIONS", format!("sqlite:{}", file.display()));
            let server = Server::start(&mut command, Format::Waxseal);
            let client = Client::of(&server);
            assert_eq!(log_out(&client, &log_in(&client, "susan")).status, 303);
        }
        let refused = Server::try_start(&mut command(mount, folder, &file), Format::Waxseal);
        let errors = refused.map(|_| ()).expect_err("the server exits");
        assert!(!errors.contains("panicked"), "{errors}");
        assert!(errors.contains(&*file.to_string_lossy()), "{errors}");
        assert!(
            errors.to_lowercase().contains("read-only") || errors.contains("readonly"),
            "{errors}"
        );
    }
}
