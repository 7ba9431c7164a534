//! The tests of tower-sessions' sessions, on waxseal's cookie, and those of the bridge itself.

mod data;
mod deleting;
mod expiry;
mod failures;
mod identity;

use std::future::Future;

use axum::{Router, routing::get};
use waxseal::{Sealer, SessionLayer};

use crate::{SessionManagerLayer, tower_sessions::Session};

/// An application with the handler `/insert`, `/get` and `/id`, and what `routes` adds.
fn app(sealer: Sealer, routes: impl FnOnce(Router) -> Router) -> Router {
    let common = Router::new()
        .route("/", get(|_: Session| async { "" }))
        .route("/insert", handler(async |session| session.insert("foo", 42).await.unwrap()))
        .route(
            "/get",
            get(async |session: Session| format!("{:?}", session.get_value("foo").await.unwrap())),
        )
        .route(
            "/id",
            get(async |session: Session| session.id().map(|id| id.to_string()).unwrap_or_default()),
        );
    routes(common).layer(SessionManagerLayer::new()).layer(SessionLayer::new(sealer))
}

/// A handler with an empty response.
fn handler<F>(
    f: impl Fn(Session) -> F + Clone + Send + Sync + 'static,
) -> axum::routing::MethodRouter
where
    F: Future<Output = ()> + Send + 'static,
{
    get(move |session: Session| f(session))
}

/// An application whose handler `/do` is `f`.
fn app_that<F>(sealer: Sealer, f: impl Fn(Session) -> F + Clone + Send + Sync + 'static) -> Router
where
    F: Future<Output = ()> + Send + 'static,
{
    app(sealer, |routes| routes.route("/do", handler(f)))
}
