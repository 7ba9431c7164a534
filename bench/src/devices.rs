//! Device-bound sessions, compared with unbound ones and with the signature that a proof needs.
//! Runs separately.

use std::{
    fs,
    future::Future,
    hint::black_box,
    pin::pin,
    task::{Context, Poll, Waker},
};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use p256::ecdsa::{
    Signature, SigningKey, VerifyingKey,
    signature::{Signer as _, Verifier as _},
};
use waxseal::{DeviceBinding, Sealer, Secret};
use waxseal_core::{
    DeviceRequest, DeviceResponse, DeviceRoute, OpenSession, RandomError, ResponseHeaders as _,
};

use crate::{
    bars::{self, Asked, at_most},
    ours, report,
    rounds::{Rounds, Rows},
    subject::{SECRET, data},
};

const WITHOUT_BINDING: &str = "waxseal: open, without device binding";
const BOUND: &str = "waxseal: open a bound session and its proof";
const REFRESH: &str = "waxseal: refresh of a proof";
const VERIFY: &str = "p256: verify an ES256 signature";

/// Runs the benchmarks and writes docs/benchmarks/devices.md.
pub(crate) fn write(rounds: usize) {
    let mut table = Rounds::new(None);
    add(&mut table);
    let rows = table.run(rounds);
    let bars = bars::table(asked(&rows));
    print!("{bars}");
    let text = format!(
        include_str!("devices.md"),
        machine = report::machine(),
        bars = bars,
        rows = report::table(&rows),
    );
    fs::write(report::docs().join("benchmarks/devices.md"), text).expect("docs can be written");
}

fn asked(rows: &Rows) -> Vec<Asked> {
    vec![
        at_most(
            "open a bound session, over a session without device binding",
            "≤ 1.70",
            1.70,
            rows.ratio(BOUND, WITHOUT_BINDING),
        ),
        at_most(
            "refresh a proof, over the bare signature",
            "≤ 1.15",
            1.15,
            rows.ratio(REFRESH, VERIFY),
        ),
    ]
}

fn sealer() -> &'static Sealer {
    let binding = DeviceBinding::default().dangerous_without_revocations();
    let builder = Sealer::builder(Secret::new(SECRET).unwrap()).device_bound(binding);
    Box::leak(Box::new(builder.build().unwrap()))
}

fn random() -> Result<[u8; 16], RandomError> {
    Ok([5; 16])
}

fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("nothing is awaited"),
    }
}

pub(crate) fn answer(
    sealer: &'static Sealer,
    route: DeviceRoute,
    request: DeviceRequest<'_>,
) -> DeviceResponse {
    ready(sealer.answer_device(route, &request, ours::now()))
}

/// The text after `start` in a header or a body, up to the next quote.
fn after(text: &str, start: &str) -> String {
    let (_, rest) = text.split_once(start).expect("the text has it");
    rest.split('"').next().unwrap().into()
}

fn signed(key: &SigningKey, header: &str, challenge: &str) -> String {
    let part = |json: &str| BASE64_URL_SAFE_NO_PAD.encode(json);
    let message = format!("{}.{}", part(header), part(&format!(r#"{{"jti":"{challenge}"}}"#)));
    let signature: Signature = key.sign(message.as_bytes());
    format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature.to_bytes()))
}

fn pairs(headers: &[(&'static str, String)]) -> String {
    let lines = headers.iter().filter(|(name, _)| *name == "set-cookie");
    let pairs: Vec<_> = lines.map(|(_, line)| line.split(';').next().unwrap()).collect();
    pairs.join("; ")
}

/// A `POST` to one of the routes.
pub(crate) const fn request<'r>(
    cookies: &'r [&'r [u8]],
    proof: Option<&'r [u8]>,
    identifier: Option<&'r [u8]>,
) -> DeviceRequest<'r> {
    DeviceRequest { method: "POST", cookies, proof, identifier }
}

/// A session that is bound to a device.
pub(crate) struct Registered {
    pub(crate) sealer: &'static Sealer,
    key: SigningKey,
    /// The cookie of the login.
    unbound: String,
    /// The session cookie and the proof cookie.
    pub(crate) bound: String,
    pub(crate) identifier: String,
}

