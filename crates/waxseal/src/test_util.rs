//! For the tests of applications: a cookie with any session in it, and a clock.
//!
//! No secret is built in. A test makes its own sealer and gives the same to the
//! application: make it an `Arc<Sealer>` if several parts of a test need it.
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
//!     session.log_in("susan")?;
//!     session.insert("cart", [1, 2, 3])?;
//!     Ok(())
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
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use waxseal_core::{OpenSession, Sealer, UnixTime};

use crate::error::SessionError;

/// The value of a `Cookie` header, `name=token`, with a new session that `fill` has
/// changed and that was saved at the time `now`. `fill` gets the core's [`OpenSession`], whose errors
/// `?` converts.
///
/// # Errors
///
/// The error of `fill`; [`SessionError::Save`] if the session cannot be saved;
/// [`SessionError::RevocationUnknown`] if the revocation list cannot be trusted.
pub fn cookie(
    sealer: &Sealer,
    now: UnixTime,
    fill: impl FnOnce(&mut OpenSession<&Sealer>) -> Result<(), SessionError>,
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

/// A clock that a test sets. Clones show the same time.
///
/// ```
/// use std::time::Duration;
/// use waxseal::{Sealer, Secret, SessionLayer, UnixTime, test_util::TestClock};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let sealer = Sealer::builder(Secret::new([7; 32])?).build()?;
/// let clock = TestClock::new(UnixTime::from_secs(1_800_000_000));
/// let layer = SessionLayer::new(sealer).clock(clock.source());
/// clock.advance(Duration::from_secs(60));
/// assert_eq!(clock.now(), UnixTime::from_secs(1_800_000_060));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct TestClock(Arc<AtomicU64>);

impl TestClock {
    /// Creates a clock that shows `now` until the test changes it.
    #[must_use]
    pub fn new(now: UnixTime) -> Self {
        Self(Arc::new(AtomicU64::new(now.as_secs())))
    }

    /// Returns the time that it shows.
    #[must_use]
    pub fn now(&self) -> UnixTime {
        UnixTime::from_secs(self.0.load(Ordering::Relaxed))
    }

    /// Moves it forward, in whole seconds.
    pub fn advance(&self, by: Duration) {
        self.0.fetch_add(by.as_secs(), Ordering::Relaxed);
    }

    /// Returns the clock for [`SessionLayer::clock`](crate::SessionLayer::clock).
    pub fn source(&self) -> impl Fn() -> UnixTime + Clone + Send + Sync + use<> {
        let clock = self.clone();
        move || clock.now()
    }
}
