//! Sessions ended before their time: what the sealer asks of a list of them.

use alloc::{boxed::Box, string::String};
use core::{error::Error, fmt, future::Future, pin::Pin, time::Duration};

use crate::time::UnixTime;

/// A list of the sessions that were ended early and could still be valid.
///
/// Every server holds all of it in memory, so that a request waits for no
/// network; a log behind it carries the changes. The crate
/// [waxseal-revocation] is one, over a file or over Redis; this trait is for
/// who writes another.
///
/// A session is known by its name (`sid`), its user (`sub`) where it has one,
/// and the second it began (`iat`).
///
/// [waxseal-revocation]: https://docs.rs/waxseal-revocation
pub trait Revocations: fmt::Debug + Send + Sync {
    /// The longest absolute limit of the sessions it can end: an entry lives at
    /// least until the session began plus this plus twice the
    /// [leeway](crate::Sealer::LEEWAY). A sealer with a longer limit cannot be
    /// built over the list.
    fn absolute_limit(&self) -> Duration;

    /// Whether a session that is otherwise good was ended early. Answers from
    /// memory, without allocating, on every request.
    fn standing(&self, sid: Option<&str>, sub: Option<&str>, begun: UnixTime) -> Standing;

    /// When a session of `sub` begins that is made `now`: then, or at the
    /// moment of a known cut that lies ahead, so that it is not ended by that.
    /// `None` where the list cannot be trusted now.
    fn begin(&self, sub: Option<&str>, now: UnixTime) -> Option<UnixTime>;

    /// Ends a session. When this returns, [`standing`](Self::standing) knows
    /// it; when the future that it returns has completed, the log does. Only
    /// where there is no room for it the future fails and nothing was ended.
    ///
    /// Dropping the future takes nothing back.
    fn end(&self, session: Ended, now: UnixTime) -> Recording;
}

/// What a list says of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It was not ended.
    Good,
    /// It was ended: the cookie is rejected.
    Ended,
    /// The list cannot be trusted now; no request with a session is served.
    Unknown,
}

/// A session that ends before its time.
#[derive(Clone, PartialEq, Eq)]
pub struct Ended {
    /// Its name.
    pub sid: String,
    /// Its user, where it has one: a list may put many sessions of one user
    /// together.
    pub sub: Option<String>,
    /// When it began.
    pub begun: UnixTime,
}

impl fmt::Debug for Ended {
    // Whose session it was is the user's business.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ended").field("begun", &self.begun).finish_non_exhaustive()
    }
}

/// Completes when what was ended is in the log, as safe as that keeps things.
pub type Recording = Pin<Box<dyn Future<Output = Result<(), NotRecorded>> + Send>>;

/// The log has not taken what was ended: a server that starts now would accept
/// the session again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotRecorded(String);

impl NotRecorded {
    /// For the reason given, as a sentence's second half.
    pub fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

impl fmt::Display for NotRecorded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the end of a session is not in the revocation log: {}", self.0)
    }
}

impl Error for NotRecorded {}
