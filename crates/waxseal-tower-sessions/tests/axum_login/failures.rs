//! Changed passwords, logins that cannot be saved, and logins that cannot be revoked.

use super::*;

#[tokio::test]
async fn a_changed_password_ends_the_session() {
    let list = RevocationList::memory().unwrap();
    let sealer = || builder().revocations(list.clone()).build().unwrap();
    let mut browser = logged_in(&app::<i64>(sealer()), "42").await;
    let later = app_with::<i64>(sealer(), "axum-login.data", "another hash");
    let mut copy = browser.clone();
    browser = browser.copied_to(&later);
    assert_eq!(status(&mut browser).await, StatusCode::UNAUTHORIZED);
    assert_eq!(browser.cookie, None);
    // It is revoked: the old password does not bring it back.
    assert_eq!(status(&mut copy).await, StatusCode::UNAUTHORIZED);
}

/// With the wrong data key, the bridge sees no login, and `revoke_user` could not end it.
#[tokio::test]
async fn a_login_that_revoke_user_cannot_end_is_not_read() {
    let sealer = || builder().build().unwrap();
    let wrong = app_with::<i64>(sealer(), "another.key", "hash");
    let mut browser = logged_in(&wrong, "42").await;
    assert_eq!(browser.read("/whoami").await, "42");
    assert!(browser.read("/session").await.starts_with("None"));

    // Written by other code, with the right key: not a login either.
    let forged = Router::new()
        .route(
            "/",
            get(async |session: waxseal::Session| {
                let login = serde_json::json!({ "user_id": 42, "auth_hash": b"hash" });
                session.insert("axum-login.data", login).unwrap();
                session.save().unwrap();
            }),
        )
        .layer(SessionLayer::new(sealer()));
    let mut browser = Browser::of(&forged);
    browser.get("/").await;
    let mut browser = browser.copied_to(&app::<i64>(sealer()));
    assert_eq!(status(&mut browser).await, StatusCode::UNAUTHORIZED);
    browser.get("/login/42").await;
    assert_eq!(browser.read("/whoami").await, "42");
}

#[tokio::test]
async fn the_data_key_can_be_another_one() {
    let list = RevocationList::memory().unwrap();
    let backend = Backend::<i64> { password: "hash", id: PhantomData };
    let app = Router::new()
        .route("/whoami", get(whoami::<i64>))
        .route_layer(login_required!(Backend<i64>, login_url = "/login"))
        .route("/login/{name}", get(login::<i64>))
        .layer(MessagesManagerLayer)
        .layer(layer_fn(move |inner| AuthManager::new(inner, backend.clone(), "staff")))
        .layer(SessionManagerLayer::new().with_data_key("staff"))
        .layer(SessionLayer::new(builder().revocations(list.clone()).build().unwrap()));
    let mut browser = logged_in(&app, "42").await;
    assert_eq!(browser.read("/whoami").await, "42");
    list.revoke_user("42").await.unwrap();
    let answer = browser.get("/whoami").await;
    assert_eq!(answer.location.as_deref(), Some("/login?next=%2Fwhoami"));
}

/// A login that cannot be saved logs nobody in, and ends the session before it.
#[tokio::test]
async fn a_login_that_does_not_fit_is_no_login() {
    let hash: &'static str = Box::leak("x".repeat(4000).into_boxed_str());
    let app = app_with::<i64>(builder().build().unwrap(), "axum-login.data", hash);
    let mut browser = Browser::of(&app);
    browser.get("/put/cart/tea").await;
    let (log, _guard) = Log::start();
    let answer = browser.get("/login/42").await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(log.text().contains("3072 bytes"), "{}", log.text());
    assert_eq!(browser.cookie, None);
}

