//! Errors say what is wrong, and no failure opens or resurrects a session.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, http::StatusCode, routing::get};
use waxseal::{
    Acknowledgement, Recorded, Revocation, RevocationStatus, Revocations, Sealer, SessionLayer,
    SessionView,
};

use super::{app, app_that, handler};
use crate::{
    SessionManagerLayer,
    support::{Browser, Log, builder, sealer},
    tower_sessions::Session,
};

/// A list with one status for all sessions.
#[derive(Clone, Debug)]
struct List(Arc<Mutex<RevocationStatus>>);

impl List {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(RevocationStatus::Good)))
    }

    fn set(&self, status: RevocationStatus) {
        *self.0.lock().unwrap() = status;
    }
}

impl Revocations for List {
    fn absolute_timeout(&self) -> Duration {
        Duration::MAX
    }

    fn stamp(&self) -> Option<u64> {
        (*self.0.lock().unwrap() != RevocationStatus::Unknown).then_some(1)
    }

    fn status(&self, _: SessionView<'_>) -> RevocationStatus {
        *self.0.lock().unwrap()
    }

    fn revoke(&self, _: Revocation) -> Acknowledgement {
        let recorded =
            Recorded { stamp: 1, was_revoked: false, is_cutoff: false, is_revoked: true };
        Acknowledgement::new(std::future::ready(Ok(recorded)))
    }
}

#[tokio::test]
async fn a_missing_waxseal_layer_is_a_500_that_the_log_explains() {
    let app = Router::new()
        .route("/", get(async |_: Session| "served"))
        .layer(SessionManagerLayer::new());
    let (log, _guard) = Log::start();
    let answer = Browser::of(&app).get("/").await;
    assert_eq!((answer.status, &*answer.body), (StatusCode::INTERNAL_SERVER_ERROR, ""));
    assert!(log.text().contains("no waxseal layer wraps SessionManagerLayer"), "{}", log.text());
}

#[tokio::test]
async fn an_unavailable_revocation_list_is_a_503() {
    let list = List::new();
    let mut browser =
        Browser::of(&app(builder().revocations(list.clone()).build().unwrap(), |routes| routes));
    browser.get("/insert").await;
    list.set(RevocationStatus::Unknown);
    for path in ["/get", "/insert", "/"] {
        let answer = browser.get(path).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert!(answer.set_cookie.is_empty(), "{path}");
    }
    list.set(RevocationStatus::Good);
    assert_eq!(browser.read("/get").await, "Some(Number(42))");
}

/// Another request revokes the session while the handler runs.
#[tokio::test]
async fn a_session_that_is_revoked_during_the_request_is_not_saved() {
    let list = List::new();
    let revoking = list.clone();
    let app = app_that(builder().revocations(list.clone()).build().unwrap(), move |session| {
        let revoking = revoking.clone();
        async move {
            session.insert("foo", 43).await.unwrap();
            revoking.set(RevocationStatus::Revoked);
        }
    });
    let mut browser = Browser::of(&app);
    browser.get("/insert").await;
    let answer = browser.get("/do").await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert!(answer.set_cookie.is_empty());
    assert_eq!(browser.read("/get").await, "None");
}

#[tokio::test]
async fn data_that_does_not_fit_is_an_error() {
    let big = "x".repeat(5000);
    let app = app(sealer(), |routes| {
        let unhandled = big.clone();
        routes
            .route(
                "/unhandled",
                handler(move |session| {
                    let big = unhandled.clone();
                    async move { session.insert("big", big).await.unwrap() }
                }),
            )
            .route(
                "/handled",
                handler(move |session| {
                    let big = big.clone();
                    async move {
                        session.insert("big", big).await.unwrap();
                        session.insert("small", 1).await.unwrap();
                        let error = session.save().await.unwrap_err().to_string();
                        assert!(error.contains("3072 bytes"), "{error}");
                        session.remove_value("big").await.unwrap();
                        session.save().await.unwrap();
                    }
                }),
            )
            .route(
                "/keys",
                get(async |session: waxseal::Session| {
                    let mut keys = session.keys();
                    keys.sort();
                    keys.join(",")
                }),
            )
    });
    let mut browser = Browser::of(&app);
    browser.get("/insert").await;
    let (log, _guard) = Log::start();
    let answer = browser.get("/unhandled").await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(answer.set_cookie.is_empty());
    assert!(log.text().contains("3072 bytes"), "{}", log.text());
    assert_eq!(browser.read("/keys").await, "foo");

    browser.read("/handled").await;
    assert_eq!(browser.read("/keys").await, "foo,small");
}

