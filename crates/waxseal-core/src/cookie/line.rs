//! The two `Set-Cookie` lines: the one that sets and the one that removes.

use alloc::{borrow::ToOwned as _, string::String, vec::Vec};

use super::spec::{CookieSpec, MaxAge, SameSite};
use crate::time::UnixTime;

impl CookieSpec {
    /// The value of the `Set-Cookie` header that stores a token, which `write`
    /// appends, in a session that ends at `expires`. Whether it outlives the
    /// browser is the user's word (`remember`), or else the configuration's.
    pub(crate) fn set_line(
        &self,
        token_len: usize,
        write: impl FnOnce(&mut Vec<u8>),
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
        // Room for all attributes but a long path or domain.
        let mut line = Vec::with_capacity(token_len.saturating_add(160));
        line.extend_from_slice(self.name().as_bytes());
        line.push(b'=');
        write(&mut line);
        // A name and a token are ASCII.
        let mut line = String::from_utf8(line).unwrap_or_default();
        self.push_attributes(&mut line, "", max_age);
        line
    }

    /// The value of the `Set-Cookie` header that removes the cookie: empty,
    /// expired, with every attribute repeated, because browsers tell cookies
    /// apart by their name, domain, path and partition.
    pub(crate) fn removal_line(&self) -> String {
        let mut line = self.name().to_owned();
        line.push('=');
        self.push_attributes(&mut line, "; Expires=Thu, 01 Jan 1970 00:00:01 GMT", Some(0));
        line
    }

    fn push_attributes(&self, line: &mut String, expires: &str, max_age: Option<u64>) {
        line.push_str("; Path=");
        line.push_str(&self.path);
        if let Some(domain) = &self.domain {
            line.push_str("; Domain=");
            line.push_str(domain);
        }
        line.push_str(expires);
        if let Some(secs) = max_age {
            line.push_str("; Max-Age=");
            line.push_str(itoa::Buffer::new().format(secs));
        }
        let same_site = match self.same_site {
            Some(SameSite::Strict) => "; SameSite=Strict",
            Some(SameSite::Lax) => "; SameSite=Lax",
            Some(SameSite::None) => "; SameSite=None",
            None => "",
        };
        line.push_str(if self.secure { "; Secure" } else { "" });
        line.push_str(if self.http_only { "; HttpOnly" } else { "" });
        line.push_str(same_site);
        line.push_str(if self.partitioned { "; Partitioned" } else { "" });
    }
}
