//! What keys are for: each purpose has keys of its own.

use alloc::{format, string::String};

use crate::error::BuildError;

/// The marker of an application's main session, which adds nothing to the purpose.
const MAIN: &str = "main";

/// What keys are for, beside the cookie's name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Purpose {
    application: Option<String>,
    /// `None` for the main session.
    marker: Option<&'static str>,
    /// `None` for the session itself.
    #[cfg(feature = "device-bound")]
    token: Option<DeviceToken>,
}

/// The tokens of device binding, by what keeps their keys apart.
#[cfg(feature = "device-bound")]
#[derive(Clone, Copy, Debug)]
pub(crate) enum DeviceToken {
    Registration,
    Identifier,
    Challenge,
    Proof,
}

#[cfg(feature = "device-bound")]
impl DeviceToken {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Registration => "registration",
            Self::Identifier => "identifier",
            Self::Challenge => "challenge",
            Self::Proof => "proof",
        }
    }
}

impl Purpose {
    pub(crate) fn new(
        application: Option<String>,
        marker: Option<&'static str>,
    ) -> Result<Self, BuildError> {
        let marker = marker.filter(|marker| *marker != MAIN);
        for (part, name) in [("application", application.as_deref()), ("marker", marker)] {
            if !name.is_none_or(is_name) {
                return Err(BuildError::Purpose { part });
            }
        }
        Ok(Self {
            application,
            marker,
            #[cfg(feature = "device-bound")]
            token: None,
        })
    }

    /// The purpose of a token of device binding.
    #[cfg(feature = "device-bound")]
    pub(crate) fn of_device(&self, token: DeviceToken) -> Self {
        Self { token: Some(token), ..self.clone() }
    }

    pub(crate) fn marker(&self) -> &'static str {
        self.marker.unwrap_or(MAIN)
    }

    /// What a derived key depends on besides the secret. The NULs keep the parts apart.
    pub(super) fn context(&self, cookie_name: &str) -> String {
        let mut context = String::from(cookie_name);
        for (label, name) in [("\0app=", self.application.as_deref()), ("\0marker=", self.marker)] {
            if let Some(name) = name {
                context.extend([label, name]);
            }
        }
        #[cfg(feature = "device-bound")]
        if let Some(token) = self.token {
            context.extend(["\0device=", token.as_str()]);
        }
        context
    }

    /// The purpose in key files and, as their audience, in tokens: `shop`, `shop/admin`,
    /// `/admin`; `None` for the main session without an application.
    pub(super) fn text(&self) -> Option<String> {
        let application = self.application.as_deref().unwrap_or_default();
        match self.marker {
            Some(marker) => Some(format!("{application}/{marker}")),
            None => self.application.clone(),
        }
    }
}

/// Names need no escapes in JSON, and contain neither a NUL nor a slash.
fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    matches!(name.len(), 1..=64) && name.bytes().all(allowed)
}

/// Whether `text` is what [`Purpose::text`] returns for some purpose.
pub(super) fn is_text(text: &str) -> bool {
    match text.split_once('/') {
        Some((application, marker)) => {
            (application.is_empty() || is_name(application)) && is_name(marker) && marker != MAIN
        }
        None => is_name(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_context_has_the_parts_of_the_wire_format() {
        let context = |purpose: &Purpose| purpose.context("name");
        assert_eq!(context(&Purpose::default()), "name");
        let purpose = Purpose::new(Some("shop".into()), Some("admin")).unwrap();
        assert_eq!(context(&purpose), "name\0app=shop\0marker=admin");
        #[cfg(feature = "device-bound")]
        for (token, text) in [
            (DeviceToken::Registration, "registration"),
            (DeviceToken::Identifier, "identifier"),
            (DeviceToken::Challenge, "challenge"),
            (DeviceToken::Proof, "proof"),
        ] {
            let expected = format!("name\0app=shop\0marker=admin\0device={text}");
            assert_eq!(context(&purpose.of_device(token)), expected);
        }
    }
}
