//! The input is a request to a route of device binding: any proof, any identifier, a correctly
//! signed proof with any header or claims, for both routes, a registration with any challenge, or
//! a good proof or identifier with a changed byte.
#![cfg_attr(fuzzing, no_main)]

use std::{
    pin::pin,
    sync::LazyLock,
    task::{Context, Poll, Waker},
};

use arbitrary::Arbitrary;
use data_encoding::BASE64URL_NOPAD;
use fuzz::{NOW, at_most_100_deep, support};
use p256::ecdsa::{Signature, SigningKey, signature::Signer as _};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use waxseal_core::{
    DeviceBinding, DeviceRequest, DeviceResponse, DeviceRoute, OpenSession, Sealer, UnixTime,
};

#[derive(Arbitrary, Debug)]
enum Input<'a> {
    Proof(&'a [u8]),
    Identifier(&'a [u8]),
    /// `~` and `^` stand for the coordinates of the browser's key.
    Header(&'a str),
    /// Before and after the claim `jti`.
    Claims {
        before: &'a str,
        after: &'a str,
    },
    Challenge(&'a str),
    ChangedProof {
        at: usize,
        byte: u8,
    },
    ChangedIdentifier {
        at: usize,
        byte: u8,
    },
}

/// A browser that has registered its key, and a challenge for its next proof.
struct Browser {
    sealer: &'static Sealer,
    key: SigningKey,
    /// The coordinates of the public key.
    coordinates: [String; 2],
    identifier: String,
    /// The challenge of the registration.
    registration: String,
    /// The challenge of a refresh.
    challenge: String,
}

/// The members of a proof's header with a meaning. `serde` rejects one that appears twice, and
/// ignores others.
#[derive(Deserialize)]
struct Header<'j> {
    #[serde(borrow, default, deserialize_with = "present")]
    alg: Option<&'j RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    typ: Option<&'j RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    crit: Option<&'j RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    jwk: Option<&'j RawValue>,
}

#[derive(Deserialize)]
struct Claims<'j> {
    #[serde(borrow, default, deserialize_with = "present")]
    jti: Option<&'j RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    aud: Option<&'j RawValue>,
}

#[derive(Deserialize)]
struct Jwk<'j> {
    #[serde(borrow, default, deserialize_with = "present")]
    kty: Option<&'j RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    crv: Option<&'j RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    x: Option<&'j RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    y: Option<&'j RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    d: Option<&'j RawValue>,
}

/// A member, even if its value is `null`.
fn present<'j, D: Deserializer<'j>>(deserializer: D) -> Result<Option<&'j RawValue>, D::Error> {
    Deserialize::deserialize(deserializer).map(Some)
}

static BROWSER: LazyLock<Browser> = LazyLock::new(Browser::registered);
const HEADER: &str = r#"{"alg":"ES256","typ":"dbsc+jwt"}"#;
const REGISTRATION_HEADER: &str =
    r#"{"alg":"ES256","typ":"dbsc+jwt","jwk":{"kty":"EC","crv":"P-256","x":"~","y":"^"}}"#;
