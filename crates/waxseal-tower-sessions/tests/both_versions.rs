//! One application with code for both versions of tower-sessions. They share one session.
#![cfg(all(feature = "v0_14", feature = "v0_15"))]

mod support;

use axum::{Router, routing::get};
use tower_sessions_0_14::Session as Session14;
use tower_sessions_0_15::Session as Session15;
use waxseal::SessionLayer;
use waxseal_tower_sessions::{v0_14, v0_15};

use self::support::{Browser, sealer};

fn app() -> Router {
    Router::new()
        .route(
            "/insert",
            get(async |older: Session14, newer: Session15| {
                older.insert("older", 1).await.unwrap();
                newer.insert("newer", 2).await.unwrap();
            }),
        )
        .route(
            "/get",
            get(async |older: Session14, newer: Session15| {
                assert_eq!(older.id().map(|id| id.0), newer.id().map(|id| id.0));
                let crossed = (
                    older.get_value("newer").await.unwrap(),
                    newer.get_value("older").await.unwrap(),
                );
                format!("{crossed:?}")
            }),
        )
        .route(
            "/flush",
            get(async |older: Session14, newer: Session15| {
                newer.get_value("newer").await.unwrap();
                older.flush().await.unwrap();
                newer.insert("message", "bye").await.unwrap();
            }),
        )
        .route("/keys", get(async |session: waxseal::Session| session.keys().join(",")))
        .layer(v0_14::SessionManagerLayer::new())
        .layer(v0_15::SessionManagerLayer::new())
        .layer(SessionLayer::new(sealer()))
}

#[tokio::test]
async fn both_versions_share_one_session() {
    let mut browser = Browser::of(&app());
    assert_eq!(browser.get("/insert").await.set_cookie.len(), 1);
    assert_eq!(browser.read("/get").await, "(Some(Number(2)), Some(Number(1)))");
    browser.get("/flush").await;
    assert_eq!(browser.read("/keys").await, "message");
}
