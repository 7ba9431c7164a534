//! The compact JWS (RFC 7515, section 3.1): lengths, parts, header, MAC.
//! Bytes in, bytes out; what the claims say is not looked at here.

mod header;

use alloc::vec::Vec;

use crate::{
    base64url,
    error::Rejection,
    keyring::{Key, Keyring, SIGNATURE_CHARS},
};

/// A token that has the right shape and names a key of ours. Nothing in it is
/// to be believed yet.
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
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "what it returns would go through memory")]
    pub(crate) fn parse(token: &'t [u8], keyring: &'k Keyring) -> Result<Self, Rejection> {
        // 2. Exactly three parts, the last as long as a signature is.
        let (rest, signature) = token.split_last_chunk().ok_or(Rejection::Malformed)?;
        let message = rest.strip_suffix(b".").ok_or(Rejection::Malformed)?;
        let (key, claims) = if let Some(claims) = keyring.signing().claims_of(message) {
            (Ok(keyring.signing()), claims)
        } else {
            let (header, claims) = split_once(message).ok_or(Rejection::Malformed)?;
            (header::key(header, keyring), claims)
        };
        // All of so few at once, rather than one by one up to the first.
        let dots_in_signature: u8 = signature.iter().map(|byte| u8::from(*byte == b'.')).sum();
        if dots_in_signature > 0 || memchr::memchr(b'.', claims).is_some() {
            return Err(Rejection::Malformed);
        }
        // 3. The header's key. The token never chooses the algorithm.
        Ok(Self { key: key?, message, claims, signature })
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

/// Appends the token of `claims` under `key`, which is ASCII.
pub(crate) fn sign_onto(claims: &[u8], key: &Key, out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(key.header().as_bytes());
    out.push(b'.');
    base64url::encode_onto(claims, out);
    let signature = key.sign(out.get(start..).unwrap_or_default());
    let mut encoded = [b'.'; 1 + SIGNATURE_CHARS];
    if let Some(encoded) = encoded.last_chunk_mut() {
        base64url::encode_signature(&signature, encoded);
    }
    out.extend_from_slice(&encoded);
}

/// The characters of the token of so many bytes of claims under `key`.
pub(crate) fn len(claims: usize, key: &Key) -> usize {
    let parts = [key.header().len(), base64url::encoded_len(claims), SIGNATURE_CHARS, 2];
    parts.iter().fold(0, |sum: usize, part| sum.saturating_add(*part))
}

fn split_once(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let dot = memchr::memchr(b'.', bytes)?;
    let (before, after) = bytes.split_at_checked(dot)?;
    Some((before, after.get(1..)?))
}
