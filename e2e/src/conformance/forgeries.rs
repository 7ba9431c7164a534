//! Cookies that the server has not signed.

use super::login::greeted;
use crate::{client::Client, server::Server};

pub(super) const USER: &str = r#""username":"susan""#;

/// Returns whether the server accepts this cookie value.
pub(super) fn accepted(client: &Client, server: &Server, token: &[u8]) -> bool {
    let cookie = [server.mint.cookie.as_bytes(), b"=", token].concat();
    let response = client.get("/", &[cookie]);
    assert!(response.set_cookies(server.mint.cookie).is_empty(), "the cookie stays unchanged");
    greeted(&response).is_some()
}

/// Flips every single bit of a valid token.
pub fn a_token_with_one_flipped_bit_is_rejected(server: &Server) {
    let client = Client::of(server);
    let good = server.mint.alive(USER).into_bytes();
    assert!(accepted(&client, server, &good));
    for at in 0..good.len() {
        for bit in 0..8 {
            let mut token = good.clone();
            token[at] ^= 1 << bit;
            // An HTTP header cannot contain a control character.
            if !token[at].is_ascii_control() {
                assert!(!accepted(&client, server, &token), "byte {at}, bit {bit}");
            }
        }
    }
}

/// Tokens without a signature, or with the signature of another key.
pub fn forgeries_are_rejected(server: &Server) {
    let client = Client::of(server);
    let good = server.mint.alive(USER);
    // An encrypted token has five parts; its ciphertext stands for the claims.
    let (header, rest) = good.split_once('.').expect("a header");
    let (claims, signature) = rest.rsplit_once('.').expect("a signature");
    assert_eq!(good.split('.').count(), if server.mint.is_encrypted() { 5 } else { 3 });
    let none = server.mint.token_with(r#"{"alg":"none"}"#, "{}");
    let none = none.split('.').next().unwrap_or_default();
    let other_secret = server.mint.like("another secret, and also a long one", server.mint.cookie);
    let other_cookie = server.mint.like(server.mint.secret, "another").posing_as(&server.mint);
    for forgery in [
        format!("{none}.{claims}."),
        format!("{none}.{claims}.{signature}"),
        server.mint.token_with(r#"{"alg":"none"}"#, r#"{"username":"susan"}"#),
        server.mint.token_with(r#"{"alg":"HS512","typ":"JWT"}"#, r#"{"username":"susan"}"#),
        format!("{header}.{claims}."),
        format!("{header}.{claims}"),
        format!("{header}..{signature}"),
        format!("{header}.e30.{signature}"),
        format!("{good}="),
        format!("{good}.x"),
        format!("\"{good}\""),
        format!("Bearer {good}"),
        other_secret.alive(USER),
        other_secret.posing_as(&server.mint).alive(USER),
        other_cookie.alive(USER),
        server.mint.other_kind().alive(USER),
        String::new(),
        "garbage".into(),
        "..".into(),
        "%00%ff".into(),
        "é".into(),
    ] {
        assert!(!accepted(&client, server, forgery.as_bytes()), "{forgery}");
    }
}

/// A token with a valid signature that has expired.
pub fn an_expired_token_is_rejected(server: &Server) {
    let client = Client::of(server);
    assert!(accepted(&client, server, server.mint.alive(USER).as_bytes()));
    assert!(!accepted(&client, server, server.mint.expired(USER).as_bytes()));
    let late = server.mint.token(r#"{"iat":1,"exp":99999999999999999999,"username":"susan"}"#);
    assert!(!accepted(&client, server, late.as_bytes()));
}

/// A cookie far over the limit is rejected, and the server keeps running.
pub fn a_cookie_of_8_kilobytes_is_rejected(server: &Server) {
    let client = Client::of(server);
    let large = server.mint.alive(&format!(r#"{USER},"a":"{}""#, "x".repeat(6000)));
    assert!(large.len() > 8000);
    assert!(!accepted(&client, server, large.as_bytes()));
    assert!(!accepted(&client, server, &[b'x'; 8192]));
    assert!(accepted(&client, server, server.mint.alive(USER).as_bytes()));
}