/// A logout of another session must reach the browser.
#[tokio::test]
async fn the_response_to_a_failed_save_keeps_the_cookies_of_the_handler() {
    let log_out = async |session: Session| {
        session.insert("big", "x".repeat(5000)).await.unwrap();
        ([("set-cookie", "admin=; Max-Age=0"), ("x-other", "1")], "gone")
    };
    let app = app(sealer(), |routes| routes.route("/logout", get(log_out)));
    let answer = Browser::of(&app).get("/logout").await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(answer.set_cookie, ["admin=; Max-Age=0"]);
    assert_eq!(answer.body, "");
}

/// A failed save leaves nothing behind for the next one.
#[tokio::test]
async fn a_handler_can_store_less_after_a_failed_save() {
    let app = app(sealer(), |routes| {
        routes
            .route(
                "/do",
                handler(async |session| {
                    for key in ["one", "two"] {
                        session.insert(key, "x".repeat(2000)).await.unwrap();
                    }
                    session.save().await.unwrap_err();
                    session.remove_value("one").await.unwrap();
                    session.remove_value("two").await.unwrap();
                    session.save().await.unwrap();
                }),
            )
            .route("/keys", get(async |session: waxseal::Session| session.keys().join(",")))
    });
    let mut browser = Browser::of(&app);
    browser.get("/insert").await;
    browser.read("/do").await;
    assert_eq!(browser.read("/keys").await, "foo");
}

#[tokio::test]
async fn a_reserved_key_is_an_error() {
    let app = app_that(sealer(), async |session| {
        session.insert("sub", "42").await.unwrap();
        let error = session.save().await.unwrap_err().to_string();
        assert!(error.contains("\"sub\""), "{error}");
    });
    let answer = Browser::of(&app).get("/do").await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(answer.set_cookie.is_empty());
}

#[tokio::test]
async fn a_server_error_discards_what_no_handler_saved() {
    let app = app(sealer(), |routes| {
        routes
            .route(
                "/do",
                get(async |session: Session| {
                    session.insert("foo", 43).await.unwrap();
                    StatusCode::INTERNAL_SERVER_ERROR
                }),
            )
            .route(
                "/expiry",
                get(async |session: Session| {
                    session.set_expiry(Some(crate::tower_sessions::Expiry::OnSessionEnd));
                    StatusCode::INTERNAL_SERVER_ERROR
                }),
            )
            .route(
                "/saved",
                get(async |session: Session| {
                    session.insert("foo", 44).await.unwrap();
                    session.save().await.unwrap();
                    StatusCode::INTERNAL_SERVER_ERROR
                }),
            )
    });
    let mut browser = Browser::of(&app);
    browser.get("/insert").await;
    browser.get("/do").await;
    assert_eq!(browser.read("/get").await, "Some(Number(42))");
    assert!(browser.get("/expiry").await.set_cookie.is_empty());
    browser.get("/saved").await;
    assert_eq!(browser.read("/get").await, "Some(Number(44))");
}

/// The handler has ended the old ID, so it does not survive a failure.
#[tokio::test]
async fn cycle_id_with_a_server_error_ends_the_session() {
    let app = app(sealer(), |routes| {
        routes.route(
            "/do",
            get(async |session: Session| {
                session.cycle_id().await.unwrap();
                StatusCode::INTERNAL_SERVER_ERROR
            }),
        )
    });
    let mut browser = Browser::of(&app);
    browser.get("/insert").await;
    browser.get("/do").await;
    assert_eq!(browser.cookie, None);
}

