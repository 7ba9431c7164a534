//! The application on the signed cookies of axum-extra.

use axum::{
    Form, Router,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use axum_extra::extract::cookie::{Cookie, Key, SameSite, SignedCookieJar};

use crate::users::{Login, page};

async fn index(jar: SignedCookieJar) -> String {
    let user = jar.get("user");
    page(user.as_ref().map(Cookie::value), items(&jar))
}

async fn login(jar: SignedCookieJar, Form(form): Form<Login>) -> Response {
    let Some(user) = form.verify() else {
        return StatusCode::FORBIDDEN.into_response();
    };
    let jar = jar.add(cookie("user", user));
    (jar, Redirect::to("/")).into_response()
}

async fn add_item(jar: SignedCookieJar) -> (SignedCookieJar, Redirect) {
    let items = items(&jar).saturating_add(1);
    (jar.add(cookie("items", items.to_string())), Redirect::to("/"))
}

async fn logout(jar: SignedCookieJar) -> (SignedCookieJar, Redirect) {
    let jar = jar.remove(cookie("user", String::new())).remove(cookie("items", String::new()));
    (jar, Redirect::to("/"))
}

fn items(jar: &SignedCookieJar) -> u32 {
    jar.get("items").and_then(|cookie| cookie.value().parse().ok()).unwrap_or_default()
}

fn cookie(name: &'static str, value: String) -> Cookie<'static> {
    Cookie::build((name, value))
        .path("/")
        .secure(true)
        .http_only(true)
        .same_site(SameSite::Lax)
        .build()
}

fn routes() -> Router<Key> {
    Router::new()
        .route("/", get(index).post(login))
        .route("/items", post(add_item))
        .route("/logout", post(logout))
}

/// The application.
pub fn app(key: Key) -> Router {
    routes().with_state(key)
}