pub(crate) fn register() -> Registered {
    let sealer = sealer();
    let key = SigningKey::from_slice(&[1; 32]).unwrap();

    let mut session = OpenSession::open(sealer, [], ours::now()).unwrap().with_randomness(random);
    session.set_data(data()).unwrap();
    session.log_in("42").unwrap();
    let mut headers: Vec<(&'static str, String)> = Vec::new();
    ready(session.finish()).unwrap().apply(&mut headers);
    let unbound = pairs(&headers);
    let offer = headers.joined("secure-session-registration").unwrap();
    let challenge = after(&String::from_utf8(offer).unwrap(), "challenge=\"");

    let point = key.verifying_key().to_sec1_point(false);
    let [x, y] = [&point.as_bytes()[1..33], &point.as_bytes()[33..]]
        .map(|bytes| BASE64_URL_SAFE_NO_PAD.encode(bytes));
    let header = format!(
        r#"{{"alg":"ES256","typ":"dbsc+jwt","jwk":{{"kty":"EC","crv":"P-256","x":"{x}","y":"{y}"}}}}"#
    );
    let proof = signed(&key, &header, &challenge);
    let registered =
        answer(sealer, DeviceRoute::Register, request(&[], Some(proof.as_bytes()), None));
    assert_eq!(registered.status, 200);
    // The first response after the registration names the key in the session cookie.
    let proof = pairs(&registered.headers);
    let cookies = format!("{unbound}; {proof}");
    let mut session = OpenSession::open(sealer, [cookies.as_bytes()], ours::now()).unwrap();
    let mut headers: Vec<(&'static str, String)> = Vec::new();
    ready(session.finish()).unwrap().apply(&mut headers);
    let bound = format!("{}; {proof}", pairs(&headers));
    assert!(bound.len() > cookies.len());
    let identifier = after(&registered.body, "\"session_identifier\":\"");
    Registered { sealer, key, unbound, bound, identifier }
}

fn add(rounds: &mut Rounds) {
    let Registered { sealer, key, unbound, bound, identifier } = register();
    let plain = Box::leak(Box::new(ours::sealer()));
    for (name, opener, cookies) in [
        (WITHOUT_BINDING, &*plain, unbound.clone()),
        ("waxseal: open an unbound session, with device binding", sealer, unbound),
        (BOUND, sealer, bound.clone()),
    ] {
        rounds.add("open", name, move || {
            let session = OpenSession::open(opener, [cookies.as_bytes()], ours::now()).unwrap();
            assert!(session.user().is_some());
            black_box(&session);
        });
    }

    let challenged =
        answer(sealer, DeviceRoute::Refresh, request(&[], None, Some(identifier.as_bytes())));
    let challenge = challenged.headers.joined("secure-session-challenge").unwrap();
    let challenge = after(&String::from_utf8(challenge).unwrap(), "\"");
    let proof = signed(&key, r#"{"alg":"ES256","typ":"dbsc+jwt"}"#, &challenge);
    let (message, signature) = proof.rsplit_once('.').unwrap();
    let message = message.to_owned();
    let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap();
    let signature = Signature::from_slice(&signature).unwrap();
    let known: VerifyingKey = *key.verifying_key();
    rounds.add("refresh", VERIFY, move || known.verify(message.as_bytes(), &signature).unwrap());
    let compressed = known.to_sec1_point(true);
    rounds.add("refresh", "p256: read a compressed key", move || {
        VerifyingKey::from_sec1_bytes(compressed.as_bytes()).unwrap()
    });
    let refresh = move |proof: Option<String>, status| {
        let (bound, identifier) = (bound.clone(), identifier.clone());
        move || {
            let cookies: &[&[u8]] = &[bound.as_bytes()];
            let proof = proof.as_ref().map(String::as_bytes);
            let request = request(cookies, proof, Some(identifier.as_bytes()));
            assert_eq!(answer(sealer, DeviceRoute::Refresh, request).status, status);
        }
    };
    rounds.add("refresh", REFRESH, refresh(Some(proof.clone()), 200));
    rounds.add("refresh", "waxseal: challenge of a refresh", refresh(None, 403));
}
