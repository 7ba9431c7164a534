//! The `Set-Cookie` lines: one sets the cookie, one removes it.

use alloc::{borrow::ToOwned as _, string::String};

use super::spec::{CookieSpec, MaxAge, SameSite};
use crate::time::UnixTime;

impl CookieSpec {
    /// The `Set-Cookie` line with `token`. `remember` decides whether the browser keeps
    /// the cookie when it is closed; without it, the configuration decides.
    pub(crate) fn set_line(
        &self,
        token: &str,
        now: UnixTime,
        expires: Option<UnixTime>,
        remember: Option<bool>,
    ) -> String {
        let left = expires.map(|expires| expires.saturating_since(now).as_secs());
        let max_age = match (self.max_age, remember) {
            (_, Some(false)) | (MaxAge::OfBrowser, None) => None,
            (MaxAge::AtMost(secs), _) => Some(left.map_or(secs, |left| left.min(secs))),
            (MaxAge::OfSession | MaxAge::OfBrowser, _) => left,
        };
        // The name and the attributes have at most 90 bytes with the default spec.
        let mut line = String::with_capacity(token.len().saturating_add(128));
        line.extend([self.name(), "=", token]);
        self.push_attributes(&mut line, "", max_age);
        line
    }

    /// The `Set-Cookie` line that removes the cookie: empty and expired. Name, domain, path
    /// and partition identify a cookie; the other attributes are the same so that one
    /// function writes both lines.
    pub(crate) fn removal_line(&self) -> String {
        let mut line = self.name().to_owned();
        line.push('=');
        self.push_attributes(&mut line, "; Expires=Thu, 01 Jan 1970 00:00:01 GMT", Some(0));
        line
    }

    /// The attributes of its `Set-Cookie` lines, without `Max-Age`.
    #[cfg(feature = "device-bound")]
    pub(crate) fn attributes(&self) -> String {
        let mut line = String::new();
        self.push_attributes(&mut line, "", None);
        line.trim_start_matches("; ").to_owned()
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

#[cfg(all(test, feature = "device-bound"))]
mod tests {
    use alloc::format;

    use super::*;

    /// A browser looks for the proof cookie with these attributes, and refreshes it if none has them.
    #[test]
    fn attributes_are_those_of_the_line_without_a_lifetime() {
        let spec = CookieSpec::builder("a").path("/shop").domain("example.com").build().unwrap();
        let now = UnixTime::from_secs(1_800_000_000);
        let line = spec.set_line("token", now, None, None);
        assert_eq!(line, format!("a=token; {}", spec.attributes()));
    }
}
