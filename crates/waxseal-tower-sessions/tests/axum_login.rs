//! axum-login and axum-messages run on waxseal's cookie, and `revoke_user` ends their sessions.
#![cfg(feature = "v0_14")]

mod support;

use std::{convert::Infallible, fmt, marker::PhantomData, time::Duration};

use axum::{Router, extract::Path, http::StatusCode, routing::get};
use axum_login::{AuthManager, AuthSession, AuthUser, AuthnBackend, login_required};
use axum_messages::{Messages, MessagesManagerLayer};
use tower::layer::layer_fn;
use waxseal::{Sealer, SessionLayer};
use waxseal_revocation::RevocationList;
use waxseal_tower_sessions::v0_14::SessionManagerLayer;

use self::support::{Browser, Log, builder};

/// The ID of a user, as an application has it.
trait UserId: fmt::Display + fmt::Debug + Clone + Send + Sync + 'static
where
    Self: serde::Serialize + for<'de> serde::Deserialize<'de>,
{
    fn parse(name: &str) -> Self;
}

impl UserId for i64 {
    fn parse(name: &str) -> Self {
        name.parse().unwrap()
    }
}

impl UserId for String {
    fn parse(name: &str) -> Self {
        name.into()
    }
}

#[derive(Clone, Debug)]
struct User<I> {
    id: I,
    hash: String,
}

impl<I: UserId> AuthUser for User<I> {
    type Id = I;

    fn id(&self) -> I {
        self.id.clone()
    }

    fn session_auth_hash(&self) -> &[u8] {
        self.hash.as_bytes()
    }
}

/// Every user exists, and `password` is the hash.
#[derive(Clone, Debug)]
struct Backend<I> {
    password: &'static str,
    id: PhantomData<I>,
}

impl<I: UserId> AuthnBackend for Backend<I> {
    type User = User<I>;
    type Credentials = String;
    type Error = Infallible;

    async fn authenticate(&self, name: String) -> Result<Option<User<I>>, Infallible> {
        Ok((name != "nobody").then(|| User { id: I::parse(&name), hash: self.password.into() }))
    }

    async fn get_user(&self, id: &I) -> Result<Option<User<I>>, Infallible> {
        Ok(Some(User { id: id.clone(), hash: self.password.into() }))
    }
}

async fn login<I: UserId>(
    mut auth: AuthSession<Backend<I>>,
    messages: Messages,
    Path(name): Path<String>,
) -> StatusCode {
    let Some(user) = auth.authenticate(name.clone()).await.unwrap() else {
        return StatusCode::FORBIDDEN;
    };
    match auth.login(&user).await {
        Ok(()) => {
            messages.success(format!("Hello {name}"));
            StatusCode::OK
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

async fn logout<I: UserId>(mut auth: AuthSession<Backend<I>>) {
    auth.logout().await.unwrap();
}

async fn logout_with_message<I: UserId>(mut auth: AuthSession<Backend<I>>, messages: Messages) {
    auth.logout().await.unwrap();
    messages.info("Bye");
}

async fn whoami<I: UserId>(auth: AuthSession<Backend<I>>) -> Result<String, StatusCode> {
    Ok(auth.user.ok_or(StatusCode::UNAUTHORIZED)?.id().to_string())
}

async fn messages(messages: Messages) -> String {
    messages.into_iter().map(|message| message.to_string()).collect::<Vec<_>>().join(",")
}

/// An application that has the key and the password of its users.
fn app_with<I: UserId>(sealer: Sealer, key: &'static str, password: &'static str) -> Router {
    let backend = Backend::<I> { password, id: PhantomData };
    Router::new()
        .route("/whoami", get(whoami::<I>))
        .route("/login/{name}", get(login::<I>))
        .route("/logout", get(logout::<I>))
        .route("/logout-with-message", get(logout_with_message::<I>))
        .route("/messages", get(messages))
        .route(
            "/put/{key}/{value}",
            get(
                async |auth: AuthSession<Backend<I>>,
                       Path((key, value)): Path<(String, String)>| {
                    auth.session.insert(&key, value).await.unwrap();
                },
            ),
        )
        .route(
            "/take-over/{name}",
            get(async |mut auth: AuthSession<Backend<I>>, Path(name): Path<String>| {
                // As a middleware that keeps a history in the session.
                auth.session.insert("history", "changed").await.unwrap();
                auth.session.insert("fresh", "new").await.unwrap();
                let user = auth.authenticate(name).await.unwrap().unwrap();
                auth.login(&user).await.unwrap();
            }),
        )
        .route(
            "/remove-login",
            get(async |auth: AuthSession<Backend<I>>| {
                auth.session.remove_value("axum-login.data").await.unwrap();
            }),
        )
        .route(
            "/waxseal-login",
            get(async |auth: AuthSession<Backend<I>>, session: waxseal::Session| {
                auth.session.insert("history", "changed").await.unwrap();
                auth.session.insert("fresh", "new").await.unwrap();
                session.log_in("7").unwrap();
            }),
        )
        .route(
            "/waxseal-logout",
            get(async |auth: AuthSession<Backend<I>>, session: waxseal::Session| {
                auth.session.insert("history", "changed").await.unwrap();
                auth.session.insert("fresh", "new").await.unwrap();
                session.delete().unwrap();
            }),
        )
        .route(
            "/session",
            get(async |session: waxseal::Session| {
                let mut keys = session.keys();
                keys.sort();
                format!("{:?} {}", session.user(), keys.join(","))
            }),
        )
        .route("/id", get(async |session: waxseal::Session| session.id().unwrap()))
        .layer(MessagesManagerLayer)
        .layer(layer_fn(move |inner| AuthManager::new(inner, backend.clone(), key)))
        .layer(SessionManagerLayer::new())
        .layer(SessionLayer::new(sealer))
}

fn app<I: UserId>(sealer: Sealer) -> Router {
    app_with::<I>(sealer, "axum-login.data", "hash")
}

fn app_with_list() -> (Router, RevocationList) {
    let list = RevocationList::memory().unwrap();
    (app::<i64>(builder().revocations(list.clone()).build().unwrap()), list)
}

async fn logged_in(app: &Router, name: &str) -> Browser {
    let mut browser = Browser::of(app);
    assert_eq!(browser.get(&format!("/login/{name}")).await.status, StatusCode::OK);
    browser
}

/// The status of a page for users.
async fn status(browser: &mut Browser) -> StatusCode {
    browser.get("/whoami").await.status
}

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
