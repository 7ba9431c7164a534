//! The application on tower-sessions.

use axum::{
    Form, Router,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use tower_sessions::{
    Expiry, Session, SessionManagerLayer, SessionStore, cookie::time::Duration, session::Error,
};

use crate::users::{Login, page};

async fn index(session: Session) -> Result<String, Failure> {
    let items = session.get("items").await?.unwrap_or_default();
    let user: Option<String> = session.get("user").await?;
    Ok(page(user.as_deref(), items))
}

async fn login(session: Session, Form(form): Form<Login>) -> Result<Response, Failure> {
    let Some(user) = form.verify() else {
        return Ok(StatusCode::FORBIDDEN.into_response());
    };
    session.cycle_id().await?;
    session.insert("user", user).await?;
    Ok(Redirect::to("/").into_response())
}

async fn add_item(session: Session) -> Result<Redirect, Failure> {
    let items: u32 = session.get("items").await?.unwrap_or_default();
    session.insert("items", items.saturating_add(1)).await?;
    Ok(Redirect::to("/"))
}

async fn logout(session: Session) -> Result<Redirect, Failure> {
    session.flush().await?;
    Ok(Redirect::to("/"))
}

/// An error of the session or of its store.
#[derive(Debug)]
struct Failure(Error);

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        eprintln!("{}", self.0);
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    }
}

fn routes() -> Router {
    Router::new()
        .route("/", get(index).post(login))
        .route("/items", post(add_item))
        .route("/logout", post(logout))
}

/// The application.
pub fn app(store: impl SessionStore + Clone) -> Router {
    let expiry = Expiry::OnInactivity(Duration::days(7));
    routes().layer(SessionManagerLayer::new(store).with_expiry(expiry))
}
