//! What the examples have in common: one page, and what they are started with.
//!
//! `SESSION_SECRET` is the secret, at least 32 bytes; `--microdot` means
//! Microdot's cookie and takes any; `PORT` is the port on 127.0.0.1 (3000).

use std::{convert::Infallible, env, error::Error};

use askama::Template;
use hyper::{
    Request, Response,
    body::{Body, Incoming},
    server::conn::http1,
};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::net::TcpListener;
use tower::Service;
use waxseal::{Sealer, Secret};

/// Whatever can go wrong.
pub type Failure = Box<dyn Error + Send + Sync>;

/// The page: a form, or the name of who is logged in; askama escapes it.
///
/// # Errors
///
/// None that is known of: it is askama's to say.
pub fn page(username: Option<String>) -> Result<String, Failure> {
    #[derive(Template)]
    #[template(
        ext = "html",
        source = r#"<!doctype html><title>waxseal</title>
{% match username %}
{% when Some with (name) %}
Hello <b>{{ name }}</b>! <form method="post" action="/logout"><button>Log out</button></form>
{% when None %}
<form method="post"><input name="username" autofocus><button>Log in</button></form>
{% endmatch %}
"#
    )]
    struct Page {
        username: Option<String>,
    }
    Ok(Page { username }.render()?)
}

/// The field `username` of a form.
#[derive(Debug, serde::Deserialize)]
pub struct Login {
    /// Who it is to be.
    pub username: String,
}

/// The sealer that the command line and the environment ask for.
///
/// # Errors
///
/// `SESSION_SECRET` is missing or too short.
pub fn sealer() -> Result<Sealer, Failure> {
    if env::args().any(|argument| argument == "--microdot") {
        let key = env::var("SESSION_SECRET").map_err(|error| format!("SESSION_SECRET: {error}"))?;
        Ok(Sealer::microdot(key)?)
    } else {
        Ok(Sealer::builder(Secret::from_env("SESSION_SECRET")?).build()?)
    }
}

/// Listens, and says where.
///
/// # Errors
///
/// The port cannot be used.
pub async fn listen() -> Result<TcpListener, Failure> {
    let port = env::var("PORT").unwrap_or_else(|_| "3000".into());
    let listener = TcpListener::bind(("127.0.0.1", port.parse()?)).await?;
    // `localhost`, because browsers keep a Secure cookie for it over http.
    println!("Open http://localhost:{}", listener.local_addr()?.port());
    Ok(listener)
}

/// A plain hyper server for any tower service.
///
/// # Errors
///
/// The port cannot be used, or no connection can be accepted any more.
pub async fn serve<S, B>(service: S) -> Result<Infallible, Failure>
where
    S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
    S::Error: Into<Failure>,
    S::Future: Send,
    B: Body<Error: Into<Failure>, Data: Send> + Send + 'static,
{
    let listener = listen().await?;
    loop {
        let (stream, _) = listener.accept().await?;
        let service = TowerToHyperService::new(service.clone());
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}
