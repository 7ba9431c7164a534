//! Runs axum-login, axum-messages and code for tower-sessions on [waxseal]'s session cookie,
//! without a session store.
//!
//! The layer [`SessionManagerLayer`] takes the place of tower-sessions' layer of the same name.
//! Handlers, axum-login and axum-messages stay as they are. Enable the feature of your
//! version of tower-sessions: [`v0_14`] for axum-login 0.18 and axum-messages 0.8, [`v0_15`] for
//! code that depends on tower-sessions 0.15. An application can use both at once: they share one
//! session.
//!
//! axum-login gets its session from this layer if the application makes axum-login's `AuthManager`
//! itself, because `AuthManagerLayerBuilder` accepts only tower-sessions' own layer. The last
//! `.layer` is the outermost:
//!
//! ```
//! # #[cfg(feature = "v0_14")] {
//! use axum::{Router, http::StatusCode, routing::{get, post}};
//! use axum_login::{AuthManager, AuthSession, AuthUser, AuthnBackend, login_required};
//! use axum_messages::{Messages, MessagesManagerLayer};
//! use tower::layer::layer_fn;
//! use waxseal::{Sealer, Secret, SessionLayer};
//! use waxseal_tower_sessions::v0_14::SessionManagerLayer;
//!
//! async fn log_in(mut auth: AuthSession<Backend>, messages: Messages, password: String) -> StatusCode {
//!     let Ok(Some(user)) = auth.authenticate(password).await else {
//!         return StatusCode::FORBIDDEN;
//!     };
//!     if auth.login(&user).await.is_err() {
//!         return StatusCode::INTERNAL_SERVER_ERROR;
//!     }
//!     messages.success("Welcome");
//!     StatusCode::OK
//! }
//!
//! fn app(backend: Backend, secret: Secret) -> Result<Router, waxseal::BuildError> {
//!     let sealer = Sealer::builder(secret).build()?;
//!     Ok(Router::new()
//!         .route("/", get(async || "for users only"))
//!         .route_layer(login_required!(Backend, login_url = "/login"))
//!         .route("/login", post(log_in))
//!         .layer(MessagesManagerLayer)
//!         .layer(layer_fn(move |inner| AuthManager::new(inner, backend.clone(), "axum-login.data")))
//!         .layer(SessionManagerLayer::new())
//!         .layer(SessionLayer::new(sealer)))
//! }
//!
//! #[derive(Clone, Debug)]
//! struct User;
//!
//! impl AuthUser for User {
//!     type Id = i64;
//!
//!     fn id(&self) -> i64 {
//!         42
//!     }
//!
//!     fn session_auth_hash(&self) -> &[u8] {
//!         b"changes with the password"
//!     }
//! }
//!
//! #[derive(Clone)]
//! struct Backend;
//!
//! impl AuthnBackend for Backend {
//!     type User = User;
//!     type Credentials = String;
//!     type Error = std::convert::Infallible;
//!
//!     async fn authenticate(&self, password: String) -> Result<Option<User>, Self::Error> {
//!         Ok((password == "hunter2").then_some(User))
//!     }
//!
//!     async fn get_user(&self, id: &i64) -> Result<Option<User>, Self::Error> {
//!         Ok((*id == 42).then_some(User))
//!     }
//! }
//! # assert!(app(Backend, Secret::new([7; 32]).unwrap()).is_ok());
//! # }
//! ```
//!
//! # What the application must know
//!
//! - A user can read the session, unless the sealer [encrypts] it. axum-login stores
//!   `session_auth_hash` in it. Do not return a password hash there: return its SHA-256, or
//!   encrypt the session.
//! - The data must fit into a cookie: about 2.8 KB of JSON. axum-login writes `session_auth_hash`
//!   as a list of numbers, which takes 2 to 4 bytes for each byte.
//! - The cookie is configured with the sealer's [`CookieSpec`](waxseal::CookieSpec), and the
//!   timeouts with the builder of the sealer.
//! - axum-login's user becomes the user of waxseal's session: an ID that is text as it is, any
//!   other ID as JSON, so the number 42 becomes `42`. With a revocation list, `revoke_user("42")`
//!   ends the sessions of this user. If the application passes another key than `axum-login.data`
//!   to `AuthManager::new`, call `with_data_key` with the same key.
//! - The layer reads the session for each request. By default, shared caches do not store the
//!   responses. If the revocation list is unavailable, a request with a session gets a 503. Add
//!   the layer only to the routes that need a session.
//!
//! The [guide] lists what each method of tower-sessions does, and which of its tests pass.
//!
//! [waxseal]: https://docs.rs/waxseal
//! [encrypts]: https://github.com/waxseal/waxseal/blob/main/docs/encryption.md
//! [guide]: https://github.com/waxseal/waxseal/blob/main/docs/tower-sessions.md
//! [`SessionManagerLayer`]: v0_14::SessionManagerLayer

#![warn(unreachable_pub)]
// No panic on any input: these lints mark the code that could panic.
#![cfg_attr(
    not(test),
    warn(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::string_slice,
        clippy::arithmetic_side_effects
    )
)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    not(all(feature = "v0_14", feature = "v0_15")),
    allow(rustdoc::broken_intra_doc_links, reason = "they lead to the modules of both features")
)]

#[cfg(any(feature = "v0_14", feature = "v0_15"))]
mod bridge;
#[cfg(any(feature = "v0_14", feature = "v0_15"))]
mod error;
#[cfg(feature = "v0_14")]
pub mod v0_14;
#[cfg(feature = "v0_15")]
pub mod v0_15;

/// The code of the guide.
#[cfg(all(doctest, feature = "v0_14"))]
#[doc = include_str!("../../../docs/tower-sessions.md")]
struct Guide;
