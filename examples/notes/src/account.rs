//! Sign-up, login, logout, "confirm it's you", and the change of the password.

use std::time::Duration;

use axum::{
    Form,
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use serde::Deserialize;
use waxseal::{RevocationStatus, Session, SessionError};

use crate::{
    app::App,
    database::User,
    failure::Failure,
    keys::Admin,
    page::{self, ConfirmPage, LoginPage, PasswordPage, SignupPage},
    password,
    user::LoggedIn,
};

#[derive(Deserialize)]
pub struct Account {
    username: String,
    password: String,
    /// The checkbox; browsers send it only if it is ticked.
    remember: Option<String>,
}

pub async fn signup_page() -> SignupPage {
    SignupPage { complaint: None }
}

pub async fn signup(
    session: Session,
    State(app): State<App>,
    Form(form): Form<Account>,
) -> Result<Response, Failure> {
    let name = form.username.trim();
    if let Some(complaint) = complaint_about(name, &form.password) {
        let page = SignupPage { complaint: Some(complaint) };
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    let hash = password::hash(form.password.clone()).await?;
    let mut user = app.database.add_user(name, Some(&hash), None)?;
    if user.is_none() {
        // A sign-up whose response was a 503 has made the account, and is sent again.
        user = check(&app, form.username, form.password).await?;
    }
    let Some(user) = user else {
        let page = SignupPage { complaint: Some("This name is taken.") };
        return Ok((StatusCode::CONFLICT, page).into_response());
    };
    session.log_in(&user.session_user())?;
    page::flash(&session, "Welcome! This is your first note book.")?;
    Ok(Redirect::to("/").into_response())
}

fn complaint_about(name: &str, password: &str) -> Option<&'static str> {
    // The names of the provider's users end like this.
    if !(1..=40).contains(&name.chars().count()) || name.ends_with("(provider)") {
        return Some("A name has 1 to 40 characters, and does not end with (provider).");
    }
    // The limit keeps the time of hashing short.
    (!(8..=200).contains(&password.chars().count()))
        .then_some("A password has 8 to 200 characters.")
}

pub async fn login_page(session: Session) -> Result<LoginPage, Failure> {
    Ok(LoginPage { complaint: None, flash: page::take_flash(&session)? })
}

pub async fn login(
    session: Session,
    State(app): State<App>,
    Form(form): Form<Account>,
) -> Result<Response, Failure> {
    let Some(user) = check(&app, form.username, form.password).await? else {
        let page = LoginPage { complaint: Some("This name or password is wrong."), flash: None };
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    };
    log_in(&session, &user, Some(form.remember.is_some()))?;
    page::flash(&session, "You are logged in.")?; // saves the changes
    Ok(Redirect::to("/").into_response())
}

/// Starts a new session, which is saved at once.
fn log_in(session: &Session, user: &User, remember: Option<bool>) -> Result<(), SessionError> {
    session.log_in(&user.session_user())?;
    if let Some(remember) = remember {
        session.set_remember(remember);
    }
    if remember == Some(false) {
        // A shared computer: the session ends with the working day, and after 30 idle minutes.
        session.set_timeouts(Duration::from_secs(30 * 60), Duration::from_secs(8 * 60 * 60));
    }
    Ok(())
}

/// The user with this name and password. Anyone can try many passwords here: see "Limit the rate of
/// logins" in docs/applications.md.
async fn check(app: &App, name: String, password: String) -> anyhow::Result<Option<User>> {
    let user = app.database.user_by_name(name.trim())?.filter(|user| !user.is_locked);
    let hash = user.as_ref().and_then(|user| user.password.clone());
    if password::verify(password, hash).await? {
        return Ok(user);
    }
    metrics::counter!("notes_failed_logins_total").increment(1);
    Ok(None)
}

pub async fn logout(session: Session, admin: Session<Admin>) -> Result<Redirect, Failure> {
    admin.delete()?;
    session.delete()?; // revoked, too: a copy of the cookie is worthless
    Ok(Redirect::to("/login"))
}

/// How long a password counts for sensitive actions.
const CONFIRMED: Duration = Duration::from_secs(10 * 60);

/// Returns a redirect to the confirmation page if the last login or confirmation is 10 minutes
/// old or older.
pub fn must_confirm(session: &Session, then: &'static str) -> Option<Redirect> {
    let age = session.authenticated_at().map(|time| session.now().saturating_since(time));
    let is_confirmed = age.is_some_and(|age| age < CONFIRMED);
    (!is_confirmed).then(|| Redirect::to(&format!("/confirm?then={then}")))
}

#[derive(Deserialize)]
pub struct Then {
    #[serde(default)]
    then: String,
}

impl Then {
    /// Only pages of this application: a link to another site must not lead there from here.
    pub fn page(&self) -> &'static str {
        ["/password", "/devices"].into_iter().find(|page| *page == self.then).unwrap_or("/")
    }
}

pub async fn confirm_page(LoggedIn { user, .. }: LoggedIn, Query(to): Query<Then>) -> ConfirmPage {
    ConfirmPage { then: to.page(), has_password: user.password.is_some(), complaint: None }
}

#[derive(Deserialize)]
pub struct Confirm {
    password: String,
    #[serde(flatten)]
    then: Then,
}

pub async fn confirm(
    LoggedIn { user, session }: LoggedIn,
    Form(form): Form<Confirm>,
) -> Result<Response, Failure> {
    if !password::verify(form.password, user.password).await? {
        let complaint = Some("This password is wrong.");
        let page = ConfirmPage { then: form.then.page(), has_password: true, complaint };
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    session.confirm_user()?; // a new session ID, saved at once
    Ok(Redirect::to(form.then.page()).into_response())
}

pub async fn password_page(LoggedIn { user, session }: LoggedIn) -> Response {
    let no_password = "You have no password here: the provider checks who you are.";
    let complaint = user.password.is_none().then_some(no_password);
    match must_confirm(&session, "/password") {
        Some(redirect) => redirect.into_response(),
        None => PasswordPage { complaint }.into_response(),
    }
}

#[derive(Deserialize)]
pub struct NewPassword {
    password: String,
}

pub async fn password(
    LoggedIn { user, session }: LoggedIn,
    State(app): State<App>,
    Form(form): Form<NewPassword>,
) -> Result<Response, Failure> {
    if let Some(redirect) = must_confirm(&session, "/password") {
        return Ok(redirect.into_response());
    }
    if let Some(complaint) = complaint_about(&user.name, &form.password) {
        let page = PasswordPage { complaint: Some(complaint) };
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    let new = password::hash(form.password).await?;
    // Time has passed since the session was opened.
    let status = session.reference().map(|reference| app.list.status(&reference));
    if status != Some(RevocationStatus::Good)
        || !app.database.set_password(user.id, user.password.as_deref(), &new)?
    {
        return Err(SessionError::NoUser.into());
    }
    // Every session from before the change ends, but for a new one in this browser. A thief can be
    // about to end this one: only a login makes the cutoff certain.
    let remember = session.remember();
    let is_new = log_in(&session, &user, remember).and_then(|()| session.revoke_others());
    if is_new.is_err() {
        // A thief was faster, and has kept a session of his own.
        app.list.revoke_user(&user.session_user()).await?;
        return Ok(Redirect::to("/login").into_response());
    }
    page::flash(&session, "Your password is changed. Your other devices are logged out.")?;
    Ok(Redirect::to("/").into_response())
}