const REFRESH_PATH: &str = "/session/refresh";

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
        let binding = DeviceBinding::default().path("/session").dangerous_without_revocations();
        let sealer = Sealer::builder(support::secret()).device_bound(binding).build().unwrap();
        let sealer: &'static Sealer = Box::leak(Box::new(sealer));
        let session = OpenSession::open(sealer, [], now).unwrap();
        let mut session = session.with_randomness(|| Ok([5; 16]));
        session.log_in("42").unwrap();
        let mut headers: Vec<(&str, String)> = Vec::new();
        ready(session.finish()).unwrap().apply(&mut headers);
        let (_, offer) =
            headers.iter().find(|(name, _)| *name == "secure-session-registration").unwrap();
        let registration = between(offer, "challenge=\"");

        let key = SigningKey::from_slice(&[1; 32]).unwrap();
        let point = key.verifying_key().to_sec1_point(false);
        let coordinates = [&point.as_bytes()[1..33], &point.as_bytes()[33..]]
            .map(|coordinate| BASE64URL_NOPAD.encode(coordinate));
        let (identifier, challenge) = (String::new(), String::new());
        let mut browser = Self { sealer, key, coordinates, identifier, registration, challenge };
        let proof = browser.signed(&browser.header(REGISTRATION_HEADER), &browser.registering());
        let response = browser.send(DeviceRoute::Register, &[], Some(&proof), b"");
        browser.identifier = between(&response.body, "\"session_identifier\":\"");
        let identifier = browser.identifier.clone();
        let response = browser.send(DeviceRoute::Refresh, &[], None, identifier.as_bytes());
        let (_, header) =
            response.headers.iter().find(|(name, _)| name.contains("challenge")).unwrap();
        browser.challenge = between(header, "\"");
        browser
    }

    /// The header with the coordinates of the key.
    fn header(&self, text: &str) -> String {
        let [x, y] = &self.coordinates;
        text.replace('~', x).replace('^', y)
    }

    fn registering(&self) -> String {
        format!(r#"{{"jti":"{}"}}"#, self.registration)
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

    /// Whether a proof registers the key.
    fn is_registered(&self, proof: &[u8]) -> bool {
        let response = self.send(DeviceRoute::Register, &[], Some(proof), b"");
        let sets_cookie = response.headers.iter().any(|(name, _)| *name == "set-cookie");
        assert_eq!(response.status, if sets_cookie { 200 } else { 400 }, "{response:?}");
        sets_cookie
    }

    /// Whether this is the JWK of the browser's key.
    fn is_jwk(&self, jwk: &RawValue) -> bool {
        let Some(jwk) = parse::<Jwk<'_>>(jwk.get()) else { return false };
        let [x, y] = [text(jwk.x), text(jwk.y)];
        text(jwk.kty).as_deref() == Some("EC")
            && text(jwk.crv).as_deref() == Some("P-256")
            && [x, y] == self.coordinates.clone().map(Some)
            && jwk.d.is_none()
    }
}

/// Parses JSON independently; `None` for anything but an object with at most one of each member.
fn parse<'j, T: Deserialize<'j>>(json: &'j str) -> Option<T> {
    // `serde` also reads a struct from an array.
    let is_object = json.trim_ascii_start().starts_with('{');
    (is_object && at_most_100_deep(json)).then(|| serde_json::from_str(json).ok())?
}

/// A string without a lone surrogate.
fn text(value: Option<&RawValue>) -> Option<String> {
    serde_json::from_str(value?.get()).ok()
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
            let header = &*browser.header(header);
            let parsed = parse::<Header<'_>>(header).filter(|header| {
                text(header.alg).as_deref() == Some("ES256")
                    && text(header.typ).as_deref() == Some("dbsc+jwt")
                    && header.crit.is_none()
            });
            let proof = browser.signed(header, &browser.claims());
            let expected = parsed.as_ref().is_some_and(|header| header.jwk.is_none());
            assert_eq!(browser.is_accepted(&proof), expected && proof.len() <= 4096, "{header}");
            let proof = browser.signed(header, &browser.registering());
            let expected =
                parsed.and_then(|header| header.jwk).is_some_and(|jwk| browser.is_jwk(jwk));
            assert_eq!(browser.is_registered(&proof), expected && proof.len() <= 4096, "{header}");
        }
        Input::Claims { before, after } => {
            let claims = format!(r#"{{{before}"jti":"{}"{after}}}"#, browser.challenge);
            let proof = browser.signed(HEADER, &claims);
            let expected = parse::<Claims<'_>>(&claims).is_some_and(|claims| {
                text(claims.jti).as_ref() == Some(&browser.challenge)
                    && claims.aud.is_none_or(|aud| {
                        let url = text(Some(aud)).unwrap_or_default();
                        url.starts_with("https://") && url.ends_with(REFRESH_PATH)
                    })
            });
            assert_eq!(browser.is_accepted(&proof), expected && proof.len() <= 4096, "{claims}");
        }
        Input::Challenge(challenge) => {
            let claims = serde_json::json!({ "jti": challenge }).to_string();
            let proof = browser.signed(&browser.header(REGISTRATION_HEADER), &claims);
            assert_eq!(browser.is_registered(&proof), challenge == browser.registration);
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
