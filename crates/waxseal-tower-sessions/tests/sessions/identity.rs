//! The session ID, and `cycle_id`.

use std::time::Duration;

use axum::routing::get;
use waxseal::{SessionLayer, UnixTime, test_util::TestClock};
use waxseal_revocation::RevocationList;

use super::{app, app_that, handler};
use crate::{
    support::{Browser, DAY, builder, sealer},
    tower_sessions::Session,
};

#[tokio::test]
async fn the_id_is_waxseals_session_id() {
    let app = app(sealer(), |routes| {
        routes
            .route("/waxseal", get(async |session: waxseal::Session| session.id().unwrap()))
            .route(
                "/saved",
                get(async |session: Session, of_waxseal: waxseal::Session| {
                    assert_eq!(session.id(), None);
                    session.insert("foo", 42).await.unwrap();
                    assert_eq!(session.id(), None);
                    session.save().await.unwrap();
                    assert_eq!(session.id().unwrap().to_string(), of_waxseal.id().unwrap());
                    of_waxseal.id().unwrap()
                }),
            )
    });
    let mut browser = Browser::of(&app);
    let id = browser.read("/saved").await;
    assert_eq!(id.len(), 22);
    assert_eq!(browser.read("/id").await, id);
    assert_eq!(browser.read("/waxseal").await, id);
    browser.get("/insert").await;
    assert_eq!(browser.read("/id").await, id);
}

#[tokio::test]
async fn cycle_id_changes_the_id_and_keeps_the_data() {
    let list = RevocationList::memory().unwrap();
    let app = app_that(builder().revocations(list).build().unwrap(), async |session| {
        session.cycle_id().await.unwrap();
        assert_eq!(session.id(), None);
        assert_eq!(session.get::<u8>("foo").await.unwrap(), Some(42));
    });
    let mut browser = Browser::of(&app);
    browser.get("/insert").await;
    let id = browser.read("/id").await;
    let mut copy = browser.clone();

    assert_eq!(browser.get("/do").await.set_cookie.len(), 1);
    assert_ne!(browser.read("/id").await, id);
    assert_eq!(browser.read("/get").await, "Some(Number(42))");
    // The old ID is revoked.
    assert_eq!(copy.read("/get").await, "None");
}

#[tokio::test]
async fn cycle_id_and_save_give_the_id_of_the_response() {
    let app = app(sealer(), |routes| {
        routes.route(
            "/do",
            get(async |session: Session| {
                session.insert("foo", 42).await.unwrap();
                session.save().await.unwrap();
                let first = session.id();
                session.cycle_id().await.unwrap();
                session.save().await.unwrap();
                assert_ne!(session.id(), first);
                session.id().unwrap().to_string()
            }),
        )
    });
    let mut browser = Browser::of(&app);
    let id = browser.read("/do").await;
    assert_eq!(browser.read("/id").await, id);
}

#[tokio::test]
async fn cycle_id_does_not_move_the_absolute_timeout() {
    let clock = TestClock::new(UnixTime::now());
    let sealer = builder().idle_timeout(10 * DAY).absolute_timeout(10 * DAY).build().unwrap();
    let app = axum::Router::new()
        .route("/insert", handler(async |session| session.insert("foo", 42).await.unwrap()))
        .route("/do", handler(async |session| session.cycle_id().await.unwrap()))
        .route("/id", get(async |session: Session| format!("{:?}", session.id())))
        .layer(crate::SessionManagerLayer::new())
        .layer(SessionLayer::new(sealer).clock(clock.source()));
    let mut browser = Browser::of(&app);
    browser.get("/insert").await;
    clock.advance(9 * DAY);
    assert_eq!(browser.get("/do").await.max_age(), Some(24 * 3600));
    clock.advance(Duration::from_secs(24 * 3600 - 1));
    assert_ne!(browser.read("/id").await, "None");
    clock.advance(Duration::from_secs(1));
    assert_eq!(browser.read("/id").await, "None");
}

/// A session of Microdot has no ID. Its first response gives it one.
#[tokio::test]
async fn a_session_without_an_id_gets_one() {
    use waxseal::{Sealer, test_util};

    let key = [9; 32];
    let now = UnixTime::now();
    let microdot = Sealer::microdot(key).unwrap();
    let cookie =
        test_util::cookie(&microdot, now, |session| Ok(session.insert("foo", 42)?)).unwrap();

    let sealer = builder().migrate_microdot(key, now).build().unwrap();
    let mut browser = Browser::of(&app(sealer, |routes| routes));
    browser.cookie = Some(cookie);
    let id = browser.read("/id").await;
    assert_eq!(id.len(), 22);
    assert_eq!(browser.read("/id").await, id);
    assert_eq!(browser.read("/get").await, "Some(Number(42))");
}
