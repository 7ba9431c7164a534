//! The headers that keep a cache from serving one user's page or cookie to another
//! user (RFC 9110, section 12.5.5; RFC 9111, section 5.2.2).

use alloc::{borrow::Cow, format, string::String, vec::Vec};

/// The headers of a response, for any framework. Names are in lower case.
pub trait ResponseHeaders {
    /// The bytes of every header `name`, joined by `", "`; `None` if there is no such
    /// header.
    fn joined(&self, name: &'static str) -> Option<Vec<u8>>;

    /// Replaces every header `name` with one that has this value.
    fn set(&mut self, name: &'static str, value: Cow<'static, str>);

    /// Adds a header `name` beside existing ones.
    fn append(&mut self, name: &'static str, value: String);

    /// Removes every header with one of these names.
    fn remove(&mut self, names: &[&'static str]);
}

/// Headers that override `Cache-Control` at shared caches: the targeted fields of RFC
/// 9213, section 2, and those of widely used servers.
const TARGETED: [&str; 7] = [
    "cdn-cache-control",
    "surrogate-control",
    "cloudflare-cdn-cache-control",
    "vercel-cdn-cache-control",
    "netlify-cdn-cache-control",
    "edge-control",
    "x-accel-expires",
];

/// Makes caches tell users apart in a response that depends on the cookie. One that sets the cookie
/// is for one user.
pub(crate) fn restrict<H: ResponseHeaders + ?Sized>(headers: &mut H, sets_cookie: bool) {
    let existing = headers.joined("vary");
    amend(headers, "vary", existing.as_deref(), vary, "Cookie");
    let existing = headers.joined("cache-control");
    let existing = existing.as_deref();
    let is_shared = existing.is_some_and(|text| is_shared(&String::from_utf8_lossy(text)));
    if sets_cookie || !is_shared {
        amend(headers, "cache-control", existing, private, "private");
        headers.remove(&TARGETED);
    }
}

/// Sets a header to `line`, or to the `new` value of its `existing` text. A value that is not ASCII
/// cannot be written back, so it stays, and `line` is added.
fn amend<H: ResponseHeaders + ?Sized>(
    headers: &mut H,
    name: &'static str,
    existing: Option<&[u8]>,
    new: impl FnOnce(&str) -> Option<Cow<'static, str>>,
    line: &'static str,
) {
    let Some(existing) = existing else { return headers.set(name, line.into()) };
    let Some(value) = new(&String::from_utf8_lossy(existing)) else { return };
    if existing.is_ascii() {
        headers.set(name, value);
    } else {
        headers.append(name, line.into());
    }
}

/// The new `Cache-Control` of a response for one user, if it changes.
fn private(existing: &str) -> Option<Cow<'static, str>> {
    if is_closed(existing) {
        return None;
    }
    // Directives that let a shared cache store the response are dropped; those for the
    // browser, such as no-cache, stay.
    let shared = ["public", "private", "s-maxage", "proxy-revalidate", "must-understand"];
    let mut value = Cow::Borrowed("private");
    for directive in directives(existing).filter(|directive| !is_one_of(directive, &shared)) {
        let value = value.to_mut();
        value.push_str(", ");
        value.push_str(directive);
    }
    Some(value)
}

/// Whether no shared cache may store the response.
fn is_closed(cache_control: &str) -> bool {
    let says = |name| {
        directives(cache_control).any(|directive: &str| directive.eq_ignore_ascii_case(name))
    };
    // A cache that implements must-understand ignores no-store (RFC 9111, section 5.2.2.3).
    says("private") || (says("no-store") && !says("must-understand"))
}

/// Whether the application lets shared caches store the response.
fn is_shared(cache_control: &str) -> bool {
    let mut directives = directives(cache_control);
    directives.any(|directive| is_one_of(directive, &["public", "s-maxage"]))
        && !is_closed(cache_control)
}

/// Whether a directive, with or without a value, has one of these names.
fn is_one_of(directive: &str, names: &[&str]) -> bool {
    let directive = directive.split('=').next().unwrap_or_default().trim();
    names.iter().any(|name| directive.eq_ignore_ascii_case(name))
}

/// The new `Vary`, if it does not contain `Cookie` yet.
fn vary(existing: &str) -> Option<Cow<'static, str>> {
    let existing = existing.trim();
    let has = |name: &str| name == "*" || name.eq_ignore_ascii_case("cookie");
    if existing.split(',').map(str::trim).any(has) {
        None
    } else if existing.is_empty() {
        Some(Cow::Borrowed("Cookie"))
    } else {
        Some(Cow::Owned(format!("{existing}, Cookie")))
    }
}

/// The parts between commas that are not within quotes.
fn directives(value: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    let outside = move |character| {
        quoted ^= character == '"';
        character == ',' && !quoted
    };
    value.split(outside).map(str::trim).filter(|directive| !directive.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vary_is_merged() {
        assert_eq!(vary("").unwrap(), "Cookie");
        assert_eq!(vary("Accept-Encoding").unwrap(), "Accept-Encoding, Cookie");
        assert_eq!(vary("X-Cookie").unwrap(), "X-Cookie, Cookie");
        for enough in ["Cookie", "*", "accept, COOKIE , origin"] {
            assert_eq!(vary(enough), None);
        }
    }

    #[test]
    fn only_the_application_lets_shared_caches_store_a_response() {
        for shared in ["public, max-age=60", "S-MaxAge=9", "no-store, must-understand, public"] {
            assert!(is_shared(shared), "{shared}");
        }
        for not in ["", "max-age=60", r#"x="public""#, "public, private", "no-store, public"] {
            assert!(!is_shared(not), "{not}");
        }
    }

    #[test]
    fn a_cookie_is_never_for_a_shared_cache() {
        assert_eq!(private("").unwrap(), "private");
        assert_eq!(private("public").unwrap(), "private");
        assert_eq!(private("public, max-age=60, S-MaxAge=9").unwrap(), "private, max-age=60");
        assert_eq!(private("no-cache").unwrap(), "private, no-cache");
        assert_eq!(private(r#"x="public""#).unwrap(), r#"private, x="public""#);
        // Qualified: the rest of the response may be stored.
        assert_eq!(private(r#"private="set-cookie, x", no-cache"#).unwrap(), "private, no-cache");
        assert_eq!(private(r#"private="no-store, x""#).unwrap(), "private");
        let understood = private("must-understand, no-store, public");
        assert_eq!(understood.unwrap(), "private, no-store");
        for enough in ["private", "PRIVATE, max-age=1", "no-store"] {
            assert_eq!(private(enough), None);
        }
    }
}
