//! Secure user sessions for Rust web servers, in a signed cookie: a session is a JSON
//! object, signed as a JSON Web Token (HS256) and carried in one cookie. It needs
//! no session database: every server that has the secret can read the session.
//!
//! ```
//! # #[cfg(feature = "axum")] {
//! use axum::{Form, Router, response::Redirect, routing::{get, post}};
//! use tower_http::csrf::CsrfLayer;
//! use waxseal::{Sealer, Secret, Session, SessionError, SessionLayer};
//!
//! #[derive(serde::Deserialize)]
//! struct Login {
//!     username: String,
//!     password: String,
//! }
//!
//! async fn index(session: Session) -> String {
//!     match session.user() {
//!         Some(user) => format!("Logged in as {user}"),
//!         None => "Not logged in".into(),
//!     }
//! }
//!
//! async fn login(session: Session, Form(form): Form<Login>) -> Result<Redirect, SessionError> {
//!     let Some(user_id) = verify_password(&form.username, &form.password) else {
//!         return Ok(Redirect::to("/?error=password"));
//!     };
//!     session.log_in(&user_id)?; // a new session, saved at once
//!     session.insert("theme", "dark")?;
//!     session.save()?; // changes to the data need a save
//!     Ok(Redirect::to("/"))
//! }
//! # fn verify_password(name: &str, _: &str) -> Option<String> { Some(name.into()) }
//!
//! async fn logout(session: Session) -> Result<Redirect, SessionError> {
//!     session.delete()?;
//!     Ok(Redirect::to("/"))
//! }
//!
//! fn app() -> Result<Router, Box<dyn std::error::Error>> {
//!     let sealer = Sealer::builder(Secret::from_env("SESSION_SECRET")?).build()?;
//!     Ok(Router::new()
//!         .route("/", get(index).post(login))
//!         .route("/logout", post(logout))
//!         .layer(SessionLayer::new(sealer))
//!         .layer(CsrfLayer::new())) // rejects cross-site requests
//! }
//! # assert!(app().is_err(), "no secret is set");
//! # }
//! ```
//!
//! `CsrfLayer` is in the crate `tower-http` (feature `csrf`). The page
//! [What an application must do] has the rest of a secure login.
//!
//! [What an application must do]: https://github.com/waxseal/waxseal/blob/main/docs/applications.md
//!
//! [`Session`] documents what a handler does with a session. On actix-web the same layer
//! is a middleware (`App::wrap`): enable the feature `actix`, and disable the default
//! features. For any other tower service, use the same layer and get the session with
//! [`Session::of`].
//!
//! The cookie is `__Host-session` with `Secure`, `HttpOnly` and `SameSite=Lax`. The
//! server enforces expiry: a cookie expires 7 days after the server last set it, and a
//! session after 30 days. The server refreshes the cookie when less than half of the 7 days
//! is left. Configure another cookie with [`CookieSpec`], and other timeouts with
//! [`SealerBuilder`]. [`Sealer::microdot`] shares the cookie of Microdot, a Python web
//! framework.
//!
//! # The life of a session
//!
#![doc = include_str!("../pictures/life.svg")]
//!
//! # What the browser and the server store
//!
#![doc = include_str!("../pictures/holders.svg")]
//!
//! # What signing does not do
//!
//! Users can read their sessions, unless you [encrypt](SealerBuilder::encrypted) them; only a
//! holder of the secret can change them. A copy of the cookie works until it expires, even after a
//! logout, unless the sealer has a [revocation list](SealerBuilder::revocations): the crate
//! [waxseal-revocation]. A cookie holds at most 4 KB. The page [Security] lists the threats.
//!
//! [waxseal-revocation]: https://docs.rs/waxseal-revocation
//! [Security]: https://github.com/waxseal/waxseal/blob/main/SECURITY.md
//!
//! # Features
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `axum` | yes | the extractor [`Session`], [`SessionError`] as a response; enables `tower` and `getrandom` |
//! | `actix` | no | the middleware and the extractor for actix-web; enables `getrandom` |
//! | `tower` | with `axum` | the tower layer |
//! | `getrandom` | with `axum` and `actix` | a random session ID (`sid`) for each session, from the operating system |
//! | `encryption` | no | [encrypted sessions](SealerBuilder::encrypted): users cannot read their sessions; enables `getrandom` |
//! | `device-bound` | no | [sessions that are bound to a device](SealerBuilder::device_bound), on axum and actix-web: a stolen cookie stops working within minutes. Experimental, not covered by semantic versioning; enables `getrandom` |
//! | `metrics` | no | the counters `waxseal_sessions_total` (`cookie`; `outcome`: `read`, `saved`, `deleted`, `refreshed`, `revoked`, or `unavailable` for a 503), `waxseal_rejections_total` (`cookie`, `reason`), `waxseal_not_revoked_total` (`cookie`) and, with `device-bound`, `waxseal_device_binding_total` (`cookie`, `outcome`) |
//! | `test-util` | no | `test_util`: cookies for the tests of applications |
//!
//! # Rust version
//!
//! Rust 1.88 or newer. A release that needs a newer one is a new minor version.

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
    not(all(feature = "device-bound", feature = "encryption")),
    allow(rustdoc::broken_intra_doc_links)
)]

