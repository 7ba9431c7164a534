//! The application on waxseal.

use axum::{
    Form, Router,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use waxseal::{BuildError, Sealer, Secret, Session, SessionError, SessionLayer};
use waxseal_revocation::RevocationList;

use crate::users::{Login, page};

async fn index(session: Session) -> Result<String, SessionError> {
    let items = session.get("items")?.unwrap_or_default();
    let user = session.user();
    Ok(page(user.as_deref(), items))
}

async fn login(session: Session, Form(form): Form<Login>) -> Result<Response, SessionError> {
    let Some(user) = form.verify() else {
        return Ok(StatusCode::FORBIDDEN.into_response());
    };
    session.log_in(&user)?;
    Ok(Redirect::to("/").into_response())
}

async fn add_item(session: Session) -> Result<Redirect, SessionError> {
    let items: u32 = session.get("items")?.unwrap_or_default();
    session.insert("items", items.saturating_add(1))?;
    session.save()?;
    Ok(Redirect::to("/"))
}

async fn logout(session: Session) -> Result<Redirect, SessionError> {
    session.delete()?;
    Ok(Redirect::to("/"))
}

pub(crate) fn routes() -> Router {
    Router::new()
        .route("/", get(index).post(login))
        .route("/items", post(add_item))
        .route("/logout", post(logout))
}

/// The application.
///
/// # Errors
///
/// If the configuration of the sessions is wrong.
pub fn app(secret: Secret, revocations: RevocationList) -> Result<Router, BuildError> {
    let sealer = Sealer::builder(secret).revocations(revocations).build()?;
    Ok(routes().layer(SessionLayer::new(sealer)))
}
