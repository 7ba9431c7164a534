//! A WebSocket and server-sent events on actix-web, which end when their session is revoked: by
//! a logout in another tab or browser, or on another server that shares the revocation list.
//!
//! ```text
//! export SESSION_SECRET="$(openssl rand -base64 32)"
//! cargo run -p examples --features live-actix --example live-actix
//! ```
//!
//! `REVOCATIONS=sqlite:PATH` is the revocation store; without it, the list ends with the process.

use std::{env, future::Future, time::Duration};

use actix_web::{
    App, Error, HttpRequest, HttpResponse, HttpServer,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    error::ErrorForbidden,
    http::header,
    middleware::{Next, from_fn},
    rt,
    web::{self, Bytes},
};
use actix_ws::{CloseCode, CloseReason, Message, MessageStream};
use examples::{Failure, Login};
use futures_util::{
    StreamExt as _,
    stream::{self, Stream},
};
use waxseal::{Sealer, Secret, Session, SessionError, SessionLayer};
use waxseal_revocation::{RevocationList, Store};

/// The form accepts any name, and the password wax. The browser opens the events again after
/// their end, and stops when the response is a 401.
const PAGE: &str = r#"<!doctype html><title>waxseal</title>
<form method="post" action="/login"><input name="username" autofocus>
<input name="password" type="password"><button>Log in</button></form>
<form method="post" action="/logout"><button>Log out</button></form>
<pre></pre>
<script>
  const print = text => document.querySelector("pre").append(text + "\n")
  const socket = new WebSocket(location.origin.replace("http", "ws") + "/socket")
  socket.onopen = () => socket.send("hello")
  socket.onmessage = event => print("on the socket: " + event.data)
  socket.onclose = event => print("the socket is closed " + event.reason)
  const events = new EventSource("/events")
  events.onmessage = event => print("an event: " + event.data)
  events.onerror = () => print("the events are closed")
</script>
"#;

async fn login(session: Session, form: web::Form<Login>) -> Result<web::Redirect, Error> {
    if !form.into_inner().log_in(&session)? {
        return Err(ErrorForbidden("this name or password is wrong"));
    }
    Ok(web::Redirect::to("/").see_other())
}

async fn logout(session: Session) -> Result<web::Redirect, SessionError> {
    session.delete()?;
    Ok(web::Redirect::to("/").see_other())
}

async fn socket(
    session: Session,
    list: web::Data<RevocationList>,
    request: HttpRequest,
    body: web::Payload,
) -> Result<HttpResponse, Error> {
    session.require_user()?;
    let over = over(&session, &list)?;
    let (response, socket, messages) = actix_ws::handle(&request, body)?;
    rt::spawn(serve(socket, messages, over));
    Ok(response)
}

/// No page of another site can read the events, because the response allows no other origin.
async fn events(
    session: Session,
    list: web::Data<RevocationList>,
) -> Result<HttpResponse, SessionError> {
    let user = session.require_user()?;
    let events = application(&user).take_until(Box::pin(over(&session, &list)?));
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .streaming(events.map(Ok::<_, Error>)))
}

/// Returns a future that completes when the session is over: it is revoked, or it expires. A
/// connection does not extend the session. A page can connect again, with a newer cookie.
fn over(
    session: &Session,
    list: &RevocationList,
) -> Result<impl Future<Output = ()> + use<>, SessionError> {
    let (Some(reference), Some(end)) = (session.reference(), session.expires_at()) else {
        return Err(SessionError::NoUser);
    };
    let (time_left, list) = (end.saturating_since(session.now()), list.clone());
    Ok(async move {
        let _ = tokio::time::timeout(time_left, list.revoked(&reference)).await;
    })
}

/// Serves the socket until the session is over, even if the browser does not read.
async fn serve(socket: actix_ws::Session, messages: MessageStream, over: impl Future<Output = ()>) {
    tokio::select! {
        () = echo(socket.clone(), messages) => {}
        () = over => {
            let reason = CloseReason {
                code: CloseCode::Policy,
                description: Some("session over".into()),
            };
            let _ = tokio::time::timeout(Duration::from_secs(1), socket.close(Some(reason))).await;
        }
    }
}

/// Stands for the application, on the socket.
async fn echo(mut socket: actix_ws::Session, mut messages: MessageStream) {
    while let Some(Ok(message)) = messages.recv().await {
        if let Message::Text(text) = message
            && socket.text(text).await.is_err()
        {
            return;
        }
    }
}

/// Stands for the application: one event, and no end. A comment each 15 seconds lets the server
/// notice a browser that is gone.
fn application(user: &str) -> impl Stream<Item = Bytes> + use<> {
    let hello = Bytes::from(format!("data: hello {user}\n\n"));
    let comments = stream::unfold((), async |()| {
        tokio::time::sleep(Duration::from_secs(15)).await;
        Some((Bytes::from_static(b":\n\n"), ()))
    });
    stream::once(async { hello }).chain(comments)
}

/// Refuses requests of other origins: their forms, and their sockets, which `SameSite` does not
/// stop if the other origin is a subdomain. A program sends no `Origin`.
async fn same_origin(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let header = |name| request.headers().get(name).map(|value| value.as_bytes());
    let host = header(header::HOST).unwrap_or_default();
    let allowed = header(header::ORIGIN).is_none_or(|origin| {
        let host_of = |scheme: &str| origin.strip_prefix(scheme.as_bytes());
        host_of("https://").or_else(|| host_of("http://")) == Some(host)
    });
    if allowed { next.call(request).await } else { Err(ErrorForbidden("from another site")) }
}

fn main() -> Result<(), Failure> {
    rt::System::new().block_on(run()) // or `#[actix_web::main]`
}

async fn run() -> Result<(), Failure> {
    let list = match env::var("REVOCATIONS") {
        Ok(store) => RevocationList::builder(store.parse::<Store>()?).open()?,
        Err(_) => RevocationList::memory()?,
    };
    let sealer = Sealer::builder(Secret::from_env("SESSION_SECRET")?);
    let sessions = SessionLayer::new(sealer.revocations(list.clone()).build()?);
    let app = move || {
        App::new()
            .app_data(web::Data::new(list.clone()))
            .wrap(sessions.clone())
            .wrap(from_fn(same_origin))
            .route("/", web::get().to(async || web::Html::new(PAGE)))
            .route("/login", web::post().to(login))
            .route("/logout", web::post().to(logout))
            .route("/socket", web::get().to(socket))
            .route("/events", web::get().to(events))
    };
    let port = env::var("PORT").map_or(Ok(3000), |port| port.parse())?;
    let server = HttpServer::new(app).bind(("127.0.0.1", port))?;
    for address in server.addrs() {
        // `localhost`, because browsers keep a Secure cookie for it over http.
        println!("Open http://localhost:{}", address.port());
    }
    Ok(server.run().await?)
}
