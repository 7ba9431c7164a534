//! The server under test: waxseal on axum, with a clock that the test sets.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Form, Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::HeaderMap,
    middleware::{Next, from_fn_with_state},
    response::{Html, Redirect, Response},
    routing::{get, post},
};
use data_encoding::BASE64URL_NOPAD;
use e2e::https::{Exchange, HttpsServer};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::watch;
use waxseal::{
    DeviceBinding, Sealer, SealerBuilder, Secret, Session, SessionError, SessionLayer, UnixTime,
    test_util::TestClock,
};
use waxseal_revocation::RevocationList;

pub const COOKIE: &str = "__Host-session";
pub const REGISTER: &str = "POST /.well-known/waxseal/__Host-session/register";
pub const REFRESH: &str = "POST /.well-known/waxseal/__Host-session/refresh";

/// The server, its clock and its gates. The revocation list belongs to the sealer.
pub struct Site {
    pub https: HttpsServer,
    pub clock: TestClock,
    pub gates: Arc<Gates>,
}

/// A test decides with these when a request continues.
pub struct Gates {
    /// Whether registrations are answered.
    pub registrations: watch::Sender<bool>,
    /// Whether `POST /held-count` has read the session.
    pub is_held: watch::Sender<bool>,
    /// Whether `POST /held-count` continues.
    pub saves: watch::Sender<bool>,
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
        let gates = Gates {
            registrations: watch::Sender::new(true),
            is_held: watch::Sender::new(false),
            saves: watch::Sender::new(false),
        };
        let https = HttpsServer::start(Router::new()).await;
        let site = Self { https, clock: TestClock::new(UnixTime::now()), gates: Arc::new(gates) };
        site.serve(sealer);
        site
    }

    /// Replaces the server with one that has another sealer.
    pub fn serve(&self, sealer: SealerBuilder) {
        let sealer = sealer.build().expect("a sealer");
        let sessions = SessionLayer::new(sealer).clock(self.clock.source());
        let hold = from_fn_with_state(self.gates.clone(), hold_registrations);
        self.https.replace(routes(self.gates.clone()).layer(sessions).layer(hold));
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

    /// Whether the claims of the session name a key.
    pub fn is_bound(&self) -> bool {
        let payload = self.0[COOKIE].split('.').nth(1).expect("a token");
        let claims = BASE64URL_NOPAD.decode(payload.as_bytes()).expect("base64url");
        serde_json::from_slice::<Value>(&claims).expect("JSON").get("cnf").is_some()
    }

    fn header(&self) -> String {
        let pairs: Vec<_> = self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("; ")
    }
}

/// Holds a registration until the gate is open.
async fn hold_registrations(
    State(gates): State<Arc<Gates>>,
    request: Request,
    next: Next,
) -> Response {
    if REGISTER.ends_with(request.uri().path()) {
        opened(&gates.registrations).await;
    }
    next.run(request).await
}

pub async fn opened(gate: &watch::Sender<bool>) {
    // The sender lives as long as the server.
    let _ = gate.subscribe().wait_for(|is_open| *is_open).await;
}

fn routes(gates: Arc<Gates>) -> Router {
    Router::new()
        .route("/", get(page))
        .route("/who", get(async |session: Session| who(&session)))
        .route("/seen", get(async |session: Session| [("x-who", who(&session))]))
        .route("/login", post(log_in))
        .route("/callback", get(callback))
        .route("/logout", post(async |session: Session| session.delete()))
        .route("/renew", post(renew))
        .route("/revoke-others", post(revoke_others))
        .route("/count", post(count))
        .route("/held-count", post(held_count))
        .route("/clear-storage", post(async || [("clear-site-data", "\"storage\"")]))
        .with_state(gates)
}

/// `susan, bound`, or `nobody` and why a cookie is not accepted.
fn who(session: &Session) -> String {
    let bound = if session.binding().is_some() { "bound" } else { "unbound" };
    match (session.user(), session.rejection()) {
        (Some(user), _) => format!("{user}, {bound}"),
        (None, Some(rejection)) => format!("nobody, {rejection:?}"),
        (None, None) => "nobody".into(),
    }
}

async fn page(session: Session) -> Html<String> {
    Html(format!(
        r#"<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>Site</title>
        <p id="who">{}</p><form method="post" action="/login">
        <button id="susan" name="user" value="susan">susan</button>
        <button id="mallory" name="user" value="mallory">mallory</button></form>"#,
        who(&session)
    ))
}

#[derive(Deserialize)]
struct Login {
    user: String,
}

async fn log_in(session: Session, Form(form): Form<Login>) -> Result<Redirect, SessionError> {
    session.log_in(&form.user)?;
    Ok(Redirect::to("/"))
}

/// The browser comes back from an identity provider.
async fn callback(session: Session) -> Result<Redirect, SessionError> {
    session.log_in("susan")?;
    Ok(Redirect::to("/"))
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
    session.require_user()?;
    let count = session.get::<u32>("count")?.unwrap_or(0) + 1;
    session.insert("count", count)?;
    session.save()?;
    Ok(count.to_string())
}

/// Reads the session, and saves it when the test says so.
async fn held_count(
    State(gates): State<Arc<Gates>>,
    session: Session,
) -> Result<String, SessionError> {
    session.require_user()?;
    gates.is_held.send_replace(true);
    opened(&gates.saves).await;
    count(session).await
}
