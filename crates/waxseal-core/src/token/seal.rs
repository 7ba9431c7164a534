//! Making a token with the algorithm of its key.

use alloc::{string::String, vec::Vec};

#[cfg(feature = "encryption")]
use crate::encryption;
use crate::{
    base64url,
    error::RandomError,
    keyring::{HmacKey, Key, Material},
    random::Random,
};

/// The token of `claims` that `key` signs or encrypts; it is ASCII.
#[cfg_attr(
    not(feature = "encryption"),
    expect(
        clippy::needless_pass_by_value,
        clippy::unnecessary_wraps,
        unused_variables,
        reason = "encryption is random, and works in place"
    )
)]
pub(crate) fn seal(
    claims: Vec<u8>,
    key: &Key,
    random: Option<Random>,
) -> Result<String, RandomError> {
    match key.material() {
        Material::Hmac(hmac) => Ok(sign(&claims, key.header(), hmac)),
        #[cfg(feature = "encryption")]
        Material::Content { key: content_key, .. } => {
            let iv = random.ok_or(RandomError)?()?;
            Ok(encryption::encrypt(claims, key.header(), content_key, iv))
        }
    }
}

fn sign(claims: &[u8], header: &str, key: &HmacKey) -> String {
    // More than base64, a header and a signature take.
    let room = claims.len().saturating_mul(2).saturating_add(header.len());
    let mut token = String::with_capacity(room.saturating_add(48));
    token.push_str(header);
    token.push('.');
    base64url::encode_onto(claims, &mut token);
    let signature = key.mac(token.as_bytes());
    token.push('.');
    base64url::encode_onto(&signature, &mut token);
    token
}
