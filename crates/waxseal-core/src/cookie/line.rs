//! The two `Set-Cookie` lines: the one that sets and the one that removes.

use alloc::{
    format,
    string::{String, ToString as _},
};

use super::spec::{CookieSpec, MaxAge, SameSite};
use crate::time::UnixTime;

impl CookieSpec {
    /// The value of the `Set-Cookie` header that stores `token` in a session
    /// that ends at `expires`. Whether it outlives the browser is the user's
    /// word (`remember`), or else the configuration's.
    pub(crate) fn set_line(
        &self,
        token: &str,
        now: UnixTime,
        expires: Option<UnixTime>,
        remember: Option<bool>,
    ) -> String {
        let left = expires.map(|expires| expires.since(now));
        let max_age = match (self.max_age, remember) {
            (_, Some(false)) | (MaxAge::OfBrowser, None) => None,
            (MaxAge::AtMost(secs), _) => Some(left.map_or(secs, |left| left.min(secs))),
            (MaxAge::OfSession | MaxAge::OfBrowser, _) => left,
        };
        self.line(token, "", max_age)
    }

    /// The value of the `Set-Cookie` header that removes the cookie: empty,
    /// expired, with every attribute repeated, because browsers tell cookies
    /// apart by their name, domain, path and partition.
    pub(crate) fn removal_line(&self) -> String {
        self.line("", "; Expires=Thu, 01 Jan 1970 00:00:01 GMT", Some(0))
    }

    fn line(&self, value: &str, expires: &str, max_age: Option<u64>) -> String {
        let mut line = format!("{}={value}; Path={}", self.name(), self.path);
        if let Some(domain) = &self.domain {
            line.push_str("; Domain=");
            line.push_str(domain);
        }
        line.push_str(expires);
        if let Some(secs) = max_age {
            line.push_str("; Max-Age=");
            line.push_str(&secs.to_string());
        }
        for (attribute, present) in [
            ("; Secure", self.secure),
            ("; HttpOnly", self.http_only),
            ("; SameSite=Strict", self.same_site == Some(SameSite::Strict)),
            ("; SameSite=Lax", self.same_site == Some(SameSite::Lax)),
            ("; SameSite=None", self.same_site == Some(SameSite::None)),
            ("; Partitioned", self.partitioned),
        ] {
            if present {
                line.push_str(attribute);
            }
        }
        line
    }
}
