//! The program of `docs/quick-start.md`.

use axum::{
    Form, Router,
    response::Redirect,
    routing::{get, post},
};
use tokio::net::TcpListener;
use tower_http::csrf::CsrfLayer;
use waxseal::{Sealer, Secret, Session, SessionError, SessionLayer};

#[derive(serde::Deserialize)]
struct Login {
    user: String,
    password: String,
}

/// Replace this with your database: compare the password with its argon2 hash, and return the user's ID.
fn verify_password(login: &Login) -> Option<&str> {
    (login.password == "wax").then_some(&login.user)
}

async fn index(session: Session) -> Result<String, SessionError> {
    let visits = session.get::<u32>("visits")?.unwrap_or(0).saturating_add(1);
    session.insert("visits", visits)?;
    session.save()?; // sends the cookie
    let user = session.user().unwrap_or_else(|| "stranger".into());
    Ok(format!("Hello {user}, this is visit {visits}\n"))
}

async fn login(session: Session, Form(login): Form<Login>) -> Result<Redirect, SessionError> {
    if let Some(user) = verify_password(&login) {
        session.log_in(user)?; // a new session, saved at once
    }
    Ok(Redirect::to("/"))
}

async fn logout(session: Session) -> Result<Redirect, SessionError> {
    session.delete()?;
    Ok(Redirect::to("/"))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt().init(); // waxseal logs mistakes, with the fix
    let sealer = Sealer::builder(Secret::from_env("SESSION_SECRET")?).build()?;
    let app = Router::new()
        .route("/", get(index).post(login))
        .route("/logout", post(logout))
        .layer(SessionLayer::new(sealer))
        .layer(CsrfLayer::new()); // rejects the forms of other sites
    let port = std::env::var("PORT").unwrap_or("3000".into());
    let listener = TcpListener::bind(format!("localhost:{port}")).await?;
    println!("http://localhost:{}", listener.local_addr()?.port());
    Ok(axum::serve(listener, app).await?)
}
