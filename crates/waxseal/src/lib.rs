//! Secure user sessions for Rust web servers, kept in the browser: a session
//! is a JSON object, signed as a JSON Web Token (HS256) and carried in one
//! cookie. There is no session database; any server that holds the secret can
//! read it.
//!
//! ```
//! use axum::{Form, Router, response::Redirect, routing::{get, post}};
//! use waxseal::{Sealer, Secret, Session, SessionError, SessionLayer};
//!
//! #[derive(serde::Deserialize)]
//! struct Login {
//!     username: String,
//! }
//!
//! async fn index(session: Session) -> Result<String, SessionError> {
//!     Ok(match session.get::<String>("username")? {
//!         Some(name) => format!("Logged in as {name}"),
//!         None => "Not logged in".into(),
//!     })
//! }
//!
//! async fn login(session: Session, Form(form): Form<Login>) -> Result<Redirect, SessionError> {
//!     session.renew(); // a new session at every change of privilege
//!     session.insert("username", form.username)?;
//!     session.save()?; // nothing is sent without it; too large fails here
//!     Ok(Redirect::to("/"))
//! }
//!
//! async fn logout(session: Session) -> Redirect {
//!     session.delete();
//!     Redirect::to("/")
//! }
//!
//! fn app() -> Result<Router, Box<dyn std::error::Error>> {
//!     let sealer = Sealer::builder(Secret::from_env("SESSION_SECRET")?).build()?;
//!     Ok(Router::new()
//!         .route("/", get(index).post(login))
//!         .route("/logout", post(logout))
//!         .layer(SessionLayer::new(sealer)))
//! }
//! # assert!(app().is_err(), "no secret is set");
//! ```
//!
//! The cookie is `__Host-session` with `Secure`, `HttpOnly` and
//! `SameSite=Lax`; a session ends after 7 days without activity and 30 days
//! after it began, whatever the browser does. Configure another cookie with
//! [`CookieSpec`], other limits with [`SealerBuilder`], and Microdot's cookie
//! with [`Sealer::microdot`].
//!
//! What a handler does with a session is documented at [`Handle`], which
//! [`Session`] dereferences to.
//!
//! # What signing does not do
//!
//! The user can read what is in the session; nobody without the secret can
//! change it. A copy of the cookie works until it expires, also after logout,
//! unless the sealer has a [list](SealerBuilder::revocations) of the sessions
//! that have ended early: the crate [waxseal-revocation].
//!
//! [waxseal-revocation]: https://docs.rs/waxseal-revocation
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `axum` | yes | [`Session`] as an extractor, [`SessionError`] as a response |
//! | `getrandom` | yes | a random name (`sid`) for each session, from the operating system |
//! | `metrics` | no | the counters `waxseal_sessions_total` (`cookie`, `outcome`) and `waxseal_rejections_total` (`cookie`, `reason`) |
//! | `test-kit` | no | `test_kit`: cookies for the tests of applications |

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
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "axum")]
mod axum;
mod headers;
pub mod keyring_file;
mod layer;
mod service;
mod session;
#[cfg(feature = "test-kit")]
pub mod test_kit;

pub use layer::SessionLayer;
pub use service::{ResponseFuture, SessionService};
pub use session::Session;
#[doc(inline)]
pub use waxseal_core::{
    Alone, BuildError, CookieSpec, CookieSpecBuilder, CookieSpecError, Ended, Handle, Jwks,
    JwksError, KeySource, NotRecorded, ReadError, Recording, Rejection, Revocations, SaveError,
    Sealer, SealerBuilder, Secret, SecretError, Standing, UnixTime, WriteError,
};
#[doc(inline)]
pub use waxseal_face::{Main, SessionError, Shared, SharedSealer};

/// The commands and the code that the README shows.
#[cfg(all(doctest, feature = "axum"))]
#[doc = include_str!("../../../README.md")]
#[doc = include_str!("../../../docs/revocation.md")]
#[doc = include_str!("../../../docs/rotation.md")]
#[doc = include_str!("../../../docs/from-microdot.md")]
struct Readme;
