//! The probe: whether the installed Chromium registers and refreshes device-bound sessions. It
//! needs no waxseal, so that a failure of waxseal is not mistaken for one of the browser.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use data_encoding::BASE64URL_NOPAD as BASE64URL;
use serde_json::json;
use thirtyfour::{WebDriver, error::WebDriverResult};

use super::{Expected, Kind, quoted};
use crate::{
    browser::{Driver, delete_cookie, has_cookie, page_text},
    https::{Exchange, HttpsServer},
};

/// The bound cookie of [`DeviceServer`].
pub const COOKIE: &str = "__Host-bound";
const ATTRIBUTES: &str = "Path=/; Secure; HttpOnly; SameSite=Lax";

/// The arguments with which Chromium binds sessions to a key, which is in software, for a server
/// with the certificate of `server`.
pub fn arguments(server: &HttpsServer) -> [String; 2] {
    [
        // Without the quota: each session could use its key six times in nine minutes.
        "--enable-features=DeviceBoundSessions:RefreshQuota/false,\
         EnableBoundSessionCredentialsSoftwareKeysForManualTesting"
            .into(),
        server.chromium_argument(),
    ]
}

/// Tests whether the installed Chromium supports device-bound sessions.
///
/// # Errors
///
/// It does not: the text says what happened.
pub async fn probe(driver: &Driver) -> Result<(), String> {
    DeviceServer::start().await.record(driver, 1).await.map(drop)
}

/// A proof that a browser sent, which the server has verified.
#[derive(Clone, Debug)]
pub struct ProofOf {
    /// What it is for.
    pub kind: Kind,
    /// The value of the header.
    pub proof: String,
    /// The challenge of the server.
    pub challenge: String,
    /// The public key: a compressed point in base64url.
    pub key: String,
}

/// What the server remembers.
#[derive(Debug, Default)]
struct Memory {
    key: Option<String>,
    challenge: String,
    value: String,
    proofs: Vec<ProofOf>,
}

/// A minimal server of device-bound sessions, for one browser. It keeps its state in memory, and
/// accepts each challenge once.
#[derive(Debug)]
pub struct DeviceServer {
    server: HttpsServer,
    memory: Arc<Mutex<Memory>>,
}

type Shared = State<Arc<Mutex<Memory>>>;

impl DeviceServer {
    /// Starts a server.
    pub async fn start() -> Self {
        let memory = Arc::<Mutex<Memory>>::default();
        Self { server: HttpsServer::start(router(memory.clone())).await, memory }
    }

    /// Answers all later requests with 503, or none.
    pub fn set_outage(&self, is_out: bool) {
        self.server.replace(if is_out {
            Router::new().fallback(async || StatusCode::SERVICE_UNAVAILABLE)
        } else {
            router(self.memory.clone())
        });
    }

    /// The server, with the requests so far.
    pub fn https(&self) -> &HttpsServer {
        &self.server
    }

    /// The proofs so far that are valid.
    pub fn proofs(&self) -> Vec<ProofOf> {
        self.memory.lock().expect("no panic").proofs.clone()
    }

    /// Lets a new browser register and refresh. Returns all proofs, one of a registration first.
    ///
    /// # Errors
    ///
    /// The browser does not support device-bound sessions: the text says what happened.
    pub async fn record(&self, driver: &Driver, refreshes: usize) -> Result<Vec<ProofOf>, String> {
        let profile = tempfile::tempdir().expect("a new profile");
        let opened = driver.browser_with(profile.path(), &arguments(&self.server)).await;
        let browser = opened.map_err(|error| format!("no browser starts: {error}"))?;
        let result = self.register_and_refresh(&browser, refreshes).await;
        browser.quit().await.map_err(|error| format!("the browser does not close: {error}"))?;
        let problem = match result {
            Ok(None) => return Ok(self.proofs()),
            Ok(Some(problem)) => problem,
            Err(error) => error.to_string(),
        };
        let requests: Vec<_> = self.server.exchanges().iter().map(summary).collect();
        let requests = requests.join(", ");
        Err(format!(
            "this Chromium does not support device-bound sessions: {problem}; requests: {requests}"
        ))
    }