#[cfg(feature = "actix")]
mod actix;
#[cfg(feature = "axum")]
mod axum;
mod clock;
mod config;
#[cfg(all(feature = "device-bound", any(feature = "actix", feature = "tower")))]
mod device;
mod error;
mod events;
mod finishing;
#[cfg(any(feature = "actix", feature = "tower"))]
mod headers;
pub mod integration;
#[cfg(all(test, shuttle))]
mod interleavings;
pub mod key_file;
mod layer;
#[cfg(any(feature = "actix", feature = "tower"))]
mod plain_http;
mod request;
mod session;
mod shared_sealer;
mod slot;
#[cfg(feature = "test-util")]
pub mod test_util;
#[cfg(feature = "tower")]
mod tower;

#[cfg(feature = "actix")]
pub use actix::{ActixResponseFuture, ActixSessionService};
pub use error::SessionError;
pub use layer::SessionLayer;
pub use request::SessionRequest;
pub use session::Session;
pub use shared_sealer::SharedSealer;
#[cfg(feature = "tower")]
pub use tower::{ResponseFuture, SessionService};
#[doc(inline)]
pub use waxseal_core::{
    Acknowledgement, BuildError, CookieSpec, CookieSpecBuilder, CookieSpecError, Jwks, JwksError,
    KeySource, Main, Marker, NotDurable, ReadError, Recorded, Rejection, Revocation,
    RevocationStatus, Revocations, SaveError, Sealer, SealerBuilder, Secret, SecretError,
    SessionRef, SessionView, Successor, Target, UnixTime, WriteError,
};
#[cfg(feature = "device-bound")]
#[doc(inline)]
pub use waxseal_core::{BoundDevice, DeviceBinding, DeviceBindingError};

/// The commands and the code of the README and the guides.
#[cfg(all(doctest, feature = "axum"))]
#[doc = include_str!("../../../README.md")]
#[doc = include_str!("../../../docs/applications.md")]
#[doc = include_str!("../../../docs/revocation.md")]
#[cfg_attr(feature = "encryption", doc = include_str!("../../../docs/encryption.md"))]
#[cfg_attr(feature = "device-bound", doc = include_str!("../../../docs/device-bound.md"))]
#[doc = include_str!("../../../docs/rotation.md")]
#[doc = include_str!("../../../docs/from-microdot.md")]
#[doc = include_str!("../../../docs/quick-start.md")]
#[doc = include_str!("../../../docs/readers.md")]
#[doc = include_str!("../../../docs/servers.md")]
struct Readme;
