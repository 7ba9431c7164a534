//! A server function logs in, and the page shows the user.

#![cfg(feature = "server")]

use dioxus::server::{
    axum::{Router, body::Body, response::Response},
    http::{Request, StatusCode, header},
};
use tower::ServiceExt as _;
use waxseal::Secret;
use with_dioxus::routes;

async fn call(router: &Router, request: Request<Body>) -> Response {
    router.clone().oneshot(request).await.expect("a response")
}

async fn log_in(router: &Router, password: &str) -> Response {
    let body = format!(r#"{{"username":"susan","password":"{password}"}}"#);
    let request = Request::post("/api/log-in").header(header::CONTENT_TYPE, "application/json");
    call(router, request.body(body.into()).expect("a request")).await
}

async fn page(router: &Router, cookie: &str) -> String {
    let request = Request::get("/").header(header::COOKIE, cookie).body(Body::empty());
    let response = call(router, request.expect("a request")).await;
    assert_eq!(response.status(), StatusCode::OK);
    let body = dioxus::server::axum::body::to_bytes(response.into_body(), 1 << 20).await;
    String::from_utf8(body.expect("a body").to_vec()).expect("text")
}

/// The command `dx` copies the static files to this folder. Here are none.
fn make_public_folder() {
    let program = std::env::current_exe().expect("a program");
    let folder = program.parent().expect("a folder").join("public");
    std::fs::create_dir_all(folder).expect("a folder");
}

#[tokio::test]
async fn a_server_function_logs_in_and_the_page_shows_the_user() {
    make_public_folder();
    let router = routes(Secret::new([7; 32]).expect("a secret")).expect("routes");
    assert!(page(&router, "").await.contains("Not logged in"));

    let wrong = log_in(&router, "honey").await;
    assert_eq!(wrong.status(), StatusCode::UNAUTHORIZED);
    assert!(wrong.headers().get(header::SET_COOKIE).is_none());

    let right = log_in(&router, "wax").await;
    assert_eq!(right.status(), StatusCode::OK);
    let line = right.headers()[header::SET_COOKIE].to_str().expect("ASCII");
    let cookie = line.split(';').next().unwrap_or_default();
    let page = page(&router, cookie).await;
    assert!(page.contains("Hello susan"), "{page}");
}
