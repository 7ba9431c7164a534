//! What a request costs at least: handlers that open the session themselves, without a session
//! layer and its extractor, and handlers that only pay the floor.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    extract::Request,
    http::{HeaderName, header},
    response::IntoResponse,
    routing::get,
};
use waxseal::UnixTime;
use waxseal_core::OpenSession;

use crate::{
    floor::{Borrowed, Floor},
    ours,
    subject::NOW,
};

/// The headers that the layer adds to a response.
const HEADERS: [(HeaderName, &str); 2] =
    [(header::CACHE_CONTROL, "private"), (header::VARY, "Cookie")];

/// The handler opens the session at the time that `clock` returns, and responds to the name in it.
pub(crate) fn opens<R: IntoResponse + 'static>(
    clock: fn() -> UnixTime,
    respond: fn(String) -> R,
) -> Router {
    let sealer = Arc::new(ours::sealer());
    let index = async move |request: Request| {
        let cookies =
            request.headers().get_all(header::COOKIE).iter().map(|value| value.as_bytes());
        let session = OpenSession::open(sealer, cookies, clock()).expect("there is no list");
        (HEADERS, respond(session.get("username").unwrap().expect("a session")))
    };
    Router::new().route("/", get(index))
}

/// The handler only hashes, decodes and parses a token, and responds to the name in it.
pub(crate) fn floor<R: IntoResponse + 'static>(respond: fn(String) -> R) -> Router {
    let floor = Floor::new(&ours::cookie(&ours::sealer(), NOW));
    let floor = Arc::new(Mutex::new(floor));
    let index = async move || {
        let mut floor = floor.lock().expect("no handler panics");
        let claims: Borrowed<'_> = serde_json::from_slice(floor.claims()).unwrap();
        (HEADERS, respond(claims.username.into()))
    };
    Router::new().route("/", get(index))
}
