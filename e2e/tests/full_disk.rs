//! The disk under the list of ended sessions is full.

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
    let log = format!("file:{}", file.display());
    Server::start(command.env("REVOCATIONS", log), Format::Waxseal)
}

/// A server whose folder is a small file system that only it sees, so that
/// nobody needs a right to mount.
fn on_a_small_disk(folder: &Path, file: &Path) -> Server {
    let mount = r#"mount -t tmpfs -o size=8m tmpfs "$0" && exec "$1""#;
    let mut command = Command::new("unshare");
    command.args(["--mount", "--map-root-user", "sh", "-c", mount]).arg(folder).arg(AXUM);
    start(&mut command, file)
}

#[test]
fn it_is_told_and_made_good_later() {
    let place = tempfile::tempdir().expect("a folder");
    let (folder, file) = (place.path(), place.path().join("revoked"));
    let server = on_a_small_disk(folder, &file);
    let client = Client::of(&server);
    let inside = PathBuf::from(format!("/proc/{}/root{}", server.id(), folder.display()));
    let early = log_in(&client, "early");
    assert_eq!(log_out(&client, &early).status, 303);

    let filler = inside.join("filler");
    let mut filling = File::create(&filler).expect("a file beside it");
    while filling.write_all(&[0; 4096]).is_ok() {}
    // Some more fit into what the file has already.
    let refused = (0..20_000).find_map(|user| {
        let jar = log_in(&client, &format!("user{user}"));
        let response = log_out(&client, &jar);
        // This browser is logged out in any case, and a copy is worth nothing.
        assert!(response.set_cookie("__Host-session").contains("Max-Age=0"));
        assert!(!is_in(&client, &jar));
        (response.status == 503).then_some((jar, response))
    });
    let (refused, response) = refused.expect("the disk is full at some time");
    assert_eq!(response.body, "");
    // The server lives, and so do sessions.
    let alive = log_in(&client, "alive");
    assert!(is_in(&client, &alive));

    // Room again: what was refused is written without anybody asking.
    drop(filling);
    fs::remove_file(&filler).expect("it is removed");
    let written = (0..600).any(|_| {
        thread::sleep(Duration::from_millis(100));
        log_out(&client, &log_in(&client, "later")).status == 303
    });
    assert!(written, "within a minute");
    fs::copy(inside.join("revoked"), &file).expect("the file as it is");
    drop(server);
    let server = start(&mut Command::new(AXUM), &file);
    let client = Client::of(&server);
    assert!(!is_in(&client, &refused));
    assert!(!is_in(&client, &early));
    assert!(is_in(&client, &alive));
}
