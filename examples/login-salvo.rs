//! A login page on salvo.
//!
//! ```text
//! export SESSION_SECRET="$(openssl rand -base64 32)"
//! cargo run -p examples --example login-salvo    # then open http://localhost:3000
//! ```

use examples::{Failure, listen, page, sealer};
use salvo::{
    conn::tcp::TcpAcceptor,
    prelude::{
        Redirect, Request, Router, Server, StatusError, Text, TowerLayerCompat as _, handler,
    },
};
use waxseal::{Session, SessionError, SessionLayer};

fn session_of(request: &Request) -> Result<Session, SessionError> {
    Session::from_parts(request.extensions(), request.headers())
}

#[handler]
async fn index(request: &mut Request) -> Result<Text<String>, StatusError> {
    let username = session_of(request).map_err(internal)?.get("username").map_err(internal)?;
    Ok(Text::Html(page(username).map_err(internal)?))
}

#[handler]
async fn login(request: &mut Request) -> Result<Redirect, StatusError> {
    let username: String = request.form("username").await.ok_or_else(StatusError::bad_request)?;
    log_in(request, username).map_err(internal)?;
    Ok(Redirect::other("/"))
}

fn log_in(request: &Request, username: String) -> Result<(), SessionError> {
    let session = session_of(request)?;
    session.renew(); // a new session at every change of privilege
    session.insert("username", username)?;
    session.save()?; // without it, no cookie is sent
    Ok(())
}

#[handler]
async fn logout(request: &mut Request) -> Result<Redirect, StatusError> {
    session_of(request).and_then(|session| session.delete()).map_err(internal)?;
    Ok(Redirect::other("/"))
}

fn internal(error: impl Into<Failure>) -> StatusError {
    eprintln!("{}", error.into());
    StatusError::internal_server_error()
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let layer = SessionLayer::new(sealer()?);
    let router = Router::new()
        .hoop(layer.compat())
        .get(index)
        .post(login)
        .push(Router::with_path("logout").post(logout));
    Server::new(TcpAcceptor::try_from(listen().await?)?).serve(router).await;
    Ok(())
}
