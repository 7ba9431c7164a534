//! The example `login` as two processes that share a Redis or a Postgres.

use std::process::Command;

use e2e::{
    client::Client,
    postgres::Postgres,
    program::login_with_all_stores,
    redis::Redis,
    server::{Format, Server},
    visitor::{eventually, is_accepted, is_in, log_in, log_out},
};

fn start(address: &str) -> Server {
    let mut command = Command::new(login_with_all_stores());
    Server::start(command.env("REVOCATIONS", address), Format::Waxseal)
}

fn a_logout_reaches_every_process(address: &str) {
    let (one, other) = (start(address), start(address));
    let (client, other_client) = (Client::of(&one), Client::of(&other));
    let [susan, joe] = ["susan", "joe"].map(|name| log_in(&client, name));
    assert!(is_in(&other_client, &susan));
    assert_eq!(log_out(&client, &susan).status, 303);
    eventually("the logout does not arrive", || !is_in(&other_client, &susan));
    assert_eq!(client.get("/ready", &joe.cookies()).status, 200);
    drop((one, other));
    let late = start(address);
    let client = Client::of(&late);
    assert!(!is_in(&client, &susan) && is_in(&client, &joe));
}

/// The server is ready only while its store answers.
fn a_store_that_is_gone_is_a_503(address: &str, stop: impl FnOnce()) {
    let server = start(address);
    let client = Client::of(&server);
    let susan = log_in(&client, "susan");
    stop();
    assert_eq!(log_out(&client, &susan).status, 503);
    eventually("the server is still ready", || {
        client.get("/ready", &susan.cookies()).status == 503
    });
    assert!(!is_accepted(&client, &susan));
}

#[test]
fn redis() {
    let mut redis = Redis::start(&[]);
    a_logout_reaches_every_process(&redis.url());
    a_store_that_is_gone_is_a_503(&redis.url(), || redis.kill());
}

#[test]
fn postgres() {
    let mut postgres = Postgres::start();
    a_logout_reaches_every_process(&postgres.url());
    a_store_that_is_gone_is_a_503(&postgres.url(), || postgres.kill());
}

#[test]
fn an_address_that_is_wrong_is_an_error_without_the_password() {
    for address in ["redis://:hunter2@127.0.0.1:1", "postgres://app:hunter2@127.0.0.1:1/app"] {
        let mut command = Command::new(login_with_all_stores());
        let started = Server::try_start(command.env("REVOCATIONS", address), Format::Waxseal);
        let error = started.expect_err("nothing listens there");
        assert!(error.contains("REVOCATIONS: ") && !error.contains("hunter2"), "{error}");
    }
}
