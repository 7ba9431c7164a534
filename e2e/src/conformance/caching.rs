//! The headers for caches.

use crate::{client::Client, server::Server};

const NO_COOKIES: [&str; 0] = [];
const RULES: [&str; 4] = ["vary", "cache-control", "cdn-cache-control", "surrogate-control"];

/// Checks the headers for caches after a script.
#[track_caller]
fn expect(server: &Server, script: &str, expected: [&[&str]; 4]) {
    let response = Client::of(server).script(script, &NO_COOKIES);
    assert_eq!(response.status, 200, "{}", response.body);
    let values = RULES.map(|name| response.values(name));
    assert_eq!(values.each_ref().map(Vec::as_slice), expected, "{script}");
}

/// The application's own headers for shared caches.
const PUBLIC: &str = "header cache-control: public, max-age=60\n\
    header cdn-cache-control: max-age=60\n\
    header surrogate-control: max-age=60\n\
    header vary: accept-encoding\n";

/// If no handler uses the session, the response does not change.
pub fn an_untouched_session_sets_no_cache_headers(server: &Server) {
    expect(server, "status 200", [&[], &[], &[], &[]]);
    expect(
        server,
        PUBLIC,
        [&["accept-encoding"], &["public, max-age=60"], &["max-age=60"], &["max-age=60"]],
    );
    // The same applies to a cookie, valid or not, that no handler reads.
    let mint = &server.mint;
    for token in [mint.alive(r#""a":1"#), mint.expired(r#""a":1"#), "malformed".into()] {
        let response = Client::of(server).script("status 200", &[mint.pair(&token)]);
        assert!(RULES.iter().all(|name| response.values(name).is_empty()));
        assert!(response.values("set-cookie").is_empty());
    }
}

/// A response that depends on the session varies with the cookie.
pub fn a_read_session_varies_with_the_cookie(server: &Server) {
    expect(server, "read", [&["Cookie"], &["private"], &[], &[]]);
    expect(server, "header vary: *\nread", [&["*"], &["private"], &[], &[]]);
    expect(
        server,
        "header vary: cookie, origin\nread",
        [&["cookie, origin"], &["private"], &[], &[]],
    );
    expect(
        server,
        "header vary: a\nheader vary: b\nread",
        [&["a, b, Cookie"], &["private"], &[], &[]],
    );
    // Directives that do not decide about shared caches stay, beside `private`.
    for (own, expected) in [
        ("", "private"),
        ("max-age=600", "private, max-age=600"),
        ("no-transform", "private, no-transform"),
        ("private=\"x-a\", max-age=9", "private, max-age=9"),
    ] {
        let script = format!("header cache-control: {own}\nread");
        expect(server, &script, [&["Cookie"], &[expected], &[], &[]]);
    }
    for enough in ["no-store", "private", "s-maxage=9"] {
        let script = format!("header cache-control: {enough}\nread");
        expect(server, &script, [&["Cookie"], &[enough], &[], &[]]);
    }
    // The header of a CDN does not overrule `private`.
    let cdn = "header cdn-cache-control: max-age=60\nheader surrogate-control: max-age=60\nread";
    expect(server, cdn, [&["Cookie"], &["private"], &[], &[]]);
    let cdn = format!("header cache-control: public, private\n{cdn}");
    expect(server, &cdn, [&["Cookie"], &["public, private"], &[], &[]]);
    // The application's own rules for shared caches stay.
    expect(
        server,
        &format!("{PUBLIC}read"),
        [&["accept-encoding, Cookie"], &["public, max-age=60"], &["max-age=60"], &["max-age=60"]],
    );
}

/// A response that sets the cookie must not be stored in a shared cache.
pub fn a_set_cookie_makes_the_response_private(server: &Server) {
    for step in ["insert a 1\nsave", "delete"] {
        expect(server, step, [&["Cookie"], &["private"], &[], &[]]);
        expect(
            server,
            &format!("{PUBLIC}{step}"),
            [&["accept-encoding, Cookie"], &["private, max-age=60"], &[], &[]],
        );
        for enough in ["no-store", "private", "private, max-age=9"] {
            expect(
                server,
                &format!("header cache-control: {enough}\n{step}"),
                [&["Cookie"], &[enough], &[], &[]],
            );
        }
        expect(
            server,
            &format!("header cache-control: private=\"x-a\"\n{step}"),
            [&["Cookie"], &["private"], &[], &[]],
        );
    }
}

/// A value that is not ASCII cannot be merged. It stays, and another line is added.
pub fn an_unreadable_header_is_never_replaced(server: &Server) {
    let own = "header cache-control: max-age=9, x=\"é\"\nheader vary: é\n";
    let closed = "header cache-control: no-store, x=\"é\"\n";
    for step in ["read", "insert a 1\nsave", "delete"] {
        let lines = |script: &str, name: &str| -> Vec<String> {
            let response = Client::of(server).script(&format!("{script}{step}"), &NO_COOKIES);
            assert_eq!(response.status, 200, "{}", response.body);
            let values = response.headers.get_all(name).iter();
            values.map(|value| String::from_utf8_lossy(value.as_bytes()).into()).collect()
        };
        assert_eq!(lines(own, "cache-control"), ["max-age=9, x=\"é\"", "private"], "{step}");
        assert_eq!(lines(own, "vary"), ["é", "Cookie"], "{step}");
        assert_eq!(lines(closed, "cache-control"), ["no-store, x=\"é\""], "{step}");
    }
}
