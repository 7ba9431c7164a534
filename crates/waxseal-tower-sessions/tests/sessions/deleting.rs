//! `delete` and `flush`.

use axum::{http::StatusCode, response::IntoResponse, routing::get};
use waxseal_revocation::RevocationList;

use super::{app, app_that, handler};
use crate::{
    support::{Browser, Log, builder, named, sealer, sealer_of},
    tower_sessions::Session,
};

/// A browser with a session, a copy of it, and the application with a revocation list.
async fn logged_in<F>(
    f: impl Fn(Session) -> F + Clone + Send + Sync + 'static,
) -> (Browser, Browser)
where
    F: Future<Output = ()> + Send + 'static,
{
    let list = RevocationList::memory().unwrap();
    let app = app_that(builder().revocations(list).build().unwrap(), f);
    let mut browser = Browser::of(&app);
    browser.get("/insert").await;
    let copy = browser.clone();
    (browser, copy)
}

fn removes_the_cookie(lines: &[String]) -> bool {
    lines.len() == 1 && lines[0].contains("=;") && lines[0].contains("Max-Age=0")
}

#[tokio::test]
async fn flush_removes_the_cookie_and_revokes_the_session() {
    let (mut browser, mut copy) = logged_in(async |session| {
        session.flush().await.unwrap();
        assert!(session.is_empty().await);
        assert_eq!(session.id(), None);
        assert_eq!(session.get_value("foo").await.unwrap(), None);
    })
    .await;
    let answer = browser.get("/do").await;
    assert!(removes_the_cookie(&answer.set_cookie), "{answer:?}");
    assert_eq!(copy.read("/get").await, "None");
}

#[tokio::test]
async fn flush_repeats_the_domain_and_path_of_the_cookie() {
    let sealer = sealer_of(named().domain("example.com").path("/"));
    let app = app_that(sealer, async |session| session.flush().await.unwrap());
    let mut browser = Browser::of(&app);
    browser.get("/insert").await;
    let line = browser.get("/do").await.set_cookie.remove(0);
    for attribute in ["sid=;", "Max-Age=0", "Domain=example.com", "Path=/"] {
        assert!(line.contains(attribute), "{line}");
    }
}

#[tokio::test]
async fn flush_also_works_with_a_server_error() {
    let list = RevocationList::memory().unwrap();
    let app = app(builder().revocations(list).build().unwrap(), |routes| {
        routes.route(
            "/do",
            get(async |session: Session| {
                session.flush().await.unwrap();
                StatusCode::BAD_GATEWAY
            }),
        )
    });
    let mut browser = Browser::of(&app);
    browser.get("/insert").await;
    let mut copy = browser.clone();
    let answer = browser.get("/do").await;
    assert_eq!(answer.status, StatusCode::BAD_GATEWAY);
    assert!(removes_the_cookie(&answer.set_cookie), "{answer:?}");
    assert_eq!(copy.read("/get").await, "None");
}

#[tokio::test]
async fn data_after_flush_is_in_another_session() {
    let list = RevocationList::memory().unwrap();
    let app = app(builder().revocations(list).build().unwrap(), |routes| {
        routes
            .route(
                "/two",
                get(async |session: Session| {
                    session.insert("old", 1).await.unwrap();
                    session.insert("foo", 42).await.unwrap();
                }),
            )
            .route(
                "/do",
                get(async |session: Session, of_waxseal: waxseal::Session| {
                    session.flush().await.unwrap();
                    session.insert("new", 2).await.unwrap();
                    session.save().await.unwrap();
                    assert!(of_waxseal.is_new());
                    session.id().unwrap().to_string()
                }),
            )
            .route("/keys", get(async |session: waxseal::Session| session.keys().join(",")))
    });
    let mut browser = Browser::of(&app);
    browser.get("/two").await;
    let mut copy = browser.clone();
    let (old, new) = (browser.read("/id").await, browser.read("/do").await);
    assert_ne!(old, new);
    assert_eq!(browser.read("/id").await, new);
    assert_eq!(browser.read("/keys").await, "new");
    assert_eq!(copy.read("/keys").await, "");
}

#[tokio::test]
async fn flush_after_cycle_id_ends_the_session() {
    let (mut browser, mut copy) = logged_in(async |session| {
        session.cycle_id().await.unwrap();
        session.flush().await.unwrap();
    })
    .await;
    assert!(removes_the_cookie(&browser.get("/do").await.set_cookie));
    assert_eq!(copy.read("/get").await, "None");
}

