//! The input is a request to a route of device binding: any proof, any identifier, a correctly
//! signed proof with any header or claims, a registration with any challenge, or a good one with a
//! changed byte.
#![cfg_attr(fuzzing, no_main)]

use std::{
    collections::BTreeMap,
    pin::pin,
    sync::LazyLock,
    task::{Context, Poll, Waker},
};

use arbitrary::Arbitrary;
use data_encoding::BASE64URL_NOPAD;
use fuzz::{NOW, Object, support};
use p256::ecdsa::{Signature, SigningKey, signature::Signer as _};
use waxseal_core::{
    DeviceBinding, DeviceRequest, DeviceResponse, DeviceRoute, OpenSession, Sealer, UnixTime,
};

#[derive(Arbitrary, Debug)]
enum Input<'a> {
    Proof(&'a [u8]),
    Identifier(&'a [u8]),
    Header(&'a str),
    Claims { before: &'a str, after: &'a str },
    Challenge(&'a str),
    ChangedProof { at: usize, byte: u8 },
    ChangedIdentifier { at: usize, byte: u8 },
}

/// A browser that has registered its key, and a challenge for its next proof.
struct Browser {
    sealer: &'static Sealer,
    key: SigningKey,
    /// The header of the proof of a registration, with the public key.
    header: String,
    identifier: String,
    challenge: String,
}

static BROWSER: LazyLock<Browser> = LazyLock::new(Browser::registered);
const HEADER: &str = r#"{"alg":"ES256","typ":"dbsc+jwt"}"#;

fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("nothing is awaited"),
    }
}

fn between(text: &str, start: &str) -> String {
    let (_, rest) = text.split_once(start).unwrap();
    rest.split('"').next().unwrap().into()
}

impl Browser {
    fn registered() -> Self {
        let now = UnixTime::from_secs(NOW);
        let binding = DeviceBinding::default().dangerous_without_revocations();
        let sealer = Sealer::builder(support::secret()).device_bound(binding).build().unwrap();
        let sealer: &'static Sealer = Box::leak(Box::new(sealer));
        let session = OpenSession::open(sealer, [], now).unwrap();
        let mut session = session.with_randomness(|| Ok([5; 16]));
        session.log_in("42").unwrap();
        let mut headers: Vec<(&str, String)> = Vec::new();
        ready(session.finish()).unwrap().apply(&mut headers);
        let headers: BTreeMap<_, _> = headers.into_iter().collect();
        let challenge = between(&headers["secure-session-registration"], "challenge=\"");

        let key = SigningKey::from_slice(&[1; 32]).unwrap();
        let point = key.verifying_key().to_sec1_point(false);
        let [x, y] = [&point.as_bytes()[1..33], &point.as_bytes()[33..]]
            .map(|coordinate| BASE64URL_NOPAD.encode(coordinate));
        let header = format!(
            r#"{{"alg":"ES256","typ":"dbsc+jwt","jwk":{{"kty":"EC","crv":"P-256","x":"{x}","y":"{y}"}}}}"#
        );
        let mut browser = Self { sealer, key, header, identifier: String::new(), challenge };
        let proof = browser.signed(&browser.header, &browser.claims());
        let response = browser.send(DeviceRoute::Register, &[], Some(&proof), b"");
        browser.identifier = between(&response.body, "\"session_identifier\":\"");
        let identifier = browser.identifier.clone();
        let response = browser.send(DeviceRoute::Refresh, &[], None, identifier.as_bytes());
        let (_, header) =
            response.headers.iter().find(|(name, _)| name.contains("challenge")).unwrap();
        browser.challenge = between(header, "\"");
        browser
    }

    fn claims(&self) -> String {
        format!(r#"{{"jti":"{}"}}"#, self.challenge)
    }

    fn signed(&self, header: &str, claims: &str) -> Vec<u8> {
        let [header, claims] = [header, claims].map(|part| BASE64URL_NOPAD.encode(part.as_bytes()));
        let message = format!("{header}.{claims}");
        let signature: Signature = self.key.sign(message.as_bytes());
        format!("{message}.{}", BASE64URL_NOPAD.encode(&signature.to_bytes())).into_bytes()
    }

    fn send(
        &self,
        route: DeviceRoute,
        cookies: &[&[u8]],
        proof: Option<&[u8]>,
        identifier: &[u8],
    ) -> DeviceResponse {
        let request =
            DeviceRequest { method: "POST", cookies, proof, identifier: Some(identifier) };
        let now = UnixTime::from_secs(NOW);
        ready(self.sealer.answer_device(route, &request, now))
    }

    /// Whether a proof renews the proof cookie.
    fn is_accepted(&self, proof: &[u8]) -> bool {
        let response =
            self.send(DeviceRoute::Refresh, &[], Some(proof), self.identifier.as_bytes());
        let sets_cookie = response.headers.iter().any(|(name, _)| *name == "set-cookie");
        assert_eq!(sets_cookie, response.status == 200, "{response:?}");
        sets_cookie
    }
}

/// The values of an object's members by an independent parser; `None` for anything else.
fn object(json: &str) -> Option<BTreeMap<String, String>> {
    let Object::<String>(members) = serde_json::from_str(json).ok()?;
    let pairs = members.into_iter().map(|(name, value)| (name, value.get().to_owned()));
    Some(pairs.collect())
}

fn text(value: Option<&String>) -> Option<String> {
    serde_json::from_str(value?).ok()
}

fuzz::target!(|input: Input<'_>| {
    let browser = &*BROWSER;
    match input {
        // Nobody guesses a signature or a MAC.
        Input::Proof(proof) => {
            assert!(!browser.is_accepted(proof));
            let response = browser.send(DeviceRoute::Register, &[proof], Some(proof), b"");
            assert_eq!(response.status, 400);
        }
        Input::Identifier(identifier) => {
            let proof = browser.signed(HEADER, &browser.claims());
            let response = browser.send(DeviceRoute::Refresh, &[], Some(&proof), identifier);
            let body: serde_json::Value = serde_json::from_str(&response.body).unwrap();
            assert_eq!(body["continue"], false);
        }
        Input::Header(header) => {
            let proof = browser.signed(header, &browser.claims());
            // The parser of the server bounds the nesting, which the oracle does not.
            let accepted = browser.is_accepted(&proof);
            let expected = proof.len() <= 4096
                && object(header).is_some_and(|members| {
                    text(members.get("alg")).as_deref() == Some("ES256")
                        && text(members.get("typ")).as_deref() == Some("dbsc+jwt")
                        && !members.contains_key("crit")
                        && !members.contains_key("jwk")
                });
            assert!(!accepted || expected, "{header}");
        }
        Input::Claims { before, after } => {
            let claims = format!(r#"{{{before}"jti":"{}"{after}}}"#, browser.challenge);
            let accepted = browser.is_accepted(&browser.signed(HEADER, &claims));
            let jti = object(&claims).and_then(|members| text(members.get("jti")));
            assert!(!accepted || jti.as_ref() == Some(&browser.challenge), "{claims}");
        }
        Input::Challenge(challenge) => {
            let claims = serde_json::json!({ "jti": challenge }).to_string();
            let proof = browser.signed(&browser.header, &claims);
            let response = browser.send(DeviceRoute::Register, &[], Some(&proof), b"");
            assert_eq!(response.status, 400);
        }
        Input::ChangedProof { at, byte } => {
            let good = browser.signed(HEADER, &browser.claims());
            assert!(browser.is_accepted(&good));
            let mut proof = good.clone();
            let at = at % proof.len();
            proof[at] = byte;
            assert!(proof == good || !browser.is_accepted(&proof));
        }
        Input::ChangedIdentifier { at, byte } => {
            let mut identifier = browser.identifier.clone().into_bytes();
            let at = at % identifier.len();
            identifier[at] = byte;
            let proof = browser.signed(HEADER, &browser.claims());
            let response = browser.send(DeviceRoute::Refresh, &[], Some(&proof), &identifier);
            let is_same = identifier == browser.identifier.as_bytes();
            assert_eq!(response.status == 200 && response.body.is_empty(), is_same);
        }
    }
});
