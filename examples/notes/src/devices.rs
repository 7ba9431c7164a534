//! Where a user is logged in. Each device is one session.

use axum::{
    Form,
    extract::State,
    response::{IntoResponse as _, Redirect, Response},
};
use serde::Deserialize;
use waxseal::RevocationStatus;

use crate::{
    account::must_confirm,
    app::App,
    failure::Failure,
    page::{self, DeviceRow, DevicesPage},
    user::LoggedIn,
};

pub async fn index(
    LoggedIn { user, session }: LoggedIn,
    State(app): State<App>,
) -> Result<DevicesPage, Failure> {
    let mut devices = Vec::new();
    for device in app.database.devices(user.id)? {
        if app.list.status(&device.session) == RevocationStatus::Revoked {
            app.database.remove_device(&device.session.id)?;
            continue;
        }
        let minutes = session.now().saturating_since(device.seen).as_secs() / 60;
        devices.push(DeviceRow {
            is_this: Some(&device.session.id) == session.id().as_ref(),
            id: device.session.id,
            browser: device.browser,
            seen: match minutes {
                0 => "now".into(),
                1..60 => format!("{minutes} min ago"),
                60..1440 => format!("{} h ago", minutes / 60),
                _ => format!("{} days ago", minutes / 1440),
            },
        });
    }
    Ok(DevicesPage { devices, flash: page::take_flash(&session)? })
}

#[derive(Deserialize)]
pub struct End {
    session: String,
}

pub async fn end(
    LoggedIn { user, session }: LoggedIn,
    State(app): State<App>,
    Form(form): Form<End>,
) -> Result<Response, Failure> {
    if let Some(redirect) = must_confirm(&session, "/devices") {
        return Ok(redirect.into_response());
    }
    // The ID comes from the browser, so it must be one of this user.
    let devices = app.database.devices(user.id)?;
    if let Some(device) = devices.iter().find(|device| device.session.id == form.session) {
        app.list.revoke_session(&device.session).await?;
        page::flash(&session, "The device is logged out.")?;
    }
    Ok(Redirect::to("/devices").into_response())
}

pub async fn end_others(LoggedIn { session, .. }: LoggedIn) -> Result<Response, Failure> {
    if let Some(redirect) = must_confirm(&session, "/devices") {
        return Ok(redirect.into_response());
    }
    session.revoke_others()?;
    page::flash(&session, "Your other devices are logged out.")?;
    Ok(Redirect::to("/devices").into_response())
}

/// Does not require the password: an attacker can only log the user out with it.
pub async fn end_all(
    LoggedIn { user, session }: LoggedIn,
    State(app): State<App>,
) -> Result<Redirect, Failure> {
    session.delete()?; // in this browser, even if the revocation fails
    app.list.revoke_user(&user.session_user()).await?;
    Ok(Redirect::to("/login"))
}
