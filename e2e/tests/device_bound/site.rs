//! The server under test: waxseal on axum, with a clock that the test sets.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::Request,
    http::HeaderMap,
};
use data_encoding::BASE64URL_NOPAD;
use e2e::https::{Exchange, HttpsServer};
use serde_json::Value;
use waxseal::{
    DeviceBinding, Sealer, SealerBuilder, Secret, SessionLayer, UnixTime, test_util::TestClock,
};
use waxseal_revocation::RevocationList;

use super::application::{Gates, application};

pub const COOKIE: &str = "__Host-session";
pub const REGISTER: &str = "POST /.well-known/waxseal/__Host-session/register";
pub const REFRESH: &str = "POST /.well-known/waxseal/__Host-session/refresh";

/// The server, its clock and its gates. The revocation list belongs to the sealer.
pub struct Site {
    pub https: HttpsServer,
    pub clock: TestClock,
    pub gates: Arc<Gates>,
}

pub fn secret(byte: u8) -> Secret {
    Secret::new([byte; 32]).expect("32 bytes")
}

pub fn memory() -> RevocationList {
    RevocationList::memory().expect("a list")
}

/// The builder of a sealer that binds sessions.
pub fn binding(secret: Secret, list: &RevocationList) -> SealerBuilder {
    let builder = Sealer::builder(secret).revocations(list.clone());
    builder.device_bound(DeviceBinding::default())
}

impl Site {
    /// A site with a list in memory.
    pub async fn start() -> Self {
        Self::with(binding(secret(7), &memory())).await
    }

    pub async fn with(sealer: SealerBuilder) -> Self {
        let https = HttpsServer::start(Router::new()).await;
        let site = Self { https, clock: TestClock::new(UnixTime::now()), gates: Arc::default() };
        site.serve(sealer);
        site
    }

    /// Replaces the server with one that has another sealer.
    pub fn serve(&self, sealer: SealerBuilder) {
        let sealer = sealer.build().expect("a sealer");
        let sessions = SessionLayer::new(sealer).clock(self.clock.source());
        self.https.replace(application(sessions, &self.gates));
    }

    /// Sends a request as a client that is no browser: `GET /`.
    pub async fn send(&self, request: &str, jar: &Jar, headers: &[(&str, &str)]) -> Answer {
        self.send_with(request, jar, headers, Body::empty()).await
    }

    async fn send_with(
        &self,
        request: &str,
        jar: &Jar,
        headers: &[(&str, &str)],
        body: Body,
    ) -> Answer {
        let (method, path) = request.split_once(' ').expect("a method and a path");
        let mut builder = Request::builder().method(method).uri(path);
        if !jar.0.is_empty() {
            builder = builder.header("cookie", jar.header());
        }
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        let response = self.https.send(builder.body(body).expect("a request")).await;
        let (head, body) = response.into_parts();
        let body = to_bytes(body, 10_000).await.expect("a short body");
        let body = String::from_utf8(body.to_vec()).expect("text");
        Answer { status: head.status.as_u16(), headers: head.headers, body }
    }

    /// Logs in as a client that is no browser.
    pub async fn log_in(&self, user: &str) -> Answer {
        let form = [("content-type", "application/x-www-form-urlencoded")];
        let body = format!("user={user}").into();
        self.send_with("POST /login", &Jar::default(), &form, body).await
    }

    /// The user as `GET /who` sees it for these cookies.
    pub async fn who(&self, jar: &Jar) -> String {
        self.send("GET /who", jar, &[]).await.body
    }

    /// The requests so far with this method and path.
    pub fn exchanges(&self, request: &str) -> Vec<Exchange> {
        let mut exchanges = self.https.exchanges();
        exchanges.retain(|exchange| exchange.request == request);
        exchanges
    }
}

/// A response to a client that is no browser.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("ASCII"))
    }

    pub fn sets_no_cookie(&self) -> bool {
        !self.headers.contains_key("set-cookie")
    }
}

/// Cookies by their names.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Jar(pub BTreeMap<String, String>);

impl Jar {
    /// The cookies that a response sets.
    pub fn set_by(headers: &HeaderMap) -> Self {
        let lines = headers.get_all("set-cookie").iter();
        let pair = |line: &str| {
            let (name, value) = line.split(';').next()?.split_once('=')?;
            (!value.is_empty()).then(|| (name.to_owned(), value.to_owned()))
        };
        Self(lines.filter_map(|line| pair(line.to_str().ok()?)).collect())
    }

    /// Only the cookie of the session.
    pub fn session_only(&self) -> Self {
        Self(self.0.clone().into_iter().filter(|(name, _)| name == COOKIE).collect())
    }

    /// The cookies of a request.
    pub fn sent(header: &str) -> Self {
        let pairs = header.split("; ").filter_map(|pair| pair.split_once('='));
        Self(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    /// Whether the claims of the session name a key.
    pub fn is_bound(&self) -> bool {
        self.claims().expect("a session").get("cnf").is_some()
    }

    /// The session for messages: its ID, and whether it is bound.
    pub fn session(&self) -> String {
        let text = |claims: Value| {
            let bound = if claims.get("cnf").is_some() { "bound" } else { "unbound" };
            format!("{} {bound}", claims["sid"])
        };
        self.claims().map_or_else(|| "none".into(), text)
    }

    fn claims(&self) -> Option<Value> {
        let payload = self.0.get(COOKIE)?.split('.').nth(1)?;
        serde_json::from_slice(&BASE64URL_NOPAD.decode(payload.as_bytes()).ok()?).ok()
    }

    fn header(&self) -> String {
        let pairs: Vec<_> = self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("; ")
    }
}
