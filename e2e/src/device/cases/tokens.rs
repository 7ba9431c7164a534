//! Defects of the header, of the claims, and of the token around them.

use data_encoding::{BASE64URL, BASE64URL_NOPAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{Cases, REFRESH, REGISTRATION};

impl Cases<'_> {
    pub(super) fn headers(&mut self) {
        for (name, algorithm) in [
            ("alg none with a signature", json!("none")),
            ("alg RS256", json!("RS256")),
            ("alg ES384", json!("ES384")),
            ("alg in lower case", json!("es256")),
            ("alg null", Value::Null),
            ("alg as a list", json!(["ES256"])),
        ] {
            let [registration, refresh] = [self.registration(), self.refresh()]
                .map(|proof| proof.header("alg", algorithm.clone()).sign());
            self.unregistered(&format!("registration: {name}"), "alg is not ES256", registration);
            self.unrefreshed(&format!("refresh: {name}"), "alg is not ES256", refresh);
        }
        let proof = self.refresh().header("alg", "none").with_signature(&[]);
        self.unrefreshed("alg none without a signature", "alg is not ES256", proof);
        let proof = self.refresh().without_header("alg").sign();
        self.unrefreshed("alg is missing", "alg is missing", proof);
        let proof = self.refresh().header("alg", "HS256");
        let key = self.device.coordinates().concat();
        let mac = Hmac::<Sha256>::new_from_slice(&key).expect("any key").chain_update(proof.text());
        let proof = proof.with_signature(&mac.finalize().into_bytes());
        self.unrefreshed("alg HS256 with the public key", "alg is not ES256", proof);

        for (name, typ) in [
            ("typ JWT", json!("JWT")),
            ("typ of an older draft", json!("jwt")),
            ("typ with a suffix", json!("dbsc+jwt2")),
            ("typ null", Value::Null),
        ] {
            let [registration, refresh] = [self.registration(), self.refresh()]
                .map(|proof| proof.header("typ", typ.clone()).sign());
            self.unregistered(
                &format!("registration: {name}"),
                "typ is not dbsc+jwt",
                registration,
            );
            self.unrefreshed(&format!("refresh: {name}"), "typ is not dbsc+jwt", refresh);
        }
        let proof = self.refresh().without_header("typ").sign();
        self.unrefreshed("typ is missing", "typ is missing", proof);

        let reason = "crit names an extension that the server does not know";
        let proof = self.refresh().header("crit", vec!["exp"]).header("exp", 1).sign();
        self.unrefreshed("refresh: crit", reason, proof);
        let proof = self.registration().header("crit", vec!["b64"]).header("b64", false).sign();
        self.unregistered("registration: crit", reason, proof);

        let claims = json!({ "jti": REFRESH }).to_string();
        for (name, reason, header) in [
            (
                "alg twice",
                "the header has a member twice",
                r#"{"alg":"none","alg":"ES256","typ":"dbsc+jwt"}"#,
            ),
            (
                "typ twice",
                "the header has a member twice",
                r#"{"alg":"ES256","typ":"JWT","typ":"dbsc+jwt"}"#,
            ),
            (
                "alg twice with an escape",
                "the header has a member twice",
                r#"{"alg":"ES256","typ":"dbsc+jwt","\u0061lg":"none"}"#,
            ),
            ("header as a list", "the header is not an object", r#"["ES256","dbsc+jwt"]"#),
            ("header is not JSON", "the header is not JSON", "{alg:ES256,typ:dbsc+jwt}"),
            (
                "header with trailing data",
                "the header is not JSON",
                r#"{"alg":"ES256","typ":"dbsc+jwt"}{}"#,
            ),
            (
                "header with a trailing comma",
                "the header is not JSON",
                r#"{"alg":"ES256","typ":"dbsc+jwt",}"#,
            ),
            ("empty header", "the header is not JSON", ""),
        ] {
            let proof = self.device.sign_json(header, &claims);
            self.unrefreshed(name, reason, proof);
        }
    }

    pub(super) fn claims(&mut self) {
        for (name, jti) in [
            ("another challenge", json!("an older challenge")),
            ("empty challenge", json!("")),
            ("challenge with a suffix", json!(format!("{REFRESH}A"))),
            ("beginning of the challenge", json!(REFRESH[..42])),
            ("challenge in lower case", json!(REFRESH.to_lowercase())),
            ("challenge of a registration", json!(REGISTRATION)),
            ("jti null", Value::Null),
            ("jti as a number", json!(1)),
            ("jti as a list", json!([REFRESH])),
        ] {
            let proof = self.refresh().claim("jti", jti).sign();
            self.unrefreshed(name, "jti is not the challenge", proof);
        }
        let proof = self.refresh().without_claim("jti").sign();
        self.unrefreshed("jti is missing", "jti is missing", proof);
        let proof = self.registration().claim("jti", REFRESH).sign();
        self.unregistered("challenge of a refresh", "jti is not the challenge", proof);

        for (name, aud) in [
            ("aud of another site", json!("https://attacker.example/session/refresh")),
            ("aud of another path", json!("https://example.com/session/registration")),
            ("aud without https", json!("http://example.com/session/refresh")),
            ("aud as a number", json!(1)),
        ] {
            let proof = self.refresh().claim("aud", aud).sign();
            self.unrefreshed(name, "aud is not the URL of the endpoint", proof);
        }

        let aud = "https://example.com/session/refresh";
        let proof = self.registration().claim("aud", aud).sign();
        let reason = "aud is not the URL of the endpoint";
        self.unregistered("registration: aud of another path", reason, proof);

        let header = self.refresh().json()[0].clone();
        let jti = format!(r#""jti":"{REFRESH}""#);
        for (name, reason, claims) in [
            (
                "jti twice",
                "the claims have a member twice",
                format!(r#"{{{jti},"jti":"older"}}"#).into_bytes(),
            ),
            (
                "jti twice, the other order",
                "the claims have a member twice",
                format!(r#"{{"jti":"older",{jti}}}"#).into(),
            ),
            (
                "claims as a list",
                "the claims are not an object",
                format!(r#"["{REFRESH}"]"#).into(),
            ),
            (
                "claims as a string",
                "the claims are not an object",
                format!(r#""{REFRESH}""#).into(),
            ),
            (
                "claims with trailing data",
                "the claims are not JSON",
                format!("{{{jti}}}{{}}").into(),
            ),
            (
                "claims with a byte order mark",
                "the claims are not JSON",
                format!("\u{feff}{{{jti}}}").into(),
            ),
            ("claims with a comment", "the claims are not JSON", format!("{{{jti}/**/}}").into()),
            ("claims cut off", "the claims are not JSON", format!("{{{jti}").into()),
            (
                "claims without UTF-8",
                "the claims are not JSON",
                [b"{\"a\":\"\xff\",", jti.as_bytes(), b"}"].concat(),
            ),
            ("empty claims", "the claims are not JSON", vec![]),
        ] {
            let proof = self.device.sign_json(&header, claims);
            self.unrefreshed(name, reason, proof);
        }
    }

    pub(super) fn tokens(&mut self) {
        let proof = self.refresh().sign();
        let [header, claims, signature] = proof.split('.').collect::<Vec<_>>()[..] else {
            panic!("three parts")
        };
        let padded = |part: &str| {
            BASE64URL.encode(&BASE64URL_NOPAD.decode(part.as_bytes()).expect("base64url"))
        };
        let flattened = json!({ "protected": header, "payload": claims, "signature": signature });
        let registration = self.registration().sign();
        for (name, reason, proof) in [
            ("nothing", "the token does not have three parts", String::new()),
            ("empty quotes", "the token does not have three parts", "\"\"".into()),
            ("two parts", "the token does not have three parts", format!("{header}.{claims}")),
            ("four parts", "the token does not have three parts", format!("{proof}.{signature}")),
            ("dot at the end", "the token does not have three parts", format!("{proof}.")),
            ("dot at the start", "the token does not have three parts", format!(".{proof}")),
            ("detached claims", "the claims are not JSON", format!("{header}..{signature}")),
            ("JSON serialization", "the token does not have three parts", flattened.to_string()),
            ("quote at the start only", "the value is no string", format!("\"{proof}")),
            ("quote at the end only", "the value is no string", format!("{proof}\"")),
            ("text after the quotes", "the value is no string", format!("\"{proof}\"A")),
            ("two tokens", "the token does not have three parts", format!("{proof}, {proof}")),
            (
                "space before the signature",
                "the token is not base64url",
                format!("{header}.{claims}. {signature}"),
            ),
            (
                "header with padding",
                "the token is not base64url",
                format!("{header}=.{claims}.{signature}"),
            ),
            (
                "claims with padding",
                "the token is not base64url",
                format!("{header}.{claims}=.{signature}"),
            ),
            (
                "signature with padding",
                "the token is not base64url",
                format!("{header}.{claims}.{}", padded(signature)),
            ),
            ("header of a registration, with its signature", "a refresh has no jwk", registration),
        ] {
            self.unrefreshed(name, reason, proof);
        }
        // A decoder that ignores the unused bits accepts four signatures for each.
        let (start, last) = signature.split_at(signature.len() - 1);
        let next = char::from(last.as_bytes()[0] + 1);
        let proof = format!("{header}.{claims}.{start}{next}");
        self.unrefreshed("signature with other unused bits", "the token is not base64url", proof);
        let proof = self.refresh().claim("filler", "A".repeat(4096)).sign();
        self.unrefreshed("more than 4096 bytes", "the proof is too long", proof);
    }
}
