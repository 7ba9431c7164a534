//! Server-sent events on axum that end when their session is revoked: by a logout in another tab
//! or browser, or on another server that shares the revocation list.
//!
//! ```text
//! export SESSION_SECRET="$(openssl rand -base64 32)"
//! cargo run -p examples --features events --example events
//! ```
//!
//! `REVOCATIONS=sqlite:PATH` is the revocation store; without it, the list ends with the process.

use std::{convert::Infallible, env, time::Duration};

use axum::{
    Form, Router,
    extract::State,
    http::StatusCode,
    response::{
        Html, IntoResponse as _, Redirect, Response, Sse,
        sse::{Event, KeepAlive},
    },
    routing::{get, post},
};
use examples::{Failure, Login, listen};
use futures_util::{
    StreamExt as _,
    stream::{self, Stream},
};
use tower_http::csrf::CsrfLayer;
use waxseal::{Sealer, Secret, Session, SessionError, SessionLayer};
use waxseal_revocation::{RevocationList, Store};

/// The form accepts any name, and the password wax. The browser connects again after the end of
/// the stream, and stops when the response is a 401.
const PAGE: &str = r#"<!doctype html><title>waxseal</title>
<form method="post" action="/login"><input name="username" autofocus>
<input name="password" type="password"><button>Log in</button></form>
<form method="post" action="/logout"><button>Log out</button></form>
<pre></pre>
<script>
  const print = text => document.querySelector("pre").append(text + "\n")
  const events = new EventSource("/events")
  events.onmessage = event => print("the server sends: " + event.data)
  events.onerror = () => print(events.readyState == EventSource.CLOSED ? "logged out" : "closed")
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

/// No page of another site can read the events, because the response allows no other origin.
async fn events(
    session: Session,
    State(list): State<RevocationList>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, SessionError> {
    let user = session.require_user()?;
    let (Some(reference), Some(end)) = (session.reference(), session.expires_at()) else {
        return Err(SessionError::NoUser);
    };
    let time_left = end.saturating_since(session.now());
    let over = async move {
        // Events do not extend the session. The browser connects again, with a newer cookie.
        let _ = tokio::time::timeout(time_left, list.revoked(&reference)).await;
    };
    let events = application(&user).map(Ok).take_until(Box::pin(over));
    // A comment each 15 seconds, so that the server notices a browser that is gone.
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))))
}

/// Stands for the application: one event, and no end.
fn application(user: &str) -> impl Stream<Item = Event> + use<> {
    let hello = Event::default().data(format!("hello {user}"));
    stream::once(async { hello }).chain(stream::pending())
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
        .route("/events", get(events))
        .layer(SessionLayer::new(sealer.revocations(list.clone()).build()?))
        .layer(CsrfLayer::new()) // refuses the forms of other sites
        .with_state(list);
    axum::serve(listen().await?, app).await?;
    Ok(())
}
