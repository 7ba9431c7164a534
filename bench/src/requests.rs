//! Whole requests through axum, without a socket: the cost of a session in a request that does
//! nothing else.

use axum::{Router, body::Body, http::Request, routing::get};
use axum_extra::extract::cookie::{Cookie, Key, SignedCookieJar};
use futures_util::FutureExt as _;
use tower::{Layer, Service};
use tower_sessions_cookie_store as in_cookie;
use waxseal::{SessionError, SessionLayer};

use crate::{
    by_hand, ours,
    rounds::Rounds,
    subject::{Data, SECRET, data},
};

pub(crate) const NO_OP: &str = "axum: a no-op layer";
pub(crate) const READ: &str = "axum: waxseal read";
pub(crate) const FLOOR: &str = "axum: the floor in the handler";
pub(crate) const BY_HAND: &str = "axum: waxseal opened by the handler";

/// A layer that does nothing.
#[derive(Clone)]
pub(crate) struct Nothing;

#[derive(Clone)]
pub(crate) struct NothingService<S>(S);

impl<S> Layer<S> for Nothing {
    type Service = NothingService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        NothingService(inner)
    }
}

impl<S: Service<R>, R> Service<R> for NothingService<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(
        &mut self,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> S::Future {
        self.0.call(request)
    }
}

/// Sends a request with a `Cookie` header to a router, which must respond without waiting.
pub(crate) fn request(
    mut router: Router,
    cookie: String,
) -> impl FnMut() -> axum::response::Response {
    move || {
        let request = Request::get("/").header("cookie", &cookie).body(Body::empty()).unwrap();
        let response =
            router.call(request).now_or_never().expect("the router does not wait").unwrap();
        assert!(response.status().is_success());
        response
    }
}

/// Logs in. Returns the cookie.
pub(crate) fn login(router: &Router) -> String {
    let request = Request::get("/login").body(Body::empty()).unwrap();
    let response =
        router.clone().call(request).now_or_never().expect("the router does not wait").unwrap();
    let line = response.headers()["set-cookie"].to_str().unwrap();
    line.split(';').next().unwrap().into()
}

pub(crate) async fn nothing() {}

pub(crate) fn add(rounds: &mut Rounds) {
    let cookie = ours::cookie(&ours::sealer(), crate::subject::NOW);
    let bare = || Router::new().route("/", get(nothing));
    rounds.add("request", "axum: bare", request(bare(), cookie.clone()));
    rounds.add("request", NO_OP, request(bare().layer(Nothing), cookie.clone()));

    let layer = || SessionLayer::new(ours::sealer()).clock(ours::now);
    rounds.add(
        "request",
        "axum: waxseal untouched",
        request(bare().layer(layer()), cookie.clone()),
    );
    let no_op = |router: Router| request(router.layer(Nothing), cookie.clone());
    rounds.add("request", FLOOR, no_op(by_hand::floor(drop)));
    rounds.add("request", BY_HAND, no_op(by_hand::opens(ours::now, drop)));
    rounds.add("request", READ, request(read().layer(layer()), cookie.clone()));
    let save = Router::new().route(
        "/",
        get(async |session: waxseal::Session| {
            session.insert("username", "another name")?;
            session.save()
        }),
    );
    rounds.add("request", "axum: waxseal saved", request(save.layer(layer()), cookie));
    peers(rounds);
}

/// A router that reads the name in waxseal's session.
pub(crate) fn read() -> Router {
    Router::new().route(
        "/",
        get(async |session: waxseal::Session| {
            Ok::<_, SessionError>(drop(session.get::<String>("username")?))
        }),
    )
}

fn peers(rounds: &mut Rounds) {
    async fn jar_read(jar: SignedCookieJar) {
        let data: Data = serde_json::from_str(jar.get("session").unwrap().value()).unwrap();
        drop(data.username);
    }
    async fn jar_login(jar: SignedCookieJar) -> SignedCookieJar {
        jar.add(Cookie::new("session", serde_json::to_string(&data()).unwrap()))
    }
    let router = Router::new().route("/", get(jar_read)).route("/login", get(jar_login));
    let router = router.with_state(Key::from(&SECRET));
    rounds.add(
        "request",
        "axum: axum-extra signed jar read",
        request(router.clone(), login(&router)),
    );

    async fn tower_read(session: tower_sessions::Session) {
        drop(session.get::<Data>("data").await.unwrap().unwrap().username);
    }
    async fn tower_login(session: tower_sessions::Session) {
        session.insert("data", data()).await.unwrap();
    }
    let router = Router::new().route("/", get(tower_read)).route("/login", get(tower_login));
    let store = tower_sessions::MemoryStore::default();
    let router = router.layer(tower_sessions::SessionManagerLayer::new(store));
    rounds.add(
        "request",
        "axum: tower-sessions memory read",
        request(router.clone(), login(&router)),
    );

    let router = cookie_store();
    let key = in_cookie::Key::from(&SECRET);
    let router = router.layer(in_cookie::CookieSessionManagerLayer::signed(key));
    rounds.add(
        "request",
        "axum: tower-sessions-cookie-store read",
        request(router.clone(), login(&router)),
    );

    seshcookie(rounds);
}

/// A router that reads the name in the session of tower-sessions-cookie-store.
pub(crate) fn cookie_store() -> Router {
    async fn cookie_read(session: in_cookie::Session) {
        drop(session.get::<Data>("data").await.unwrap().unwrap().username);
    }
    async fn cookie_login(session: in_cookie::Session) {
        session.insert("data", data()).await.unwrap();
    }
    Router::new().route("/", get(cookie_read)).route("/login", get(cookie_login))
}

pub(crate) fn seshcookie(rounds: &mut Rounds) {
    async fn sesh_read(session: seshcookie::Session<Data>) {
        drop(session.get().await.unwrap().username);
    }
    async fn sesh_login(session: seshcookie::Session<Data>) {
        session.insert(data()).await;
    }
    let router = Router::new().route("/", get(sesh_read)).route("/login", get(sesh_login));
    let keys = seshcookie::SessionKeys::new(&SECRET).unwrap();
    let config = seshcookie::SessionConfig::default();
    let router = router.layer(seshcookie::SessionLayer::<Data>::new(keys, config).unwrap());
    rounds.add("request", "axum: seshcookie read", request(router.clone(), login(&router)));
}
