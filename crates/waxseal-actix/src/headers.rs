//! The headers of an actix-web response, as the core asks for them.

use std::borrow::Cow;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use waxseal_core::ResponseHeaders;

pub(crate) struct Headers<'h>(pub(crate) &'h mut HeaderMap);

impl ResponseHeaders for Headers<'_> {
    fn joined(&self, name: &str) -> Option<String> {
        if !self.0.contains_key(name) {
            return None;
        }
        let values: Vec<_> = self.0.get_all(name).filter_map(|value| value.to_str().ok()).collect();
        Some(values.join(", "))
    }

    fn set(&mut self, name: &'static str, value: Cow<'static, str>) {
        let value = match value {
            Cow::Borrowed(value) => Some(HeaderValue::from_static(value)),
            Cow::Owned(value) => header_value(value),
        };
        if let Some(value) = value {
            self.0.insert(HeaderName::from_static(name), value);
        }
    }

    fn append(&mut self, name: &'static str, value: String) {
        if let Some(value) = header_value(value) {
            self.0.append(HeaderName::from_static(name), value);
        }
    }

    fn remove(&mut self, name: &'static str) {
        self.0.remove(name);
    }
}

/// Every value is made of checked names, base64url and text that was a header
/// already, so there is none that does not fit.
fn header_value(value: String) -> Option<HeaderValue> {
    HeaderValue::try_from(value)
        .inspect_err(|error| tracing::error!(%error, "a session header cannot be sent"))
        .ok()
}
