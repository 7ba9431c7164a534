//! I-16: one short-lived cookie for each OAuth attempt, so that several tabs log in at once.
//! `docs/applications.md` shows `attempt`.

mod support;

use std::{
    future::Future as _,
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use axum::{
    Router,
    extract::Query,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use support::{set_cookies, with_cookie};
use tower::ServiceExt as _;
use waxseal::{CookieSpec, Marker, Sealer, Secret, UnixTime};
use waxseal_core::OpenSession;

struct LoginAttempt;

impl Marker for LoginAttempt {
    const PURPOSE: &'static str = "login-attempt";
}

fn attempt(secret: Secret, state: &str) -> Result<Sealer, Box<dyn std::error::Error>> {
    let is_state =
        state.len() == 22 && state.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    if !is_state {
        return Err("not a state".into());
    }
    let cookie = CookieSpec::builder(format!("__Host-login-{state}")).build()?;
    Ok(Sealer::builder(secret)
        .marker::<LoginAttempt>()
        .cookie(cookie)
        .idle_timeout(None)
        .absolute_timeout(Duration::from_secs(600))
        .build()?)
}

fn secret() -> Secret {
    Secret::new([7; 32]).unwrap()
}

fn now() -> UnixTime {
    UnixTime::from_secs(support::NOW)
}

/// The response with the cookie of the attempt.
fn with_changes(mut session: OpenSession<&Sealer>, body: String) -> Response {
    let changes = pin!(session.finish()).poll(&mut Context::from_waker(Waker::noop()));
    let Poll::Ready(Ok(changes)) = changes else { panic!("nothing to wait for") };
    let mut headers: Vec<(&str, String)> = Vec::new();
    changes.apply(&mut headers);
    let mut response = body.into_response();
    for (name, value) in headers {
        response.headers_mut().append(name, value.parse().unwrap());
    }
    response
}

#[derive(serde::Deserialize)]
struct Start {
    state: String,
    verifier: String,
}

/// Before the redirect to the provider.
async fn start(Query(start): Query<Start>) -> Response {
    let sealer = attempt(secret(), &start.state).unwrap();
    let mut session = OpenSession::open(&sealer, [], now()).unwrap();
    session.insert("verifier", start.verifier).unwrap();
    session.save().unwrap();
    with_changes(session, "redirect".into())
}

#[derive(serde::Deserialize)]
struct Callback {
    state: String,
}

/// The provider sends the browser back.
async fn callback(Query(callback): Query<Callback>, headers: HeaderMap) -> Response {
    let Ok(sealer) = attempt(secret(), &callback.state) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let cookies = headers.get_all(header::COOKIE).iter().map(header::HeaderValue::as_bytes);
    let mut session = OpenSession::open(&sealer, cookies, now()).unwrap();
    let Some(verifier) = session.take::<String>("verifier").unwrap() else {
        return StatusCode::FORBIDDEN.into_response();
    };
    session.delete().unwrap();
    with_changes(session, verifier)
}

#[tokio::test]
async fn three_tabs_log_in_at_once() {
    let app = Router::new().route("/start", get(start)).route("/callback", get(callback));
    let call = async |path: &str, cookie: &str| {
        let request: http::Request<axum::body::Body> = with_cookie(path, cookie);
        let response = app.clone().oneshot(request).await.unwrap();
        let (status, cookies) = (response.status(), set_cookies(&response));
        let body = axum::body::to_bytes(response.into_body(), 1000).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap(), cookies)
    };
    let tabs = ["1", "2", "3"].map(|tab| (tab.repeat(22), format!("verifier{tab}")));
    let mut jar = Vec::new();
    for (state, verifier) in &tabs {
        let (_, _, cookies) = call(&format!("/start?state={state}&verifier={verifier}"), "").await;
        jar.extend(cookies);
    }
    let all = jar.join("; ");
    for (state, verifier) in &tabs {
        let (status, body, cookies) = call(&format!("/callback?state={state}"), &all).await;
        assert_eq!((status, &body), (StatusCode::OK, verifier));
        assert_eq!(cookies, [format!("__Host-login-{state}=")], "only its cookie is removed");
    }
    // Neither another browser, nor another attempt's cookie under this name.
    let (state, _) = &tabs[0];
    let renamed = jar[1].replacen(&tabs[1].0, state, 1);
    for cookie in ["", &*renamed] {
        let (status, ..) = call(&format!("/callback?state={state}"), cookie).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{cookie}");
    }
    let (status, ..) = call("/callback?state=a;b", &all).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

/// The documentation shows this code.
#[test]
fn the_page_shows_the_attempt() {
    let (this, page) =
        (include_str!("oauth_attempts.rs"), include_str!("../../../docs/applications.md"));
    let code = this.split_once("fn attempt").unwrap().1.split_once("\n}\n").unwrap().0;
    assert!(page.contains(code), "docs/applications.md does not match");
}
