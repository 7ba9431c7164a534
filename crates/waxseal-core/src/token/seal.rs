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
#[cfg(feature = "device-bound")]
pub(crate) fn seal(
    claims: Vec<u8>,
    key: &Key,
    random: Option<Random>,
) -> Result<String, RandomError> {
    let mut token = String::new();
    seal_onto(&mut token, claims, key, random)?;
    Ok(token)
}

/// Appends the token of `claims` to `line`, which saves a copy.
#[cfg_attr(
    not(feature = "encryption"),
    expect(
        clippy::needless_pass_by_value,
        clippy::unnecessary_wraps,
        unused_variables,
        reason = "encryption is random, and works in place"
    )
)]
pub(crate) fn seal_onto(
    line: &mut String,
    claims: Vec<u8>,
    key: &Key,
    random: Option<Random>,
) -> Result<(), RandomError> {
    match key.material() {
        Material::Hmac(hmac) => sign(line, &claims, key.header(), hmac),
        #[cfg(feature = "encryption")]
        Material::Content { key: content_key, .. } => {
            let iv = random.ok_or(RandomError)?()?;
            encryption::encrypt_onto(line, claims, key.header(), content_key, iv);
        }
    }
    Ok(())
}

fn sign(line: &mut String, claims: &[u8], header: &str, key: &HmacKey) {
    let start = line.len();
    line.extend([header, "."]);
    base64url::encode_onto(claims, line);
    let signature = key.mac(line.as_bytes().get(start..).unwrap_or_default());
    line.push('.');
    base64url::encode_onto(&signature, line);
}
