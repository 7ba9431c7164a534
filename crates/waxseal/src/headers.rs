//! The headers of a response, for the core. tower has the types of `http` 1, actix-web
//! those of `http` 0.2, so the adapter is written once for both.

macro_rules! response_headers {
    ($($http:ident)::+) => {
        use std::borrow::Cow;

        use $($http)::+::{self as header, HeaderMap, HeaderName, HeaderValue};
        use waxseal_core::ResponseHeaders;

        pub(crate) struct Headers<'h>(pub(crate) &'h mut HeaderMap);

        impl ResponseHeaders for Headers<'_> {
            fn joined(&self, name: &'static str) -> Option<Vec<u8>> {
                let values = self.0.get_all(header_name(name)).into_iter();
                let values: Vec<_> = values.map(HeaderValue::as_bytes).collect();
                (!values.is_empty()).then(|| values.join(&b", "[..]))
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
                if let Some(mut value) = header_value(value) {
                    // `Debug` does not show a cookie.
                    value.set_sensitive(true);
                    self.0.append(header_name(name), value);
                }
            }

            fn remove(&mut self, names: &[&'static str]) {
                // A response has few headers, and rarely one of these.
                let is_named = |name: &&HeaderName| names.contains(&name.as_str());
                let present: Vec<_> = self.0.keys().filter(is_named).cloned().collect();
                for name in present {
                    self.0.remove(name);
                }
            }
        }

        /// Copies to a 503 what the handler, and the sessions of layers inside, have decided on: a
        /// cookie that a logout removes must not stay.
        pub(crate) fn keep_cookies(replaced: &HeaderMap, unavailable: &mut HeaderMap) {
            for name in ["set-cookie", "secure-session-registration"] {
                for value in replaced.get_all(name) {
                    unavailable.append(header_name(name), value.clone());
                }
            }
        }

        /// The names that most responses get need no parsing.
        fn header_name(name: &'static str) -> HeaderName {
            match name {
                "vary" => header::VARY,
                "cache-control" => header::CACHE_CONTROL,
                "set-cookie" => header::SET_COOKIE,
                other => HeaderName::from_static(other),
            }
        }

        /// Every value consists of checked names, base64url and existing header text, so
        /// the conversion cannot fail.
        fn header_value(value: String) -> Option<HeaderValue> {
            HeaderValue::try_from(value)
                .inspect_err(|error| tracing::error!(%error, "a session header cannot be sent"))
                .ok()
        }
    };
}

#[cfg(feature = "tower")]
pub(crate) mod tower {
    response_headers!(http::header);
}

#[cfg(feature = "actix")]
pub(crate) mod actix {
    response_headers!(actix_web::http::header);
}