    /// Lets a browser register and refresh. Returns the problem if it does not.
    ///
    /// # Errors
    ///
    /// The browser does not run the command.
    pub async fn register_and_refresh(
        &self,
        browser: &WebDriver,
        refreshes: usize,
    ) -> WebDriverResult<Option<String>> {
        browser.goto(format!("{}/login", self.server.url())).await?;
        match self.server.answered("POST /registration", 1).await {
            None => return Ok(Some("it ignores the header Secure-Session-Registration".into())),
            Some(exchange) if exchange.status == StatusCode::OK => {}
            Some(_) => return Ok(Some("its proof of the registration is not valid".into())),
        }
        if !has_cookie(browser, COOKIE).await? {
            return Ok(Some("it does not keep the bound cookie".into()));
        }
        for number in 1..=refreshes {
            if !self.refreshes(browser).await? {
                return Ok(Some(format!("refresh {number}: the missing cookie is not refreshed")));
            }
        }
        Ok(None)
    }

    /// Deletes the bound cookie, and requests a page. Returns whether the browser has refreshed
    /// the cookie before that.
    async fn refreshes(&self, browser: &WebDriver) -> WebDriverResult<bool> {
        // Several times: the browser can have stored the cookie of the registration before it
        // stores the session.
        for _ in 0..10 {
            delete_cookie(browser, COOKIE).await?;
            browser.goto(self.server.url()).await?;
            if page_text(browser).await? == "bound" {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn router(memory: Arc<Mutex<Memory>>) -> Router {
    Router::new()
        .route("/", get(page))
        .route("/login", get(login))
        .route("/registration", post(registration))
        .route("/refresh", post(refresh))
        .with_state(memory)
}

fn summary(exchange: &Exchange) -> String {
    format!("{} {}", exchange.request, exchange.status.as_u16())
}

fn random(length: usize) -> String {
    let mut bytes = vec![0; length];
    getrandom::fill(&mut bytes).expect("random bytes");
    BASE64URL.encode(&bytes)
}

impl Memory {
    /// Keeps a proof if it is valid for the current challenge, which is used up then.
    fn accept(&mut self, kind: Kind, headers: &HeaderMap) -> Option<()> {
        let proof = headers.get("secure-session-response")?.to_str().ok()?.to_owned();
        let registered = self.key.clone().unwrap_or_default();
        // Chromium does not send `aud`.
        let expected = Expected { kind, challenge: &self.challenge, url: "", key: &registered };
        let key = expected.verify(&proof).ok()?;
        let challenge = std::mem::replace(&mut self.challenge, random(200));
        self.proofs.push(ProofOf { kind, proof, challenge, key: key.clone() });
        self.key = Some(key);
        self.value = random(16);
        Some(())
    }

    fn set_cookie(&self) -> (&'static str, String) {
        ("set-cookie", format!("{COOKIE}={}; {ATTRIBUTES}; Max-Age=600", self.value))
    }
}

async fn page(State(memory): Shared, headers: HeaderMap) -> &'static str {
    let memory = memory.lock().expect("no panic");
    let cookie = format!("{COOKIE}={}", memory.value);
    let cookies = headers.get("cookie").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if cookies.split("; ").any(|found| found == cookie) { "bound" } else { "unbound" }
}

async fn login(State(memory): Shared) -> impl IntoResponse {
    let mut memory = memory.lock().expect("no panic");
    memory.challenge = random(32);
    let challenge = quoted(&memory.challenge);
    let header = format!(r#"(ES256);path="/registration";challenge={challenge}"#);
    ([("secure-session-registration", header)], "logged in")
}

async fn registration(State(memory): Shared, headers: HeaderMap) -> Response {
    let mut memory = memory.lock().expect("no panic");
    if memory.accept(Kind::Registration, &headers).is_none() {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let config = json!({
        "session_identifier": "session-1",
        "refresh_url": "/refresh",
        "scope": { "include_site": false, "scope_specification": [] },
        "credentials": [{ "type": "cookie", "name": COOKIE, "attributes": ATTRIBUTES }],
    });
    ([memory.set_cookie(), ("content-type", "application/json".into())], config.to_string())
        .into_response()
}

async fn refresh(State(memory): Shared, headers: HeaderMap) -> Response {
    let mut memory = memory.lock().expect("no panic");
    if memory.accept(Kind::Refresh, &headers).is_some() {
        return [memory.set_cookie()].into_response();
    }
    let challenge = format!(r#"{};id="session-1""#, quoted(&memory.challenge));
    (StatusCode::FORBIDDEN, [("secure-session-challenge", challenge)]).into_response()
}
