//! Revocation: an unknown status is a 503, and the response head waits for the acknowledgement.

extern crate alloc;

#[path = "../../waxseal/tests/support/list.rs"]
mod list;
mod support;

use std::{
    future::pending,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    task::{Context, Waker},
};

use list::{List, Woken};
use picoserve::{
    Config, Router, Server,
    extract::FromRequestParts,
    request::RequestParts,
    routing::{PathRouter, get},
};
use support::exchange;
use waxseal_picoserve::{
    CookieSpec, Sealer, Secret, Session, SessionError, SessionLayer, UnixTime, WithSession,
};

const BUFFER: usize = 2048;

fn layer(list: &List) -> SessionLayer {
    let builder = Sealer::builder(Secret::new([7; 32]).unwrap()).revocations(list.clone());
    let sealer = builder.cookie(CookieSpec::insecure_http()).build().unwrap();
    SessionLayer::new(sealer, || UnixTime::from_secs(1_800_000_000)).randomness(|| Ok([9; 16]))
}

async fn save(session: Session) -> Result<&'static str, SessionError> {
    session.save()?;
    Ok("saved")
}

async fn log_in(session: Session) -> Result<&'static str, SessionError> {
    session.log_in("42")?;
    Ok("logged in")
}

async fn revoke_others(session: Session) -> Result<&'static str, SessionError> {
    session.revoke_others()?;
    Ok("alone")
}

async fn logout(session: Session) -> impl picoserve::response::IntoResponse {
    session.delete().unwrap();
    (("x-own", "own"), "logged out")
}

fn app(list: &List) -> Router<impl PathRouter + use<>> {
    let forgets = get(async |session: Session| {
        session.delete().unwrap();
        pending::<()>().await;
    });
    Router::new()
        .route("/", get(save))
        .route("/logout", get(logout))
        .route("/forgets", forgets)
        .layer(layer(list))
}

fn request(path: &str, cookie: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: board\r\ncookie: {cookie}\r\n\r\n")
}

fn fetch(app: &Router<impl PathRouter>, path: &str, cookie: &str) -> String {
    String::from_utf8(exchange(app, BUFFER, request(path, cookie).as_bytes())).unwrap()
}

/// The cookie of a session.
fn cookie(list: &List) -> String {
    set_cookie(&fetch(&app(list), "/", "a=b"))
}

/// `name=value` of the `Set-Cookie` line of a response.
fn set_cookie(response: &str) -> String {
    let (_, line) = response.split_once("set-cookie: ").expect("the session is saved");
    line.split(';').next().unwrap().into()
}

#[track_caller]
fn assert_empty_503(response: &str) {
    assert!(response.starts_with("HTTP/1.1 503 "), "{response}");
    assert!(response.ends_with("\r\n\r\n"), "{response}");
    assert!(response.contains("vary: Cookie\r\ncache-control: private\r\n"), "{response}");
    assert!(!response.contains("x-own"), "{response}");
}

#[test]
fn an_unknown_status_is_an_empty_503_that_keeps_the_cookie() {
    let list = List::default();
    let cookie = cookie(&list);
    list.known().unknown = true;
    for path in ["/", "/logout"] {
        let response = fetch(&app(&list), path, &cookie);
        assert_empty_503(&response);
        assert!(!response.contains("set-cookie"), "{response}");
    }
    assert!(list.revoked().is_empty());
    // A user without a session cannot log in, and can use the other pages.
    let response = fetch(&app(&list), "/", "a=b");
    assert_empty_503(&response);
    assert!(!response.contains("set-cookie"), "{response}");
    assert!(fetch(&app(&list), "/logout", "a=b").starts_with("HTTP/1.1 200 "));
}

#[test]
fn an_extractor_of_the_application_gets_the_error_too() {
    struct User;

    impl<'r> FromRequestParts<'r, WithSession> for User {
        type Rejection = SessionError;

        async fn from_request_parts(
            state: &'r WithSession,
            parts: &RequestParts<'r>,
        ) -> Result<Self, Self::Rejection> {
            let error = state.session(parts).map(drop).unwrap_err();
            assert!(matches!(error, SessionError::RevocationUnknown) && error.is_temporary());
            assert!(error.to_string().contains("cannot be trusted"), "{error}");
            Err(error)
        }
    }

    let list = List::default();
    let cookie = cookie(&list);
    list.known().unknown = true;
    let app = Router::new().route("/", get(async |_: User| "unreachable")).layer(layer(&list));
    assert_empty_503(&fetch(&app, "/", &cookie));
}

