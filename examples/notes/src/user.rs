//! The extractor of a logged-in user.

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
    response::{IntoResponse as _, Redirect, Response},
};
use waxseal::Session;

use crate::{
    app::App,
    database::{Database, Device, User},
    failure::Failure,
};

/// A handler with this argument runs only for a logged-in user; others go to the login page.
#[derive(Debug)]
pub struct LoggedIn {
    pub user: User,
    pub session: Session,
}

impl FromRequestParts<App> for LoggedIn {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let session = Session::from_request_parts(parts, app)
            .await
            .map_err(|error| Failure::from(error).into_response())?;
        let database = &app.database;
        let user = match session.user() {
            Some(id) => database.user_of_session(&id).map_err(Failure::into_response)?,
            None => None,
        };
        // The account may have been locked a moment before its sessions were revoked.
        let Some(user) = user.filter(|user| !user.is_locked) else {
            return Err(Redirect::to("/login").into_response());
        };
        see(database, &user, &session, &parts.headers).map_err(Failure::into_response)?;
        Ok(Self { user, session })
    }
}

/// The table of devices follows the sessions: a new session ID is a new row, and a row whose
/// session was revoked is removed when the user looks at the table.
fn see(
    database: &Database,
    user: &User,
    session: &Session,
    headers: &HeaderMap,
) -> Result<(), Failure> {
    let Some(reference) = session.reference() else { return Ok(()) };
    let browser = headers.get(header::USER_AGENT).and_then(|name| name.to_str().ok());
    let browser = browser_name(browser.unwrap_or_default()).to_owned();
    database.see_device(user.id, &Device { session: reference, browser, seen: session.now() })
}

/// Enough for a user to tell devices apart. The client can send any header.
fn browser_name(agent: &str) -> &'static str {
    // Most browsers claim to be several others: the most specific name comes first.
    let names = ["Firefox", "Edg", "Chrome", "Safari", "curl"];
    match names.into_iter().find(|name| agent.contains(name)) {
        Some("Edg") => "Edge",
        Some(name) => name,
        None => "Unknown browser",
    }
}
