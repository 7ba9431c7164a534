//! Lists in a Redis and a Postgres with TLS.

use std::{path::Path, process::Command};

use e2e::{
    authority::Authority,
    lists::{self, free_port, is_revoked, issue, logout, open, try_open},
    postgres::Postgres,
    program::command_with_all_stores,
    redis::Redis,
};

/// Checks that a list works with `trusted` only. `address` is the one without a certificate.
fn only_with_the_authority(address: &str, parameter: &str) {
    let separator = if address.contains('?') { '&' } else { '?' };
    let with = |root: &Path| format!("{address}{separator}{parameter}={}", root.display());
    let error = try_open(address).expect_err("the system does not trust it").to_string();
    assert!(error.contains("cannot be read or written"), "{error}");
    let other = Authority::new();
    assert!(try_open(&with(&other.root())).is_err(), "another authority");
    let error = with(Path::new("/nowhere.pem")).parse::<waxseal_revocation::Store>();
    let error = error.expect_err("there is no file").to_string();
    assert!(error.contains("root certificate /nowhere.pem cannot be read"), "{error}");
}

fn check_with_the_command(address: &str) {
    let mut command = Command::new(command_with_all_stores());
    let output = command.env("REVOCATIONS", address).args(["revocations", "check"]).output();
    let output = output.expect("the command runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn redis() {
    let authority = Authority::new();
    let [certificate, key] = authority.server().map(|path| path.display().to_string());
    let port = free_port().to_string();
    let root = authority.root().display().to_string();
    let redis = Redis::start(&[
        "--tls-port",
        &port,
        "--tls-cert-file",
        &certificate,
        "--tls-key-file",
        &key,
        "--tls-ca-cert-file",
        &root,
        "--tls-auth-clients",
        "no",
    ]);
    let address = format!("rediss://127.0.0.1:{port}");
    only_with_the_authority(&address, "cacert");
    assert!(try_open(&format!("redis://127.0.0.1:{port}")).is_err(), "not without TLS");
    let plain = format!("{}?cacert={root}", redis.url());
    let error = try_open(&plain).expect_err("a certificate without TLS").to_string();
    assert!(error.contains("begins with rediss://"), "{error}");

    let url = format!("{address}?cacert={root}");
    let list = open(&url);
    let session = issue(&list, "with TLS", Some("42"));
    logout(&list, &session);
    assert!(is_revoked(&open(&redis.url()), &session), "it is the same Redis");
    check_with_the_command(&url);
    lists::a_revocation_reaches_every_server(&url);
}

#[test]
fn postgres() {
    let authority = Authority::new();
    let postgres = Postgres::start_with_tls(&authority);
    let address = format!("{}?sslmode=verify-full", postgres.url());
    only_with_the_authority(&address, "sslrootcert");

    for mode in ["sslmode=require&", "sslmode=verify-full&", ""] {
        let root = authority.root();
        let url = format!("{}?{mode}sslrootcert={}", postgres.url(), root.display());
        let list = open(&url);
        let session = issue(&list, "with TLS", Some("42"));
        logout(&list, &session);
        let encrypted = "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
                         WHERE application_name = 'waxseal'";
        assert_eq!(postgres.run(encrypted), "t", "{mode}");
        check_with_the_command(&url);
    }
    let root = authority.root();
    let url = format!("{}?sslrootcert={}", postgres.url(), root.display());
    lists::a_revocation_reaches_every_server(&url);

    // A server without TLS: the connection is refused, not made without TLS.
    let plain = Postgres::start();
    let url = format!("{}?sslmode=require&sslrootcert={}", plain.url(), root.display());
    assert!(try_open(&url).is_err());
    assert!(open(&plain.url()).readiness().error.is_none());
}
