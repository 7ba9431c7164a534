//! Logins, logouts and messages.

use super::*;

#[tokio::test]
async fn the_user_of_axum_login_is_the_user_of_waxseal() {
    let (app, _list) = app_with_list();
    let mut browser = Browser::of(&app);
    assert_eq!(status(&mut browser).await, StatusCode::UNAUTHORIZED);
    assert_eq!(browser.get("/login/nobody").await.status, StatusCode::FORBIDDEN);
    assert_eq!(browser.cookie, None);

    assert_eq!(browser.get("/login/42").await.set_cookie.len(), 1);
    assert_eq!(browser.read("/whoami").await, "42");
    assert_eq!(browser.read("/session").await, "Some(\"42\") axum-login.data,axum-messages.data");
}

#[tokio::test]
async fn revoke_user_ends_the_sessions_of_axum_login() {
    let (app, list) = app_with_list();
    let mut first = logged_in(&app, "42").await;
    let mut second = logged_in(&app, "42").await;
    let mut other = logged_in(&app, "7").await;
    list.revoke_user("42").await.unwrap();
    assert_eq!(status(&mut first).await, StatusCode::UNAUTHORIZED);
    assert_eq!(status(&mut second).await, StatusCode::UNAUTHORIZED);
    assert_eq!(other.read("/whoami").await, "7");
    // The user can log in again.
    first.get("/login/42").await;
    assert_eq!(first.read("/whoami").await, "42");
}

#[tokio::test]
async fn a_user_id_can_be_text() {
    let list = RevocationList::memory().unwrap();
    let app = app::<String>(builder().revocations(list.clone()).build().unwrap());
    let mut browser = logged_in(&app, "susan").await;
    assert_eq!(browser.read("/whoami").await, "susan");
    list.revoke_user("susan").await.unwrap();
    assert_eq!(status(&mut browser).await, StatusCode::UNAUTHORIZED);
}

/// Session fixation: the login has another ID than the session before it.
#[tokio::test]
async fn a_login_changes_the_id_and_keeps_the_data_of_a_visitor() {
    let (app, _list) = app_with_list();
    let mut browser = Browser::of(&app);
    browser.get("/put/cart/tea").await;
    let (mut planted, id) = (browser.clone(), browser.read("/id").await);
    browser.get("/login/42").await;
    assert_ne!(browser.read("/id").await, id);
    assert!(browser.read("/session").await.contains("cart"));
    assert_eq!(planted.read("/session").await, "None ");
}

#[tokio::test]
async fn a_logout_revokes_the_session() {
    for path in ["/logout", "/logout-with-message"] {
        let (app, _list) = app_with_list();
        let mut browser = logged_in(&app, "42").await;
        browser.get("/put/secret/tea").await;
        let mut copy = browser.clone();
        browser.get(path).await;
        assert_eq!(status(&mut copy).await, StatusCode::UNAUTHORIZED, "{path}");
        assert_eq!(status(&mut browser).await, StatusCode::UNAUTHORIZED, "{path}");
        assert!(!browser.read("/session").await.contains("secret"), "{path}");
        let message = browser.read("/messages").await;
        assert_eq!(message, if path == "/logout" { "" } else { "Bye" });
    }
}

#[tokio::test]
async fn a_message_is_shown_once() {
    let (app, _list) = app_with_list();
    let mut browser = logged_in(&app, "42").await;
    assert_eq!(browser.read("/messages").await, "Hello 42");
    assert_eq!(browser.read("/messages").await, "");
}
