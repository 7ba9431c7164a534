//! The headers of an `http` response, as the core asks for them.

use std::borrow::Cow;

use http::{HeaderMap, HeaderName, HeaderValue, header};
use waxseal_core::ResponseHeaders;

pub(crate) struct Headers<'h>(pub(crate) &'h mut HeaderMap);

impl ResponseHeaders for Headers<'_> {
    fn joined(&self, name: &'static str) -> Option<String> {
        let name = header_name(name);
        if !self.0.contains_key(&name) {
            return None;
        }
        let values: Vec<_> =
            self.0.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect();
        Some(values.join(", "))
    }

    fn set(&mut self, name: &'static str, value: Cow<'static, str>) {
        let value = match value {
            Cow::Borrowed(value) => Some(HeaderValue::from_static(value)),
            Cow::Owned(value) => header_value(value),
        };
        if let Some(value) = value {
            self.0.insert(header_name(name), value);
        }
    }

    fn append(&mut self, name: &'static str, value: String) {
        if let Some(value) = header_value(value) {
            self.0.append(header_name(name), value);
        }
    }

    fn remove(&mut self, name: &'static str) {
        self.0.remove(header_name(name));
    }
}

/// Those that most responses get need not be parsed.
fn header_name(name: &'static str) -> HeaderName {
    match name {
        "vary" => header::VARY,
        "cache-control" => header::CACHE_CONTROL,
        "set-cookie" => header::SET_COOKIE,
        other => HeaderName::from_static(other),
    }
}

/// Every value is made of checked names, base64url and text that was a header
/// already, so there is none that does not fit.
fn header_value(value: String) -> Option<HeaderValue> {
    HeaderValue::try_from(value)
        .inspect_err(|error| tracing::error!(%error, "a session header cannot be sent"))
        .ok()
}
