//! Device-bound sessions over axum: the answers of the layer, and the requests that open a session.

use std::{collections::BTreeMap, time::Duration};

use axum::{
    Router,
    http::StatusCode,
    routing::{get, post},
};
use serde_json::json;
use waxseal::{
    DeviceBinding, Sealer, Secret, Session, SessionError, SessionLayer, UnixTime,
    test_util::TestClock,
};
use waxseal_revocation::RevocationList;

mod device;
use device::{Answer, Browser, parameter};

const PROOF_LIFETIME: Duration = Duration::from_secs(600);
/// The headers of a link from another site.
const FROM_ANOTHER_SITE: [(&str, &str); 2] =
    [("sec-fetch-mode", "navigate"), ("sec-fetch-site", "cross-site")];
/// How long after the login the cookie from before the registration is accepted.
const GRACE: Duration = Duration::from_secs(70);
/// The leeway of the servers' clocks.
const LEEWAY: Duration = Duration::from_secs(60);

async fn whoami(session: Session) -> String {
    let bound = if session.binding().is_some() { "bound" } else { "unbound" };
    session.user().map_or_else(|| "nobody".into(), |user| format!("{user}, {bound}"))
}

async fn log_in(session: Session) -> Result<(), SessionError> {
    session.log_in("susan")
}

async fn log_in_and_revoke_others(session: Session) -> Result<(), SessionError> {
    session.log_in("susan")?;
    session.revoke_others()
}

async fn log_in_other(session: Session) -> Result<(), SessionError> {
    session.log_in("mallory")
}

async fn log_out(session: Session) -> Result<(), SessionError> {
    session.delete()
}

async fn renew(session: Session) -> Result<(), SessionError> {
    session.require_user()?;
    session.renew()
}

async fn revoke_others(session: Session) -> Result<(), SessionError> {
    session.require_user()?;
    session.revoke_others()
}

async fn count(session: Session) -> Result<String, SessionError> {
    let count = session.get::<u32>("count")?.unwrap_or(0) + 1;
    session.insert("count", count)?;
    session.save()?;
    Ok(count.to_string())
}

async fn require_user(session: Session) -> Result<String, SessionError> {
    session.require_user()
}

async fn require_bound(session: Session) -> Result<String, SessionError> {
    session.require_bound().map(|device| device.thumbprint)
}

fn sealer(list: &RevocationList, secret: u8, binding: DeviceBinding) -> Sealer {
    let secret = Secret::new([secret; 32]).unwrap();
    Sealer::builder(secret).revocations(list.clone()).device_bound(binding).build().unwrap()
}

fn app_with(sealer: Sealer, clock: &TestClock) -> Router {
    Router::new()
        .route("/", get(whoami))
        .route("/login", post(log_in))
        .route("/login-other", post(log_in_other))
        .route("/login-and-revoke-others", post(log_in_and_revoke_others))
        .route("/logout", post(log_out))
        .route("/renew", post(renew))
        .route("/revoke-others", post(revoke_others))
        .route("/count", post(count))
        .route("/user", get(require_user))
        .route("/bound", get(require_bound))
        .layer(SessionLayer::new(sealer).clock(clock.source()))
}

struct Site {
    app: Router,
    clock: TestClock,
    list: RevocationList,
}

fn site() -> Site {
    let clock = TestClock::new(UnixTime::now());
    let list = RevocationList::memory().unwrap();
    let app = app_with(sealer(&list, 7, DeviceBinding::default()), &clock);
    Site { app, clock, list }
}

impl Site {
    /// A browser that is logged in, and its offer to register a key.
    async fn logged_in(&self) -> (Browser, String) {
        let mut browser = Browser::new(&self.app, 1);
        let answer = browser.send("POST", "/login", &[]).await;
        let offer = answer.header("secure-session-registration").unwrap().to_owned();
        (browser, offer)
    }

    /// A browser whose session is bound.
    async fn bound(&self) -> Browser {
        let (mut browser, offer) = self.logged_in().await;
        let answer = browser.register(&offer).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        assert_eq!(browser.get("/").await.body, "susan, bound");
        browser
    }
}

