//! For the tests of applications: a cookie with any session in it.
//!
//! No secret is built in. A test makes its own sealer and gives the same to the
//! application.
//!
//! ```
//! # #[cfg(feature = "axum")]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use axum::{Router, body::Body, http::Request, routing::get};
//! use tower::ServiceExt;
//! use waxseal::{Sealer, Secret, Session, SessionLayer, UnixTime, test_util};
//!
//! async fn whoami(session: Session) -> String {
//!     session.user().unwrap_or_else(|| "nobody".into())
//! }
//!
//! let now = UnixTime::from_secs(1_800_000_000);
//! let sealer = Sealer::builder(Secret::new([7; 32])?).build()?;
//! let cookie = test_util::cookie(&sealer, now, |session| {
//!     session.set_user("susan");
//!     session.insert("cart", [1, 2, 3])
//! })?;
//!
//! let sessions = SessionLayer::new(sealer).clock(move || now);
//! let app = Router::new().route("/whoami", get(whoami)).layer(sessions);
//! let request = Request::get("/whoami").header("cookie", cookie).body(Body::empty())?;
//! let response = app.oneshot(request).await?;
//! let body = axum::body::to_bytes(response.into_body(), 100).await?;
//! assert_eq!(body, "susan");
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "axum"))]
//! # fn main() {}
//! ```

use std::{
    pin::pin,
    task::{Context, Poll, Waker},
};

use waxseal_core::{OpenSession, Sealer, UnixTime, WriteError};

use crate::error::SessionError;

/// The value of a `Cookie` header, `name=token`, with a new session that `fill` has
/// changed and that was saved at the time `now`.
///
/// # Errors
///
/// The error of `fill`; [`SessionError::Save`] if the session cannot be saved;
/// [`SessionError::RevocationUnknown`] if the revocation list cannot be trusted.
pub fn cookie(
    sealer: &Sealer,
    now: UnixTime,
    fill: impl FnOnce(&mut OpenSession<&Sealer>) -> Result<(), WriteError>,
) -> Result<String, SessionError> {
    let session = OpenSession::open(sealer, [], now);
    let session = session.map_err(|_| SessionError::RevocationUnknown)?;
    #[cfg(feature = "getrandom")]
    let session = session.with_randomness(crate::slot::random);
    let mut session = session;
    fill(&mut session)?;
    session.save()?;
    // A new session revokes none, so there is nothing to wait for.
    let finish = pin!(session.finish()).poll(&mut Context::from_waker(Waker::noop()));
    let Poll::Ready(Ok(changes)) = finish else { return Err(SessionError::RevocationUnknown) };
    let line = changes.set_cookie_lines().next_back();
    Ok(line.and_then(|line| line.split(';').next()).unwrap_or_default().into())
}
