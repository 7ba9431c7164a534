//! An application with a revocation list, for programs that ask it whether a session is valid.

use axum::{
    Router,
    http::{HeaderMap, StatusCode, Uri},
    routing::{get, post},
};
use e2e::serve::Fallible;
use waxseal::{Sealer, Secret, Session, SessionError, SessionLayer};
use waxseal_revocation::RevocationList;

/// Responds with 204 to a request with a valid session of a user, otherwise with 401.
async fn has_user(session: Session) -> Result<StatusCode, SessionError> {
    session.require_user()?;
    Ok(StatusCode::NO_CONTENT)
}

async fn login(session: Session, user: String) -> Result<(), SessionError> {
    session.log_in(&user)
}

async fn logout(session: Session) -> Result<(), SessionError> {
    session.delete()
}

/// The path, and what the gateway says about the user.
async fn echo(uri: Uri, headers: HeaderMap) -> String {
    let users = headers.get_all("session-user").iter();
    let users: Vec<_> = users.map(|user| user.to_str().unwrap_or("?")).collect();
    format!("{} {users:?}", uri.path())
}

#[tokio::main]
async fn main() -> Fallible<()> {
    let sealer = Sealer::builder(Secret::from_env("SESSION_SECRET")?)
        .revocations(RevocationList::memory()?)
        .build()?;
    let app = Router::new()
        .route("/session", get(has_user))
        .route("/login", post(login))
        .route("/logout", post(logout))
        .fallback(echo)
        .layer(SessionLayer::new(sealer));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}