fn assert_refused(answer: &Answer) {
    assert!(matches!(answer.status.as_u16(), 400 | 403), "{answer:?}");
    assert!(answer.sets_no_cookie(), "{answer:?}");
}

#[tokio::test]
async fn a_login_offers_a_registration_and_the_answer_binds_the_session() {
    let site = site();
    let (mut browser, offer) = site.logged_in().await;
    assert_eq!(parameter(&offer, "path"), "/.well-known/waxseal/__Host-session/register");
    assert!(offer.starts_with("(ES256);"), "{offer}");
    assert_eq!(browser.get("/").await.body, "susan, unbound");

    let answer = browser.register(&offer).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.headers.get_all("set-cookie").iter().count(), 1, "the session's stays");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let config = browser.config.clone().unwrap();
    assert_eq!(config["refresh_url"], "/.well-known/waxseal/__Host-session/refresh");
    assert_eq!(config["scope"], json!({"include_site": false}));
    let credential = &config["credentials"][0];
    assert_eq!(credential["attributes"], "Path=/; Secure; HttpOnly; SameSite=Lax");
    // The line has the attributes of the configuration, and a lifetime.
    let name = browser.proof_cookie();
    let lines = answer.headers.get_all("set-cookie").iter().map(|line| line.to_str().unwrap());
    let line = lines.into_iter().find(|line| line.starts_with(&name)).unwrap();
    assert!(line.ends_with("; Path=/; Max-Age=600; Secure; HttpOnly; SameSite=Lax"), "{line}");
    let answer = browser.get("/").await;
    assert_eq!(answer.body, "susan, bound");
    // The list knows the registration, so the session cookie need not name the key yet.
    assert!(answer.sets_no_cookie());
}

#[tokio::test]
async fn a_stolen_cookie_is_refused_after_the_proof_cookie_has_expired() {
    let site = site();
    let mut browser = site.bound().await;
    let mut thief = Browser::new(&site.app, 9);
    thief.jar = browser.jar.clone();
    // A stolen pair of cookies works until the proof cookie expires.
    assert_eq!(thief.get("/").await.body, "susan, bound");

    site.clock.advance(PROOF_LIFETIME + LEEWAY);
    assert_eq!(thief.get("/").await.body, "nobody");
    let answer = thief.get("/user").await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert!(answer.sets_no_cookie());
    // No save replaces the cookie.
    let answer = thief.send("POST", "/count", &[]).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert!(answer.sets_no_cookie());

    // The browser of the user keeps its session, also after a change of the session ID.
    assert_eq!(browser.refresh().await.status, StatusCode::OK);
    assert_eq!(browser.get("/").await.body, "susan, bound");
    for path in ["/renew", "/revoke-others"] {
        assert_eq!(browser.send("POST", path, &[]).await.status, StatusCode::OK);
        assert_eq!(browser.get("/").await.body, "susan, bound", "{path}");
        site.clock.advance(PROOF_LIFETIME + LEEWAY);
        assert_eq!(browser.get("/").await.body, "nobody");
        assert_eq!(browser.refresh().await.status, StatusCode::OK);
        assert_eq!(browser.get("/").await.body, "susan, bound", "{path}");
    }
}

