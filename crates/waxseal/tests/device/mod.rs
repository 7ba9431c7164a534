//! A browser with a key in software, which does what Chromium does for device binding.

use std::collections::BTreeMap;

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Request, StatusCode},
};
use data_encoding::BASE64URL_NOPAD;
use p256::ecdsa::{Signature, SigningKey, signature::Signer as _};
use serde_json::{Value, json};
use tower::ServiceExt as _;

/// The answer to a request.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub fn sets_no_cookie(&self) -> bool {
        !self.headers.contains_key("set-cookie")
    }
}

/// A string parameter in a structured header: `challenge="…"`.
pub fn parameter(header: &str, name: &str) -> String {
    let (_, rest) = header.split_once(&format!("{name}=\"")).expect("the parameter exists");
    rest.split('"').next().unwrap().into()
}

/// A browser with its cookies and its key.
#[derive(Clone)]
pub struct Browser {
    pub app: Router,
    pub jar: BTreeMap<String, String>,
    pub key: SigningKey,
    /// The session configuration in the response to the registration.
    pub config: Option<Value>,
}

impl Browser {
    /// A browser whose key is the same for the same number.
    pub fn new(app: &Router, key: u8) -> Self {
        let key = SigningKey::from_slice(&[key; 32]).unwrap();
        Self { app: app.clone(), jar: BTreeMap::new(), key, config: None }
    }

    pub async fn send(&mut self, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        let pairs: Vec<_> =
            self.jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = Request::builder().method(method).uri(path);
        if !pairs.is_empty() {
            request = request.header("cookie", pairs.join("; "));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::empty()).unwrap();
        let response = self.app.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let body = to_bytes(body, 10_000).await.unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        let answer = Answer { status: head.status, headers: head.headers, body };
        self.store(&answer);
        answer
    }

    /// Stores the cookies of an answer.
    pub fn store(&mut self, answer: &Answer) {
        for line in answer.headers.get_all("set-cookie") {
            assert!(line.is_sensitive(), "`Debug` shows {line:?}");
            let line = line.to_str().unwrap();
            let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
            if value.is_empty() {
                self.jar.remove(name);
            } else {
                self.jar.insert(name.into(), value.into());
            }
        }
    }

    /// Sends a `GET`.
    pub async fn get(&mut self, path: &str) -> Answer {
        self.send("GET", path, &[]).await
    }

    pub fn jwk(&self) -> Value {
        let point = self.key.verifying_key().to_sec1_point(false);
        let coordinate = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
        let bytes = point.as_bytes();
        json!({"kty": "EC", "crv": "P-256", "x": coordinate(&bytes[1..33]), "y": coordinate(&bytes[33..])})
    }

    /// A token with this header and these claims, signed with the browser's key.
    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        let part = |json: &Value| BASE64URL_NOPAD.encode(json.to_string().as_bytes());
        let message = format!("{}.{}", part(header), part(claims));
        let signature: Signature = self.key.sign(message.as_bytes());
        format!("{message}.{}", BASE64URL_NOPAD.encode(&signature.to_bytes()))
    }

    pub fn registration_proof(&self, challenge: &str) -> String {
        let header = json!({"alg": "ES256", "typ": "dbsc+jwt", "jwk": self.jwk()});
        self.sign(&header, &json!({"jti": challenge}))
    }

    pub fn refresh_proof(&self, challenge: &str) -> String {
        self.sign(&json!({"alg": "ES256", "typ": "dbsc+jwt"}), &json!({"jti": challenge}))
    }

    /// Registers the key after a login. `offer` is the value of `Secure-Session-Registration`.
    pub async fn register(&mut self, offer: &str) -> Answer {
        let proof = self.registration_proof(&parameter(offer, "challenge"));
        let headers = [("secure-session-response", &*proof)];
        let answer = self.send("POST", &parameter(offer, "path"), &headers).await;
        if answer.status == StatusCode::OK {
            self.config = Some(serde_json::from_str(&answer.body).unwrap());
        }
        answer
    }

    pub fn identifier(&self) -> String {
        self.config.as_ref().expect("it has registered")["session_identifier"]
            .as_str()
            .unwrap()
            .into()
    }

    pub fn refresh_url(&self) -> String {
        self.config.as_ref().expect("it has registered")["refresh_url"].as_str().unwrap().into()
    }

    pub fn proof_cookie(&self) -> String {
        self.config.as_ref().expect("it has registered")["credentials"][0]["name"]
            .as_str()
            .unwrap()
            .into()
    }

    /// Requests a challenge from the refresh route.
    pub async fn challenge(&mut self) -> String {
        let identifier = self.identifier();
        let headers = [("sec-secure-session-id", &*identifier)];
        let answer = self.send("POST", &self.refresh_url(), &headers).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{answer:?}");
        let header = answer.header("secure-session-challenge").unwrap();
        assert_eq!(parameter(header, "id"), identifier);
        header.split('"').nth(1).unwrap().into()
    }

    /// Sends a proof to the refresh route.
    pub async fn prove(&mut self, proof: &str) -> Answer {
        let identifier = self.identifier();
        let headers = [("sec-secure-session-id", &*identifier), ("secure-session-response", proof)];
        self.send("POST", &self.refresh_url(), &headers).await
    }

    /// Refreshes the proof cookie, as Chromium does when it is missing.
    pub async fn refresh(&mut self) -> Answer {
        let challenge = self.challenge().await;
        self.prove(&self.refresh_proof(&challenge)).await
    }
}
