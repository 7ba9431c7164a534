//! A verifier of proofs, written from the draft and from RFC 7515: the probe uses it, and it
//! checks that each vector is refused for the reason that the vector names.

use std::{collections::BTreeSet, fmt};

use data_encoding::BASE64URL_NOPAD as BASE64URL;
use serde::{
    Deserialize, Deserializer,
    de::{Error as _, MapAccess, SeqAccess, Visitor},
};
use serde_json::Value;

use super::{Kind, is_signed, public_key};

/// What a proof is verified against.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// What the proof is for.
    pub kind: Kind,
    /// The challenge of the server.
    pub challenge: &'a str,
    /// The URL of the endpoint, for the claim `aud`.
    pub url: &'a str,
    /// For a refresh: the public key of the registration, a compressed point in base64url.
    pub key: &'a str,
}

impl Expected<'_> {
    /// Verifies the value of the header `Secure-Session-Response`. Returns the public key of the
    /// device.
    ///
    /// # Errors
    ///
    /// Why the proof is refused.
    pub fn verify(&self, value: &str) -> Result<String, &'static str> {
        if value.len() > 4096 {
            return Err("the proof is too long");
        }
        let token = match value.strip_prefix('"') {
            Some(rest) => rest.strip_suffix('"').ok_or("the value is no string")?,
            None if value.ends_with('"') => return Err("the value is no string"),
            None => value,
        };
        let parts: Vec<_> =
            token.split('.').map(|part| BASE64URL.decode(part.as_bytes())).collect();
        let [header, claims, signature] = &*parts else {
            return Err("the token does not have three parts");
        };
        let (Ok(header_bytes), Ok(claims), Ok(_)) = (header, claims, signature) else {
            return Err("the token is not base64url");
        };

        let header: Value =
            serde_json::from_slice(header_bytes).map_err(|_| "the header is not JSON")?;
        if !header.is_object() {
            return Err("the header is not an object");
        }
        serde_json::from_slice::<Unique>(header_bytes)
            .map_err(|_| "the header has a member twice")?;
        if header.get("alg").ok_or("alg is missing")? != "ES256" {
            return Err("alg is not ES256");
        }
        if header.get("typ").ok_or("typ is missing")? != "dbsc+jwt" {
            return Err("typ is not dbsc+jwt");
        }
        if header.get("crit").is_some() {
            return Err("crit names an extension that the server does not know");
        }
        let key = match (self.kind, header.get("jwk")) {
            (Kind::Registration, Some(jwk)) => point(jwk)?,
            (Kind::Registration, None) => return Err("jwk is missing"),
            (Kind::Refresh, Some(_)) => return Err("a refresh has no jwk"),
            (Kind::Refresh, None) => self.key.to_owned(),
        };
        self.verify_claims(claims)?;
        if is_signed(token, &key) { Ok(key) } else { Err("the signature is not valid") }
    }

    fn verify_claims(&self, bytes: &[u8]) -> Result<(), &'static str> {
        let claims: Value = serde_json::from_slice(bytes).map_err(|_| "the claims are not JSON")?;
        if !claims.is_object() {
            return Err("the claims are not an object");
        }
        serde_json::from_slice::<Unique>(bytes).map_err(|_| "the claims have a member twice")?;
        if claims.get("jti").ok_or("jti is missing")? != self.challenge {
            return Err("jti is not the challenge");
        }
        if claims.get("aud").is_some_and(|aud| aud != self.url) {
            return Err("aud is not the URL of the endpoint");
        }
        Ok(())
    }
}

/// The public key of a JWK, which is for P-256 and not private.
fn point(jwk: &Value) -> Result<String, &'static str> {
    let texts = ["x", "y"].map(|name| jwk.get(name).and_then(Value::as_str));
    let [Some(x), Some(y)] = texts else { return Err("jwk is no P-256 key") };
    if jwk["kty"] != "EC" || jwk["crv"] != "P-256" {
        return Err("jwk is no P-256 key");
    }
    if jwk.get("d").is_some() {
        return Err("jwk has a private key");
    }
    for coordinate in [x, y] {
        let bytes = BASE64URL.decode(coordinate.as_bytes());
        if bytes.map_err(|_| "the coordinates are not base64url")?.len() != 32 {
            return Err("the coordinates do not have 32 bytes");
        }
    }
    public_key(jwk).ok_or("the point is not on the curve")
}

/// JSON in which no object has a member twice.
struct Unique;

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Unique {
    type Value = Self;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self, A::Error> {
        let mut names = BTreeSet::<String>::new();
        while let Some((name, Self)) = map.next_entry()? {
            if !names.insert(name) {
                return Err(A::Error::custom("a member occurs twice"));
            }
        }
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self, A::Error> {
        while seq.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }
}
