//! Proofs with one defect each, and valid ones, as vectors for a server.

mod keys;
mod signatures;
mod tokens;

use serde::Serialize;

use super::{Device, Proof, quoted};

/// What a proof is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A registration: the proof contains the key.
    Registration,
    /// A refresh: the server has the key.
    Refresh,
}

/// A proof, and whether a server must refuse it.
#[derive(Clone, Debug, Serialize)]
pub struct Case {
    /// The name, which is unique.
    pub name: String,
    /// What the proof is presented for.
    pub kind: Kind,
    /// The value of the header `Secure-Session-Response`.
    pub proof: String,
    /// The challenge that the server expects.
    pub challenge: &'static str,
    /// The URL of the endpoint, for the claim `aud`.
    pub url: &'static str,
    /// The public key of the device: a compressed point in base64url. For a refresh, the server
    /// has it.
    pub key: String,
    /// Whether the third part, without quotes, is a signature of the first two with this key. If
    /// it is, a server that refuses the proof does so for the reason below.
    pub is_signed: bool,
    /// Why a server must refuse the proof; nothing if the proof is valid.
    pub reason: Option<&'static str>,
}

const REGISTRATION: &str = "a9EkxW4Yp0sVfT7uQmBzJc1LdHn6oRgiN2wK8rSPtXM";
const REFRESH: &str = "Zt3GvYhU8kqL5nW0sBdXoJ7aRfMc2eTp1iKxQ9wEyNA";

/// Builds the cases of one device.
struct Cases<'a> {
    device: &'a Device,
    /// The device of an attacker.
    other: &'a Device,
    built: Vec<Case>,
}

impl<'a> Cases<'a> {
    fn registration(&self) -> Proof<'a> {
        self.device.registration(REGISTRATION)
    }

    fn refresh(&self) -> Proof<'a> {
        self.device.refresh(REFRESH)
    }

    fn add(&mut self, kind: Kind, name: &str, reason: Option<&'static str>, proof: String) {
        let (challenge, url) = match kind {
            Kind::Registration => (REGISTRATION, "https://example.com/session/registration"),
            Kind::Refresh => (REFRESH, "https://example.com/session/refresh"),
        };
        let key = self.device.public_key();
        let is_signed = super::is_signed(proof.trim_matches('"'), &key);
        let name = name.to_owned();
        self.built.push(Case { name, kind, proof, challenge, url, key, is_signed, reason });
    }

    fn valid(&mut self, kind: Kind, name: &str, proof: String) {
        self.add(kind, name, None, proof);
    }

    /// An invalid registration.
    fn unregistered(&mut self, name: &str, reason: &'static str, proof: String) {
        self.add(Kind::Registration, name, Some(reason), proof);
    }

    /// An invalid refresh.
    fn unrefreshed(&mut self, name: &str, reason: &'static str, proof: String) {
        self.add(Kind::Refresh, name, Some(reason), proof);
    }

    fn all_valid(&mut self) {
        use Kind::{Refresh, Registration};
        self.valid(Registration, "registration", self.registration().sign());
        self.valid(Refresh, "refresh", self.refresh().sign());
        self.valid(Registration, "registration in quotes", quoted(&self.registration().sign()));
        self.valid(Refresh, "refresh in quotes", quoted(&self.refresh().sign()));
        let [registration, refresh] = [
            self.registration().claim("aud", "https://example.com/session/registration"),
            self.refresh().claim("aud", "https://example.com/session/refresh"),
        ];
        self.valid(Registration, "registration with aud", registration.sign());
        self.valid(Refresh, "refresh with aud", refresh.sign());
        let proof = self.refresh().claim("iat", 1_500_000_000).claim("sub", "a session");
        self.valid(Refresh, "unknown claims", proof.sign());
        let proof = self.registration().header("kid", "1").jwk("key_ops", vec!["verify"]);
        self.valid(Registration, "unknown members of the header", proof.sign());
        // JSON may have spaces, escapes, and any order.
        let [x, y] = ["x", "y"].map(|name| self.device.jwk()[name].to_string());
        let header = format!(
            "{{ \"typ\" : \"dbsc\\u002bjwt\",\n\t\"jwk\" : {{ \"y\" : {y}, \"x\" : {x}, \
             \"kty\" : \"EC\", \"crv\" : \"P-256\" }}, \"alg\" : \"ES256\" }}\n"
        );
        let proof = self.device.sign_json(header, format!(" {{\"jti\" : \"{REGISTRATION}\"}} "));
        self.valid(Registration, "JSON with spaces and escapes", proof);
        let proof = self.refresh();
        let high = signatures::with_high_s(&self.device.sign(proof.text().as_bytes()));
        let low = signatures::negated(&high);
        self.valid(Refresh, "signature with the low s", proof.with_signature(&low));
        self.valid(Refresh, "signature with the high s", proof.with_signature(&high));
    }
}

/// All cases. They are always the same.
pub fn cases() -> Vec<Case> {
    let [device, other] = [1, 2].map(Device::numbered);
    let mut cases = Cases { device: &device, other: &other, built: vec![] };
    cases.all_valid();
    cases.headers();
    cases.claims();
    cases.tokens();
    cases.keys();
    cases.coordinates();
    cases.signatures();
    cases.built
}
