//! The login page on Cloudflare's workerd. Only the clock and the source of the
//! secret differ from other servers.

use std::sync::OnceLock;

use askama::Template;
use axum::{
    Form, Router,
    body::Body,
    http::{Response, StatusCode},
    response::{Html, IntoResponse, Redirect},
    routing::{get, post},
};
use tower_http::csrf::CsrfLayer;
use tower_service::Service as _;
use waxseal::{Sealer, Secret, Session, SessionError, SessionLayer, UnixTime};
use worker::{Context, Env, HttpRequest, event};

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<!doctype html><title>waxseal</title>
{% match username %}
{% when Some with (name) %}
Hello <b>{{ name }}</b>! <form method="post" action="/logout"><button>Log out</button></form>
{% when None %}
<form method="post"><input name="username" autofocus>
<input name="password" type="password"><button>Log in</button></form>
<p>Any name, and the password wax.
{% endmatch %}
"#
)]
struct Page {
    username: Option<String>,
}

#[derive(serde::Deserialize)]
struct Login {
    username: String,
    password: String,
}

/// Stands for the application's user database, which stores hashes of passwords (argon2).
/// Returns the stable ID of the user.
fn verify_password(username: &str, password: &str) -> Option<String> {
    let exists = matches!(username.chars().count(), 1..=64);
    (exists && password == "wax").then(|| username.to_owned())
}

async fn index(session: Session) -> Result<impl IntoResponse, SessionError> {
    let page = Page { username: session.get("username")? };
    Ok(page.render().map(Html).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR))
}

async fn login(session: Session, Form(form): Form<Login>) -> Result<Response<Body>, SessionError> {
    let Some(user_id) = verify_password(&form.username, &form.password) else {
        return Ok(StatusCode::FORBIDDEN.into_response());
    };
    session.log_in(&user_id)?; // a new session, saved at once
    session.insert("username", form.username)?; // the name for display
    session.save()?;
    Ok(Redirect::to("/").into_response())
}

async fn logout(session: Session) -> Result<Redirect, SessionError> {
    session.delete()?;
    Ok(Redirect::to("/"))
}

/// Returns the time of the platform's clock. The clock of the standard library
/// panics on this target.
fn now() -> UnixTime {
    UnixTime::from_secs((js_sys::Date::now() / 1000.0) as u64)
}

fn app(env: &Env) -> worker::Result<Router> {
    let failed = |error: &dyn std::error::Error| worker::Error::RustError(error.to_string());
    let secret = env.secret("SESSION_SECRET")?.to_string();
    let secret = Secret::new(secret).map_err(|error| failed(&error))?;
    let sealer = Sealer::builder(secret).build().map_err(|error| failed(&error))?;
    Ok(Router::new()
        .route("/", get(index).post(login))
        .route("/logout", post(logout))
        .layer(SessionLayer::with_clock(sealer, now))
        .layer(CsrfLayer::new())) // refuses the forms of other sites
}

#[event(fetch)]
async fn fetch(request: HttpRequest, env: Env, _: Context) -> worker::Result<Response<Body>> {
    // The secret is available only in a request. The first request builds the
    // router, so that the key is derived only once.
    static APP: OnceLock<Router> = OnceLock::new();
    let app = match APP.get() {
        Some(app) => app,
        None => {
            let app = app(&env)?;
            APP.get_or_init(|| app)
        }
    };
    Ok(app.clone().call(request).await?)
}
