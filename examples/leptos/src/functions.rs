//! The server functions. `ActionForm` posts to them, also without WebAssembly.

use leptos::prelude::*;
use leptos_axum::{extract, redirect};
use waxseal::{Session, SessionError};

/// Logs a user in. The response of a server function is made after it returns, so the session can
/// change everywhere in it.
#[server(endpoint = "log-in")]
pub async fn log_in(username: String, password: String) -> Result<(), ServerFnError> {
    let session: Session = extract().await?;
    let user_id = verify_password(&username, &password).await;
    let user_id = user_id.ok_or_else(|| ServerFnError::new("this name or password is wrong"))?;
    session.log_in(&user_id).map_err(|error| failed(&error))?;
    redirect("/");
    Ok(())
}

/// Logs the user out.
#[server(endpoint = "log-out")]
pub async fn log_out() -> Result<(), ServerFnError> {
    let session: Session = extract().await?;
    session.delete().map_err(|error| failed(&error))?;
    redirect("/");
    Ok(())
}

/// Returns the user, for a page in the browser.
#[server(endpoint = "user")]
pub async fn user() -> Result<Option<String>, ServerFnError> {
    let session: Session = extract().await?;
    Ok(session.user())
}

/// The cause goes to the log, and not to the browser.
fn failed(error: &SessionError) -> ServerFnError {
    error.log();
    ServerFnError::new("the session cannot be changed")
}

/// Stands for the application's user database, which stores hashes of passwords (argon2).
/// Returns the stable ID of the user.
async fn verify_password(username: &str, password: &str) -> Option<String> {
    tokio::task::yield_now().await;
    let exists = matches!(username.chars().count(), 1..=64);
    (exists && password == "wax").then(|| username.to_owned())
}
