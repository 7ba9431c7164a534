//! The axum extractor.

mod support;

use axum::{
    Router,
    body::Body,
    extract::Request,
    http::StatusCode,
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
    routing::get as route,
};
use support::{Log, get, sealer, set_cookies, values};
use tower::ServiceExt;
use waxseal::{Session, SessionError, SessionLayer};

#[tokio::test]
async fn a_missing_layer_is_an_empty_500_and_is_logged() {
    let (log, _guard) = Log::start();
    let app = Router::new().route("/", route(|session: Session| async move { drop(session) }));
    let response = app.oneshot(get::<Body>("/")).await.unwrap();
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let body = axum::body::to_bytes(response.into_body(), 1000).await.unwrap();
    assert_eq!(body.len(), 0);
    let line = log.text();
    assert!(line.contains("ERROR") && line.contains("no session layer wraps this route"), "{line}");
}

async fn too_large(session: Session) -> Result<(), SessionError> {
    session.insert("a", "x".repeat(3050))?;
    session.save()?;
    Ok(())
}

#[tokio::test]
async fn an_error_of_the_session_is_an_empty_500_and_sends_no_cookie() {
    let (log, _guard) = Log::start();
    let app = Router::new().route("/", route(too_large)).layer(SessionLayer::new(sealer()));
    let response = app.oneshot(get::<Body>("/")).await.unwrap();
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert!(set_cookies(&response).is_empty());
    assert!(log.text().contains("the limit is 4096"), "{}", log.text());
    assert!(!log.text().contains("xxxx"), "{}", log.text());
}

#[tokio::test]
async fn middleware_and_handler_share_the_session() {
    async fn counts(session: Session, request: Request, next: Next) -> Response {
        session.insert("visits", 1).unwrap();
        let response = next.run(request).await;
        assert_eq!(session.get("seen").unwrap(), Some(true));
        session.save().unwrap();
        response
    }
    async fn handler(session: Session) -> impl IntoResponse {
        assert_eq!(session.get("visits").unwrap(), Some(1));
        session.insert("seen", true).unwrap();
        [("vary", "accept-encoding"), ("cache-control", "max-age=60"), ("set-cookie", "own=1")]
    }
    let app = Router::new()
        .route("/", route(handler))
        .layer(from_fn(counts))
        .layer(SessionLayer::new(sealer()));
    let response = app.oneshot(get::<Body>("/")).await.unwrap();
    assert_eq!(set_cookies(&response).len(), 2);
    assert_eq!(values(response.headers(), "vary"), ["accept-encoding, Cookie"]);
    assert_eq!(values(response.headers(), "cache-control"), ["private, max-age=60"]);
}

#[tokio::test]
async fn a_handler_that_needs_a_user_responds_with_401() {
    async fn account(session: Session) -> Result<String, SessionError> {
        session.require_user()
    }
    let (log, _guard) = Log::start();
    let app = Router::new().route("/", route(account)).layer(SessionLayer::new(sealer()));
    let response = app.oneshot(get::<Body>("/")).await.unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert!(axum::body::to_bytes(response.into_body(), 1000).await.unwrap().is_empty());
    assert!(!log.text().contains("ERROR"), "{}", log.text());
}
