//! Making a token: the header of the key, the claims, the signature.

use alloc::string::String;

use crate::{base64url, keyring::Key};

/// The token of `claims` that `key` signs; it is ASCII.
pub(crate) fn sign(claims: &[u8], key: &Key) -> String {
    // More than base64, a header and a signature take.
    let room = claims.len().saturating_mul(2).saturating_add(key.header().len());
    let mut token = String::with_capacity(room.saturating_add(48));
    token.push_str(key.header());
    token.push('.');
    base64url::encode_onto(claims, &mut token);
    let signature = key.sign(token.as_bytes());
    token.push('.');
    base64url::encode_onto(&signature, &mut token);
    token
}
