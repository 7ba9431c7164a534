//! axum-login and axum-messages run on waxseal's cookie, and `revoke_user` ends their sessions.
#![cfg(feature = "v0_14")]

mod data;
mod failures;
mod logins;
#[path = "../support/mod.rs"]
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
                auth.session.save().await.unwrap();
                auth.session.insert("history", "changed again").await.unwrap();
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
