//! Secure user sessions for actix-web, kept in the browser: a session is a JSON
//! object, signed as a JSON Web Token (HS256) and carried in one cookie. There
//! is no session database; any server that holds the secret can read it, on
//! whichever framework: the crate [waxseal] is the same for axum and tower.
//!
//! ```no_run
//! use actix_web::{App, HttpServer, web};
//! use waxseal_actix::{Sealer, Secret, Session, SessionError, SessionMiddleware};
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
//! async fn login(
//!     session: Session,
//!     form: web::Form<Login>,
//! ) -> Result<web::Redirect, SessionError> {
//!     session.renew(); // a new session at every change of privilege
//!     session.insert("username", &form.username)?;
//!     session.save()?; // nothing is sent without it; too large fails here
//!     Ok(web::Redirect::to("/").see_other())
//! }
//!
//! async fn logout(session: Session) -> web::Redirect {
//!     session.delete();
//!     web::Redirect::to("/").see_other()
//! }
//!
//! #[actix_web::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let sealer = Sealer::builder(Secret::from_env("SESSION_SECRET")?).build()?;
//!     let sessions = SessionMiddleware::new(sealer); // one for all workers
//!     let app = move || {
//!         App::new()
//!             .wrap(sessions.clone())
//!             .route("/", web::get().to(index))
//!             .route("/", web::post().to(login))
//!             .route("/logout", web::post().to(logout))
//!     };
//!     Ok(HttpServer::new(app).bind("127.0.0.1:3000")?.run().await?)
//! }
//! ```
//!
//! The cookie is `__Host-session` with `Secure`, `HttpOnly` and
//! `SameSite=Lax`; a session ends after 7 days without activity and 30 days
//! after it began, whatever the browser does. Configure another cookie with
//! [`CookieSpec`], other limits with [`SealerBuilder`], and Microdot's cookie
//! with [`Sealer::microdot`].
//!
//! What a handler does with a session is documented at [`Handle`], which
//! [`Session`] dereferences to. Its errors convert into [`SessionError`], which
//! actix-web answers with an empty 500; a handler whose error is
//! [`actix_web::Error`] says `session.save().map_err(SessionError::from)?`.
//!
//! # What signing does not do
//!
//! The user can read what is in the session; nobody without the secret can
//! change it. A copy of the cookie works until it expires, also after logout.
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `getrandom` | yes | a random name (`sid`) for each session, from the operating system |
//! | `metrics` | no | the counters `waxseal_sessions_total` (`cookie`, `outcome`) and `waxseal_rejections_total` (`cookie`, `reason`) |
//! | `test-kit` | no | `test_kit`: cookies for the tests of applications |
//!
//! [waxseal]: https://docs.rs/waxseal

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

mod headers;
pub mod keyring_file;
mod middleware;
mod service;
mod session;
#[cfg(feature = "test-kit")]
pub mod test_kit;

pub use middleware::SessionMiddleware;
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
