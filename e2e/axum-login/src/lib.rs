//! What both applications share: their users, the login page, and the server.

pub mod users;
pub mod web;

use std::{env, error::Error};

use axum::Router;
use axum_login::AuthManager;
use axum_messages::MessagesManagerLayer;
use tower::layer::layer_fn;
use waxseal::{Sealer, Secret, SessionLayer};
use waxseal_revocation::{RevocationList, Store};
use waxseal_tower_sessions::v0_14::SessionManagerLayer;

use crate::users::Backend;

/// Adds the sessions to `routes` and serves them. Prints the address.
///
/// `SESSION_SECRET` has the secret. `REVOCATIONS`, if set, names the file of the revocation list.
///
/// # Errors
///
/// If the environment has no secret, or the server cannot start.
pub async fn serve(routes: Router) -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let mut sealer = Sealer::builder(Secret::from_env("SESSION_SECRET")?);
    if let Some(file) = env::var_os("REVOCATIONS") {
        sealer = sealer.revocations(RevocationList::builder(Store::sqlite(file)).open()?);
    }
    let backend = Backend::new();
    let app = routes
        .layer(MessagesManagerLayer)
        .layer(layer_fn(move |inner| AuthManager::new(inner, backend.clone(), "axum-login.data")))
        .layer(SessionManagerLayer::new())
        .layer(SessionLayer::new(sealer.build()?));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}
