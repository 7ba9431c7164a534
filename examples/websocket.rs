//! A WebSocket that closes when its session is revoked: by a logout in another tab or browser,
//! or on another server that shares the revocation list.
//!
//! ```text
//! export SESSION_SECRET="$(openssl rand -base64 32)"
//! cargo run -p examples --features websocket --example websocket
//! ```
//!
//! `REVOCATIONS=sqlite:PATH` is the revocation store; without it, the list ends with the process.

use std::{env, future::Future, time::Duration};

use axum::{
    Form, Router,
    extract::{
        State,
        ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code},
    },
    http::{HeaderMap, StatusCode, header},
    response::{Html, IntoResponse as _, Redirect, Response},
    routing::{get, post},
};
use examples::{Failure, Login, listen};
use tower_http::csrf::CsrfLayer;
use waxseal::{Sealer, Secret, Session, SessionError, SessionLayer};
use waxseal_revocation::{RevocationList, Store};

/// The form accepts any name, and the password wax.
const PAGE: &str = r#"<!doctype html><title>waxseal</title>
<form method="post" action="/login"><input name="username" autofocus>
<input name="password" type="password"><button>Log in</button></form>
<form method="post" action="/logout"><button>Log out</button></form>
<pre></pre>
<script>
  const print = text => document.querySelector("pre").append(text + "\n")
  const socket = new WebSocket(location.origin.replace("http", "ws") + "/socket")
  socket.onopen = () => socket.send("hello")
  socket.onmessage = event => print("the server sends: " + event.data)
  socket.onclose = event => print("closed " + event.reason)
</script>
"#;

async fn login(session: Session, Form(form): Form<Login>) -> Result<Response, SessionError> {
    if !form.log_in(&session)? {
        return Ok((StatusCode::FORBIDDEN, "This name or password is wrong.").into_response());
    }
    Ok(Redirect::to("/").into_response())
}

async fn logout(session: Session) -> Result<Redirect, SessionError> {
    session.delete()?;
    Ok(Redirect::to("/"))
}

async fn socket(
    session: Session,
    State(list): State<RevocationList>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Result<Response, SessionError> {
    if !is_same_origin(&headers) {
        return Ok(StatusCode::FORBIDDEN.into_response());
    }
    session.require_user()?;
    let (Some(reference), Some(end)) = (session.reference(), session.expires_at()) else {
        return Err(SessionError::NoUser);
    };
    let time_left = end.saturating_since(session.now());
    Ok(upgrade.on_upgrade(move |socket| {
        let over = async move {
            // Messages do not extend the session. A page can connect again with a newer cookie.
            let _ = tokio::time::timeout(time_left, list.revoked(&reference)).await;
        };
        serve(socket, over)
    }))
}

/// Whether the page of this server opens the socket. `CsrfLayer` lets GET requests of other sites
/// pass, and `SameSite` does not stop those of other subdomains. A program sends no `Origin`.
fn is_same_origin(headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let host = headers.get(header::HOST).map_or(&b""[..], |host| host.as_bytes());
    ["https://", "http://"].iter().any(|scheme| {
        origin.as_bytes().strip_prefix(scheme.as_bytes()).is_some_and(|origin| origin == host)
    })
}

/// Serves the socket until the session is over, even if the browser does not read.
async fn serve(mut socket: WebSocket, over: impl Future<Output = ()>) {
    tokio::select! {
        () = echo(&mut socket) => {}
        () = over => {
            let frame = CloseFrame { code: close_code::POLICY, reason: "session over".into() };
            let close = socket.send(Message::Close(Some(frame)));
            // Then the socket is dropped, which closes the connection.
            let _ = tokio::time::timeout(Duration::from_secs(1), close).await;
        }
    }
}

/// Stands for the application.
async fn echo(socket: &mut WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        if matches!(message, Message::Text(_)) && socket.send(message).await.is_err() {
            return;
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let list = match env::var("REVOCATIONS") {
        Ok(store) => RevocationList::builder(store.parse::<Store>()?).open()?,
        Err(_) => RevocationList::memory()?,
    };
    let sealer = Sealer::builder(Secret::from_env("SESSION_SECRET")?);
    let app = Router::new()
        .route("/", get(async || Html(PAGE)))
        .route("/login", post(login))
        .route("/logout", post(logout))
        .route("/socket", get(socket))
        .layer(SessionLayer::new(sealer.revocations(list.clone()).build()?))
        .layer(CsrfLayer::new()) // refuses the forms of other sites
        .with_state(list);
    axum::serve(listen().await?, app).await?;
    Ok(())
}
