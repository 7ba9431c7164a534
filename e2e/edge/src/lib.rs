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
<form method="post"><input name="username" autofocus><button>Log in</button></form>
{% endmatch %}
"#
)]
struct Page {
    username: Option<String>,
}

#[derive(serde::Deserialize)]
struct Login {
    username: String,
}

async fn index(session: Session) -> Result<impl IntoResponse, SessionError> {
    let page = Page { username: session.get("username")? };
    Ok(page.render().map(Html).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR))
}

async fn login(session: Session, Form(form): Form<Login>) -> Result<Redirect, SessionError> {
    session.renew(); // a new session at every change of privilege
    session.insert("username", form.username)?;
    session.save()?; // without it, no cookie is sent
    Ok(Redirect::to("/"))
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
        .layer(SessionLayer::with_clock(sealer, now)))
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
