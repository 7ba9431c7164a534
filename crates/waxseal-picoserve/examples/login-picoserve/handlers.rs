//! The login page. `e2e/firmware` compiles the same file for a Cortex-M3.

use alloc::{format, string::String};

use picoserve::{
    Router,
    extract::{Form, FromRequestParts},
    request::RequestParts,
    response::{Body, HeadersIter, Redirect, Response, StatusCode},
    routing::{PathRouter, get, post},
};
use waxseal_picoserve::{Session, SessionError, SessionLayer};

#[derive(serde::Deserialize)]
struct Login {
    username: String,
    password: String,
}

/// Stands for the check of the device's password, of which the device stores a hash.
fn verify_password(username: &str, password: &str) -> Option<String> {
    let exists = matches!(username.chars().count(), 1..=64);
    (exists && password == "wax").then(|| username.into())
}

/// Refuses the forms of other sites (CSRF). Browsers send `Sec-Fetch-Site`; older ones, and
/// browsers over plain http, send only `Origin`.
struct SameOrigin;

impl<'r, S> FromRequestParts<'r, S> for SameOrigin {
    type Rejection = (StatusCode, &'static str);

    async fn from_request_parts(
        _: &'r S,
        parts: &RequestParts<'r>,
    ) -> Result<Self, Self::Rejection> {
        let header = |name| parts.headers().get(name).map(|value| value.as_raw());
        let allowed = match (header("sec-fetch-site"), header("origin")) {
            (Some(site), _) => [&b"same-origin"[..], b"none"].contains(&site),
            (None, Some(origin)) => {
                let host = header("host").unwrap_or_default();
                origin.split(|byte| *byte == b'/').nth(2) == Some(host)
            }
            (None, None) => true, // not a browser
        };
        if allowed { Ok(Self) } else { Err((StatusCode::FORBIDDEN, "from another site\n")) }
    }
}

async fn index(session: Session) -> Result<Response<impl HeadersIter, impl Body>, SessionError> {
    let page = match session.get::<String>("username")? {
        Some(name) => format!(
            "<!doctype html><title>Logged in</title><p>Hello <b>{}</b>!</p>\
             <form method=\"post\" action=\"/logout\"><button>Log out</button></form>\n",
            escaped(&name),
        ),
        None => "<!doctype html><title>Log in</title><form method=\"post\">\
             <input name=\"username\" maxlength=\"64\" autofocus>\
             <input name=\"password\" type=\"password\"><button>Log in</button></form>\
             <p>Any name, and the password wax.\n"
            .into(),
    };
    Ok(Response::new(StatusCode::OK, page).with_content_type("text/html; charset=utf-8"))
}

async fn login(
    _: SameOrigin,
    session: Session,
    Form(form): Form<Login>,
) -> Result<Result<Redirect, (StatusCode, &'static str)>, SessionError> {
    let Some(user_id) = verify_password(&form.username, &form.password) else {
        return Ok(Err((StatusCode::FORBIDDEN, "this name or password is wrong\n")));
    };
    session.log_in(&user_id)?; // a new session, saved at once
    session.insert("username", form.username)?; // the name for display
    session.save()?;
    Ok(Ok(Redirect::to("/")))
}

async fn logout(_: SameOrigin, session: Session) -> Result<Redirect, SessionError> {
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
