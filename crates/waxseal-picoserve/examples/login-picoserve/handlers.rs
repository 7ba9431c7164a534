//! The login page. `e2e/firmware` compiles the same file for a Cortex-M3.

use alloc::{format, string::String};

use picoserve::{
    Router,
    extract::Form,
    response::{Body, HeadersIter, Redirect, Response, StatusCode},
    routing::{PathRouter, get, post},
};
use waxseal_picoserve::{Session, SessionError, SessionLayer};

#[derive(serde::Deserialize)]
struct Login {
    username: String,
}

async fn index(session: Session) -> Result<Response<impl HeadersIter, impl Body>, SessionError> {
    let page = match session.get::<String>("username")? {
        Some(name) => format!(
            "<!doctype html><title>Logged in</title><p>Hello <b>{}</b>!</p>\
             <form method=\"post\" action=\"/logout\"><button>Log out</button></form>\n",
            escaped(&name),
        ),
        None => "<!doctype html><title>Log in</title><form method=\"post\">\
             <input name=\"username\" maxlength=\"64\" autofocus><button>Log in</button></form>\n"
            .into(),
    };
    Ok(Response::new(StatusCode::OK, page).with_content_type("text/html; charset=utf-8"))
}

async fn login(session: Session, Form(form): Form<Login>) -> Result<Redirect, SessionError> {
    session.renew(); // a new session at every change of privilege
    session.insert("username", form.username)?;
    session.save()?;
    Ok(Redirect::to("/"))
}

async fn logout(session: Session) -> Result<Redirect, SessionError> {
    session.delete()?;
    Ok(Redirect::to("/"))
}

pub fn app(layer: SessionLayer) -> Router<impl PathRouter> {
    Router::new().route("/", get(index).post(login)).route("/logout", post(logout)).layer(layer)
}

fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            _ => html.push(character),
        }
    }
    html
}
