//! The login page in workerd. `scripts/edge` builds it.

use std::process::Command;

use data_encoding::BASE64URL_NOPAD;
use e2e::{
    client::{Client, Jar},
    conformance::greeted,
    server::{Format, Server},
};
use serde_json::Value;

const NO_COOKIES: [&str; 0] = [];

fn start() -> Server {
    let serve = concat!(env!("CARGO_MANIFEST_DIR"), "/edge/serve");
    Server::start(&mut Command::new(serve), Format::Waxseal)
}

/// All cases of a login except `the_valid_one_of_two_headers_counts`: workerd joins two headers
/// with a comma. `two_cookie_headers_give_no_session` replaces it.
mod login_page {
    use super::start;

    e2e::conformance! { start();
        a_user_logs_in_reloads_and_logs_out
        the_removal_repeats_every_attribute
        a_token_with_one_flipped_bit_is_rejected
        forgeries_are_rejected
        the_rules_for_claims_are_enforced
        the_rules_for_headers_are_enforced
        an_expired_token_is_rejected
        the_valid_one_of_two_cookies_counts
        cookies_of_other_names_are_ignored
        a_cookie_of_8_kilobytes_is_rejected
        two_hundred_users_see_only_their_own_sessions
        names_are_escaped
        a_username_that_is_too_long_sends_no_cookie
    }
}

/// The joined headers are not split again, because any cookie may contain a comma. Only HTTP/1
/// clients other than browsers send two headers.
#[test]
fn two_cookie_headers_give_no_session() {
    let server = start();
    let susan = server.mint.pair(&server.mint.alive(r#""username":"susan""#));
    for cookies in [[susan.as_str(), "a=b"], ["a=b", &susan]] {
        let response = Client::of(&server).get("/", &cookies);
        assert_eq!(greeted(&response), None, "{cookies:?}");
        assert_eq!(response.values("set-cookie"), NO_COOKIES);
    }
}

/// Logs in. Returns the jar of the browser.
fn login(server: &Server, username: &str) -> Jar {
    let mut jar = Jar::default();
    jar.take(&Client::of(server).form(
        "/",
        &format!("username={username}&password=wax"),
        &NO_COOKIES,
    ));
    jar
}

/// Each server reads the other's cookie, which also shows that their clocks agree.
#[test]
fn axum_and_the_edge_read_each_others_cookies() {
    let axum = &mut Command::new(env!("CARGO_BIN_EXE_serve-axum"));
    let (edge, axum) = (start(), Server::start(axum, Format::Waxseal));
    for (maker, reader) in [(&edge, &axum), (&axum, &edge)] {
        let response = Client::of(reader).get("/", &login(maker, "susan").cookies());
        assert_eq!(greeted(&response).as_deref(), Some("susan"));
    }
}

/// Without the platform's randomness, sessions would have no IDs.
#[test]
fn every_session_has_its_own_id() {
    let server = start();
    let name = |jar: Jar| {
        let cookie = jar.cookies().concat();
        let claims = cookie.split('.').nth(1).expect("a token").as_bytes();
        let claims = BASE64URL_NOPAD.decode(claims).expect("base64url");
        let claims: Value = serde_json::from_slice(&claims).expect("JSON");
        claims["sid"].as_str().expect("a session ID").to_owned()
    };
    let [one, other] = ["susan", "susan"].map(|username| name(login(&server, username)));
    assert_eq!((one.len(), other.len()), (22, 22));
    assert_ne!(one, other);
}
