//! Several cookies in one request.

use super::login::greeted;
use crate::{
    client::Client,
    server::{Format, Server},
};

/// If one header contains two cookies of one name, the valid one counts, in either order. If both
/// are valid, the first one counts, and in Microdot's format the last one.
pub fn the_valid_one_of_two_cookies_counts(server: &Server) {
    the_valid_one_counts(server, |one, other| vec![format!("{one}; {other}")]);
    the_valid_one_counts(server, |one, other| vec![format!("{one}; {one}; {other}; {other}")]);

    let (bad, good) = ("malformed", server.mint.alive(r#""username":"susan""#));
    let among = [bad, bad, &good, bad].map(|token| server.mint.pair(token)).join("; ");
    assert_eq!(greeted(&Client::of(server).get("/", &[among])).as_deref(), Some("susan"));
}

/// The same rule applies to two headers. No browser sends two (RFC 6265, section 5.4), but other
/// clients do.
pub fn the_valid_one_of_two_headers_counts(server: &Server) {
    the_valid_one_counts(server, |one, other| vec![one.into(), other.into()]);
}

fn the_valid_one_counts(server: &Server, headers: impl Fn(&str, &str) -> Vec<String>) {
    let (client, mint) = (Client::of(server), &server.mint);
    let good = |name: &str| mint.pair(&mint.alive(&format!(r#""username":"{name}""#)));
    let whose = |one: &str, other: &str| greeted(&client.get("/", &headers(one, other)));

    let susan = good("susan");
    let bad = [
        mint.pair(&mint.expired(r#""username":"eve""#)),
        mint.pair("malformed"),
        mint.pair(""),
        mint.pair(&mint.alive(r#""username":"eve""#).replace('.', "")),
    ];
    for bad in &bad {
        assert_eq!(whose(&susan, bad).as_deref(), Some("susan"), "before {bad}");
        assert_eq!(whose(bad, &susan).as_deref(), Some("susan"), "after {bad}");
        assert_eq!(whose(bad, bad), None, "{bad}");
    }

    let winner = match server.format() {
        Format::Waxseal => "first",
        Format::Microdot => "last",
    };
    assert_eq!(whose(&good("first"), &good("last")).as_deref(), Some(winner));
}

/// Cookies of other names are ignored, even if their names resemble the name of the session cookie.
pub fn cookies_of_other_names_are_ignored(server: &Server) {
    let (client, mint) = (Client::of(server), &server.mint);
    let token = mint.alive(r#""username":"susan""#);
    let session = mint.pair(&token);
    let whose = |cookie: String| greeted(&client.get("/", &[cookie]));

    for around in [
        format!("theme=dark; {session}; lang=en"),
        format!("a=b;{session};c=d"),
        format!("  a = b ;  {session}  ;"),
        format!("=x; novalue; {session}; \"q\"=1; é=ü"),
        format!("{}x=other; x{}=other; {session}", mint.cookie, mint.cookie),
    ] {
        assert_eq!(whose(around.clone()).as_deref(), Some("susan"), "{around}");
    }
    for other in [
        format!("{}x={token}", mint.cookie),
        format!("x{}={token}", mint.cookie),
        format!("{}={token}", &mint.cookie[..mint.cookie.len() - 1]),
        format!("{}={token}", mint.cookie.to_uppercase()),
        format!("a=\"{session}\""),
        format!("{} ={token}", mint.cookie),
        format!("%{:02X}{}={token}", mint.cookie.as_bytes()[0], &mint.cookie[1..]),
        format!("={session}"),
        token.clone(),
    ] {
        assert_eq!(whose(other.clone()), None, "{other}");
    }
}
