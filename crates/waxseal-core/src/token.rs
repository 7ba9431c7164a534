//! The compact JWS (RFC 7515, section 3.1): lengths, parts, header, MAC.
//! Bytes in, bytes out; what the claims say is not looked at here.

mod header;

use alloc::{string::String, vec::Vec};

use crate::{
    base64url,
    error::Rejection,
    keyring::{Key, Keyring, SIGNATURE_LEN},
};

/// A token that has the right shape and names a key of ours. Nothing in it is
/// to be believed yet.
#[derive(Debug)]
pub(crate) struct Unverified<'t, 'k> {
    key: &'k Key,
    /// `header.claims`, the bytes that are signed.
    message: &'t [u8],
    claims: &'t [u8],
    signature: [u8; SIGNATURE_LEN],
}

/// Claims whose signature has been verified.
#[derive(Debug)]
pub(crate) struct Verified(pub(crate) Vec<u8>);

impl<'t, 'k> Unverified<'t, 'k> {
    /// Steps 2 and 3 of opening: three parts, and the header's key.
    pub(crate) fn parse(token: &'t [u8], keyring: &'k Keyring) -> Result<Self, Rejection> {
        // 2. Exactly three parts.
        let (header, rest) = split_once(token).ok_or(Rejection::Malformed)?;
        let (claims, signature) = split_once(rest).ok_or(Rejection::Malformed)?;
        if memchr::memchr(b'.', signature).is_some() {
            return Err(Rejection::Malformed);
        }

        // 3. The header's key. The token never chooses the algorithm.
        let key = match keyring.by_header(header) {
            Some(key) => key,
            None => header::key(header, keyring)?,
        };

        let mut decoded = [0; SIGNATURE_LEN];
        match base64url::decode_into(signature, &mut decoded) {
            Some(exact) if exact.len() == SIGNATURE_LEN => {}
            _ => return Err(Rejection::Malformed),
        }
        let message = token
            .get(..header.len().saturating_add(1).saturating_add(claims.len()))
            .ok_or(Rejection::Malformed)?;
        Ok(Self { key, message, claims, signature: decoded })
    }

    /// The key that its header names.
    pub(crate) const fn key(&self) -> &'k Key {
        self.key
    }

    /// Step 4: the MAC over the received bytes. Only then are the claims
    /// decoded.
    pub(crate) fn verify(self) -> Result<Verified, Rejection> {
        if !self.key.verifies(self.message, self.signature) {
            return Err(Rejection::Signature);
        }
        base64url::decode(self.claims).map(Verified).ok_or(Rejection::Claims)
    }
}

/// The token of `claims` under `key`.
pub(crate) fn sign(claims: &str, key: &Key) -> String {
    let len = [key.header().len(), base64url::encoded_len(claims.len()), SIGNATURE_PART_LEN, 2]
        .iter()
        .fold(0, |sum: usize, part| sum.saturating_add(*part));
    let mut token = String::with_capacity(len);
    token.push_str(key.header());
    token.push('.');
    base64url::encode_onto(claims.as_bytes(), &mut token);
    let signature = key.sign(token.as_bytes());
    token.push('.');
    base64url::encode_onto(&signature, &mut token);
    token
}

/// The characters of an encoded signature.
const SIGNATURE_PART_LEN: usize = 43;

fn split_once(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let dot = memchr::memchr(b'.', bytes)?;
    let (before, after) = bytes.split_at_checked(dot)?;
    Some((before, after.get(1..)?))
}
