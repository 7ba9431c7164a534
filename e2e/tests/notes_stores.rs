//! The application `notes` on the stores of many servers, with signed and with encrypted sessions.

use std::{path::Path, process::Command};

use e2e::{
    client::{Client, Jar},
    postgres::Postgres,
    program::notes_with_all_stores,
    redis::Redis,
    server::{Format, Server},
    visitor::eventually,
};

const SUSAN: &str = "username=susan&password=correct+horse";

/// Two processes with the same folder are two servers of one application.
fn start(data: &Path, store: &str, flag: Option<&str>) -> Server {
    let mut command = Command::new(notes_with_all_stores());
    command.args(flag).env("DATA", data).env("OPERATIONS_PORT", "0").env("REVOCATIONS", store);
    Server::start(&mut command, Format::Waxseal)
}

/// Sends a form that succeeds, and keeps the cookies.
fn send(client: &Client, path: &str, form: &str, jar: &mut Jar) {
    let response = client.form(path, form, &jar.cookies());
    assert_eq!(response.status, 303, "{path}: {}", response.body);
    jar.take(&response);
}

fn is_in(client: &Client, jar: &Jar) -> bool {
    let response = client.get("/", &jar.cookies());
    assert!(matches!(response.status, 200 | 303), "{}: {}", response.status, response.body);
    response.status == 200
}

fn a_copied_cookie_is_refused_after_a_logout(store: &str, flag: Option<&str>) {
    let data = tempfile::tempdir().expect("a folder");
    let (one, other) = (start(data.path(), store, flag), start(data.path(), store, flag));
    let (client, other_client) = (Client::of(&one), Client::of(&other));
    let (mut laptop, mut phone) = (Jar::default(), Jar::default());
    send(&client, "/signup", SUSAN, &mut laptop);
    send(&other_client, "/login", SUSAN, &mut phone);
    let session = laptop.value("__Host-session").expect("a session").to_owned();
    // A signed token has three parts, an encrypted one five.
    assert_eq!(session.split('.').count(), if flag.is_some() { 5 } else { 3 });
    assert!(is_in(&client, &laptop) && is_in(&other_client, &laptop) && is_in(&client, &phone));

    let stolen = laptop.clone();
    send(&client, "/logout", "", &mut laptop);
    assert_eq!(laptop.value("__Host-session"), None);
    assert!(!is_in(&client, &stolen));
    eventually("the logout does not arrive", || !is_in(&other_client, &stolen));

    drop((one, other));
    let later = start(data.path(), store, flag);
    let client = Client::of(&later);
    assert!(!is_in(&client, &stolen) && is_in(&client, &phone));
}

fn with_and_without_encryption(store: &str) {
    a_copied_cookie_is_refused_after_a_logout(store, None);
    a_copied_cookie_is_refused_after_a_logout(store, Some("--encrypted"));
}

#[test]
fn redis() {
    let redis = Redis::start(&[]);
    with_and_without_encryption(&redis.url());
}

#[test]
fn postgres() {
    let postgres = Postgres::start();
    with_and_without_encryption(&postgres.url());
}

#[test]
fn sqlite() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = format!("sqlite:{}", folder.path().join("revocations.db").display());
    with_and_without_encryption(&store);
}
