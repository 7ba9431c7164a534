//! Device-bound sessions: the part of Device Bound Session Credentials (DBSC) without I/O.
//!
//! The browser holds a P-256 key that cannot be exported. It registers the key after the login,
//! and then proves every few minutes that it still holds it. A proof is a JWS that the browser
//! signs. The server stores no key; the browser stores these tokens of the server:
//!
//! | token | place | meaning |
//! |---|---|---|
//! | session cookie | the browser's cookies | the claim `cnf` (RFC 7800) names the key |
//! | proof cookie | the browser's cookies | the server has verified a proof in the last minutes |
//! | session identifier | the browser's DBSC session | the public key |
//! | challenge | the browser, for the next proof | a proof must repeat it within a minute |
//!
//! Each of these kinds of token has keys of its own, so none is accepted in place of another. A
//! proof cookie, a session identifier and a challenge open no session.

mod binding;
mod device_proof;
mod public_key;
mod registration;
mod tokens;

pub use self::binding::DeviceBinding;
pub(crate) use self::{
    binding::{Binding, GRACE_SECS},
    device_proof::{DeviceProof, unquoted},
    tokens::{DeviceClaims, claims, confirmation, thumbprint, verify},
};
