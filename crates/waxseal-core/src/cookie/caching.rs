//! The headers that keep a cache from serving one user's page or cookie to another
//! user (RFC 9110, section 12.5.5; RFC 9111, section 5.2.2).

use alloc::{
    borrow::Cow,
    format,
    string::{String, ToString as _},
    vec::Vec,
};

/// The headers of a response, for any framework. Names are in lower case.
pub trait ResponseHeaders {
    /// The bytes of every header `name`, joined by `", "`; `None` if there is no such
    /// header.
    fn joined(&self, name: &'static str) -> Option<Vec<u8>>;

    /// Replaces every header `name` with one that has this value.
    fn set(&mut self, name: &'static str, value: Cow<'static, str>);

    /// Adds a header `name` beside existing ones.
    fn append(&mut self, name: &'static str, value: String);

    /// Removes every header `name`.
    fn remove(&mut self, name: &'static str);
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

/// What the response means to caches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caching {
    /// It depends on the cookie.
    Read,
    /// It sets the cookie, so no other user may get it.
    SetsCookie,
}

impl Caching {
    pub(crate) fn apply<H: ResponseHeaders + ?Sized>(self, headers: &mut H) {
        let existing = headers.joined("vary").unwrap_or_default();
        amend(headers, "vary", &existing, vary, "Cookie");
        let existing = headers.joined("cache-control").unwrap_or_default();
        amend(headers, "cache-control", &existing, |text| self.cache_control(text), "private");
        if self == Self::SetsCookie || !is_shared(&String::from_utf8_lossy(&existing)) {
            for name in TARGETED {
                headers.remove(name);
            }
        }
    }

    /// The new `Cache-Control`, if it changes.
    fn cache_control(self, existing: &str) -> Option<Cow<'static, str>> {
        let directives: Vec<_> = directives(existing).collect();
        let says = |name| directives.iter().any(|directive| directive.eq_ignore_ascii_case(name));
        // A cache that implements must-understand ignores no-store (RFC 9111, section
        // 5.2.2.3).
        let is_closed = says("private") || (says("no-store") && !says("must-understand"));
        if is_closed || (self == Self::Read && is_shared(existing)) {
            return None;
        }
        // Directives that let a shared cache store the response are dropped; those for the
        // browser, such as no-cache, stay.
        let shared = ["public", "private", "s-maxage", "proxy-revalidate", "must-understand"];
        let mut value = "private".to_string();
        for directive in directives.into_iter().filter(|directive| !is_one_of(directive, &shared)) {
            value.push_str(", ");
            value.push_str(directive);
        }
        Some(Cow::Owned(value))
    }
}

/// Sets a header to the `new` value of its `existing` text. A value that is not ASCII cannot
/// be written back, so it stays, and `line` is added.
fn amend<H: ResponseHeaders + ?Sized>(
    headers: &mut H,
    name: &'static str,
    existing: &[u8],
    new: impl FnOnce(&str) -> Option<Cow<'static, str>>,
    line: &str,
) {
    let Some(value) = new(&String::from_utf8_lossy(existing)) else { return };
    if existing.is_ascii() {
        headers.set(name, value);
    } else {
        headers.append(name, line.into());
    }
}

/// Whether the application has allowed shared caches to store the response.
fn is_shared(cache_control: &str) -> bool {
    directives(cache_control).any(|directive| is_one_of(directive, &["public", "s-maxage"]))
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
    fn read_leaves_the_application_its_word() {
        let control = |existing| Caching::Read.cache_control(existing);
        assert_eq!(control("").unwrap(), "private");
        assert_eq!(control("max-age=60").unwrap(), "private, max-age=60");
        assert_eq!(control(r#"x="public""#).unwrap(), r#"private, x="public""#);
        for enough in ["public, max-age=60", "S-MaxAge=9", "private", "no-store"] {
            assert_eq!(control(enough), None);
        }
    }

    #[test]
    fn a_cookie_is_never_for_a_shared_cache() {
        let control = |existing| Caching::SetsCookie.cache_control(existing);
        assert_eq!(control("").unwrap(), "private");
        assert_eq!(control("public").unwrap(), "private");
        assert_eq!(control("public, max-age=60, S-MaxAge=9").unwrap(), "private, max-age=60");
        assert_eq!(control("no-cache").unwrap(), "private, no-cache");
        // Qualified: the rest of the response may be stored.
        assert_eq!(control(r#"private="set-cookie, x", no-cache"#).unwrap(), "private, no-cache");
        assert_eq!(control(r#"private="no-store, x""#).unwrap(), "private");
        let understood = control("must-understand, no-store, public");
        assert_eq!(understood.unwrap(), "private, no-store");
        for enough in ["private", "PRIVATE, max-age=1", "no-store"] {
            assert_eq!(control(enough), None);
        }
    }
}
