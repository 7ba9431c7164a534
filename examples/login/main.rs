//! A login page that shows the content of its cookie.
//!
//! ```text
//! cargo run --example login                # then open http://localhost:3000
//! cargo run --example login -- --encrypted # the browser cannot read the cookie
//! cargo run --example login -- --microdot  # with Microdot's cookie
//! cargo run --example login --features device-bound -- --device-bound
//!                                          # a copy of the cookie stops working within minutes
//! ```
//!
//! The environment configures the server. `SESSION_SECRET` is the secret (random if it is
//! not set); `SESSION_KEYRING` is a key file instead, which the server reloads when it
//! changes; `REVOCATIONS` is the revocation store (`sqlite:PATH`, or `redis://` and `postgres://`
//! in a build with the feature of that name); `PORT` is the port on
//! 127.0.0.1 (3000); `RUST_LOG` is the log level (info).

mod anatomy;
mod binding;
mod options;
mod page;
#[cfg(feature = "device-bound")]
mod proof;
#[cfg(feature = "device-bound")]
mod tls;

use std::{error::Error, fmt::Debug, io, process::ExitCode, time::Duration};

use anatomy::Anatomy;
use axum::{
    Form, Router,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
    serve::Listener,
};
use binding::Binding;
use options::{Keys, Options};
use page::Page;
use tokio::net::TcpListener;
use tower_http::csrf::CsrfLayer;
use tracing_subscriber::EnvFilter;
use waxseal::{Session, SessionError, SessionLayer, SharedSealer, key_file::KeyFile};
use waxseal_revocation::{Readiness, RevocationList, State as ListState};

#[derive(Clone)]
struct App {
    sealer: SharedSealer,
    revocations: Option<RevocationList>,
    encrypted: bool,
    device_bound: bool,
}

#[derive(serde::Deserialize)]
struct Login {
    username: String,
    password: String,
    /// The checkbox; browsers send it only if it is ticked.
    remember: Option<String>,
}

/// Stands for the application's user database, which stores hashes of passwords (argon2).
/// Returns the stable ID of the user.
fn verify_password(username: &str, password: &str) -> Option<String> {
    let exists = matches!(username.chars().count(), 1..=64);
    (exists && password == "wax").then(|| username.to_owned())
}

