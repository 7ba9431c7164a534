//! Sessions in a fullstack application on Dioxus.

#![allow(clippy::unused_async, reason = "server functions are async, also without an await")]

use dioxus::prelude::*;
#[cfg(feature = "server")]
use waxseal::Session;

/// Logs a user in.
///
/// # Errors
///
/// If the password is wrong, or the session cannot be saved.
#[post("/api/log-in", session: Session)]
pub async fn log_in(username: String, password: String) -> Result<(), HttpError> {
    let user_id = verify_password(&username, &password);
    let user_id = user_id.or_unauthorized("this name or password is wrong")?;
    session.log_in(&user_id).map_err(|error| {
        error.log(); // the cause goes to the log, and not to the browser
        HttpError::new(StatusCode::INTERNAL_SERVER_ERROR, "the session cannot be saved")
    })
}

/// Returns the user.
///
/// # Errors
///
/// If the session cannot be read.
#[get("/api/user", session: Session)]
pub async fn user() -> Result<Option<String>> {
    Ok(session.user())
}

/// The page.
///
/// # Errors
///
/// While the user is not known yet.
pub fn app() -> Element {
    let user = use_server_future(user)?;
    let user = user().and_then(Result::ok).flatten();
    rsx! {
        match user {
            Some(user) => rsx! { "Hello {user}" },
            None => rsx! { "Not logged in" },
        }
    }
}

/// Stands for the application's user database, which stores hashes of passwords (argon2).
/// Returns the stable ID of the user.
#[cfg(feature = "server")]
fn verify_password(username: &str, password: &str) -> Option<String> {
    let exists = matches!(username.chars().count(), 1..=64);
    (exists && password == "wax").then(|| username.to_owned())
}

/// The routes of the server: `dioxus::serve(|| async { routes(Secret::from_env("SESSION_SECRET")?)
/// })`.
///
/// # Errors
///
/// If the configuration of the sessions is wrong.
#[cfg(feature = "server")]
pub fn routes(secret: waxseal::Secret) -> Result<dioxus::server::axum::Router> {
    let sealer = waxseal::Sealer::builder(secret).build()?;
    Ok(dioxus::server::router(app)
        .layer(waxseal::SessionLayer::new(sealer))
        .layer(tower_http::csrf::CsrfLayer::new())) // refuses the requests of other sites
}
