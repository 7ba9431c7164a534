//! The public key of a browser: a point on P-256.

use alloc::{format, string::String};

use p256::ecdsa::{Signature, VerifyingKey, signature::Verifier as _};
use sha2::{Digest as _, Sha256};

use super::tokens::members;
use crate::{base64url, json::decode_string};

/// The length of a coordinate in bytes.
const COORDINATE_LEN: usize = 32;

pub(crate) struct PublicKey {
    key: VerifyingKey,
}

impl PublicKey {
    /// The key in a JWK (RFC 7518, section 6.2.1), and its SHA-256 thumbprint (RFC 7638). `None`
    /// for another type of key, a private key, or a point that is not on the curve.
    pub(crate) fn from_jwk(jwk: &str) -> Option<(Self, String)> {
        let [kty, crv, x, y, d] = members(jwk, ["kty", "crv", "x", "y", "d"])?;
        let [kty, crv, x, y] = [kty?, crv?, x?, y?].map(decode_string);
        if (kty.as_deref(), crv.as_deref(), d) != (Some("EC"), Some("P-256"), None) {
            return None;
        }
        let (x, y) = (x?, y?);
        // An uncompressed point (SEC 1, section 2.3.3).
        let mut point = [0; 2 * COORDINATE_LEN + 1];
        let (tag, coordinates) = point.split_first_mut()?;
        *tag = 4;
        for (text, bytes) in [&x, &y].into_iter().zip(coordinates.chunks_exact_mut(COORDINATE_LEN))
        {
            let decoded = base64url::decode_into(text.as_bytes(), bytes)?;
            if decoded.len() != COORDINATE_LEN {
                return None;
            }
        }
        let key = VerifyingKey::from_sec1_bytes(&point).ok()?;
        // The required members in the order of their names, without white space.
        let json = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        let thumbprint = base64url::encode(&Sha256::digest(json.as_bytes()));
        Some((Self { key }, thumbprint))
    }

    /// The key that [`text`](Self::text) returned.
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        let bytes = base64url::decode(text.as_bytes())?;
        VerifyingKey::from_sec1_bytes(&bytes).ok().map(|key| Self { key })
    }

    /// The compressed point in base64url.
    pub(crate) fn text(&self) -> String {
        base64url::encode(self.key.to_sec1_point(true).as_bytes())
    }

    /// Whether `signature` is the key's ES256 signature of `message` (RFC 7518, section 3.4).
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        let signature = Signature::from_slice(signature);
        signature.is_ok_and(|signature| self.key.verify(message, &signature).is_ok())
    }
}
