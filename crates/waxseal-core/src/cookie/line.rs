//! The `Set-Cookie` lines: one sets the cookie, one removes it.

use alloc::string::String;

use super::spec::{CookieSpec, MaxAge, SameSite};
use crate::time::UnixTime;

impl CookieSpec {
    /// The start of a `Set-Cookie` line, up to the value. It has room for a value of `len` bytes
    /// and the attributes.
    pub(crate) fn start_line(&self, len: usize) -> String {
        // The name and the attributes have at most 90 bytes with the default spec.
        let mut line = String::with_capacity(len.saturating_add(128));
        line.extend([self.name(), "="]);
        line
    }

    /// Appends the attributes to a `Set-Cookie` line with a value. `remember` decides whether the
    /// browser keeps the cookie when it is closed; without it, the configuration decides.
    pub(crate) fn end_line(
        &self,
        line: &mut String,
        now: UnixTime,
        expires: Option<UnixTime>,
        remember: Option<bool>,
    ) {
        let left = expires.map(|expires| expires.saturating_since(now).as_secs());
        let max_age = match (self.max_age, remember) {
            (_, Some(false)) | (MaxAge::OfBrowser, None) => None,
            (MaxAge::AtMost(secs), _) => Some(left.map_or(secs, |left| left.min(secs))),
            (MaxAge::OfSession | MaxAge::OfBrowser, _) => left,
        };
        self.push_attributes(line, "", max_age);
    }

    /// The `Set-Cookie` line that removes the cookie: empty and expired. Name, domain, path
    /// and partition identify a cookie; the other attributes are the same so that one
    /// function writes both lines.
    pub(crate) fn removal_line(&self) -> String {
        let mut line = self.start_line(0);
        self.push_attributes(&mut line, "; Expires=Thu, 01 Jan 1970 00:00:01 GMT", Some(0));
        line
    }

    /// The attributes of its `Set-Cookie` lines, without `Max-Age`.
    #[cfg(feature = "device-bound")]
    pub(crate) fn attributes(&self) -> String {
        let mut line = String::new();
        self.push_attributes(&mut line, "", None);
        line.trim_start_matches("; ").into()
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

    /// A browser looks for the proof cookie with these attributes, and refreshes it if none has
    /// them.
    #[test]
    fn attributes_are_those_of_the_line_without_a_lifetime() {
        let spec = CookieSpec::builder("a").path("/shop").domain("example.com").build().unwrap();
        let now = UnixTime::from_secs(1_800_000_000);
        let mut line = spec.start_line(0);
        line.push_str("token");
        spec.end_line(&mut line, now, None, None);
        assert_eq!(line, format!("a=token; {}", spec.attributes()));
    }
}
