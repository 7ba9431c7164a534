//! The login page in workerd, which `scripts/edge` builds.

use std::process::Command;

use data_encoding::BASE64URL_NOPAD;
use e2e::{
    client::{Client, Jar},
    conformance::greeted,
    server::{Format, Server},
};
use serde_json::Value;

const NOBODY: [&str; 0] = [];

fn start() -> Server {
    let serve = concat!(env!("CARGO_MANIFEST_DIR"), "/edge/serve");
    Server::start(&mut Command::new(serve), Format::Waxseal)
}

/// All cases of a login but `two_headers_of_one_name`: workerd hands them on as
/// one, with a comma between. `two_headers_are_nobodys` is in its place.
mod login_page {
    use super::start;

    e2e::conformance! { start();
        login_reload_logout
        removal_repeats_every_attribute
        every_bit_matters
        forgeries
        odd_claims
        odd_headers
        expired
        two_of_one_name
        other_peoples_cookies
        eight_kilobytes
        two_hundred_users
        names_are_escaped
        a_name_too_long_sends_nothing
    }
}

/// Of what workerd has joined nothing is taken apart again: a comma may stand in
/// anybody's cookie. Only HTTP/1 clients that are no browsers send two headers.
#[test]
fn two_headers_are_nobodys() {
    let server = start();
    let susan = server.mint.pair(&server.mint.alive(r#""username":"susan""#));
    for cookies in [[susan.as_str(), "a=b"], ["a=b", &susan]] {
        let response = Client::of(&server).get("/", &cookies);
        assert_eq!(greeted(&response), None, "{cookies:?}");
        assert_eq!(response.values("set-cookie"), NOBODY);
    }
}

/// Logs in; the browser's jar.
fn login(server: &Server, username: &str) -> Jar {
    let mut jar = Jar::default();
    jar.take(&Client::of(server).form("/", &format!("username={username}"), &NOBODY));
    jar
}

/// Whoever made the cookie, the other reads it: so the clock tells the same
/// time, too.
#[test]
fn axum_and_the_edge_read_each_others_cookies() {
    let axum = &mut Command::new(env!("CARGO_BIN_EXE_serve-axum"));
    let (edge, axum) = (start(), Server::start(axum, Format::Waxseal));
    for (maker, reader) in [(&edge, &axum), (&axum, &edge)] {
        let response = Client::of(reader).get("/", &login(maker, "susan").cookies());
        assert_eq!(greeted(&response).as_deref(), Some("susan"));
    }
}

/// The platform's randomness: without it there would be no names.
#[test]
fn sessions_have_names_of_their_own() {
    let server = start();
    let name = |jar: Jar| {
        let cookie = jar.cookies().concat();
        let claims = cookie.split('.').nth(1).expect("a token").as_bytes();
        let claims = BASE64URL_NOPAD.decode(claims).expect("base64url");
        let claims: Value = serde_json::from_slice(&claims).expect("JSON");
        claims["sid"].as_str().expect("a name").to_owned()
    };
    let [one, other] = ["susan", "susan"].map(|username| name(login(&server, username)));
    assert_eq!((one.len(), other.len()), (22, 22));
    assert_ne!(one, other);
}