/// axum-login writes its entry without `cycle_id` if the session had a user before.
#[tokio::test]
async fn another_login_that_does_not_fit_is_no_login() {
    let app = Router::new()
        .route(
            "/login/{id}/{hash}",
            get(
                async |session: tower_sessions_0_14::Session,
                       Path((id, hash)): Path<(u8, usize)>| {
                    let login = serde_json::json!({ "user_id": id, "auth_hash": vec![100; hash] });
                    session.insert("axum-login.data", login).await.unwrap();
                },
            ),
        )
        .layer(SessionManagerLayer::new())
        .layer(SessionLayer::new(builder().build().unwrap()));
    let mut browser = Browser::of(&app);
    browser.get("/login/42/10").await;
    assert!(browser.cookie.is_some());
    let answer = browser.get("/login/7/2000").await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(browser.cookie, None);
}

/// The record of the request still has the data of the user before.
#[tokio::test]
async fn a_login_after_a_failed_one_inherits_nothing() {
    let login =
        |id: u8, hash: usize| serde_json::json!({ "user_id": id, "auth_hash": vec![100; hash] });
    let app = Router::new()
        .route(
            "/first",
            get(async move |session: tower_sessions_0_14::Session| {
                session.insert("secret", "tea").await.unwrap();
                session.insert("axum-login.data", login(42, 10)).await.unwrap();
            }),
        )
        .route(
            "/second",
            get(async move |session: tower_sessions_0_14::Session| {
                for id in [42, 7] {
                    session.insert("axum-login.data", login(id, 2000)).await.unwrap();
                    session.save().await.unwrap_err();
                }
                session.insert("axum-login.data", login(7, 10)).await.unwrap();
                session.save().await.unwrap();
            }),
        )
        .route(
            "/session",
            get(async |session: waxseal::Session| {
                format!("{:?} {:?}", session.user(), session.keys())
            }),
        )
        .layer(SessionManagerLayer::new())
        .layer(SessionLayer::new(builder().build().unwrap()));
    let mut browser = Browser::of(&app);
    browser.get("/first").await;
    assert!(browser.read("/session").await.contains("secret"));
    assert_eq!(browser.get("/second").await.status, StatusCode::OK);
    assert_eq!(browser.read("/session").await, r#"Some("7") ["axum-login.data"]"#);
}

/// A logout that keeps the other data.
#[tokio::test]
async fn to_remove_the_entry_of_axum_login_is_a_logout() {
    let (app, _list) = app_with_list();
    let mut browser = logged_in(&app, "42").await;
    browser.get("/put/theme/dark").await;
    let (mut copy, id) = (browser.clone(), browser.read("/id").await);
    browser.get("/remove-login").await;
    assert_eq!(browser.read("/session").await, "None axum-messages.data,theme");
    assert_ne!(browser.read("/id").await, id);
    assert_eq!(status(&mut copy).await, StatusCode::UNAUTHORIZED);
}

/// A login after a change of the password has a new ID, although axum-login changes none.
#[tokio::test]
async fn a_second_login_changes_the_id() {
    let list = RevocationList::memory().unwrap();
    let sealer = builder().idle_timeout(Duration::from_secs(3600)).revocations(list).build();
    let app = Router::new()
        .route(
            "/",
            get(async |session: tower_sessions_0_14::Session| {
                let count: u8 = session.get("count").await.unwrap().unwrap_or_default();
                session.insert("count", count + 1).await.unwrap();
                let login = serde_json::json!({ "user_id": 42, "auth_hash": [count] });
                session.insert("axum-login.data", login).await.unwrap();
            }),
        )
        .route("/id", get(async |session: waxseal::Session| session.id().unwrap_or_default()))
        .layer(SessionManagerLayer::new())
        .layer(SessionLayer::new(sealer.unwrap()));
    let mut browser = Browser::of(&app);
    browser.get("/").await;
    let (mut copy, id) = (browser.clone(), browser.read("/id").await);
    browser.get("/").await;
    assert_ne!(browser.read("/id").await, id);
    assert_eq!(copy.read("/id").await, "");
}
