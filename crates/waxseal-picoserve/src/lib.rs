//! Secure user sessions for [picoserve], the web server for microcontrollers:
//! a session is a JSON object, signed as a JSON Web Token (HS256) and carried
//! in one cookie. `no_std` and `alloc`.
//!
//! ```
//! extern crate alloc;
//! use alloc::{format, string::String};
//!
//! use picoserve::{
//!     Router,
//!     extract::Form,
//!     response::Redirect,
//!     routing::{PathRouter, get, post},
//! };
//! use waxseal_picoserve::{
//!     BuildError, CookieSpec, Sealer, Secret, Session, SessionError, SessionLayer, UnixTime,
//! };
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
//!     session.save()?; // changes of the data need a save
//!     Ok(Redirect::to("/"))
//! }
//! # fn verify_password(name: &str, _: &str) -> Option<String> { Some(name.into()) }
//!
//! async fn logout(session: Session) -> Result<Redirect, SessionError> {
//!     session.delete()?;
//!     Ok(Redirect::to("/"))
//! }
//!
//! fn app(secret: Secret, clock: fn() -> UnixTime) -> Result<Router<impl PathRouter>, BuildError> {
//!     let sealer = Sealer::builder(secret)
//!         .cookie(CookieSpec::insecure_http()) // where the device serves plain http
//!         .max_token_bytes(1024) // with an HTTP buffer of 2048
//!         .build()?;
//!     Ok(Router::new()
//!         .route("/", get(index).post(login))
//!         .route("/logout", post(logout))
//!         .layer(SessionLayer::new(sealer, clock)))
//! }
//! ```
//!
//! [`Session`] documents what a handler does with a session. An application has one
//! session; a second layer inside another hides the outer one.
//!
//! # What a board must provide
//!
//! - **A clock** that knows the date. Until it is set, no cookie is accepted
//!   ([`Rejection::ClockNotSet`]) and `save()` fails
//!   ([`SaveError::ClockNotSet`]).
//! - **A secret**, at least 32 random bytes, the same after every start.
//! - **Randomness** only for session IDs: [`SessionLayer::randomness`]. The signature
//!   needs none.
//! - **An HTTP buffer** that holds the whole request head: picoserve responds to a
//!   larger one with 400. Choose [`SealerBuilder::max_token_bytes`] so that the cookie
//!   fits beside the other headers: the size of the buffer less 1024 bytes is safe
//!   with today's browsers.
//!
//! # If a login has no effect
//!
//! The default cookie is `Secure`. A browser drops it without an error if the page comes over plain
//! http, so a login seems to do nothing. On a server, `waxseal` warns of this in the log. This
//! crate has no log, and warns nowhere. If the device serves plain http, configure
//! [`CookieSpec::insecure_http`]. If a proxy in front of the device speaks https, keep the default.
//!
//! # A handler without the layer does not compile
//!
//! ```compile_fail,E0277
//! use picoserve::{Router, routing::{PathRouter, get}};
//! use waxseal_picoserve::Session;
//!
//! async fn index(session: Session) {}
//!
//! fn app() -> Router<impl PathRouter> {
//!     Router::new().route("/", get(index)) // .layer(SessionLayer::new(sealer, clock))
//! }
//! ```
//!
//! # Headers are only added
//!
//! picoserve lets a layer add response headers, not change them. `Vary: Cookie` and
//! `Cache-Control: private` are therefore sent beside those of a handler. Caches combine
//! several lines of one header, and apply the most restrictive directive (RFC 9111,
//! section 4.2.1), so a response that reads its session cannot be `public`.
//! `CDN-Cache-Control` and similar headers also stay, and overrule `Cache-Control`: do
//! not set them on a response that uses the session. A 503 does not have the `Set-Cookie` lines of
//! the handler's response.
//!
//! # Security and Rust version
//!
//! A signed session can be read by its user. With the feature `encryption`,
//! [`SealerBuilder::encrypted`](waxseal_core::SealerBuilder::encrypted) encrypts it; each save then
//! needs [randomness](SessionLayer::randomness). Over plain http, an attacker on the network can
//! steal both. [SECURITY.md] lists the threats. Rust 1.93 or newer.
//!
//! [picoserve]: https://docs.rs/picoserve
//! [SECURITY.md]: https://github.com/waxseal/waxseal/blob/main/SECURITY.md

#![no_std]
#![warn(unreachable_pub)]
// No panic on any input: these make one visible where it would be written.
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

extern crate alloc;

mod error;
mod layer;
mod response;
mod session;
mod slot;

pub use error::SessionError;
pub use layer::{SessionLayer, WithSession};
pub use session::Session;
#[doc(inline)]
pub use waxseal_core::{
    BuildError, CookieSpec, CookieSpecBuilder, CookieSpecError, Jwks, JwksError, KeySource, Marker,
    RandomError, ReadError, Rejection, SaveError, Sealer, SealerBuilder, Secret, SecretError,
    SessionRef, UnixTime, WriteError,
};

/// The code that the guide shows.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/embedded.md")]
struct Guide;
