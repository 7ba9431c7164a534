//! A small provider of logins, in the same process: it takes the place of an external server.
//! It keeps the codes that it has issued, each for one use within a minute.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

#[derive(Debug, Default)]
pub struct Provider {
    codes: Mutex<HashMap<String, Code>>,
}

#[derive(Debug)]
struct Code {
    /// The PKCE challenge (RFC 7636) that the application has sent.
    challenge: String,
    user: String,
    issued: Instant,
}

impl Provider {
    /// The user agrees: the browser takes the code to the application.
    pub fn issue(&self, code: String, challenge: String, user: String) {
        let mut codes = self.codes.lock().unwrap_or_else(PoisonError::into_inner);
        codes.retain(|_, code| code.issued.elapsed() < Duration::from_secs(60));
        codes.insert(code, Code { challenge, user, issued: Instant::now() });
    }

    /// The application exchanges a code for the user. Another browser that steals the code does
    /// not have the verifier.
    pub fn redeem(&self, code: &str, verifier: &str) -> Option<String> {
        let mut codes = self.codes.lock().unwrap_or_else(PoisonError::into_inner);
        let code = codes.remove(code)?; // used up, also by a wrong verifier
        let is_fresh = code.issued.elapsed() < Duration::from_secs(60);
        (is_fresh && code.challenge == challenge(verifier)).then_some(code.user)
    }
}

/// The challenge of a verifier, with the method S256.
#[must_use]
pub fn challenge(verifier: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}
