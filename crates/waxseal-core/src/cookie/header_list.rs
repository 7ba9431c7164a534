//! The headers of a response as a list of names and values.

use alloc::{borrow::Cow, string::String, vec::Vec};

use super::caching::ResponseHeaders;

/// The headers of a server without a framework. The case of names is ignored (RFC 9110,
/// section 5.1).
impl<N, V> ResponseHeaders for Vec<(N, V)>
where
    N: AsRef<str> + From<&'static str>,
    V: AsRef<str> + From<String>,
{
    fn joined(&self, name: &str) -> Option<Vec<u8>> {
        let values = self.iter().filter(|header| is(header, name));
        let values: Vec<_> = values.map(|(_, value)| value.as_ref()).collect();
        (!values.is_empty()).then(|| values.join(", ").into_bytes())
    }

    fn set(&mut self, name: &'static str, value: Cow<'static, str>) {
        self.retain(|header| !is(header, name));
        self.push((name.into(), value.into_owned().into()));
    }

    fn append(&mut self, name: &'static str, value: String) {
        self.push((name.into(), value.into()));
    }

    fn remove(&mut self, names: &[&'static str]) {
        self.retain(|header| !names.iter().any(|name| is(header, name)));
    }
}

fn is<N: AsRef<str>, V>((name, _): &(N, V), wanted: &str) -> bool {
    name.as_ref().eq_ignore_ascii_case(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list() -> Vec<(&'static str, String)> {
        let lines = [("Vary", "accept"), ("Set-Cookie", "a=1"), ("VARY", "ü"), ("vary", "origin")];
        lines.map(|(name, value)| (name, value.into())).into()
    }

    #[test]
    fn values_are_joined_whatever_the_case_of_the_name() {
        assert_eq!(list().joined("vary").unwrap(), "accept, ü, origin".as_bytes());
        assert_eq!(list().joined("set-cookie").unwrap(), b"a=1");
        assert_eq!(list().joined("cache-control"), None);
    }

    #[test]
    fn set_replaces_and_append_does_not() {
        let mut headers = list();
        headers.set("vary", "Cookie".into());
        ResponseHeaders::append(&mut headers, "set-cookie", "b=2".into());
        let expected = [("Set-Cookie", "a=1"), ("vary", "Cookie"), ("set-cookie", "b=2")];
        assert_eq!(headers, expected.map(|(name, value)| (name, value.into())));
    }

    #[test]
    fn remove_takes_all_of_a_name() {
        let mut headers = list();
        ResponseHeaders::remove(&mut headers, &["vary", "age"]);
        assert_eq!(headers, [("Set-Cookie", "a=1".into())]);
    }
}
