//! Device-bound sessions: the pure part of Device Bound Session Credentials (DBSC).
//!
//! The browser holds a P-256 key that cannot be exported. It registers the key after the login,
//! and from then on proves every few minutes that it still holds it. The server keeps nothing:
//!
//! | token | who holds it | what it says |
//! |---|---|---|
//! | session cookie | the browser's cookies | the claim `cnf` (RFC 7800) names the key |
//! | proof cookie | the browser's cookies | a proof of the key was good; for a few minutes |
//! | session identifier | the browser's DBSC session | the key itself |
//! | challenge | the browser, for one proof | what the next proof must repeat; for a minute |
//!
//! Every token but the session has keys of its own, so none is accepted in the place of another.
//! A proof cookie, an identifier and a challenge open no session.

mod binding;
mod device_proof;
mod public_key;
mod tokens;

pub use self::binding::DeviceBinding;
pub(crate) use self::{
    binding::{Binding, GRACE_SECS},
    device_proof::{DeviceProof, unquoted},
    tokens::{DeviceClaims, confirmation, thumbprint, verify},
};
