//! The state of the application, its routes, and the order of its layers.

use std::{fs, sync::Arc, time::Duration};

use anyhow::Context as _;
use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{MatchedPath, Request},
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use tokio::sync::{broadcast, watch};
use tower_http::{
    csrf::CsrfLayer, set_header::SetResponseHeaderLayer, timeout::TimeoutLayer, trace::TraceLayer,
};
use waxseal::{SessionLayer, UnixTime};
use waxseal_revocation::RevocationList;

use crate::{
    account, admin, config::Config, database::Database, devices, keys::Keys, live, notes, page,
    provider::Provider, sign_in_with,
};

/// The longest time of a request.
const REQUEST: Duration = Duration::from_secs(30);

#[derive(Clone, Debug)]
pub struct App {
    pub database: Database,
    pub keys: Arc<Keys>,
    pub list: RevocationList,
    pub provider: Arc<Provider>,
    /// The ID of a user whose notes have changed.
    pub changes: broadcast::Sender<i64>,
    /// Whether the server stops.
    pub stopping: watch::Sender<bool>,
}

impl App {
    pub fn open(config: &Config) -> anyhow::Result<Self> {
        let mut folder = fs::DirBuilder::new();
        #[cfg(unix)] // the database has hashes of passwords
        std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
        folder
            .recursive(true)
            .create(&config.data)
            .with_context(|| config.data.display().to_string())?;
        let list = RevocationList::builder(config.revocations.clone()).open()?;
        let keys = Keys::open(config.data.join("secrets"), config.encrypted, list.clone())?;
        Ok(Self {
            database: Database::open(&config.data.join("notes.db"))?,
            keys: Arc::new(keys),
            list,
            provider: Arc::default(),
            changes: broadcast::Sender::new(64),
            stopping: watch::Sender::new(false),
        })
    }

    pub fn router(self) -> Router {
        self.router_with_clock(UnixTime::now)
    }

    /// Tests move the clock.
    pub fn router_with_clock(
        self,
        clock: impl Fn() -> UnixTime + Clone + Send + Sync + 'static,
    ) -> Router {
        const POLICY: &str = "default-src 'self'; img-src 'self' data:; base-uri 'none'; \
            form-action 'self'; frame-ancestors 'none'";
        let header = |name: HeaderName, value: &'static str| {
            SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value))
        };
        let sessions = SessionLayer::new(self.keys.main.clone()).clock(clock.clone());
        let admin_sessions = SessionLayer::new(self.keys.admin.clone()).clock(clock);
        Router::new()
            .route("/", get(notes::index).post(notes::add))
            .route("/notes/remove", post(notes::remove))
            .route("/live", get(live::socket))
            .route("/signup", get(account::signup_page).post(account::signup))
            .route("/login", get(account::login_page).post(account::login))
            .route("/logout", post(account::logout))
            .route("/confirm", get(account::confirm_page).post(account::confirm))
            .route("/password", get(account::password_page).post(account::password))
            .route("/devices", get(devices::index))
            .route("/devices/end", post(devices::end))
            .route("/devices/end-others", post(devices::end_others))
            .route("/devices/end-all", post(devices::end_all))
            .route("/admin", get(admin::index).post(admin::enter))
            .route("/admin/leave", post(admin::leave))
            .route("/admin/lock", post(admin::lock))
            .route("/admin/rotate", post(admin::rotate))
            .route("/login-with/start", post(sign_in_with::start))
            .route("/login-with/callback", get(sign_in_with::callback))
            // The last layer is the outermost.
            .layer(admin_sessions)
            .layer(sessions)
            // The browser shows no page from its cache after a logout.
            .layer(header(header::CACHE_CONTROL, "no-store"))
            // The provider stands for another server: it has no session.
            .route("/provider", get(sign_in_with::consent_page).post(sign_in_with::consent))
            .layer(middleware::from_fn(read_body))
            // A body that does not arrive holds no request, and no stop of the server.
            .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, REQUEST))
            // A request that this layer refuses opens no session.
            .layer(CsrfLayer::new())
            .route("/style.css", get(page::style))
            .route("/live.js", get(page::script))
            .layer(header(header::CONTENT_SECURITY_POLICY, POLICY))
            // Outside the sessions, so that their log events have the route.
            .layer(TraceLayer::new_for_http().make_span_with(|request: &Request| {
                let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
                tracing::info_span!("request", method = %request.method(), route)
            }))
            .with_state(self)
    }
}

/// Waits for the body before a handler opens the session. Otherwise a browser that sends a form
/// slowly could use a session that was revoked after it has begun.
async fn read_body(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    match to_bytes(body, 64 * 1024).await {
        Ok(body) => next.run(Request::from_parts(parts, Body::from(body))).await,
        Err(_) => StatusCode::PAYLOAD_TOO_LARGE.into_response(),
    }
}
