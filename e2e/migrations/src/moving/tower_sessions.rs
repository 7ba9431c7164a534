//! The application on waxseal, while the last sessions of tower-sessions move.

use std::error::Error;

use axum::{
    Router,
    extract::Request,
    http::StatusCode,
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use tower_sessions::{SessionManagerLayer, SessionStore};
use waxseal::{BuildError, Sealer, Secret, Session, SessionLayer};
use waxseal_revocation::RevocationList;

use crate::after::axum::routes;

/// Logs the user of an old session in, once.
async fn move_session(
    old: tower_sessions::Session,
    session: Session,
    request: Request,
    next: Next,
) -> Response {
    if let Err(error) = try_move(&old, &session).await {
        eprintln!("{error}");
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    next.run(request).await
}

async fn try_move(
    old: &tower_sessions::Session,
    session: &Session,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let Some(user) = old.get::<String>("user").await? else { return Ok(()) };
    if session.user().is_none() {
        session.log_in(&user)?;
        if let Some(items) = old.get::<u32>("items").await? {
            session.insert("items", items)?;
            session.save()?;
        }
    }
    // Also if a user is logged in: after a logout, the old session must not log in again.
    old.flush().await?;
    Ok(())
}

/// The application, with the layers that move the old sessions.
///
/// # Errors
///
/// If the configuration of the sessions is wrong.
pub fn app(
    store: impl SessionStore + Clone,
    secret: Secret,
    revocations: RevocationList,
) -> Result<Router, BuildError> {
    let sealer = Sealer::builder(secret).revocations(revocations).build()?;
    Ok(routes()
        .layer(middleware::from_fn(move_session))
        .layer(SessionManagerLayer::new(store))
        .layer(SessionLayer::new(sealer)))
}