#[tokio::test]
async fn a_bound_session_without_its_proof_cookie_is_refused_at_once() {
    let site = site();
    let mut browser = site.bound().await;
    let proof = browser.proof_cookie();
    // The moment for requests that are on their way.
    site.clock.advance(GRACE);
    browser.jar.remove(&proof);
    assert_eq!(browser.get("/").await.body, "nobody");
    assert_eq!(browser.get("/bound").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(browser.refresh().await.status, StatusCode::OK);
    assert_eq!(browser.get("/bound").await.status, StatusCode::OK);
    // After a save, the cookie names the key: the proof cookie of another session does not open it.
    browser.send("POST", "/count", &[]).await;
    let mut other = site.bound().await;
    browser.jar.insert(proof, other.jar[&other.proof_cookie()].clone());
    assert_eq!(browser.get("/").await.body, "susan, bound", "both have one key");
    other = Browser::new(&site.app, 2);
    let offer = other.send("POST", "/login", &[]).await;
    other.register(offer.header("secure-session-registration").unwrap()).await;
    let (proof, others) = (browser.proof_cookie(), other.jar[&other.proof_cookie()].clone());
    browser.jar.insert(proof.clone(), others.clone());
    assert_eq!(browser.get("/").await.body, "nobody");
    browser.jar.remove(&proof);
    browser.jar.insert(other.proof_cookie(), others);
    assert_eq!(browser.get("/").await.body, "nobody");
}

#[tokio::test]
async fn a_thief_can_neither_refresh_nor_register() {
    let site = site();
    let mut browser = site.bound().await;
    let mut thief = Browser { key: Browser::new(&site.app, 9).key, ..browser.clone() };
    let challenge = thief.challenge().await;

    // A proof that is signed with another key, without and with that key in its header.
    assert_refused(&thief.prove(&thief.refresh_proof(&challenge)).await);
    assert_refused(&thief.prove(&thief.registration_proof(&challenge)).await);
    let claims = json!({"jti": challenge});
    for header in [
        json!({"alg": "none", "typ": "dbsc+jwt"}),
        json!({"alg": "RS256", "typ": "dbsc+jwt"}),
        json!({"alg": "ES256", "typ": "JWT"}),
        json!({"alg": "ES256"}),
        json!({"alg": "ES256", "typ": "dbsc+jwt", "crit": ["x"], "x": 1}),
        json!({"alg": "ES256", "typ": "dbsc+jwt", "jwk": browser.jwk()}),
    ] {
        // The key is right, the header is not.
        assert_refused(&browser.prove(&browser.sign(&header, &claims)).await);
    }
    let good = browser.refresh_proof(&challenge);
    let (message, _) = good.rsplit_once('.').unwrap();
    assert_refused(&browser.prove(&format!("{message}.")).await);
    assert_refused(&browser.prove(message).await);
    assert_refused(&browser.prove("").await);
    assert_refused(&browser.prove(&format!("{good}{}", "A".repeat(4096))).await);
    // A challenge of a registration is not valid for a refresh.
    let (_, offer) = site.logged_in().await;
    let other = parameter(&offer, "challenge");
    assert_refused(&browser.prove(&browser.refresh_proof(&other)).await);
    // A challenge for another key.
    let mut second = Browser::new(&site.app, 2);
    let offer = second.send("POST", "/login", &[]).await;
    second.register(offer.header("secure-session-registration").unwrap()).await;
    let others = second.challenge().await;
    assert_refused(&browser.prove(&browser.refresh_proof(&others)).await);

    // A forged identifier ends the session of the browser that presents it, and no other.
    let mut config = browser.config.clone().unwrap();
    let mut identifier = browser.identifier();
    identifier.pop();
    config["session_identifier"] = json!(identifier);
    let mut forger = Browser { config: Some(config), ..browser.clone() };
    let answer = forger.prove(&good).await;
    let body: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(body, json!({"session_identifier": identifier, "continue": false}));
    assert!(answer.sets_no_cookie());

    // A proof can be replayed for one minute, and not later.
    assert_eq!(browser.prove(&good).await.status, StatusCode::OK);
    let quoted = format!("\"{good}\"");
    assert_eq!(browser.prove(&quoted).await.status, StatusCode::OK);
    site.clock.advance(LEEWAY);
    assert_refused(&browser.prove(&good).await);
}

#[tokio::test]
async fn a_registration_is_only_for_the_session_of_its_login() {
    let site = site();
    let (mut browser, offer) = site.logged_in().await;
    let challenge = parameter(&offer, "challenge");
    let path = parameter(&offer, "path");

    // Proofs without a key, with a bad key, and with another challenge.
    let jwk = |change: fn(&mut serde_json::Value)| {
        let mut jwk = browser.jwk();
        change(&mut jwk);
        browser.sign(
            &json!({"alg": "ES256", "typ": "dbsc+jwt", "jwk": jwk}),
            &json!({"jti": challenge}),
        )
    };
    let proofs = [
        browser.refresh_proof(&challenge),
        browser.registration_proof("x"),
        jwk(|jwk| jwk["kty"] = json!("RSA")),
        jwk(|jwk| jwk["crv"] = json!("P-384")),
        jwk(|jwk| jwk["x"] = jwk["y"].clone()),
        jwk(|jwk| (jwk["x"], jwk["y"]) = (json!("A".repeat(43)), json!("A".repeat(43)))),
        jwk(|jwk| jwk["x"] = json!("AA")),
        jwk(|jwk| jwk["d"] = json!("A".repeat(43))),
    ];
    for proof in proofs {
        let answer = browser.send("POST", &path, &[("secure-session-response", &proof)]).await;
        assert_refused(&answer);
    }
    assert_refused(&browser.send("POST", &path, &[]).await);
    // Only POST.
    let proof = browser.registration_proof(&challenge);
    let answer = browser.send("GET", &path, &[("secure-session-response", &proof)]).await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    assert!(answer.sets_no_cookie());
    assert_eq!(browser.get("/").await.body, "susan, unbound");

    // The first registration wins, also with the same cookie.
    let mut thief = Browser { key: Browser::new(&site.app, 9).key, ..browser.clone() };
    assert_eq!(browser.register(&offer).await.status, StatusCode::OK);
    assert_refused(&thief.register(&offer).await);
    assert_refused(&browser.register(&offer).await);
    assert_eq!(browser.get("/").await.body, "susan, bound");

    // The offer ends after a minute.
    let (mut late, offer) = site.logged_in().await;
    site.clock.advance(LEEWAY);
    assert_refused(&late.register(&offer).await);

    // The cookies of the request do not matter: the session of another login stays unbound.
    let (mut browser, offer) = site.logged_in().await;
    let (mut other, _) = site.logged_in().await;
    let answer = Browser { jar: other.jar.clone(), ..browser.clone() }.register(&offer).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    other.store(&answer);
    assert_eq!(other.get("/").await.body, "susan, unbound");
    browser.store(&answer);
    assert_eq!(browser.get("/").await.body, "susan, bound");
}

/// After a login that another site began, such as an identity provider, Chromium registers without
/// the `SameSite=Lax` cookie of the session.
#[tokio::test]
async fn a_browser_registers_without_its_session_cookie() {
    let site = site();
    let (mut browser, offer) = site.logged_in().await;
    let copy = browser.clone();
    let mut registering = Browser { jar: BTreeMap::new(), ..browser.clone() };
    let answer = registering.register(&offer).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert_eq!(registering.jar.keys().collect::<Vec<_>>(), [&registering.proof_cookie()]);
    let mut thief = Browser { key: Browser::new(&site.app, 9).key, ..registering.clone() };
    assert_refused(&thief.register(&offer).await);
    // Without the session cookie, the proof cookie opens nothing.
    assert_eq!(registering.get("/").await.body, "nobody");

    browser.config = registering.config;
    browser.store(&answer);
    assert_eq!(browser.get("/").await.body, "susan, bound");
    site.clock.advance(GRACE);
    assert_eq!(Browser { ..copy }.get("/").await.body, "nobody");
    assert_eq!(browser.send("POST", "/count", &[]).await.body, "1");
    site.clock.advance(PROOF_LIFETIME);
    assert_eq!(browser.get("/").await.body, "nobody");
    assert_eq!(browser.refresh().await.status, StatusCode::OK);
    assert_eq!(browser.get("/").await.body, "susan, bound");
}

/// The response is sealed again with the stamp of the cutoff, and so is the offer.
#[tokio::test]
async fn a_login_that_revokes_the_others_is_bound() {
    let site = site();
    let mut browser = site.bound().await;
    let answer = browser.send("POST", "/login-and-revoke-others", &[]).await;
    let offer = answer.header("secure-session-registration").unwrap().to_owned();
    let answer = browser.register(&offer).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert_eq!(browser.get("/").await.body, "susan, bound");
}

/// An offer names the user. It is encrypted if the session is.
#[tokio::test]
async fn the_offer_of_an_encrypted_session_hides_the_user() {
    let site = site();
    let shows_user = |offer: &str| {
        let challenge = parameter(offer, "challenge");
        let mut parts = challenge
            .split('.')
            .map(|part| data_encoding::BASE64URL_NOPAD.decode(part.as_bytes()).expect("base64url"));
        parts.any(|part| String::from_utf8_lossy(&part).contains("susan"))
    };
    let (_, offer) = site.logged_in().await;
    assert!(shows_user(&offer), "the test can see it");

    let builder = Sealer::builder(Secret::new([8; 32]).unwrap()).encrypted();
    let builder = builder.revocations(site.list.clone());
    let sealer = builder.device_bound(DeviceBinding::default()).build().unwrap();
    let encrypted = Site { app: app_with(sealer, &site.clock), ..site };
    let (mut browser, offer) = encrypted.logged_in().await;
    assert!(!shows_user(&offer), "{offer}");
    assert_eq!(browser.register(&offer).await.status, StatusCode::OK);
    assert_eq!(browser.get("/").await.body, "susan, bound");
}

#[tokio::test]
async fn the_unbound_copy_is_refused_after_the_grace_period() {
    let site = site();
    let (mut browser, offer) = site.logged_in().await;
    let mut thief = Browser { key: Browser::new(&site.app, 9).key, ..browser.clone() };
    browser.register(&offer).await;
    // The browser may have sent requests before the registration.
    assert_eq!(thief.get("/").await.body, "susan, unbound");
    // Another session ID is refused at once.
    let mut renewing = thief.clone();
    let answer = renewing.send("POST", "/renew", &[]).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert!(answer.sets_no_cookie(), "{answer:?}");
    let (mut racing, offer) = site.logged_in().await;
    let mut bound = racing.clone();
    assert_eq!(racing.send("POST", "/renew", &[]).await.status, StatusCode::OK);
    assert_refused(&bound.register(&offer).await);
    assert_eq!(racing.get("/").await.body, "susan, unbound");

    site.clock.advance(Duration::from_secs(69));
    assert_eq!(thief.get("/").await.body, "susan, unbound");
    site.clock.advance(Duration::from_secs(1));
    assert_eq!(thief.get("/").await.body, "nobody");
    assert_eq!(thief.send("POST", "/count", &[]).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(browser.get("/").await.body, "susan, bound");
}

#[tokio::test]
async fn a_logout_ends_the_bound_and_the_unbound_copy_at_once() {
    let site = site();
    let (mut browser, offer) = site.logged_in().await;
    let mut before = browser.clone();
    browser.register(&offer).await;
    let mut copy = browser.clone();
    browser.send("POST", "/logout", &[]).await;
    assert_eq!(before.get("/").await.body, "nobody");
    assert_eq!(copy.get("/").await.body, "nobody");
    assert_refused(&before.register(&offer).await);
}

#[tokio::test]
async fn a_save_of_the_unbound_copy_is_bound_again() {
    let site = site();
    let (mut browser, offer) = site.logged_in().await;
    let mut racing = browser.clone();
    browser.register(&offer).await;
    // The response of another request arrives after that of the registration.
    let answer = racing.send("POST", "/count", &[]).await;
    assert_eq!(answer.body, "1");
    browser.store(&answer);

    site.clock.advance(Duration::from_secs(300));
    let mut copy = browser.clone();
    assert_eq!(browser.get("/").await.body, "susan, bound");
    assert_eq!(browser.send("POST", "/count", &[]).await.body, "2");
    // Without the proof cookie, a copy of that cookie is refused, and no save replaces it.
    copy.jar.remove(&browser.proof_cookie());
    assert_eq!(copy.get("/").await.body, "nobody");
    assert_eq!(copy.get("/user").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(copy.send("POST", "/count", &[]).await.status, StatusCode::UNAUTHORIZED);
    site.clock.advance(PROOF_LIFETIME);
    assert_eq!(browser.get("/").await.body, "nobody");
    browser.refresh().await;
    assert_eq!(browser.get("/").await.body, "susan, bound");
}

#[tokio::test]
async fn a_browser_without_its_key_can_log_in_and_out() {
    let site = site();
    let mut browser = site.bound().await;
    let mut lost = browser.clone();
    lost.jar.remove(&browser.proof_cookie());
    let mut leaving = lost.clone();

    let answer = lost.send("POST", "/login", &[]).await;
    assert_eq!(answer.status, StatusCode::OK);
    let offer = answer.header("secure-session-registration").unwrap().to_owned();
    assert_eq!(lost.get("/").await.body, "susan, unbound");
    lost.key = Browser::new(&site.app, 3).key;
    assert_eq!(lost.register(&offer).await.status, StatusCode::OK);
    assert_eq!(lost.get("/").await.body, "susan, bound");

    // A logout without a proof cookie also revokes the session.
    assert_eq!(leaving.send("POST", "/logout", &[]).await.status, StatusCode::OK);
    assert!(!leaving.jar.contains_key("__Host-session"));
    assert_eq!(browser.get("/").await.body, "nobody");
}

#[tokio::test]
async fn another_login_ends_the_older_registration_in_the_browser() {
    let site = site();
    let mut browser = site.bound().await;
    let older = browser.clone();
    let answer = browser.send("POST", "/login-other", &[]).await;
    assert_eq!(browser.get("/").await.body, "mallory, unbound");
    // Until the new key is registered, a refresh with the older one changes nothing.
    let mut tab = Browser { config: older.config.clone(), ..browser.clone() };
    assert_eq!(tab.refresh().await.status, StatusCode::OK);
    assert_eq!(tab.get("/").await.body, "mallory, unbound");

    browser.key = Browser::new(&site.app, 4).key;
    let offer = answer.header("secure-session-registration").unwrap().to_owned();
    assert_eq!(browser.register(&offer).await.status, StatusCode::OK);
    let mut tab = Browser { config: older.config, key: older.key, ..browser.clone() };
    let identifier = tab.identifier();
    let headers = [("sec-secure-session-id", &*identifier)];
    let answer = tab.send("POST", &tab.refresh_url(), &headers).await;
    let body: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(body["continue"], false);
    // The same if the proof cookie of the newer session is missing, if its cookie names the key.
    tab.send("POST", "/count", &[]).await;
    tab.jar.remove(&browser.proof_cookie());
    let answer = tab.send("POST", &tab.refresh_url(), &headers).await;
    assert!(answer.body.contains("\"continue\":false"), "{answer:?}");
    assert_eq!(browser.get("/").await.body, "mallory, bound");
}

#[tokio::test]
async fn a_session_stays_bound_after_a_rotation() {
    let site = site();
    let mut browser = site.bound().await;
    let secrets = [8, 7].map(|byte| Secret::new([byte; 32]).unwrap());
    let [new, old] = secrets;
    let rotated = Sealer::builder(new).fallback_secret(old).revocations(site.list.clone());
    let rotated = rotated.device_bound(DeviceBinding::default()).build().unwrap();
    browser.app = app_with(rotated, &site.clock);
    assert_eq!(browser.get("/").await.body, "susan, bound");
    site.clock.advance(PROOF_LIFETIME + LEEWAY);
    assert_eq!(browser.get("/").await.body, "nobody");
    assert_eq!(browser.refresh().await.status, StatusCode::OK);
    assert_eq!(browser.get("/").await.body, "susan, bound");
}

#[tokio::test]
async fn a_navigation_without_the_proof_cookie_gets_the_page_once() {
    let site = site();
    let mut browser = site.bound().await;
    site.clock.advance(GRACE);
    let proof = browser.proof_cookie();
    browser.jar.remove(&proof);
    let navigation = FROM_ANOTHER_SITE;
    // A browser that has skipped the refresh gets no page.
    let [mode, from] = navigation;
    let skipped = [mode, from, ("secure-session-skipped", "unreachable")];
    assert_eq!(browser.send("GET", "/", &skipped).await.body, "nobody");

    let answer = browser.send("GET", "/", &navigation).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert!(answer.body.contains("http-equiv=\"refresh\""), "{answer:?}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let mut lost = browser.clone();
    browser.refresh().await;
    assert_eq!(browser.send("GET", "/", &navigation).await.body, "susan, bound");
    // A browser that has lost its key sees the application when the page loads itself again.
    let reload = [mode, ("sec-fetch-site", "same-origin")];
    assert_eq!(lost.send("GET", "/", &reload).await.body, "nobody");
    // A visitor and an unbound session get no page.
    let mut visitor = Browser::new(&site.app, 1);
    assert_eq!(visitor.send("GET", "/", &navigation).await.body, "nobody");
    let (mut unbound, _) = site.logged_in().await;
    assert_eq!(unbound.send("GET", "/", &navigation).await.body, "susan, unbound");
    assert_eq!(unbound.get("/bound").await.status, StatusCode::FORBIDDEN);
}

#[cfg(feature = "metrics")]
#[test]
fn the_outcomes_are_counted() {
    use std::collections::BTreeMap;

    use metrics_util::debugging::{DebugValue, DebuggingRecorder};

    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let site = site();
            let mut browser = site.bound().await; // registered
            browser.refresh().await; // challenged, refreshed
            browser.prove("x").await; // refused
            site.clock.advance(GRACE);
            browser.jar.remove(&browser.proof_cookie());
            browser.send("GET", "/", &FROM_ANOTHER_SITE).await; // asked
            let headers = [("sec-secure-session-id", "x")];
            browser.send("POST", &browser.refresh_url(), &headers).await; // ended
        });
    });
    let counted: BTreeMap<_, _> = snapshotter
        .snapshot()
        .into_vec()
        .into_iter()
        .filter(|(key, ..)| key.key().name() == "waxseal_device_binding_total")
        .map(|(key, _, _, value)| {
            let label = |label: &metrics::Label| label.value().to_owned();
            (key.key().labels().map(label).collect::<Vec<_>>(), value)
        })
        .collect();
    let outcomes = ["asked", "challenged", "ended", "refreshed", "refused", "registered"];
    let expected = outcomes.map(|outcome| {
        (vec!["__Host-session".to_owned(), outcome.to_owned()], DebugValue::Counter(1))
    });
    assert_eq!(counted, BTreeMap::from(expected));
}

#[tokio::test]
async fn a_server_without_a_set_clock_answers_503() {
    let site = site();
    let mut browser = site.bound().await;
    let clock = TestClock::new(UnixTime::from_secs(0));
    browser.app = app_with(sealer(&site.list, 7, DeviceBinding::default()), &clock);
    let identifier = browser.identifier();
    let headers = [("sec-secure-session-id", &*identifier)];
    let answer = browser.send("POST", &browser.refresh_url(), &headers).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn the_first_phase_of_a_roll_out_offers_no_registration() {
    let site = site();
    let quiet = DeviceBinding::default().offers_registration(false);
    let app = app_with(sealer(&site.list, 7, quiet), &site.clock);
    let mut browser = Browser::new(&app, 1);
    let answer = browser.send("POST", "/login", &[]).await;
    assert_eq!(answer.header("secure-session-registration"), None);
    // The server answers the browsers whose sessions another server has bound.
    let mut bound = site.bound().await;
    site.clock.advance(GRACE);
    bound.app = app;
    bound.jar.remove(&bound.proof_cookie());
    assert_eq!(bound.get("/").await.body, "nobody");
    assert_eq!(bound.refresh().await.status, StatusCode::OK);
    assert_eq!(bound.get("/").await.body, "susan, bound");
}
