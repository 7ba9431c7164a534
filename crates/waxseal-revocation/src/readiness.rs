//! The state of a list, for a readiness probe and for gauges.

use std::time::Duration;

/// Whether a list can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// The store has not been read yet, or the list's thread has ended. Requests with a session
    /// get a 503.
    Loading,
    /// The server has read the store within the last `max_staleness`.
    Current,
    /// The store has not answered for `max_staleness`. Requests with a session get a 503.
    Stale,
}

/// The state of a list.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Readiness {
    /// Whether the list can be trusted.
    pub state: State,
    /// The number of entries: revoked sessions, and cutoffs of users.
    pub entries: usize,
    /// The number of revoked sessions.
    pub sessions: usize,
    /// The number of revoked sessions without a user. They take at most a quarter of
    /// `max_sessions`.
    pub sessions_without_user: usize,
    /// The maximum number of revoked sessions.
    pub max_sessions: usize,
    /// The number of revocations that the store has not acknowledged yet.
    pub pending: usize,
    /// The time since the store last answered; `None` before the first answer.
    pub contact_age: Option<Duration>,
    /// Why the last exchange with the store failed; `None` if it succeeded.
    pub error: Option<String>,
}
