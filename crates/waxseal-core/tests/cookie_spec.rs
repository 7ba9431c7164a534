//! Building a cookie that browsers would reject or misread is an error.

mod support;

use std::time::Duration;

use CookieSpecError::{Domain, MaxAge, Name, NeedsSecure, Path, Prefix};
use support::{NOW, own_as, request};
use waxseal_core::{CookieSpec, CookieSpecError};

#[test]
fn invalid_names_are_errors() {
    for bad in [
        "", " ", "a b", "a=b", "a;b", "a\0", "a\n", "a\r", "a\t", "a\x7f", "é", "a,b", "\"a\"",
        "a(b)",
    ] {
        assert_eq!(CookieSpec::builder(bad).build(), Err(Name), "{bad:?}");
    }
    for good in ["a", "session", "__Host-session", "a.b-c_d~!#$%&'*+^`|"] {
        assert!(CookieSpec::builder(good).build().is_ok(), "{good}");
    }
}

#[test]
fn invalid_paths_are_errors() {
    for bad in ["", "a", "a/", "/a;b", "/a\nb", "/a\r\nSet-Cookie: x=y", "/\0", "/é", "/ "] {
        assert_eq!(CookieSpec::builder("a").path(bad).build(), Err(Path), "{bad:?}");
    }
    assert!(CookieSpec::builder("a").path("/a b/c=d").build().is_ok());
}

#[test]
fn invalid_domains_are_errors() {
    for bad in [
        "",
        ".",
        ".example.com",
        "example.com.",
        "a..b",
        "a;b",
        "a\nb",
        "a b",
        "é.example",
        "-a.b",
        "a-.b",
        "a_b",
        "127.0.0.1",
    ] {
        assert_eq!(CookieSpec::builder("a").domain(bad).build(), Err(Domain), "{bad:?}");
    }
    assert!(CookieSpec::builder("a").domain("shop.example-1.com").build().is_ok());
}

#[test]
fn the_rules_of_prefixes_are_enforced() {
    let refused =
        |builder: waxseal_core::CookieSpecBuilder| matches!(builder.build(), Err(Prefix { .. }));
    for name in ["__Host-a", "__host-a", "__HOST-a"] {
        assert!(refused(CookieSpec::builder(name).domain("example.com")));
        assert!(refused(CookieSpec::builder(name).path("/a")));
        assert!(refused(CookieSpec::builder(name).insecure_http()));
    }
    assert!(refused(CookieSpec::builder("__Secure-a").insecure_http()));
    assert!(refused(CookieSpec::builder("__Http-a").insecure_allow_scripts()));
    assert!(refused(CookieSpec::builder("__Host-Http-a").insecure_allow_scripts()));
    assert!(CookieSpec::builder("__Host-a").insecure_allow_scripts().build().is_ok());
    assert!(CookieSpec::builder("__Secure-a").path("/a").domain("example.com").build().is_ok());
    assert!(CookieSpec::builder("__Hos-a").insecure_http().build().is_ok());
}

#[test]
fn same_site_none_and_partitioned_require_secure() {
    let http = || CookieSpec::builder("a").insecure_http();
    assert!(matches!(http().insecure_same_site_none().build(), Err(NeedsSecure { .. })));
    assert!(matches!(http().partitioned().build(), Err(NeedsSecure { .. })));
    assert!(http().same_site_strict().build().is_ok());
}

#[test]
fn max_age_is_limited() {
    let of = |secs| CookieSpec::builder("a").max_age(Duration::from_secs(secs)).build();
    assert_eq!(of(0), Err(MaxAge));
    assert_eq!(of(400 * 86_400 + 1), Err(MaxAge));
    assert!(of(1).is_ok() && of(400 * 86_400).is_ok());
}

/// Checks the line that sets the cookie, and the line that removes it.
#[track_caller]
fn lines(spec: CookieSpec, set: &str, removal: &str) {
    let sealer = own_as(spec);
    let ((), response) = request(&sealer, &[], NOW, |session| session.save().unwrap());
    assert_eq!(response.cookie().split_once("; ").unwrap().1, set);
    let ((), response) = request(&sealer, &[], NOW, |session| session.delete().unwrap());
    assert_eq!(response.cookie().split_once("; ").unwrap().1, removal);
}

#[test]
fn the_removal_repeats_every_attribute() {
    let past = "Expires=Thu, 01 Jan 1970 00:00:01 GMT; Max-Age=0";
    lines(
        CookieSpec::builder("a")
            .path("/app")
            .domain("example.com")
            .insecure_same_site_none()
            .partitioned()
            .build()
            .unwrap(),
        "Path=/app; Domain=example.com; Max-Age=604800; Secure; HttpOnly; SameSite=None; Partitioned",
        &format!(
            "Path=/app; Domain=example.com; {past}; Secure; HttpOnly; SameSite=None; Partitioned"
        ),
    );
    lines(
        CookieSpec::builder("a").same_site_strict().until_browser_closes().build().unwrap(),
        "Path=/; Secure; HttpOnly; SameSite=Strict",
        &format!("Path=/; {past}; Secure; HttpOnly; SameSite=Strict"),
    );
    lines(
        CookieSpec::builder("a").insecure_allow_scripts().build().unwrap(),
        "Path=/; Max-Age=604800; Secure; SameSite=Lax",
        &format!("Path=/; {past}; Secure; SameSite=Lax"),
    );
    lines(
        CookieSpec::insecure_http(),
        "Path=/; Max-Age=604800; HttpOnly; SameSite=Lax",
        &format!("Path=/; {past}; HttpOnly; SameSite=Lax"),
    );
}
