//! `set_expiry`.

use axum::{http::StatusCode, routing::get};
use time::{Duration, OffsetDateTime};
use waxseal::{SessionLayer, UnixTime, test_util::TestClock};

use super::{app_that, handler};
use crate::{
    SessionManagerLayer,
    support::{Browser, DAY, Log, named, sealer, sealer_of},
    tower_sessions::{Expiry, Session},
};

/// The `Max-Age` after a handler that sets `expiry` in a session that has data.
async fn max_age(expiry: Expiry) -> Option<u64> {
    let app = app_that(sealer(), move |session| async move { session.set_expiry(Some(expiry)) });
    let mut browser = Browser::of(&app);
    browser.get("/insert").await;
    browser.get("/do").await.max_age()
}

fn is_about(max_age: Option<u64>, seconds: u64) -> bool {
    max_age.is_some_and(|age| age.abs_diff(seconds) <= 2)
}

#[tokio::test]
async fn the_expiry_is_the_max_age_of_the_cookie() {
    let in_a_day = OffsetDateTime::now_utc() + Duration::days(1);
    assert!(is_about(max_age(Expiry::AtDateTime(in_a_day)).await, 24 * 3600));
    assert_eq!(max_age(Expiry::OnInactivity(Duration::hours(2))).await, Some(2 * 3600));
    assert_eq!(max_age(Expiry::OnSessionEnd).await, None);
}

/// A cookie until the browser closes becomes a permanent one, and back.
#[tokio::test]
async fn the_kind_of_expiry_can_change() {
    let spec = named().until_browser_closes();
    let app = super::app(sealer_of(spec), |routes| {
        routes
            .route(
                "/hour",
                handler(async |session| {
                    session.set_expiry(Some(Expiry::OnInactivity(Duration::hours(1))));
                }),
            )
            .route("/end", handler(async |session| session.set_expiry(Some(Expiry::OnSessionEnd))))
    });
    let mut browser = Browser::of(&app);
    assert_eq!(browser.get("/insert").await.max_age(), None);
    assert_eq!(browser.get("/hour").await.max_age(), Some(3600));
    assert_eq!(browser.get("/end").await.max_age(), None);
}

#[tokio::test]
async fn the_server_enforces_the_expiry() {
    let clock = TestClock::new(UnixTime::now());
    let app = axum::Router::new()
        .route(
            "/do",
            handler(async |session| {
                session.insert("foo", 42).await.unwrap();
                session.set_expiry(Some(Expiry::OnInactivity(Duration::hours(1))));
            }),
        )
        .route(
            "/get",
            get(async |session: Session| format!("{:?}", session.get_value("foo").await.unwrap())),
        )
        .layer(SessionManagerLayer::new())
        .layer(SessionLayer::new(sealer()).clock(clock.source()));
    let mut browser = Browser::of(&app);
    browser.get("/do").await;
    // Activity prolongs it.
    for _ in 0..3 {
        clock.advance(std::time::Duration::from_secs(45 * 60));
        assert_eq!(browser.read("/get").await, "Some(Number(42))");
    }
    clock.advance(std::time::Duration::from_secs(61 * 60));
    assert_eq!(browser.read("/get").await, "None");
}

#[tokio::test]
async fn an_expiry_in_the_past_ends_the_session() {
    let past = OffsetDateTime::now_utc() - Duration::seconds(1);
    for expiry in [Expiry::AtDateTime(past), Expiry::OnInactivity(Duration::ZERO)] {
        assert_eq!(max_age(expiry).await, Some(0), "{expiry:?}");
    }
}

#[tokio::test]
async fn a_new_session_cannot_outlive_the_sealers_timeouts() {
    let in_8_days = OffsetDateTime::now_utc() + Duration::days(8);
    for expiry in [Expiry::OnInactivity(Duration::days(8)), Expiry::AtDateTime(in_8_days)] {
        let app = app_that(sealer(), move |session| async move {
            session.insert("foo", 42).await.unwrap();
            session.save().await.unwrap();
            session.set_expiry(Some(expiry));
        });
        let (log, _guard) = Log::start();
        let mut browser = Browser::of(&app);
        let answer = browser.get("/do").await;
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(log.text().contains("raise idle_timeout and absolute_timeout"), "{}", log.text());
        assert_eq!(browser.cookie, None);
    }
}

/// Near its absolute timeout, an older session gets less than the handler asks for.
#[tokio::test]
async fn an_older_session_ends_at_the_sealers_timeouts() {
    let clock = TestClock::new(UnixTime::now());
    let app = axum::Router::new()
        .route("/insert", handler(async |session| session.insert("foo", 42).await.unwrap()))
        .route(
            "/do",
            handler(async |session| {
                session.set_expiry(Some(Expiry::OnInactivity(Duration::days(7))));
            }),
        )
        .layer(SessionManagerLayer::new())
        .layer(SessionLayer::new(sealer()).clock(clock.source()));
    let mut browser = Browser::of(&app);
    browser.get("/insert").await;
    for days in [7, 7, 7, 6] {
        clock.advance(6 * DAY);
        assert_eq!(browser.get("/do").await.max_age(), Some(days * 24 * 3600));
    }
}

#[tokio::test]
async fn an_expiry_applies_to_what_a_handler_saved_before_a_server_error() {
    let app = super::app(sealer(), |routes| {
        routes.route(
            "/do",
            get(async |session: Session| {
                session.insert("foo", 42).await.unwrap();
                session.save().await.unwrap();
                session.insert("foo", 43).await.unwrap();
                session.set_expiry(Some(Expiry::OnInactivity(Duration::hours(1))));
                StatusCode::INTERNAL_SERVER_ERROR
            }),
        )
    });
    let mut browser = Browser::of(&app);
    assert_eq!(browser.get("/do").await.max_age(), Some(3600));
    assert_eq!(browser.read("/get").await, "Some(Number(42))");
}
