//! The layer, which tower calls a layer and actix-web a middleware.

use std::sync::Arc;

use waxseal_core::UnixTime;

use crate::{config::Config, shared_sealer::SharedSealer};

/// Gives every request a [`Session`](crate::Session), and sends its changes with the
/// response: a layer of tower (axum's `Router::layer`) and a middleware of actix-web
/// (`App::wrap`).
///
/// A request whose handler does not use the session costs three small allocations,
/// and the layer reads no cookie. With device binding, it also reads the cookies of page
/// navigations. Two layers around one handler must use different cookies.
///
/// ```
/// # #[cfg(feature = "axum")] {
/// use waxseal::{Sealer, Secret, SessionLayer};
///
/// # fn app(secret: Secret) -> Result<axum::Router, waxseal::BuildError> {
/// let sealer = Sealer::builder(secret).build()?;
/// let app = axum::Router::new().layer(SessionLayer::new(sealer));
/// # Ok(app)
/// # }
/// # }
/// ```
///
/// On actix-web, create the layer once, outside the closure that builds the `App`, and
/// clone it for each worker:
///
/// ```
/// # #[cfg(feature = "actix")] {
/// use actix_web::{App, HttpServer, web};
/// use waxseal::{Sealer, Session, SessionLayer};
///
/// async fn whoami(session: Session) -> String {
///     session.user().unwrap_or_else(|| "nobody".into())
/// }
///
/// # async fn serve(sealer: Sealer) -> std::io::Result<()> {
/// let sessions = SessionLayer::new(sealer);
/// let app = move || App::new().wrap(sessions.clone()).route("/", web::get().to(whoami));
/// HttpServer::new(app).bind("127.0.0.1:3000")?.run().await
/// # }
/// # }
/// ```
///
/// On actix-web, an error response also carries the session's cookie, even if an inner
/// middleware returns an `Error` and an outer one turns it into a response. The outer one
/// must use `Error::error_response`: `HttpResponse::from_error` and
/// `ServiceResponse::from_err` drop the headers of other middleware.
#[derive(Clone, Debug)]
pub struct SessionLayer {
    pub(crate) config: Arc<Config>,
}

impl SessionLayer {
    /// Creates a layer for the sessions of `sealer`, with the clock of the operating system. Pass
    /// a [`SharedSealer`] to replace the sealer while the server runs. If the sealer has a
    /// [`Marker`](crate::Marker), handlers extract [`Session<M>`](crate::Session).
    ///
    /// `wasm32-unknown-unknown` has no clock: use [`with_clock`](Self::with_clock).
    ///
    /// ```
    /// # use waxseal::{Sealer, SessionLayer};
    /// # fn layer(sealer: Sealer) -> SessionLayer {
    /// SessionLayer::new(sealer)
    /// # }
    /// ```
    #[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
    #[track_caller]
    pub fn new(sealer: impl Into<SharedSealer>) -> Self {
        Self::with_clock(sealer, UnixTime::now)
    }

    /// Creates a layer for the sessions of `sealer`, with the clock `now`: for platforms without
    /// a clock, and for tests.
    ///
    /// ```
    /// # use waxseal::{Sealer, SessionLayer, UnixTime};
    /// # fn milliseconds_since_1970() -> u64 { 1_800_000_000_000 }
    /// # fn layer(sealer: Sealer) -> SessionLayer {
    /// SessionLayer::with_clock(sealer, || UnixTime::from_secs(milliseconds_since_1970() / 1000))
    /// # }
    /// ```
    #[track_caller]
    pub fn with_clock(
        sealer: impl Into<SharedSealer>,
        now: impl Fn() -> UnixTime + Send + Sync + 'static,
    ) -> Self {
        Self { config: Arc::new(Config::new(sealer, now)) }
    }

    /// Returns the same layer with another clock.
    ///
    /// ```
    /// # use waxseal::{Sealer, SessionLayer, UnixTime};
    /// # fn layer(sealer: Sealer) -> SessionLayer {
    /// SessionLayer::new(sealer).clock(|| UnixTime::from_secs(1_800_000_000))
    /// # }
    /// ```
    #[must_use]
    pub fn clock(self, now: impl Fn() -> UnixTime + Send + Sync + 'static) -> Self {
        Self { config: Arc::new(self.config.with_clock(now)) }
    }
}
