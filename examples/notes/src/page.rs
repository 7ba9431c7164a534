//! The pages, and the message that a page shows once.

use askama::Template;
use axum::{
    http::{StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use waxseal::{Session, SessionError};

use crate::database::{Note, User};

const FLASH: &str = "flash";

/// Saves the session with a message for the next page, also if that page comes after a redirect.
pub fn flash(session: &Session, text: &str) -> Result<(), SessionError> {
    session.insert(FLASH, text)?;
    session.save()
}

/// The message, which is gone from the session with this response.
pub fn take_flash(session: &Session) -> Result<Option<String>, SessionError> {
    let text = session.take(FLASH)?;
    if text.is_some() {
        session.save()?;
    }
    Ok(text)
}

#[derive(Debug, Template)]
#[template(path = "signup.html")]
pub struct SignupPage {
    pub complaint: Option<&'static str>,
}

#[derive(Debug, Template)]
#[template(path = "login.html")]
pub struct LoginPage {
    pub complaint: Option<&'static str>,
    pub flash: Option<String>,
}

#[derive(Debug, Template)]
#[template(path = "confirm.html")]
pub struct ConfirmPage {
    pub then: &'static str,
    pub has_password: bool,
    pub complaint: Option<&'static str>,
}

#[derive(Debug, Template)]
#[template(path = "password.html")]
pub struct PasswordPage {
    pub complaint: Option<&'static str>,
}

#[derive(Debug, Template)]
#[template(path = "notes.html")]
pub struct NotesPage {
    pub name: String,
    pub is_admin: bool,
    pub notes: NoteList,
    pub flash: Option<String>,
}

/// The part of the page that the WebSocket replaces.
#[derive(Debug, Template)]
#[template(path = "note_list.html")]
pub struct NoteList {
    pub notes: Vec<Note>,
}

#[derive(Debug)]
pub struct DeviceRow {
    pub id: String,
    pub browser: String,
    pub seen: String,
    pub is_this: bool,
}

#[derive(Debug, Template)]
#[template(path = "devices.html")]
pub struct DevicesPage {
    pub devices: Vec<DeviceRow>,
    pub flash: Option<String>,
}

#[derive(Debug, Template)]
#[template(path = "enter.html")]
pub struct EnterPage {
    pub complaint: Option<&'static str>,
}

#[derive(Debug, Template)]
#[template(path = "admin.html")]
pub struct AdminPage {
    pub users: Vec<User>,
    pub this: i64,
}

#[derive(Debug, Template)]
#[template(path = "consent.html")]
pub struct ConsentPage {
    pub state: String,
    pub challenge: String,
}

#[derive(Debug, Template)]
#[template(path = "complaint.html")]
pub struct Complaint {
    pub text: &'static str,
}

macro_rules! responses {
    ($($page:ty),*) => {
        $(impl IntoResponse for $page {
            fn into_response(self) -> Response {
                match self.render() {
                    Ok(html) => Html(html).into_response(),
                    Err(error) => {
                        tracing::error!(%error, "the page cannot be rendered");
                        StatusCode::INTERNAL_SERVER_ERROR.into_response()
                    }
                }
            }
        })*
    };
}

responses!(SignupPage, LoginPage, ConfirmPage, PasswordPage, NotesPage);
responses!(DevicesPage, EnterPage, AdminPage, ConsentPage, Complaint);

/// Outside the session layers, so that browsers may keep it.
pub async fn style() -> impl IntoResponse {
    static_file("text/css", include_str!("../static/style.css"))
}

pub async fn script() -> impl IntoResponse {
    static_file("text/javascript", include_str!("../static/live.js"))
}

fn static_file(content_type: &'static str, text: &'static str) -> impl IntoResponse {
    let caching = (header::CACHE_CONTROL, "public, max-age=3600");
    ([(header::CONTENT_TYPE, content_type), caching], text)
}
