//! Plain http on another host than localhost: browsers drop a `Secure` cookie there, so a login
//! seems to do nothing, and no error appears anywhere. Safari also drops it on localhost, where its
//! requests look like those of other browsers, so nothing warns there.

use std::{
    net::IpAddr,
    sync::{Arc, atomic::Ordering},
};

use waxseal_core::{Outcome, ResponseChanges};

use crate::config::Config;

/// A request that a browser has sent over plain http.
pub(crate) struct PlainHttp {
    config: Arc<Config>,
    origin: String,
}

impl PlainHttp {
    /// `header` returns the value of a header. Browsers send `Origin` with a POST, not with a
    /// link, so a request with a safe method costs nothing. Behind a proxy with TLS, the origin
    /// is https.
    pub(crate) fn of<'h>(
        config: &Arc<Config>,
        has_safe_method: bool,
        header: impl Fn(&'static str) -> Option<&'h [u8]>,
    ) -> Option<Box<Self>> {
        if has_safe_method || config.warned_of_http.load(Ordering::Relaxed) {
            return None;
        }
        let origin = header("origin").filter(|origin| is_remote_http(origin))?;
        // Browsers send it only to https and to localhost (Fetch Metadata, section 2.3): then only
        // the page that sent the request was loaded over http.
        if header("sec-fetch-site").is_some() {
            return None;
        }
        let origin = String::from_utf8_lossy(origin).into_owned();
        Some(Box::new(Self { config: Arc::clone(config), origin }))
    }

    /// Warns once a layer, if the response sets a `Secure` cookie.
    pub(crate) fn check(&self, cookie: &str, changes: &ResponseChanges) {
        let is_set = matches!(changes.outcome(), Outcome::Saved | Outcome::Refreshed);
        let is_secure = || changes.set_cookie_lines().any(|line| line.contains("; Secure"));
        if is_set && is_secure() && !self.config.warned_of_http.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                cookie,
                origin = self.origin,
                "browsers drop the session cookie, because it is Secure and the page was loaded \
                 over http, so a login seems to do nothing: use https, http://localhost (except \
                 in Safari), or CookieSpec::insecure_http() in a development network"
            );
        }
    }
}

/// Whether an origin is `http://` with another host than those for which browsers keep a `Secure`
/// cookie. The client can send any text: no longer one than a host name gets into the log.
fn is_remote_http(origin: &[u8]) -> bool {
    let is_text = origin.len() < 300 && origin.iter().all(u8::is_ascii_graphic);
    let origin = str::from_utf8(origin).ok().filter(|_| is_text);
    let Some(authority) = origin.and_then(|origin| origin.strip_prefix("http://")) else {
        return false;
    };
    let host = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None => authority.split_once(':').map_or(authority, |(host, _)| host),
    };
    let is_loopback = || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    !(host.is_empty() || host == "localhost" || host.ends_with(".localhost") || is_loopback())
}

#[cfg(test)]
mod tests {
    use super::is_remote_http;

    #[test]
    fn browsers_keep_a_secure_cookie_over_http_only_on_their_own_computer() {
        for origin in ["http://192.168.1.5:3000", "http://raspberry.local", "http://[fe80::1]:80"] {
            assert!(is_remote_http(origin.as_bytes()), "{origin}");
        }
        let long = format!("http://{}", "a".repeat(300));
        for origin in [
            "http://localhost:3000",
            "http://app.localhost",
            "http://127.0.0.1:80",
            "http://[::1]:3000",
            "https://192.168.1.5",
            "null",
            "http://",
            "http://a\tb",
            "http://é",
            &long,
        ] {
            assert!(!is_remote_http(origin.as_bytes()), "{origin}");
        }
        assert!(!is_remote_http(b"http://\xff"));
    }
}
