//! The admin area: a second session with a cookie and timeouts of its own, which needs the
//! password again.

use axum::{
    Form,
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use serde::Deserialize;
use waxseal::Session;

use crate::{
    app::App,
    database::User,
    failure::Failure,
    keys::Admin,
    page::{AdminPage, EnterPage},
    password,
    user::LoggedIn,
};

/// Whether the admin session belongs to the logged-in user. For a user who is not an
/// administrator, the page does not exist.
fn is_inside(user: &User, admin: &Session<Admin>) -> Result<bool, Failure> {
    if !user.is_admin {
        return Err(Failure::Complaint(StatusCode::NOT_FOUND, "This page does not exist."));
    }
    Ok(admin.user() == Some(user.session_user()))
}

pub async fn index(
    LoggedIn { user, .. }: LoggedIn,
    admin: Session<Admin>,
    State(app): State<App>,
) -> Result<Response, Failure> {
    if !is_inside(&user, &admin)? {
        return Ok(EnterPage { complaint: None }.into_response());
    }
    Ok(AdminPage { users: app.database.users()?, this: user.id }.into_response())
}

#[derive(Deserialize)]
pub struct Enter {
    password: String,
}

pub async fn enter(
    LoggedIn { user, .. }: LoggedIn,
    admin: Session<Admin>,
    Form(form): Form<Enter>,
) -> Result<Response, Failure> {
    is_inside(&user, &admin)?;
    if !password::verify(form.password, user.password.clone()).await? {
        let page = EnterPage { complaint: Some("This password is wrong.") };
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    admin.log_in(&user.session_user())?;
    Ok(Redirect::to("/admin").into_response())
}

pub async fn leave(admin: Session<Admin>) -> Result<Redirect, Failure> {
    admin.delete()?;
    Ok(Redirect::to("/"))
}

#[derive(Deserialize)]
pub struct Lock {
    user: i64,
    is_locked: bool,
}

/// Locks an account and ends all of its sessions.
pub async fn lock(
    LoggedIn { user, .. }: LoggedIn,
    admin: Session<Admin>,
    State(app): State<App>,
    Form(form): Form<Lock>,
) -> Result<Redirect, Failure> {
    if !is_inside(&user, &admin)? || form.user == user.id {
        return Ok(Redirect::to("/admin"));
    }
    app.database.set_locked(form.user, form.is_locked)?;
    if form.is_locked {
        app.list.revoke_user(&form.user.to_string()).await?;
    }
    Ok(Redirect::to("/admin"))
}

/// Signs with a new secret from now on. Nobody is logged out.
pub async fn rotate(
    LoggedIn { user, .. }: LoggedIn,
    admin: Session<Admin>,
    State(app): State<App>,
) -> Result<Redirect, Failure> {
    if is_inside(&user, &admin)? {
        app.keys.rotate()?;
    }
    Ok(Redirect::to("/admin"))
}
