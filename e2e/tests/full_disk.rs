//! The disk of the revocation file is full.

use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::Duration,
};

use e2e::{
    client::Client,
    server::{Format, Server},
    visitor::{is_in, log_in, log_out},
};

const AXUM: &str = env!("CARGO_BIN_EXE_serve-axum");

fn start(command: &mut Command, file: &Path) -> Server {
    let store = format!("file:{}", file.display());
    Server::start(command.env("REVOCATIONS", store), Format::Waxseal)
}

/// Starts a server with a small file system in its own mount namespace, so that the test needs
/// no privileges.
fn on_a_small_disk(folder: &Path, file: &Path) -> Server {
    let mount = r#"mount -t tmpfs -o size=8m tmpfs "$0" && exec "$1""#;
    let mut command = Command::new("unshare");
    command.args(["--mount", "--map-root-user", "sh", "-c", mount]).arg(folder).arg(AXUM);
    start(&mut command, file)
}

#[test]
fn a_logout_on_a_full_disk_is_a_503_and_is_written_later() {
    let place = tempfile::tempdir().expect("a folder");
    let (folder, file) = (place.path(), place.path().join("revoked"));
    let server = on_a_small_disk(folder, &file);
    let client = Client::of(&server);
    let inside = PathBuf::from(format!("/proc/{}/root{}", server.id(), folder.display()));
    let early = log_in(&client, "early");
    assert_eq!(log_out(&client, &early).status, 303);

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
    let alive = log_in(&client, "alive");
    assert!(is_in(&client, &alive));

    // Once the disk has space, the server writes the pending revocations by itself.
    drop(filling);
    fs::remove_file(&filler).expect("the filler is removed");
    let written = (0..600).any(|_| {
        thread::sleep(Duration::from_millis(100));
        log_out(&client, &log_in(&client, "later")).status == 303
    });
    assert!(written, "no logout is durable within a minute");
    fs::copy(inside.join("revoked"), &file).expect("a copy of the revocation file");
    drop(server);
    let server = start(&mut Command::new(AXUM), &file);
    let client = Client::of(&server);
    assert!(!is_in(&client, &refused));
    assert!(!is_in(&client, &early));
    assert!(is_in(&client, &alive));
}