#[tokio::test]
async fn a_session_in_microdot_mode_is_an_error() {
    let app = app(Sealer::microdot([7; 32]).unwrap(), |routes| routes);
    let (log, _guard) = Log::start();
    let answer = Browser::of(&app).get("/insert").await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(log.text().contains("Microdot mode"), "{}", log.text());
}

#[tokio::test]
async fn a_save_after_the_response_is_an_error() {
    let kept = Arc::new(Mutex::new(None));
    let keep = Arc::clone(&kept);
    let app = app_that(sealer(), move |session| {
        let keep = Arc::clone(&keep);
        async move { *keep.lock().unwrap() = Some(session) }
    });
    Browser::of(&app).get("/do").await;
    let session = kept.lock().unwrap().take().unwrap();
    session.insert("late", 1).await.unwrap();
    let error = session.save().await.unwrap_err().to_string();
    assert!(error.contains("response head"), "{error}");
}

/// A second layer is useless, and harmless.
#[tokio::test]
async fn the_layer_can_be_added_twice() {
    let app = Router::new()
        .route("/insert", handler(async |session| session.insert("foo", 42).await.unwrap()))
        .route("/flush", handler(async |session| session.flush().await.unwrap()))
        .layer(SessionManagerLayer::new())
        .layer(SessionManagerLayer::new())
        .layer(SessionLayer::new(sealer()));
    let mut browser = Browser::of(&app);
    assert_eq!(browser.get("/insert").await.set_cookie.len(), 1);
    browser.get("/flush").await;
    assert_eq!(browser.cookie, None);
}

/// The record of the request is still the one of the user before.
#[tokio::test]
async fn a_failed_save_gives_another_user_nothing() {
    let app = app(sealer(), |routes| {
        routes
            .route("/login", get(async |session: waxseal::Session| session.log_in("susan")))
            .route(
                "/do",
                get(async |session: Session, sessions: waxseal::Session| {
                    session.insert("large", "x".repeat(4000)).await.unwrap();
                    session.save().await.unwrap_err();
                    sessions.log_in("bob").unwrap();
                    session.remove_value("large").await.unwrap();
                }),
            )
            .route(
                "/session",
                get(async |session: waxseal::Session| {
                    format!("{:?} {:?}", session.user(), session.keys())
                }),
            )
    });
    let mut browser = Browser::of(&app);
    browser.get("/login").await;
    browser.get("/insert").await;
    assert_eq!(browser.read("/session").await, r#"Some("susan") ["foo"]"#);
    assert_eq!(browser.get("/do").await.status, StatusCode::OK);
    assert_eq!(browser.read("/session").await, r#"Some("bob") []"#);
}

/// What a failed save has left is not sent with the expiry.
#[tokio::test]
async fn a_server_error_after_a_failed_save_sends_the_save_before() {
    let app = app(sealer(), |routes| {
        routes
            .route(
                "/do",
                get(async |session: Session| {
                    session.insert("a", 1).await.unwrap();
                    session.save().await.unwrap();
                    // In a random order: the large one is hardly ever the first.
                    for number in 0..20 {
                        session.insert(&format!("b{number}"), 1).await.unwrap();
                    }
                    session.insert("large", "x".repeat(4000)).await.unwrap();
                    session.save().await.unwrap_err();
                    session.set_expiry(Some(crate::tower_sessions::Expiry::OnSessionEnd));
                    StatusCode::INTERNAL_SERVER_ERROR
                }),
            )
            .route("/keys", get(async |session: waxseal::Session| session.keys().join(",")))
    });
    let mut browser = Browser::of(&app);
    browser.get("/do").await;
    assert_eq!(browser.read("/keys").await, "a");
}
