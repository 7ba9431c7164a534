//! The input is the text of a key set. Every set that parses must build a sealer for
//! its cookie, and its exposed form must parse to the same keys.
#![cfg_attr(fuzzing, no_main)]

use fuzz::{request, see};
use waxseal_core::{CookieSpec, Jwks, Marker, Sealer};

struct Admin;

impl Marker for Admin {
    const PURPOSE: &'static str = "admin";
}

fuzz::target!(|json: &str| {
    let Ok(jwks) = Jwks::parse(json) else { return };
    let exposed = jwks.expose();
    let again = Jwks::parse(&exposed).unwrap();
    // `Debug` shows the kids and the cookie.
    assert_eq!(format!("{jwks:?}"), format!("{again:?}"));
    assert_eq!(jwks.cookie_name(), again.cookie_name());
    assert_eq!(exposed, again.expose());
    // The name may not be valid for a cookie.
    let Ok(cookie) = CookieSpec::builder(jwks.cookie_name()).build() else { return };
    assert_eq!(jwks.purpose(), again.purpose());
    // Of the form shop, shop/admin or /admin. A marker is a constant, so only one is tried.
    let purpose = jwks.purpose().unwrap_or_default().to_owned();
    let (application, marker) = purpose.split_once('/').unwrap_or((&purpose, "main"));
    if !["main", Admin::PURPOSE].contains(&marker) {
        return;
    }
    let sealer = |jwks| {
        let builder = Sealer::builder(jwks).cookie(cookie.clone());
        let builder =
            if application.is_empty() { builder } else { builder.application(application) };
        if marker == "main" { builder } else { builder.marker::<Admin>() }.build()
    };
    // A set of keys that encrypt.
    if !exposed.contains(r#""key_ops":["sign""#) {
        let encrypts = |jwks| Sealer::builder(jwks).cookie(cookie.clone()).encrypted().build();
        assert!(!purpose.is_empty() || (encrypts(jwks).is_ok() && encrypts(again).is_ok()));
        return;
    }
    let (first, second) = (sealer(jwks).unwrap(), sealer(again).unwrap());
    let (saved, response) = request(&first, [], |session| session.save());
    saved.unwrap();
    let token = format!("{}={}", cookie.name(), response.token());
    let (seen, response) = request(&second, [token.as_bytes()], see);
    seen.unwrap();
    // The signing key has verified the token, so the cookie is not refreshed.
    assert!(response.sets_none());
});
