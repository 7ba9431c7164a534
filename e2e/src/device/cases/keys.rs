//! Defects of the key in the header.

use data_encoding::{BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD};
use serde_json::{Value, json};

use super::{Cases, REFRESH, REGISTRATION};

/// The prime of the field, p.
const PRIME: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, //
    0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
];

/// The coordinate p - y of the opposite point.
fn opposite(y: [u8; 32]) -> [u8; 32] {
    let mut result = [0; 32];
    let mut borrow = false;
    for (index, byte) in result.iter_mut().enumerate().rev() {
        let (difference, first) = PRIME[index].overflowing_sub(y[index]);
        let (difference, second) = difference.overflowing_sub(borrow.into());
        (*byte, borrow) = (difference, first || second);
    }
    result
}

impl Cases<'_> {
    pub(super) fn keys(&mut self) {
        let smuggled = "a refresh has no jwk";
        let proof = self.refresh().header("jwk", self.device.jwk()).sign();
        self.unrefreshed("refresh with its own jwk", smuggled, proof);
        let proof = self.other.refresh(REFRESH).header("jwk", self.other.jwk()).sign();
        self.unrefreshed("refresh with the jwk of another device", smuggled, proof);
        let proof = self.refresh().header("jwk", Value::Null).sign();
        self.unrefreshed("refresh with jwk null", smuggled, proof);

        let proof = self.registration().without_header("jwk").sign();
        self.unregistered("jwk is missing", "jwk is missing", proof);
        for (name, jwk) in [
            ("jwk null", Value::Null),
            ("jwk as a string", json!(self.device.jwk().to_string())),
            ("jwk as a list", json!([self.device.jwk()])),
            ("jwk as a key set", json!({ "keys": [self.device.jwk()] })),
            ("empty jwk", json!({})),
            (
                "jwk with an RSA key",
                json!({ "kty": "RSA", "n": self.device.public_key(), "e": "AQAB" }),
            ),
            ("jwk with a symmetric key", json!({ "kty": "oct", "k": self.device.public_key() })),
        ] {
            let proof = self.registration().header("jwk", jwk).sign();
            self.unregistered(name, "jwk is no P-256 key", proof);
        }
        let rsa = json!({ "kty": "RSA", "n": BASE64URL_NOPAD.encode(&[0xc5; 256]), "e": "AQAB" });
        let proof = self.registration().header("alg", "RS256").header("jwk", rsa);
        let proof = proof.with_signature(&[0x5a; 256]);
        self.unregistered("RS256 with an RSA key", "alg is not ES256", proof);

        let proof = self.registration().jwk("d", self.device.private_key()).sign();
        self.unregistered("jwk with d", "jwk has a private key", proof);
        for (name, member, value) in [
            ("jwk with kty RSA", "kty", json!("RSA")),
            ("jwk with kty OKP", "kty", json!("OKP")),
            ("jwk with kty in lower case", "kty", json!("ec")),
            ("jwk with crv P-384", "crv", json!("P-384")),
            ("jwk with crv secp256k1", "crv", json!("secp256k1")),
            ("jwk with crv in lower case", "crv", json!("p-256")),
            ("jwk with x as a number", "x", json!(1)),
            ("jwk with y null", "y", Value::Null),
        ] {
            let proof = self.registration().jwk(member, value).sign();
            self.unregistered(name, "jwk is no P-256 key", proof);
        }
        for member in ["kty", "crv", "x", "y"] {
            let proof = self.registration().without_jwk(member).sign();
            self.unregistered(&format!("jwk without {member}"), "jwk is no P-256 key", proof);
        }

        let [own, other] = [self.device, self.other].map(|device| device.jwk().to_string());
        let claims = json!({ "jti": REGISTRATION }).to_string();
        for (name, first, second) in
            [("jwk twice", &own, &other), ("jwk twice, the other order", &other, &own)]
        {
            let header =
                format!(r#"{{"alg":"ES256","jwk":{first},"typ":"dbsc+jwt","jwk":{second}}}"#);
            let proof = self.device.sign_json(header, &claims);
            self.unregistered(name, "the header has a member twice", proof);
        }
        let x = self.other.jwk()["x"].to_string();
        let jwk = own.replacen('{', &format!(r#"{{"x":{x},"#), 1);
        let header = format!(r#"{{"alg":"ES256","jwk":{jwk},"typ":"dbsc+jwt"}}"#);
        let proof = self.device.sign_json(header, &claims);
        self.unregistered("x twice in the jwk", "the header has a member twice", proof);
    }

    pub(super) fn coordinates(&mut self) {
        let [x, y] = self.device.coordinates();
        let [other_x, _] = self.other.coordinates();
        let url = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
        let off = "the point is not on the curve";
        let length = "the coordinates do not have 32 bytes";
        let text = "the coordinates are not base64url";
        let mut changed = y;
        changed[31] ^= 1;
        // A decoder that ignores the unused bits accepts four texts for each coordinate.
        let mut unused = url(&y).into_bytes();
        let last = unused.last_mut().expect("43 characters");
        *last += 1;
        let unused = String::from_utf8(unused).expect("ASCII");
        let wide = [[0; 16].as_slice(), &x].concat();
        for (name, reason, x, y) in [
            ("point off the curve", off, url(&x), url(&changed)),
            ("x of another device", off, url(&other_x), url(&y)),
            ("x and y swapped", off, url(&y), url(&x)),
            ("x twice as the point", off, url(&x), url(&x)),
            ("point of zeros", off, url(&[0; 32]), url(&[0; 32])),
            ("x = p", off, url(&PRIME), url(&y)),
            ("coordinates of ones", off, url(&[0xff; 32]), url(&[0xff; 32])),
            ("opposite point", "the signature is not valid", url(&x), url(&opposite(y))),
            ("empty coordinates", length, String::new(), String::new()),
            ("identity point", length, url(&[0]), url(&[0])),
            ("x of 31 bytes", length, url(&x[1..]), url(&y)),
            ("y of 31 bytes", length, url(&x), url(&y[..31])),
            ("x with a zero byte before it", length, url(&[&[0], &x[..]].concat()), url(&y)),
            ("y with a zero byte after it", length, url(&x), url(&[&y[..], &[0]].concat())),
            ("x of 48 bytes", length, url(&wide), url(&y)),
            ("compressed point as x", length, self.device.public_key(), url(&y)),
            ("x with padding", text, BASE64URL.encode(&x), url(&y)),
            ("coordinates in base64", text, BASE64_NOPAD.encode(&x), BASE64_NOPAD.encode(&y)),
            ("x with a space", text, format!("{} ", url(&x)), url(&y)),
            ("y with other unused bits", text, url(&x), unused),
        ] {
            let proof = self.registration().jwk("x", x).jwk("y", y).sign();
            self.unregistered(name, reason, proof);
        }
    }
}
