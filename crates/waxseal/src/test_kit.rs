//! For the tests of applications: a cookie with any session in it.
//!
//! No secret is built in. A test makes its own sealer and gives the
//! application the same.
//!
//! ```
//! use axum::{Router, body::Body, http::Request, routing::get};
//! use tower::ServiceExt;
//! use waxseal::{Sealer, Secret, Session, SessionLayer, UnixTime, test_kit};
//!
//! async fn whoami(session: Session) -> String {
//!     session.user().unwrap_or_else(|| "nobody".into())
//! }
//!
//! fn app(sealer: Sealer, now: UnixTime) -> Router {
//!     let sessions = SessionLayer::new(sealer).clock(move || now);
//!     Router::new().route("/whoami", get(whoami)).layer(sessions)
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let now = UnixTime::from_secs(1_800_000_000);
//! let sealer = Sealer::builder(Secret::new([7; 32])?).build()?;
//! let cookie = test_kit::cookie(&sealer, now, |session| {
//!     session.set_user("susan");
//!     session.insert("cart", [1, 2, 3])
//! })?;
//!
//! let request = Request::get("/whoami").header("cookie", cookie).body(Body::empty())?;
//! let response = app(sealer, now).oneshot(request).await?;
//! let body = axum::body::to_bytes(response.into_body(), 100).await?;
//! assert_eq!(body, "susan");
//! # Ok(())
//! # }
//! ```

#[doc(inline)]
pub use waxseal_face::test_kit::cookie;
