//! The compact JWS (RFC 7515, section 3.1): parts, header, MAC. Bytes in, bytes
//! out; this module does not interpret the claims.

mod header;
mod sign;

use alloc::vec::Vec;

pub(crate) use self::sign::sign;

use crate::{
    base64url,
    error::Rejection,
    keyring::{Key, Keyring, SIGNATURE_CHARS},
};

/// A token that has the right shape and names a key of the keyring. Nothing in
/// it is trusted yet.
#[derive(Debug)]
pub(crate) struct Unverified<'t, 'k> {
    key: &'k Key,
    /// `header.claims`, the bytes that are signed.
    message: &'t [u8],
    claims: &'t [u8],
    signature: &'t [u8; SIGNATURE_CHARS],
}

/// Claims whose signature has been verified.
#[derive(Debug)]
pub(crate) struct Verified(pub(crate) Vec<u8>);

impl<'t, 'k> Unverified<'t, 'k> {
    /// Steps 2 and 3 of opening: three parts, and the header's key.
    pub(crate) fn parse(token: &'t [u8], keyring: &'k Keyring) -> Result<Self, Rejection> {
        // 2. Exactly three parts, the last with the length of a signature.
        let (rest, signature) = token.split_last_chunk().ok_or(Rejection::Malformed)?;
        let message = rest.strip_suffix(b".").ok_or(Rejection::Malformed)?;
        let mut dots = memchr::memchr_iter(b'.', message);
        let (Some(dot), None, false) = (dots.next(), dots.next(), signature.contains(&b'.')) else {
            return Err(Rejection::Malformed);
        };
        let (header, claims) = message.split_at_checked(dot).ok_or(Rejection::Malformed)?;
        let claims = claims.get(1..).unwrap_or_default();
        // 3. The header's key. The token never chooses the algorithm.
        let key = header::key(header, keyring)?;
        Ok(Self { key, message, claims, signature })
    }

    /// The key that its header names.
    pub(crate) const fn key(&self) -> &'k Key {
        self.key
    }

    /// Step 4: the MAC over the received bytes, and only then the decoded claims.
    pub(crate) fn verify(self) -> Result<Verified, Rejection> {
        if !self.key.verifies(self.message, self.signature) {
            return Err(Rejection::Signature);
        }
        base64url::decode(self.claims).map(Verified).ok_or(Rejection::Claims)
    }
}
