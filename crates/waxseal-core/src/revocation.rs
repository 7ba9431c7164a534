//! The interface of a revocation list.

mod acknowledgement;
mod session_ref;

use alloc::string::String;
use core::{fmt, time::Duration};

pub use self::{
    acknowledgement::{Acknowledgement, NotDurable, Recorded},
    session_ref::{SessionRef, SessionView},
};

/// A list of revoked sessions.
///
/// Each server holds a copy of the list in memory, so that no request waits for a
/// network. A store behind it is the source of truth. It records every revocation with a
/// *stamp*: a number of milliseconds since 1970, larger than the stamp of every earlier
/// revocation in the same store, and below 2^53. A session carries the stamp up to which its
/// server knew the list when the login's request was opened (the claim `wx_rev`). A *cutoff* of a
/// user, or of everyone, revokes the sessions with a smaller stamp.
///
/// The crate [waxseal-revocation] is an implementation; implement this trait to provide
/// another.
///
/// [waxseal-revocation]: https://docs.rs/waxseal-revocation
pub trait Revocations: fmt::Debug + Send + Sync {
    /// Returns the longest absolute timeout of the sessions that the list can revoke. A sealer
    /// with a longer one cannot be built over the list.
    fn absolute_timeout(&self) -> Duration;

    /// Returns the stamp up to which this server knows the list; `None` if the list cannot be
    /// trusted. A session that the current request issues gets it.
    fn stamp(&self) -> Option<u64>;

    /// Returns the status of a session. The sealer calls it for every session that it opens, so
    /// it must answer from memory and not allocate.
    fn status(&self, session: SessionView<'_>) -> RevocationStatus;

    /// Records a revocation. [`status`](Self::status) should report a revoked session as
    /// soon as this returns; the revocation is durable when the acknowledgement completes.
    ///
    /// Dropping the acknowledgement does not undo the revocation.
    fn revoke(&self, revocation: Revocation) -> Acknowledgement;
}

/// The status of a session in a revocation list (the words of OCSP, RFC 6960).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RevocationStatus {
    /// The session is not revoked.
    Good,
    /// The session is revoked: its cookie is rejected.
    Revoked,
    /// The list cannot be trusted: no request with a session is served.
    Unknown,
}

/// A revocation that a request causes.
#[derive(Clone, PartialEq, Eq)]
pub struct Revocation {
    /// The sessions that are revoked.
    pub target: Target,
    /// The session with which the request continues; `None` after a logout.
    pub successor: Option<Successor>,
}

/// The sessions that a [`Revocation`] is for.
#[derive(Clone, PartialEq, Eq)]
pub enum Target {
    /// One session: every cookie with its session ID. A list may record a cutoff of its user
    /// instead. A cutoff that is recorded already does not suffice: the session may have been
    /// saved with a later stamp since, and this is the reference of an older cookie.
    Session(SessionRef),
    /// One session, and never a cutoff instead: a list without room records nothing, and
    /// [`is_revoked`](Recorded::is_revoked) is `false`. The record counts only if its
    /// acknowledgement is good: after an error, the list must not try again.
    OnlySession(SessionRef),
    /// All sessions of a user: a cutoff.
    User(String),
}

/// The session with which a request continues, as it was before the revocation.
///
/// The acknowledgement says whether this session was
/// [revoked already](Recorded::was_revoked). The store decides this in the transaction that
/// records the revocation, so that a thief cannot move a session past a concurrent revocation.
#[derive(Clone, PartialEq, Eq)]
pub struct Successor {
    /// The session.
    pub session: SessionRef,
    /// Another session ID whose revocation revokes the session, too: the one under which the
    /// list records that a session which the successor is a copy of was bound to a device.
    pub also: Option<String>,
    /// Whether the store must record nothing if the session is revoked already. `false`
    /// after a login: the old session is revoked in any case.
    pub must_be_good: bool,
}

impl fmt::Debug for Revocation {
    // A session ID and a user do not belong in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let target = match &self.target {
            Target::Session(_) => "Session(..)",
            Target::OnlySession(_) => "OnlySession(..)",
            Target::User(_) => "User(..)",
        };
        f.debug_struct("Revocation")
            .field("target", &format_args!("{target}"))
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Target(..)")
    }
}

impl fmt::Debug for Successor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Successor")
            .field("must_be_good", &self.must_be_good)
            .finish_non_exhaustive()
    }
}
