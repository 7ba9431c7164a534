//! The configuration of device binding.
#![cfg(feature = "device-bound")]

use std::{
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use data_encoding::BASE64URL_NOPAD as BASE64URL;
use p256::ecdsa::{Signature, SigningKey, signature::Signer as _};
use waxseal_core::{
    Acknowledgement, BuildError, CookieSpec, DeviceAnswer, DeviceBinding, DeviceBindingError,
    DeviceRequest, DeviceRoute, Jwks, NotDurable, OpenSession, Recorded, Rejection, Revocation,
    RevocationStatus, Revocations, SaveError, Sealer, SealerBuilder, Secret, SessionView, UnixTime,
};

fn secret() -> Secret {
    Secret::new([7; 32]).unwrap()
}

fn binding() -> DeviceBinding {
    DeviceBinding::default().dangerous_without_revocations()
}

fn error(builder: SealerBuilder, binding: DeviceBinding) -> DeviceBindingError {
    match builder.device_bound(binding).build() {
        Err(BuildError::DeviceBinding(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_wrong_configuration_is_an_error() {
    let needs_list = error(Sealer::builder(secret()), DeviceBinding::default());
    assert_eq!(needs_list, DeviceBindingError::NeedsRevocations);
    assert!(needs_list.to_string().contains("SealerBuilder::revocations"), "{needs_list}");
    let short = binding().proof_lifetime(Duration::from_secs(299));
    let secs = 299;
    assert_eq!(error(Sealer::builder(secret()), short), DeviceBindingError::ProofLifetime { secs });
    let keys = Jwks::derived(&secret(), "__Host-session");
    assert_eq!(error(Sealer::builder(keys), binding()), DeviceBindingError::NeedsSecret);
}

#[test]
fn browsers_bind_only_some_cookies() {
    let domain = CookieSpec::builder("session").domain("example.com").build().unwrap();
    let partitioned = CookieSpec::builder("__Host-session").partitioned().build().unwrap();
    for cookie in [CookieSpec::insecure_http(), domain, partitioned] {
        let builder = Sealer::builder(secret()).cookie(cookie);
        assert_eq!(error(builder, binding()), DeviceBindingError::Cookie);
    }
}

#[test]
fn the_folder_of_the_routes_is_below_the_path_of_the_cookie() {
    for path in ["", "device", "//device", "/device/", "/a b", "/a?b", "/\u{e9}"] {
        let builder = Sealer::builder(secret());
        assert_eq!(error(builder, binding().path(path)), DeviceBindingError::Path, "{path}");
    }
    let cookie = CookieSpec::builder("__Secure-app").path("/app").build().unwrap();
    let builder = || Sealer::builder(secret()).cookie(cookie.clone());
    assert_eq!(error(builder(), binding().path("/application")), DeviceBindingError::Path);

    let routes = |binding, path: &str| {
        let sealer = builder().device_bound(binding).build().unwrap();
        ["register", "refresh", ""].map(|route| sealer.device_route(&format!("{path}{route}")))
    };
    let expected = [Some(DeviceRoute::Register), Some(DeviceRoute::Refresh), None];
    assert_eq!(routes(binding(), "/app/.well-known/waxseal/__Secure-app/"), expected);
    let good = binding().proof_lifetime(Duration::from_secs(300)).path("/app/device");
    assert_eq!(routes(good, "/app/device/"), expected);
}

/// The browser binds a session to a cookie that has exactly the announced name and attributes. It
/// keeps the proof cookie until it expires, and scripts cannot read it.
#[test]
fn the_proof_cookie_has_the_attributes_of_the_session_cookie() {
    let readable = CookieSpec::builder("__Host-session").until_browser_closes();
    let readable = readable.insecure_allow_scripts().build().unwrap();
    for cookie in [CookieSpec::default(), readable] {
        check_proof_cookie(Sealer::builder(secret()).cookie(cookie));
    }
}

fn check_proof_cookie(builder: SealerBuilder) {
    let response = ready(register(&builder.device_bound(binding()).build().unwrap()));
    assert_eq!(response.status, 200, "{response:?}");
    let lines: Vec<_> = response.headers.iter().filter(|(name, _)| *name == "set-cookie").collect();
    let [(_, line)] = &*lines else { panic!("one cookie: {lines:?}") };
    let (pair, attributes) = line.split_once("; ").unwrap();
    let (name, token) = pair.split_once('=').unwrap();
    let claims = BASE64URL.decode(token.split('.').nth(1).unwrap().as_bytes()).unwrap();
    let fields = String::from_utf8(claims).unwrap();
    let fields: Vec<_> = fields.split('.').collect();
    // Without the public key: a request has no use for it.
    assert_eq!((fields.len(), fields[2]), (4, ""), "{fields:?}");
    assert!(name.starts_with("__Host-session-bound-") && name.len() == 29, "{name}");
    assert_eq!(attributes, "Path=/; Max-Age=600; Secure; HttpOnly; SameSite=Lax");
    assert!(response.body.contains(&format!(r#""name":"{name}""#)), "{}", response.body);
}

/// Logs in, and answers the registration of a key.
fn register(sealer: &Sealer) -> DeviceAnswer {
    let now = UnixTime::from_secs(1_800_000_000);
    let mut session = OpenSession::open(sealer, [], now).unwrap().with_randomness(|| Ok([7; 16]));
    session.log_in("42").unwrap();
    let mut headers: Vec<(&'static str, String)> = Vec::new();
    ready(session.finish()).unwrap().apply(&mut headers);
    let (_, offer) = headers.iter().find(|(name, _)| name.ends_with("registration")).unwrap();
    let (_, challenge) = offer.split_once("challenge=\"").unwrap();
    let challenge = challenge.trim_end_matches('"');

    let key = SigningKey::from_slice(&[1; 32]).unwrap();
    let point = key.verifying_key().to_sec1_point(false);
    let [x, y] = [1..33, 33..65].map(|range| BASE64URL.encode(&point.as_bytes()[range]));
    let header = format!(
        r#"{{"typ":"dbsc+jwt","alg":"ES256","jwk":{{"kty":"EC","crv":"P-256","x":"{x}","y":"{y}"}}}}"#
    );
    let claims = format!(r#"{{"jti":"{challenge}"}}"#);
    let message = [header, claims].map(|part| BASE64URL.encode(part.as_bytes())).join(".");
    let signature: Signature = key.sign(message.as_bytes());
    let proof = format!("{message}.{}", BASE64URL.encode(&signature.to_bytes()));
    let proof = Some(proof.as_bytes());
    let request = DeviceRequest { method: "POST", cookies: &[], proof, identifier: None };
    sealer.answer_device(DeviceRoute::Register, &request, now)
}

/// A list that records a registration, or fails to.
#[derive(Debug)]
struct List {
    recorded: Result<Recorded, &'static str>,
    /// The status of unbound copies.
    unbound: RevocationStatus,
}

impl Revocations for List {
    fn absolute_timeout(&self) -> Duration {
        Duration::from_secs(30 * 86_400)
    }

    fn stamp(&self) -> Option<u64> {
        Some(1_799_990_000_000)
    }

    fn status(&self, session: SessionView<'_>) -> RevocationStatus {
        match session.id {
            Some(id) if id.ends_with("~unbound") => self.unbound,
            _ => RevocationStatus::Good,
        }
    }

    fn revoke(&self, _: Revocation) -> Acknowledgement {
        let recorded = self.recorded.map_err(NotDurable::new);
        Acknowledgement::new(async move { recorded })
    }
}

#[test]
fn only_a_recorded_registration_binds_the_session() {
    let good = Recorded { stamp: 1, was_revoked: false, is_cutoff: false, is_revoked: true };
    for (recorded, status) in [
        (Ok(good), 200),
        (Ok(Recorded { was_revoked: true, ..good }), 400),
        (Ok(Recorded { is_revoked: false, ..good }), 400),
        (Err("the disk is full"), 503),
    ] {
        let builder = Sealer::builder(secret())
            .revocations(List { recorded, unbound: RevocationStatus::Good });
        let answer = register(&builder.device_bound(DeviceBinding::default()).build().unwrap());
        assert_eq!(format!("{answer:?}"), "DeviceAnswer(..)");
        let response = ready(answer);
        assert_eq!(response.status, status, "{response:?}");
        let sets_cookie = response.headers.iter().any(|(name, _)| *name == "set-cookie");
        assert_eq!(sets_cookie, status == 200, "{response:?}");
    }
}

fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the acknowledgement is pending"),
    }
}

/// A copy of the cookie without the proof cookie.
#[test]
fn a_session_without_its_proof_is_not_saved_over() {
    // A registration is known, and nothing is revoked here.
    let list = List { recorded: Err("unused"), unbound: RevocationStatus::Revoked };
    let builder = Sealer::builder(secret()).revocations(list);
    let sealer = builder.device_bound(DeviceBinding::default()).build().unwrap();
    let open = |cookies: &[&[u8]], secs| {
        let session =
            OpenSession::open(&sealer, cookies.iter().copied(), UnixTime::from_secs(secs));
        session.unwrap().with_randomness(|| Ok([7; 16]))
    };
    let cookies = |session: &mut OpenSession<&Sealer>| -> Vec<String> {
        let changes = ready(session.finish()).unwrap();
        changes.set_cookie_lines().map(|line| line.split(';').next().unwrap().into()).collect()
    };
    let mut login = open(&[], 1_800_000_000);
    login.log_in("42").unwrap();
    let [cookie] = <[String; 1]>::try_from(cookies(&mut login)).unwrap();

    let mut session = open(&[cookie.as_bytes()], 1_800_000_070);
    assert_eq!(session.rejection(), Some(Rejection::ProofMissing));
    assert!(matches!(session.clear_user(&[]), Err(SaveError::ProofMissing)));
    assert!(matches!(session.save(), Err(SaveError::EarlierFailure)));
    assert!(cookies(&mut session).is_empty());

    // A token alone has no proof.
    let token = cookie.split_once('=').unwrap().1;
    assert!(sealer.verify(token.as_bytes(), UnixTime::from_secs(1_800_000_070)).is_ok());
}
