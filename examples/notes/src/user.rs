//! The extractor of a logged-in user.

use axum::{
    extract::FromRequestParts,
    http::{header, request::Parts},
    response::{IntoResponse as _, Redirect, Response},
};
use waxseal::Session;

use crate::{
    app::App,
    database::{Device, User},
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
        match Self::open(parts, app) {
            Ok(Some(user)) => Ok(user),
            Ok(None) => Err(Redirect::to("/login").into_response()),
            Err(failure) => Err(failure.into_response()),
        }
    }
}

impl LoggedIn {
    fn open(parts: &Parts, App { database, .. }: &App) -> Result<Option<Self>, Failure> {
        let session = Session::of(parts)?;
        let (Some(id), Some(reference)) = (session.user(), session.reference()) else {
            return Ok(None);
        };
        // The account may have been locked a moment before its sessions were revoked.
        let user = database.user_of_session(&id)?.filter(|user| !user.is_locked);
        let Some(user) = user else { return Ok(None) };
        // The table of devices follows the sessions: a new session ID is a new row, and a row
        // whose session was revoked is removed when the user looks at the table.
        let browser = parts.headers.get(header::USER_AGENT).and_then(|name| name.to_str().ok());
        let browser = browser_name(browser.unwrap_or_default()).to_owned();
        let device = Device { session: reference, browser, seen: session.now() };
        database.see_device(user.id, &device)?;
        Ok(Some(Self { user, session }))
    }
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
