//! A device that proves the possession of its key (Device Bound Session Credentials), in software.
//! It is written from the draft and from the behavior of Chromium, independently of waxseal.

mod cases;
mod headers;
mod probe;
mod verifier;

use data_encoding::BASE64URL_NOPAD as BASE64URL;
use p256::ecdsa::{
    Signature, SigningKey, VerifyingKey,
    signature::{Signer as _, Verifier as _},
};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

pub use cases::{Case, Kind, cases};
pub use headers::{Challenge, Registration, quoted};
pub use probe::{COOKIE, DeviceServer, ProofOf, arguments, probe};
pub use verifier::Expected;

/// A device with one P-256 key.
#[derive(Clone, Debug)]
pub struct Device {
    key: SigningKey,
}

impl Device {
    /// A device with a random key.
    pub fn new() -> Self {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).expect("random bytes");
        // Almost all 32 bytes are a key.
        Self { key: SigningKey::from_slice(&bytes).expect("a key") }
    }

    /// The device whose key is derived from a number. Its proofs are always the same.
    pub fn numbered(number: u8) -> Self {
        let bytes = Sha256::digest([b"a device of the tests ".as_slice(), &[number]].concat());
        Self { key: SigningKey::from_slice(&bytes).expect("a key") }
    }

    /// The public key: a compressed point in base64url.
    pub fn public_key(&self) -> String {
        BASE64URL.encode(self.key.verifying_key().to_sec1_point(true).as_bytes())
    }

    /// The coordinates of the public key.
    pub fn coordinates(&self) -> [[u8; 32]; 2] {
        let point = self.key.verifying_key().to_sec1_point(false);
        let bytes = &point.as_bytes()[1..];
        [0, 32].map(|start| bytes[start..start + 32].try_into().expect("32 bytes"))
    }

    /// The public key as a JWK.
    pub fn jwk(&self) -> Value {
        let [x, y] = self.coordinates().map(|bytes| BASE64URL.encode(&bytes));
        json!({ "crv": "P-256", "kty": "EC", "x": x, "y": y })
    }

    /// The private key, as the member `d` of a JWK.
    pub fn private_key(&self) -> String {
        BASE64URL.encode(&self.key.to_bytes())
    }

    /// The thumbprint of the public key (RFC 7638).
    pub fn thumbprint(&self) -> String {
        let [x, y] = self.coordinates().map(|bytes| BASE64URL.encode(&bytes));
        let members = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        BASE64URL.encode(&Sha256::digest(members))
    }

    /// The signature of a text: 64 bytes. It is deterministic (RFC 6979).
    pub fn sign(&self, text: &[u8]) -> Vec<u8> {
        let signature: Signature = self.key.sign(text);
        signature.to_bytes().to_vec()
    }

    /// The proof for a registration, which contains the public key.
    pub fn registration(&self, challenge: &str) -> Proof<'_> {
        self.refresh(challenge).header("jwk", self.jwk())
    }

    /// The proof for a refresh.
    pub fn refresh(&self, challenge: &str) -> Proof<'_> {
        let proof = Proof { device: self, header: Map::new(), claims: Map::new() };
        proof.header("alg", "ES256").header("typ", "dbsc+jwt").claim("jti", challenge)
    }

    /// Signs a header and claims, which need not be JSON.
    pub fn sign_json(&self, header: impl AsRef<[u8]>, claims: impl AsRef<[u8]>) -> String {
        let text = signed_text(header, claims);
        let signature = self.sign(text.as_bytes());
        format!("{text}.{}", BASE64URL.encode(&signature))
    }
}

impl Default for Device {
    fn default() -> Self {
        Self::new()
    }
}

/// The first two parts of a token.
fn signed_text(header: impl AsRef<[u8]>, claims: impl AsRef<[u8]>) -> String {
    format!("{}.{}", BASE64URL.encode(header.as_ref()), BASE64URL.encode(claims.as_ref()))
}

/// A proof before it is signed. Any member can be changed.
#[derive(Clone, Debug)]
pub struct Proof<'a> {
    device: &'a Device,
    header: Map<String, Value>,
    claims: Map<String, Value>,
}

impl Proof<'_> {
    /// Sets a member of the header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.header.insert(name.into(), value.into());
        self
    }

    /// Removes a member of the header.
    #[must_use]
    pub fn without_header(mut self, name: &str) -> Self {
        self.header.remove(name);
        self
    }

    /// Sets a claim.
    #[must_use]
    pub fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims.insert(name.into(), value.into());
        self
    }

    /// Removes a claim.
    #[must_use]
    pub fn without_claim(mut self, name: &str) -> Self {
        self.claims.remove(name);
        self
    }

    /// Sets a member of the public key in the header.
    #[must_use]
    pub fn jwk(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.header["jwk"][name] = value.into();
        self
    }

    /// Removes a member of the public key in the header.
    #[must_use]
    pub fn without_jwk(mut self, name: &str) -> Self {
        self.header["jwk"].as_object_mut().expect("a JWK").remove(name);
        self
    }

    /// The header and the claims as JSON.
    pub fn json(&self) -> [String; 2] {
        [&self.header, &self.claims].map(|object| Value::from(object.clone()).to_string())
    }

    /// The first two parts of the token.
    pub fn text(&self) -> String {
        let [header, claims] = self.json();
        signed_text(header, claims)
    }

    /// The value of the header `Secure-Session-Response`, as Chromium sends it: without quotes.
    pub fn sign(&self) -> String {
        let [header, claims] = self.json();
        self.device.sign_json(header, claims)
    }

    /// The proof with a signature of any bytes.
    pub fn with_signature(&self, signature: &[u8]) -> String {
        format!("{}.{}", self.text(), BASE64URL.encode(signature))
    }
}

/// Whether the third part of a token is a signature of the first two with a key, which is a
/// compressed point in base64url. Nothing else is checked.
pub fn is_signed(token: &str, public_key: &str) -> bool {
    let verify = || {
        let (text, signature) = token.rsplit_once('.')?;
        let signature =
            Signature::from_slice(&BASE64URL.decode(signature.as_bytes()).ok()?).ok()?;
        let point = BASE64URL.decode(public_key.as_bytes()).ok()?;
        let key = VerifyingKey::from_sec1_bytes(&point).ok()?;
        key.verify(text.as_bytes(), &signature).ok()
    };
    verify().is_some()
}

/// The public key of a JWK: a compressed point in base64url.
pub fn public_key(jwk: &Value) -> Option<String> {
    let coordinate = |name: &str| BASE64URL.decode(jwk[name].as_str()?.as_bytes()).ok();
    let point = [vec![4], coordinate("x")?, coordinate("y")?].concat();
    let key = VerifyingKey::from_sec1_bytes(&point).ok()?;
    Some(BASE64URL.encode(key.to_sec1_point(true).as_bytes()))
}

/// The header and the claims of a token, without any check.
pub fn decode(token: &str) -> Option<[Value; 2]> {
    let mut parts = token
        .split('.')
        .map(|part| serde_json::from_slice(&BASE64URL.decode(part.as_bytes()).ok()?).ok());
    Some([parts.next()??, parts.next()??])
}
