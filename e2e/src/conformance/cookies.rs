//! Several cookies in one request.

use super::login::greeted;
use crate::{
    client::Client,
    server::{Dialect, Server},
};

/// Two cookies of our name, in both orders, in one header and in two: the good
/// one counts; of two good ones the first, and with Microdot the last.
pub fn two_of_one_name(server: &Server) {
    let (client, mint) = (Client::of(server), &server.mint);
    let good = |name: &str| mint.pair(&mint.alive(&format!(r#""username":"{name}""#)));
    let whose = |cookies: &[String]| greeted(&client.get("/", cookies));

    let susan = good("susan");
    let bad = [
        mint.pair(&mint.expired(r#""username":"eve""#)),
        mint.pair("junk"),
        mint.pair(""),
        mint.pair(&mint.alive(r#""username":"eve""#).replace('.', "")),
    ];
    for bad in bad {
        for cookies in [
            vec![format!("{susan}; {bad}")],
            vec![format!("{bad}; {susan}")],
            vec![susan.clone(), bad.clone()],
            vec![bad.clone(), susan.clone()],
            vec![format!("{bad}; {bad}; {susan}; {bad}")],
        ] {
            assert_eq!(whose(&cookies).as_deref(), Some("susan"), "{cookies:?}");
        }
        assert_eq!(whose(&[format!("{bad}; {bad}")]), None);
    }

    let winner = match server.dialect() {
        Dialect::Waxseal => "first",
        Dialect::Microdot => "last",
    };
    let (first, last) = (good("first"), good("last"));
    assert_eq!(whose(&[format!("{first}; {last}")]).as_deref(), Some(winner));
    assert_eq!(whose(&[first, last]).as_deref(), Some(winner));
}

/// Cookies of others around ours, and names that only resemble ours.
pub fn other_peoples_cookies(server: &Server) {
    let (client, mint) = (Client::of(server), &server.mint);
    let token = mint.alive(r#""username":"susan""#);
    let ours = mint.pair(&token);
    let whose = |cookie: String| greeted(&client.get("/", &[cookie]));

    for around in [
        format!("theme=dark; {ours}; lang=en"),
        format!("a=b;{ours};c=d"),
        format!("  a = b ;  {ours}  ;"),
        format!("=x; novalue; {ours}; \"q\"=1; é=ü"),
        format!("{}x=junk; x{}=junk; {ours}", mint.cookie, mint.cookie),
    ] {
        assert_eq!(whose(around.clone()).as_deref(), Some("susan"), "{around}");
    }
    for other in [
        format!("{}x={token}", mint.cookie),
        format!("x{}={token}", mint.cookie),
        format!("{}={token}", &mint.cookie[..mint.cookie.len() - 1]),
        format!("{}={token}", mint.cookie.to_uppercase()),
        format!("a=\"{ours}\""),
        format!("{} ={token}", mint.cookie),
        token.clone(),
    ] {
        assert_eq!(whose(other.clone()), None, "{other}");
    }
}
