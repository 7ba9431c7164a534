//! A proof of the browser: the compact JWS in the header `Secure-Session-Response`.

use alloc::{
    borrow::{Cow, ToOwned as _},
    string::String,
    vec::Vec,
};

use super::{public_key::PublicKey, tokens::members};
use crate::{base64url, json::decode_string};

/// The maximum length of a proof in bytes. Proofs of Chromium have about 700.
const MAX_LEN: usize = 4096;

/// A well-formed proof. Nothing in it is trusted before its signature is verified.
pub(crate) struct DeviceProof<'h> {
    /// `header.claims`, the bytes that are signed.
    message: &'h [u8],
    signature: [u8; 64],
    /// The public key in the header. Only the proof of a registration has one.
    jwk: Option<String>,
    /// The claim `jti`.
    pub(crate) challenge: String,
}

impl<'h> DeviceProof<'h> {
    /// Parses a proof for the route at `path`. `None` if it is not a JWS of the type `dbsc+jwt`
    /// with ES256, or its `aud` is another URL.
    pub(crate) fn parse(header: &'h [u8], path: &str) -> Option<Self> {
        // In the draft the value is a string (RFC 8941, section 3.3.3). Chromium sends no quotes.
        let token = unquoted(header);
        if token.len() > MAX_LEN {
            return None;
        }
        let mut parts = token.rsplitn(2, |byte| *byte == b'.');
        let (signature, message) = (parts.next()?, parts.next()?);
        let mut parts = message.splitn(2, |byte| *byte == b'.');
        let (header, claims) = (text(parts.next()?)?, text(parts.next()?)?);

        let [typ, alg, jwk, crit] = members(&header, ["typ", "alg", "jwk", "crit"])?;
        let [typ, alg] = [typ?, alg?].map(decode_string);
        // A proof with `crit` is refused: this parser has no extensions (RFC 7515, section 4.1.11).
        if (typ.as_deref(), alg.as_deref(), crit) != (Some("dbsc+jwt"), Some("ES256"), None) {
            return None;
        }
        let [jti, aud] = members(&claims, ["jti", "aud"])?;
        if aud.is_some_and(|aud| !is_for(aud, path)) {
            return None;
        }
        let mut buffer = [0; 64];
        let signature = base64url::decode_into(signature, &mut buffer)?.try_into().ok()?;
        let (jwk, challenge) = (jwk.map(str::to_owned), decode_string(jti?)?.into_owned());
        Some(Self { message, signature, jwk, challenge })
    }

    /// The public key in the proof of a registration and its thumbprint, if the proof is signed
    /// with that key.
    pub(crate) fn registered_key(&self) -> Option<(PublicKey, String)> {
        let (key, thumbprint) = PublicKey::from_jwk(self.jwk.as_deref()?)?;
        key.verifies(self.message, &self.signature).then_some((key, thumbprint))
    }

    /// Whether the proof is signed with `key`, the text of a [`PublicKey`], and contains no key of
    /// its own.
    pub(crate) fn is_signed_with(&self, key: &str) -> bool {
        self.jwk.is_none()
            && PublicKey::from_text(key)
                .is_some_and(|key| key.verifies(self.message, &self.signature))
    }
}

/// The value of a header without the quotes of a string.
pub(crate) fn unquoted(value: &[u8]) -> &[u8] {
    let value = value.trim_ascii();
    value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\"")).unwrap_or(value)
}

fn text(base64: &[u8]) -> Option<String> {
    let bytes: Vec<u8> = base64url::decode(base64)?;
    String::from_utf8(bytes).ok()
}

/// Whether an `aud` is a URL of the route at `path`. The host is not compared: behind a proxy the
/// server may not know it, and the challenge is the server's own.
fn is_for(aud: &str, path: &str) -> bool {
    let url: Option<Cow<'_, str>> = decode_string(aud);
    url.is_some_and(|url| url.starts_with("https://") && url.ends_with(path))
}

#[cfg(test)]
mod tests {
    use std::format;

    use serde_json::Value;

    use super::*;

    /// Whether the proof of a case is well-formed and signed with the key, and has the challenge.
    fn accepted(case: &Value) -> bool {
        let url = case["url"].as_str().unwrap_or("https://example.com/session/refresh");
        let path = url.strip_prefix("https://example.com").unwrap();
        let Some(proof) = DeviceProof::parse(case["proof"].as_str().unwrap().as_bytes(), path)
        else {
            return false;
        };
        let key = case["key"].as_str().unwrap();
        let is_good = match case["kind"].as_str().unwrap() {
            "registration" => proof.registered_key().is_some_and(|(known, _)| known.text() == key),
            "refresh" => proof.is_signed_with(key),
            kind => panic!("{kind}"),
        };
        is_good && case["challenge"] == *proof.challenge
    }

    #[test]
    fn accepts_the_proofs_of_chromium() {
        let file = include_str!("../../tests/data/dbsc-chromium.json");
        let file: Value = serde_json::from_str(file).unwrap();
        let proofs = file["proofs"].as_array().unwrap();
        assert!(proofs.len() >= 6);
        for case in proofs {
            assert!(accepted(case), "{case}");
        }
    }

    /// These cases come from a second implementation, with a reason for each refusal.
    #[test]
    fn agrees_with_another_implementation() {
        let file = include_str!("../../tests/data/dbsc-invalid.json");
        let file: Value = serde_json::from_str(file).unwrap();
        let cases = file["cases"].as_array().unwrap();
        assert!(cases.len() > 150);
        for case in cases {
            // Behind a proxy, the server may not know its host, so it does not compare the host.
            let is_known = case["name"] == "aud of another site";
            assert_eq!(accepted(case), case["reason"].is_null() || is_known, "{case}");
        }
    }

    #[test]
    fn a_proof_has_at_most_4096_bytes() {
        let proof = |padding: usize| {
            let header =
                format!(r#"{{"typ":"dbsc+jwt","alg":"ES256","x":"{}"}}"#, "x".repeat(padding));
            let parts = [header.as_bytes(), br#"{"jti":"xy"}"#, &[0; 64]];
            parts.map(base64url::encode).join(".")
        };
        let longest = (2900..3000).map(proof).rfind(|proof| proof.len() <= MAX_LEN).unwrap();
        assert_eq!(longest.len(), MAX_LEN);
        assert!(DeviceProof::parse(longest.as_bytes(), "/").is_some());
        let quoted = format!("\"{longest}\"");
        assert!(DeviceProof::parse(quoted.as_bytes(), "/").is_some());
        let longer = (2900..3000).map(proof).find(|proof| proof.len() > MAX_LEN).unwrap();
        assert!(DeviceProof::parse(longer.as_bytes(), "/").is_none());
    }

    /// The example in RFC 7638, section 3.1, is an RSA key. This thumbprint was computed with
    /// Python's hashlib.
    #[test]
    fn the_thumbprint_is_frozen() {
        let jwk = r#"{"x":"axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY","kty":"EC",
            "y":"T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU","crv":"P-256"}"#;
        let (_, thumbprint) = PublicKey::from_jwk(jwk).unwrap();
        assert_eq!(thumbprint, "xx0BcA-wMohw8atYDJOe6peGModklG2wRHBlXHMvl0M");
    }
}
