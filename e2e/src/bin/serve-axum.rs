//! The server under test for axum.

use axum::{
    Form, Router,
    extract::Request,
    http::{HeaderName, HeaderValue, StatusCode},
    response::{Html, IntoResponse as _, Redirect, Response},
    routing::{get, post},
};
use e2e::serve::{self, Answer, Fallible};
use waxseal::{Session, SessionError, SessionLayer};

#[derive(serde::Deserialize)]
struct Login {
    username: String,
}

async fn index(session: Session) -> Result<Html<String>, SessionError> {
    Ok(Html(serve::page(session.get::<String>("username")?.as_deref())))
}

async fn login(session: Session, Form(form): Form<Login>) -> Result<Redirect, SessionError> {
    if !serve::is_microdot() {
        session.log_in(&form.username)?;
    }
    session.insert("username", form.username)?;
    session.save()?;
    Ok(Redirect::to("/"))
}

async fn logout(session: Session) -> Result<Redirect, SessionError> {
    session.delete()?;
    Ok(Redirect::to("/"))
}

async fn script(request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, 1 << 20).await else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let request = Request::from_parts(parts, ());
    let session = || Ok(Session::of(&request)?);
    let answer = serve::script(&body, session);
    answer.wait().await;
    respond(answer)
        .unwrap_or_else(|error| (StatusCode::BAD_REQUEST, error.to_string()).into_response())
}

fn respond(answer: Answer) -> Fallible<Response> {
    let mut response = Response::new(answer.body.into());
    *response.status_mut() = StatusCode::from_u16(answer.status)?;
    for (name, value) in answer.headers {
        response.headers_mut().append(HeaderName::try_from(name)?, HeaderValue::try_from(value)?);
    }
    Ok(response)
}

#[tokio::main]
async fn main() -> Fallible<()> {
    let app = Router::new()
        .route("/", get(index).post(login))
        .route("/logout", post(logout))
        .route("/script", post(script))
        .layer(SessionLayer::new(serve::sealer()?));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}
