//! A login page on salvo.
//!
//! ```text
//! export SESSION_SECRET="$(openssl rand -base64 32)"
//! cargo run -p examples --example login-salvo    # then open http://localhost:3000
//! ```

use examples::{Failure, Login, listen, page, sealer};
use salvo::{
    conn::tcp::TcpAcceptor,
    prelude::{
        Redirect, Request, Router, Server, StatusError, Text, TowerLayerCompat as _, handler,
    },
};
use tower_http::csrf::CsrfLayer;
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
    let form: Login = request.parse_form().await.map_err(|_| StatusError::bad_request())?;
    let session = session_of(request).map_err(internal)?;
    let is_right = form.log_in(&session).map_err(internal)?;
    if is_right { Ok(Redirect::other("/")) } else { Err(StatusError::forbidden()) }
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
        .hoop(CsrfLayer::new().compat()) // refuses the forms of other sites
        .hoop(layer.compat())
        .get(index)
        .post(login)
        .push(Router::with_path("logout").post(logout));
    Server::new(TcpAcceptor::try_from(listen().await?)?).serve(router).await;
    Ok(())
}
