//! Correctly signed but unusual tokens: every integration gives the same verdict.

use std::time::{SystemTime, UNIX_EPOCH};

use super::forgeries::{USER, accepted};
use crate::{
    client::Client,
    server::{Format, Server},
};

/// The rules for claims.
pub fn the_rules_for_claims_are_enforced(server: &Server) {
    let microdot = server.format() == Format::Microdot;
    let expect = expectation(server, |claims| server.mint.token(claims));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    // Late enough that no cookie is refreshed.
    let (hour_ago, in_five_days) = (now - 3600, now + 5 * 86_400);

    // Times are numbers.
    let claims =
        |iat: &str, exp: &str, rest: &str| format!(r#"{{"iat":{iat},"exp":{exp},{USER}{rest}}}"#);
    let (issued, expires) = (hour_ago.to_string(), in_five_days.to_string());
    let timed = |rest: &str| claims(&issued, &expires, rest);
    expect(&timed(""), true);
    expect(&claims(&issued, &format!("{expires}.5"), ""), true);
    expect(&claims(&format!("{issued}.5"), &expires, ""), true);
    for odd in [
        "null",
        "true",
        "[]",
        "{}",
        "NaN",
        "Infinity",
        "1e400",
        "9223372036854775808",
        "0x7fffffff",
    ] {
        expect(&claims(&issued, odd, ""), false);
        expect(&claims(odd, &expires, ""), false);
        expect(&timed(&format!(r#","nbf":{odd}"#)), false);
    }
    expect(&claims(&issued, &format!("\"{expires}\""), ""), false);
    expect(&claims(&issued, &issued, ""), false);
    expect(&claims(&expires, &expires, ""), false);
    expect(&timed(&format!(r#","nbf":{expires}"#)), false);

    // Registered claims of the wrong type. In Microdot's tokens, some of them are data.
    for (members, in_waxseal, in_microdot) in [
        (r#""sub":5"#, false, false),
        (r#""jti":null"#, false, false),
        (r#""aud":"x""#, false, false),
        (r#""aud":[]"#, false, false),
        (r#""iss":5"#, false, true),
        (r#""sid":5"#, false, true),
        (r#""remember":"yes""#, false, true),
        // Names are unique, in any spelling.
        (r#""username":"susan""#, false, false),
        (r#""usern\u0061me":"susan""#, false, false),
        (r#""a":1,"\u0061":1"#, false, false),
        (r#""\u0065xp":9999999999"#, false, false),
        (r#""":1,"":1"#, false, false),
        // Data may be any valid JSON.
        (r#""a":NaN"#, false, false),
        (r#""a":01"#, false, false),
        (r#""a":'x'"#, false, false),
        (r#""a":[1,]"#, false, false),
        ("\"a\":\"\u{1}\"", false, false),
        (r#""a":1e400"#, true, true),
        (r#""a":123456789012345678901234567890"#, true, true),
        (r#""a":{"b":[null,true,"\ud83e\udd80é"]}"#, true, true),
    ] {
        expect(&timed(&format!(",{members}")), if microdot { in_microdot } else { in_waxseal });
    }
    let nested = |depth| format!(r#","a":{}{}"#, "[".repeat(depth), "]".repeat(depth));
    expect(&timed(&nested(60)), true);
    expect(&timed(&nested(128)), false);
    expect(&timed(&nested(900)), false);

    // The claims are one object, with optional white space around it.
    let good = timed("");
    expect(&format!(" {good}\n"), true);
    for odd in ["[]", "\"x\"", "null", "", "{", &format!("{good}{good}"), &format!("{good}x")] {
        expect(odd, false);
    }
    expect(&format!("\u{feff}{good}"), false);
    // The times are optional only in Microdot's tokens.
    expect(&format!("{{{USER}}}"), microdot);
}

/// The header has `alg`, may have `typ`, and has `kid` in waxseal's format. Other members are
/// rejected.
pub fn the_rules_for_headers_are_enforced(server: &Server) {
    let mint = &server.mint;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let claims = format!(r#"{{"iat":{},"exp":{},{USER}}}"#, now - 60, now + 5 * 86_400);
    let expect = expectation(server, |header| mint.token_with(header, &claims));

    let plain = mint.header.replace(r#","typ":"JWT""#, "");
    let with = |member: &str| plain.replacen('{', &format!("{{{member},"), 1);
    expect(&plain, true);
    expect(&plain.replace(':', ": "), true);
    expect(&with(r#""typ":"JWT""#), true);
    expect(&with(r#""typ":"jwt""#), true);
    let alg = if mint.is_encrypted() { r#""dir""# } else { r#""HS256""# };
    for other in
        [r#""hs256""#, r#""HS384""#, r#""none""#, "null", r#"["HS256"]"#, "5", r#""A256KW""#]
    {
        expect(&plain.replace(alg, other), false);
    }
    for enc in ["A128CBC-HS256", "A256GCM", "a256cbc-hs512"] {
        expect(&with(&format!(r#""enc":"{enc}""#)), false);
        if mint.is_encrypted() {
            expect(&plain.replace("A256CBC-HS512", enc), false);
        }
    }
    expect(&plain.replace("alg", "Alg"), false);
    for odd in [
        r#""typ":"at+jwt""#,
        r#""typ":5"#,
        r#""typ":null"#,
        r#""alg":"HS256""#,
        r#""crit":[]"#,
        r#""crit":["b64"],"b64":false"#,
        r#""jwk":{}"#,
        r#""jku":"https://example.com""#,
        r#""x5u":"https://example.com""#,
        r#""zip":"DEF""#,
        r#""enc":"A256GCM""#,
        r#""cty":"JWT""#,
        r#""a":1"#,
    ] {
        expect(&with(odd), false);
    }
    if server.format() == Format::Microdot {
        expect(&with(r#""kid":"anything""#), true);
        expect(&with(r#""kid":5"#), false);
    }
    expect("[]", false);
    expect("", false);
}

/// Returns a function that makes a token from a text, and checks whether the server accepts it.
fn expectation<'s>(
    server: &'s Server,
    token: impl Fn(&str) -> String + 's,
) -> impl Fn(&str, bool) + 's {
    let client = Client::of(server);
    move |text, expected| {
        let accepted = accepted(&client, server, token(text).as_bytes());
        assert_eq!(accepted, expected, "{text}");
    }
}