#[tokio::test]
async fn delete_ends_the_session_with_the_response() {
    let (mut browser, mut copy) = logged_in(async |session| {
        assert!(!session.is_empty().await);
        session.delete().await.unwrap();
        assert!(!session.is_empty().await);
        session.get_value("foo").await.unwrap();
        assert!(session.is_empty().await);
    })
    .await;
    assert!(removes_the_cookie(&browser.get("/do").await.set_cookie));
    assert_eq!(copy.read("/get").await, "None");
}

#[tokio::test]
async fn a_change_does_not_bring_a_deleted_session_back() {
    let (mut browser, mut copy) = logged_in(async |session| {
        session.insert("foo", 43).await.unwrap();
        session.delete().await.unwrap();
        session.insert("foo", 44).await.unwrap();
        let error = session.save().await.unwrap_err().to_string();
        assert!(error.contains("call flush() instead of delete()"), "{error}");
    })
    .await;
    let answer = browser.get("/do").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(removes_the_cookie(&answer.set_cookie));
    assert_eq!(copy.read("/get").await, "None");
}

#[tokio::test]
async fn delete_and_flush_without_a_session_do_nothing() {
    let app = app(sealer(), |routes| {
        routes.route(
            "/do",
            get(async |session: Session| {
                session.delete().await.unwrap();
                session.flush().await.unwrap();
                session.insert("foo", 42).await.unwrap();
                session.flush().await.unwrap();
                "done".into_response()
            }),
        )
    });
    let mut browser = Browser::of(&app);
    assert!(browser.get("/do").await.set_cookie.is_empty());
}

/// A session that was never sent is not worth a cookie.
#[tokio::test]
async fn a_new_session_can_be_flushed_after_a_save() {
    let app = app_that(sealer(), async |session| {
        session.insert("foo", 42).await.unwrap();
        session.save().await.unwrap();
        session.flush().await.unwrap();
    });
    let mut browser = Browser::of(&app);
    browser.get("/do").await;
    assert_eq!(browser.cookie, None);
}

/// Each order ends the session of a user whom only waxseal knows.
#[tokio::test]
async fn data_after_a_delete_is_in_a_session_without_the_user() {
    let app = app(sealer(), |routes| {
        routes
            .route("/login", get(async |session: waxseal::Session| session.log_in("susan")))
            .route("/user", get(async |session: waxseal::Session| format!("{:?}", session.user())))
            .route(
                "/delete-insert",
                handler(async |session| {
                    session.delete().await.unwrap();
                    session.insert("foo", 1).await.unwrap();
                }),
            )
            .route(
                "/delete-load-insert",
                handler(async |session| {
                    session.delete().await.unwrap();
                    session.load().await.unwrap();
                    session.insert("foo", 1).await.unwrap();
                }),
            )
            .route(
                "/delete-cycle",
                handler(async |session| {
                    session.insert("foo", 1).await.unwrap();
                    session.delete().await.unwrap();
                    session.cycle_id().await.unwrap();
                }),
            )
            .route(
                "/flush-cycle-insert",
                handler(async |session| {
                    session.insert("foo", 0).await.unwrap();
                    session.flush().await.unwrap();
                    session.cycle_id().await.unwrap();
                    session.insert("foo", 1).await.unwrap();
                }),
            )
    });
    for order in ["delete-insert", "delete-load-insert", "delete-cycle", "flush-cycle-insert"] {
        let mut browser = Browser::of(&app);
        browser.get("/login").await;
        assert_eq!(browser.read("/user").await, "Some(\"susan\")", "{order}");
        assert_eq!(browser.get(&format!("/{order}")).await.status, StatusCode::OK, "{order}");
        assert_eq!(browser.read("/user").await, "None", "{order}");
    }
}

/// The login would be lost without a trace.
#[tokio::test]
async fn a_login_with_waxseals_session_after_a_deletion_is_an_error() {
    let app = app(sealer(), |routes| {
        routes.route(
            "/login",
            get(async |old: Session, session: waxseal::Session| {
                old.flush().await.unwrap();
                session.log_in("42")
            }),
        )
    });
    let mut browser = Browser::of(&app);
    browser.read("/insert").await;
    let (log, _guard) = Log::start();
    let answer = browser.get("/login").await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(removes_the_cookie(&answer.set_cookie), "{answer:?}");
    assert!(log.text().contains("use the same Session type"), "{}", log.text());
}