async fn index(
    session: Session,
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<Page, SessionError> {
    let username = session.get("username")?;
    let sealer = app.sealer.current();
    let anatomy = (!session.is_new()).then(|| Anatomy::of(&headers, &sealer)).flatten();
    let is_user = session.user().is_some();
    #[cfg(feature = "device-bound")]
    let complaint = proof::complaint(&session);
    #[cfg(not(feature = "device-bound"))]
    let complaint = None;
    Ok(Page {
        username,
        anatomy,
        complaint,
        everywhere: app.revocations.is_some() && is_user,
        encrypted: app.encrypted,
        binding: (app.device_bound && is_user).then(|| Binding::of(&session)),
    })
}

async fn login(
    session: Session,
    State(app): State<App>,
    Form(form): Form<Login>,
) -> Result<Response, SessionError> {
    let Some(user_id) = verify_password(&form.username, &form.password) else {
        let complaint = Some("This name or password is wrong.");
        let page = Page { complaint, encrypted: app.encrypted, ..Page::default() };
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    };
    session.log_in(&user_id)?; // a new session, saved at once
    session.set_remember(form.remember.is_some());
    if form.remember.is_none() {
        session.set_timeouts(Duration::from_secs(30 * 60), Duration::from_secs(8 * 3600));
    }
    session.insert("username", form.username)?; // the name for display
    session.save()?;
    Ok(Redirect::to("/").into_response())
}

async fn logout(session: Session) -> Result<Redirect, SessionError> {
    session.delete()?;
    Ok(Redirect::to("/"))
}

/// Revokes all sessions of the user, including those of other browsers.
async fn logout_everywhere(
    session: Session,
    State(app): State<App>,
) -> Result<Redirect, SessionError> {
    let user = session.user();
    session.delete()?; // in this browser, even if the revocation fails
    if let (Some(revocations), Some(user)) = (&app.revocations, user) {
        revocations.revoke_user(&user).await?;
    }
    Ok(Redirect::to("/"))
}

/// Revokes all other sessions of the user, and keeps this one.
async fn logout_others(session: Session, State(app): State<App>) -> Result<Response, SessionError> {
    if app.revocations.is_none() {
        return Ok(StatusCode::NOT_FOUND.into_response());
    }
    session.require_user()?;
    session.revoke_others()?;
    Ok(Redirect::to("/").into_response())
}

/// Tells a load balancer whether this server can serve requests. Keep this route inside the
/// network: the response contains the error of the store.
async fn ready(State(app): State<App>) -> (StatusCode, String) {
    let Some(list) = app.revocations else { return (StatusCode::OK, "ready".into()) };
    let Readiness { state, error, .. } = list.readiness();
    if state == ListState::Current {
        return (StatusCode::OK, "ready".into());
    }
    let error = error.unwrap_or_default();
    (StatusCode::SERVICE_UNAVAILABLE, format!("revocation list: {state:?} {error}"))
}

fn router(app: App) -> Router {
    Router::new()
        .route("/", get(index).post(login))
        .route("/logout", post(logout))
        .route("/logout-everywhere", post(logout_everywhere))
        .route("/logout-others", post(logout_others))
        .layer(SessionLayer::new(app.sealer.clone()))
        .layer(CsrfLayer::new()) // refuses the forms of other sites
        .route("/ready", get(ready))
        .with_state(app)
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; \
            form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
        let headers = [
            (header::CONTENT_TYPE, "text/html; charset=utf-8"),
            (header::CONTENT_SECURITY_POLICY, POLICY),
        ];
        match askama::Template::render(&self) {
            Ok(html) => (headers, html).into_response(),
            Err(error) => {
                tracing::error!(%error, "the page cannot be rendered");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).init();

    let options = match options::read() {
        Ok(Some(options)) => options,
        Ok(None) => {
            print!("{}", options::HELP);
            return ExitCode::SUCCESS;
        }
        Err(mistake) => {
            eprintln!("login: {mistake}");
            return ExitCode::from(2);
        }
    };
    match serve(options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("login: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(options: Options) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind(("127.0.0.1", options.port))
        .await
        .map_err(|error| format!("port {} cannot be used: {error}; set PORT", options.port))?;
    let sealer = match options.keys {
        Keys::Fixed(sealer) => SharedSealer::new(*sealer),
        Keys::File(file) => {
            let sealer = file.sealer();
            tokio::spawn(follow(file));
            sealer
        }
    };
    let Options { revocations, encrypted, device_bound, .. } = options;
    let router = router(App { sealer, revocations, encrypted, device_bound });
    #[cfg(feature = "device-bound")]
    if device_bound {
        let listener = tls::TlsListener::new(listener)?;
        let port = listener.local_addr()?.port();
        print!("{}", options::how_to_open(port, listener.key_hash()));
        return run(listener, router).await;
    }
    // `localhost`, because browsers keep a Secure cookie for it over http.
    println!("Open http://localhost:{}", listener.local_addr()?.port());
    run(listener, router).await
}

/// Serves until a signal.
async fn run<L>(listener: L, router: Router) -> Result<(), Box<dyn Error>>
where
    L: Listener<Addr: Debug>,
{
    axum::serve(listener, router).with_graceful_shutdown(stop()).await?;
    println!("Stopped.");
    Ok(())
}

/// Reloads the keys on SIGHUP, and within a second after their file has changed.
async fn follow(file: KeyFile) {
    #[cfg(unix)]
    let mut hangup = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()).ok();
    loop {
        let wait = tokio::time::sleep(Duration::from_secs(1));
        #[cfg(unix)]
        if let Some(hangup) = &mut hangup {
            tokio::select! {
                _ = hangup.recv() => drop(file.reload()), // the error is logged
                () = wait => drop(file.reload_if_changed()),
            }
            continue;
        }
        wait.await;
        drop(file.reload_if_changed());
    }
}

/// Waits for Ctrl-C or SIGTERM.
async fn stop() {
    let interrupt = async {
        if let Err(error) = tokio::signal::ctrl_c().await {
            tracing::error!(%error, "Ctrl-C will not stop this server");
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(error) => {
                tracing::error!(%error, "SIGTERM will not stop this server cleanly");
                std::future::pending::<()>().await;
            }
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        () = interrupt => {}
        () = terminate => {}
    }
}
