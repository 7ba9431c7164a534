//! The page and the configuration that the examples share.
//!
//! `SESSION_SECRET` is the secret, at least 32 bytes. `--microdot` selects Microdot's cookie, for
//! which the secret can have any length. `PORT` is the port on 127.0.0.1 (3000).

use std::{
    convert::Infallible, env, error::Error, io::ErrorKind::ConnectionAborted, time::Duration,
};

use askama::Template;
use hyper::{
    Request, Response,
    body::{Body, Incoming},
    server::conn::http1,
};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::net::TcpListener;
use tower::Service;
use waxseal::{Sealer, Secret, Session, SessionError};

/// Any error of an example.
pub type Failure = Box<dyn Error + Send + Sync>;

/// Renders the page: a form, or the name of the user. askama escapes the name.
///
/// # Errors
///
/// If askama cannot render the page.
pub fn page(username: Option<String>) -> Result<String, Failure> {
    #[derive(Template)]
    #[template(
        ext = "html",
        source = r#"<!doctype html><title>waxseal</title>
{% match username %}
{% when Some with (name) %}
Hello <b>{{ name }}</b>! <form method="post" action="/logout"><button>Log out</button></form>
{% when None %}
Any name, and the password wax:
<form method="post"><input name="username" autofocus>
<input name="password" type="password"><button>Log in</button></form>
{% endmatch %}
"#
    )]
    struct Page {
        username: Option<String>,
    }
    Ok(Page { username }.render()?)
}

/// The fields of the form.
#[derive(serde::Deserialize)]
pub struct Login {
    /// The name of the user.
    pub username: String,
    /// The password.
    pub password: String,
}

impl std::fmt::Debug for Login {
    // A log must not contain the password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login").field("username", &self.username).finish_non_exhaustive()
    }
}

impl Login {
    /// Logs the user in. Returns whether the password is right.
    ///
    /// # Errors
    ///
    /// If the session cannot be saved.
    pub fn log_in(self, session: &Session) -> Result<bool, SessionError> {
        let Some(user_id) = verify_password(&self.username, &self.password) else {
            return Ok(false);
        };
        session.log_in(&user_id)?; // a new session, saved at once
        session.insert("username", self.username)?; // the name for display
        session.save()?;
        Ok(true)
    }
}

/// Stands for the application's user database, which stores hashes of passwords (argon2).
/// Returns the stable ID of the user.
fn verify_password(username: &str, password: &str) -> Option<String> {
    let exists = matches!(username.chars().count(), 1..=64);
    (exists && password == "wax").then(|| username.to_owned())
}

/// Builds the sealer from the command line and the environment.
///
/// # Errors
///
/// If `SESSION_SECRET` is missing or too short.
pub fn sealer() -> Result<Sealer, Failure> {
    if env::args().any(|argument| argument == "--microdot") {
        let key = env::var("SESSION_SECRET").map_err(|error| format!("SESSION_SECRET: {error}"))?;
        Ok(Sealer::microdot(key)?)
    } else {
        Ok(Sealer::builder(Secret::from_env("SESSION_SECRET")?).build()?)
    }
}

/// Listens on the port, and prints the address.
///
/// # Errors
///
/// If the port cannot be used.
pub async fn listen() -> Result<TcpListener, Failure> {
    let port = env::var("PORT").unwrap_or_else(|_| "3000".into());
    let listener = TcpListener::bind(("127.0.0.1", port.parse()?)).await?;
    // `localhost`, because browsers keep a Secure cookie for it over http.
    println!("Open http://localhost:{}", listener.local_addr()?.port());
    Ok(listener)
}

/// Serves a tower service with plain hyper.
///
/// # Errors
///
/// If the port cannot be used.
pub async fn serve<S, B>(service: S) -> Result<Infallible, Failure>
where
    S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
    S::Error: Into<Failure>,
    S::Future: Send,
    B: Body<Error: Into<Failure>, Data: Send> + Send + 'static,
{
    let listener = listen().await?;
    loop {
        let (stream, _) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) if error.kind() == ConnectionAborted => continue,
            Err(_) => {
                // For example, too many files are open.
                tokio::time::sleep(Duration::from_secs(1)).await;
                continue;
            }
        };
        let service = TowerToHyperService::new(service.clone());
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}
