//! The compact JWS (RFC 7515, section 3.1) and JWE (RFC 7516, section 3.1): parts, header,
//! MAC. Bytes in, bytes out; this module does not interpret the claims.

mod header;
mod seal;
#[cfg(test)]
mod vectorized;

use alloc::vec::Vec;

#[cfg(feature = "device-bound")]
pub(crate) use self::seal::seal;
pub(crate) use self::seal::seal_onto;

#[cfg(feature = "encryption")]
use crate::encryption::Parts;
use crate::{
    base64url,
    error::Rejection,
    keyring::{Algorithm, Key, Keyring, Material, SIGNATURE_CHARS},
};

/// A token that has the right shape and names a key of the keyring. Nothing in
/// it is trusted yet.
#[derive(Debug)]
pub(crate) struct Unverified<'t, 'k> {
    key: &'k Key,
    body: Body<'t>,
}

#[derive(Debug)]
enum Body<'t> {
    Signed {
        /// `header.claims`, the bytes that are signed.
        message: &'t [u8],
        claims: &'t [u8],
        signature: &'t [u8; SIGNATURE_CHARS],
    },
    #[cfg(feature = "encryption")]
    Encrypted(Parts<'t>),
}

/// Claims whose MAC has been verified.
#[derive(Debug)]
pub(crate) struct Verified(pub(crate) Vec<u8>);

impl<'t, 'k> Unverified<'t, 'k> {
    /// Steps 2 and 3 of opening: the parts, and the header's key. The keyring decides which
    /// algorithms there are.
    // Otherwise the parts go through memory: 2 % of opening. A microcontroller needs the space.
    #[cfg_attr(feature = "std", inline(always), expect(clippy::inline_always))]
    pub(crate) fn parse(token: &'t [u8], keyring: &'k Keyring) -> Result<Self, Rejection> {
        // 2. Exactly three parts, the last with the length of a signature; or five.
        #[cfg(feature = "encryption")]
        if keyring.accepts(Algorithm::A256CbcHs512)
            && let Some(parts) = Parts::parse(token)
        {
            let key = header::key(parts.header, keyring, Algorithm::A256CbcHs512)?;
            return Ok(Self { key, body: Body::Encrypted(parts) });
        }
        #[cfg(feature = "encryption")]
        if !keyring.accepts(Algorithm::Hs256) {
            return Err(Rejection::Malformed);
        }
        let (rest, signature) = token.split_last_chunk().ok_or(Rejection::Malformed)?;
        let message = rest.strip_suffix(b".").ok_or(Rejection::Malformed)?;
        // Most tokens have the header of the current key, so the first dot is not searched.
        let current = keyring.sealing().header().as_bytes();
        let dot = match message.strip_prefix(current) {
            Some([b'.', ..]) => current.len(),
            _ => memchr::memchr(b'.', message).ok_or(Rejection::Malformed)?,
        };
        let (header, claims) = message.split_at_checked(dot).ok_or(Rejection::Malformed)?;
        let claims = claims.get(1..).unwrap_or_default();
        let dots_in_signature: u8 = signature.iter().map(|byte| u8::from(*byte == b'.')).sum();
        if dots_in_signature > 0 || memchr::memchr(b'.', claims).is_some() {
            return Err(Rejection::Malformed);
        }
        // 3. The header's key. The token never chooses the algorithm.
        let key = header::key(header, keyring, Algorithm::Hs256)?;
        Ok(Self { key, body: Body::Signed { message, claims, signature } })
    }

    /// The key that its header names.
    pub(crate) const fn key(&self) -> &'k Key {
        self.key
    }

    /// Step 4: the MAC over the received bytes, and only then the decoded or decrypted claims.
    #[cfg_attr(feature = "std", inline(always), expect(clippy::inline_always))]
    pub(crate) fn verify(self) -> Result<Verified, Rejection> {
        match (self.key.material(), self.body) {
            (Material::Hmac(key), Body::Signed { message, claims, signature }) => {
                if !key.verifies(message, signature) {
                    return Err(Rejection::Signature);
                }
                base64url::decode_verified(claims).map(Verified).ok_or(Rejection::Claims)
            }
            #[cfg(feature = "encryption")]
            (Material::Content { key, .. }, Body::Encrypted(parts)) => {
                parts.decrypt(key).map(Verified).ok_or(Rejection::Signature)
            }
            // The parts are those of the key's algorithm.
            #[cfg(feature = "encryption")]
            _ => Err(Rejection::Signature),
        }
    }
}
