//! The pages for the login and the logout.

use axum::{
    Form, Router,
    extract::Query,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use axum_messages::Messages;
use serde::Deserialize;

use crate::users::{AuthSession, Credentials};

/// The pages that need no login.
pub fn routes() -> Router {
    Router::new().route("/login", get(form).post(log_in)).route("/logout", get(log_out))
}

#[derive(Deserialize)]
struct Next {
    next: Option<String>,
}

/// The login form, as text.
async fn form(messages: Messages, Query(Next { next }): Query<Next>) -> String {
    format!("{}login, then {}", shown(messages), next.as_deref().unwrap_or("/"))
}

async fn log_in(
    mut session: AuthSession,
    messages: Messages,
    Form(form): Form<Credentials>,
) -> Response {
    let next = form.next.clone().filter(|next| is_local(next));
    match session.authenticate(form).await {
        Ok(Some(user)) => match session.login(&user).await {
            Ok(()) => {
                messages.success(format!("Welcome {}", user.name));
                Redirect::to(next.as_deref().unwrap_or("/")).into_response()
            }
            Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        },
        Ok(None) => {
            messages.error("Wrong name or password");
            Redirect::to("/login").into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Whether `next` is a page of this application.
fn is_local(next: &str) -> bool {
    next.starts_with('/') && !next.starts_with("//") && !next.contains('\\')
}

async fn log_out(mut session: AuthSession) -> Response {
    match session.logout().await {
        Ok(_) => Redirect::to("/login").into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// The messages, a line each. They are shown once.
#[must_use]
pub fn shown(messages: Messages) -> String {
    let mut text = String::new();
    for message in messages {
        text += &format!("{}: {message}\n", message.level);
    }
    text
}
