//! The input is the text of a key set. Every set that parses must build a sealer for
//! its cookie, and its exposed form must parse to the same keys.
#![no_main]

use fuzz::{request, see};
use libfuzzer_sys::fuzz_target;
use waxseal_core::{CookieSpec, Jwks, Sealer};

fuzz_target!(|json: &str| {
    let Ok(jwks) = Jwks::parse(json) else { return };
    let exposed = jwks.expose();
    let again = Jwks::parse(&exposed).unwrap();
    // `Debug` shows the kids and the cookie.
    assert_eq!(format!("{jwks:?}"), format!("{again:?}"));
    assert_eq!(jwks.cookie_name(), again.cookie_name());
    assert_eq!(exposed, again.expose());
    // The name may not be valid for a cookie.
    let Ok(cookie) = CookieSpec::builder(jwks.cookie_name()).build() else { return };
    let sealer = |jwks| Sealer::builder(jwks).cookie(cookie.clone()).build().unwrap();
    let (first, second) = (sealer(jwks), sealer(again));
    let (saved, response) = request(&first, [], |session| session.save());
    saved.unwrap();
    let token = format!("{}={}", cookie.name(), response.token());
    let (seen, response) = request(&second, [token.as_bytes()], see);
    seen.unwrap();
    // The signing key has verified the token, so the cookie is not refreshed.
    assert!(response.sets_none());
});
