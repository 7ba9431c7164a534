//! No data passes from one user to another.

use super::*;

/// axum-login would leave the data of the user before.
#[tokio::test]
async fn another_user_inherits_nothing() {
    let (app, _list) = app_with_list();
    let mut browser = logged_in(&app, "42").await;
    browser.get("/put/history/first").await;
    browser.get("/put/secret/tea").await;
    let (mut copy, id) = (browser.clone(), browser.read("/id").await);
    browser.get("/take-over/7").await;
    assert_eq!(browser.read("/whoami").await, "7");
    assert_ne!(browser.read("/id").await, id);
    // What the user before had is dropped, also what this request has changed.
    assert_eq!(browser.read("/session").await, "Some(\"7\") axum-login.data,fresh");
    assert_eq!(status(&mut copy).await, StatusCode::UNAUTHORIZED);
}

/// Also if the application has logged the user before in with waxseal's session.
#[tokio::test]
async fn another_user_does_not_inherit_from_waxseals_login() {
    let sealer = || builder().build().unwrap();
    let waxseal = Router::new()
        .route(
            "/login",
            get(async |session: waxseal::Session| {
                session.log_in("1").unwrap();
                session.insert("secret", "tea").unwrap();
                session.save().unwrap();
            }),
        )
        .layer(SessionLayer::new(sealer()));
    let mut browser = Browser::of(&waxseal);
    browser.get("/login").await;
    let mut browser = browser.copied_to(&app::<i64>(sealer()));
    browser.get("/login/7").await;
    assert!(!browser.read("/session").await.contains("secret"));
}

/// Also if a handler replaces the user with waxseal's session.
#[tokio::test]
async fn a_user_of_waxseal_inherits_nothing() {
    let app = app::<i64>(builder().build().unwrap());
    let mut browser = logged_in(&app, "42").await;
    browser.get("/put/history/first").await;
    for path in ["/waxseal-login", "/waxseal-logout"] {
        let mut browser = browser.clone();
        browser.get(path).await;
        let session = browser.read("/session").await;
        assert!(!session.contains("42") && session.ends_with(" fresh"), "{path}: {session}");
    }
}