#[test]
fn the_response_head_waits_for_the_acknowledgement() {
    let list = List::default();
    let (cookie, app) = (cookie(&list), app(&list));
    let request = request("/logout", &cookie);
    let (config, mut buffer, mut answer) = (Config::const_default(), [0; BUFFER], Vec::new());
    let woken = Arc::new(Woken::default());
    {
        let server = Server::custom(&app, support::Never, &config, &mut buffer);
        let socket = support::Memory::new(request.as_bytes(), &mut answer);
        let mut serving = pin!(server.serve(socket));
        let waker = Waker::from(Arc::clone(&woken));
        let mut context = Context::from_waker(&waker);
        assert!(serving.as_mut().poll(&mut context).is_pending() && !woken.yet());
        // In memory, the session is already revoked.
        assert_eq!(list.revoked(), ["CQkJCQkJCQkJCQkJCQkJCQ"]);
        list.acknowledges(Ok(()));
        assert!(woken.yet());
        assert!(serving.poll(&mut context).is_ready());
    }
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("x-own: own"), "{answer}");
    assert!(answer.contains("set-cookie: session=; ") && answer.ends_with("logged out"));
    assert_eq!(list.revoked().len(), 1, "revoked once");
}

#[test]
fn a_failed_acknowledgement_is_an_empty_503_that_removes_the_cookie() {
    let list = List::default();
    let cookie = cookie(&list);
    list.acknowledges(Err("the flash is full"));
    let response = fetch(&app(&list), "/logout", &cookie);
    assert_empty_503(&response);
    assert_eq!(response.matches("set-cookie: session=; ").count(), 1, "{response}");
    assert_eq!(list.revoked().len(), 1);
}

#[test]
fn revoke_others_keeps_only_the_session_in_the_response() {
    let list = List::default();
    list.acknowledges(Ok(()));
    let layer = layer(&list).randomness(|| {
        static LAST: AtomicU8 = AtomicU8::new(0);
        Ok([LAST.fetch_add(1, Ordering::Relaxed); 16])
    });
    let app = Router::new().route("/", get(log_in)).route("/others", get(revoke_others));
    let app = app.layer(layer);
    let login = || set_cookie(&fetch(&app, "/", "a=b"));
    let (own, other) = (login(), login());
    assert_ne!(own, other);
    let response = fetch(&app, "/others", &own);
    assert!(response.starts_with("HTTP/1.1 200 ") && response.ends_with("alone"), "{response}");
    let new = set_cookie(&response);
    let is_good = |cookie: &str| {
        // A revoked session has no user.
        let response = fetch(&app, "/others", cookie);
        assert!(response.starts_with("HTTP/1.1 200 ") || response.starts_with("HTTP/1.1 401 "));
        response.starts_with("HTTP/1.1 200 ")
    };
    assert!(!is_good(&own) && !is_good(&other));
    assert_eq!(list.known().cutoffs, [("42".into(), 1)]);
    assert!(is_good(&new));
    assert!(!is_good(&new), "its own call has replaced it");
}

#[test]
fn saving_a_session_revoked_during_the_request_is_a_401() {
    let list = List::default();
    list.acknowledges(Ok(()));
    let cookie = cookie(&list);
    let another = app(&list);
    let copy = cookie.clone();
    let saves = get(async move |session: Session| {
        fetch(&another, "/logout", &copy);
        save(session).await
    });
    let app = Router::new().route("/", saves).layer(layer(&list));
    let response = fetch(&app, "/", &cookie);
    assert!(response.starts_with("HTTP/1.1 401 "), "{response}");
    assert!(!response.contains("set-cookie"), "{response}");
}

#[test]
fn a_request_without_a_response_revokes_nothing() {
    let list = List::default();
    let (cookie, app) = (cookie(&list), app(&list));
    let request = request("/forgets", &cookie);
    let (config, mut buffer, mut answer) = (Config::const_default(), [0; BUFFER], Vec::new());
    {
        let server = Server::custom(&app, support::Never, &config, &mut buffer);
        let socket = support::Memory::new(request.as_bytes(), &mut answer);
        let serving = pin!(server.serve(socket));
        assert!(serving.poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    assert!(answer.is_empty() && list.revoked().is_empty());
}
