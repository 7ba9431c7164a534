//! The application under test.

use std::sync::Arc;

use axum::{
    Form, Router,
    extract::{Request, State},
    middleware::{Next, from_fn_with_state},
    response::{Html, Redirect, Response},
    routing::{get, post},
};
use serde::Deserialize;
use tokio::sync::watch;
use waxseal::{Session, SessionError, SessionLayer};

use super::site::REGISTER;

/// A test decides with these when a request continues.
pub struct Gates {
    /// Whether registrations are answered.
    pub registrations: watch::Sender<bool>,
    /// Whether the response to the first registration is sent.
    pub first_response: watch::Sender<bool>,
    /// The number of registrations that the server has answered.
    pub registered: watch::Sender<usize>,
    /// Whether `POST /held-count` has read the session.
    pub is_held: watch::Sender<bool>,
    /// Whether `POST /held-count` continues.
    pub saves: watch::Sender<bool>,
}

impl Default for Gates {
    fn default() -> Self {
        Self {
            registrations: watch::Sender::new(true),
            first_response: watch::Sender::new(true),
            registered: watch::Sender::new(0),
            is_held: watch::Sender::new(false),
            saves: watch::Sender::new(false),
        }
    }
}

/// Holds a registration until the gate is open, and the response to the first one.
async fn hold_registrations(
    State(gates): State<Arc<Gates>>,
    request: Request,
    next: Next,
) -> Response {
    if !REGISTER.ends_with(request.uri().path()) {
        return next.run(request).await;
    }
    opened(&gates.registrations).await;
    let response = next.run(request).await;
    let mut number = 0;
    gates.registered.send_modify(|registered| {
        *registered += 1;
        number = *registered;
    });
    if number == 1 {
        opened(&gates.first_response).await;
    }
    response
}

pub async fn opened(gate: &watch::Sender<bool>) {
    // The sender lives as long as the server.
    let _ = gate.subscribe().wait_for(|is_open| *is_open).await;
}

/// The application with its sessions.
pub fn application(sessions: SessionLayer, gates: &Arc<Gates>) -> Router {
    Router::new()
        .route("/", get(page))
        .route("/saving", get(saving_page))
        .route("/who", get(async |session: Session| who(&session)))
        .route("/seen", get(async |session: Session| [("x-who", who(&session))]))
        .route("/login", post(log_in))
        .route("/callback", get(callback))
        .route("/logout", post(async |session: Session| session.delete()))
        .route("/renew", post(renew))
        .route("/revoke-others", post(revoke_others))
        .route("/count", post(count))
        .route("/save", post(async |session: Session| session.save()))
        .route("/held-count", post(held_count))
        .route("/clear-storage", post(async || [("clear-site-data", "\"storage\"")]))
        .with_state(gates.clone())
        .layer(sessions)
        .layer(from_fn_with_state(gates.clone(), hold_registrations))
}

/// `susan, bound`, or `nobody` and why a cookie is not accepted.
fn who(session: &Session) -> String {
    let bound = if session.binding().is_some() { "bound" } else { "unbound" };
    match (session.user(), session.rejection()) {
        (Some(user), _) => format!("{user}, {bound}"),
        (None, Some(rejection)) => format!("nobody, {rejection:?}"),
        (None, None) => "nobody".into(),
    }
}

async fn page(session: Session) -> Html<String> {
    Html(format!(
        r#"<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>Site</title>
        <p id="who">{}</p><form method="post" action="/login">
        <button id="susan" name="user" value="susan">susan</button>
        <button id="mallory" name="user" value="mallory">mallory</button></form>"#,
        who(&session)
    ))
}

/// The page, which changes the session and saves it.
async fn saving_page(session: Session) -> Result<Html<String>, SessionError> {
    session.insert("visits", session.get::<u32>("visits")?.unwrap_or(0) + 1)?;
    session.save()?;
    Ok(page(session).await)
}

#[derive(Deserialize)]
struct Login {
    user: String,
}

async fn log_in(session: Session, Form(form): Form<Login>) -> Result<Redirect, SessionError> {
    session.log_in(&form.user)?;
    Ok(Redirect::to("/"))
}

/// The browser comes back from an identity provider.
async fn callback(session: Session) -> Result<Redirect, SessionError> {
    session.log_in("susan")?;
    Ok(Redirect::to("/"))
}

async fn renew(session: Session) -> Result<(), SessionError> {
    session.require_user()?;
    session.renew()
}

async fn revoke_others(session: Session) -> Result<(), SessionError> {
    session.require_user()?;
    session.revoke_others()
}

async fn count(session: Session) -> Result<String, SessionError> {
    session.require_user()?;
    let count = session.get::<u32>("count")?.unwrap_or(0) + 1;
    session.insert("count", count)?;
    session.save()?;
    Ok(count.to_string())
}

/// Reads the session, and saves it when the test says so.
async fn held_count(
    State(gates): State<Arc<Gates>>,
    session: Session,
) -> Result<String, SessionError> {
    session.require_user()?;
    gates.is_held.send_replace(true);
    opened(&gates.saves).await;
    count(session).await
}
