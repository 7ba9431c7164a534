//! What a response must carry because of the session.

use alloc::{string::String, vec::Vec};
use core::{error::Error, fmt};

use crate::{
    cookie::{ResponseHeaders, restrict},
    error::SaveError,
    revocation::NotDurable,
};

/// The revocation list cannot be trusted, or has not made a revocation durable. Send an
/// empty 503 in place of the application's response, with the `Set-Cookie` lines of that response,
/// and apply `changes` to it.
#[derive(Debug)]
#[must_use = "the response must be a 503 that carries the changes"]
pub struct Unavailable {
    /// What the 503 must carry. If the list cannot be trusted, they leave the cookie alone;
    /// otherwise they remove it from this browser.
    pub changes: ResponseChanges,
    cause: Cause,
}

#[derive(Debug)]
enum Cause {
    ListUnknown,
    NotDurable(NotDurable),
    /// The revocation is durable. The session could not be sealed with its stamp.
    NotSealed(SaveError),
}

impl Unavailable {
    pub(super) const fn revocation_unknown() -> Self {
        Self { changes: ResponseChanges::read(false), cause: Cause::ListUnknown }
    }

    pub(super) fn not_durable(changes: ResponseChanges, error: NotDurable) -> Self {
        Self { changes, cause: Cause::NotDurable(error) }
    }

    pub(super) fn not_sealed(changes: ResponseChanges, error: SaveError) -> Self {
        Self { changes, cause: Cause::NotSealed(error) }
    }
}

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            Cause::ListUnknown => SaveError::RevocationUnknown.fmt(f),
            Cause::NotDurable(error) => write!(f, "{error}; respond with 503"),
            Cause::NotSealed(error) => write!(
                f,
                "the other sessions are revoked, but this one cannot be saved: {error}; \
                 respond with 503"
            ),
        }
    }
}

impl Error for Unavailable {}

/// What became of a session that a request used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// A handler read it; the cookie stays as it is.
    Read,
    /// A handler saved it.
    Saved,
    /// A handler deleted it.
    Deleted,
    /// The cookie was refreshed: a later expiry, another key or another cookie.
    Refreshed,
    /// Another request revoked it during this one, so the cookie of this request is not
    /// sent, even if `save` succeeded.
    Revoked,
}

impl Outcome {
    /// Returns the outcome as one word, for machines.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Saved => "saved",
            Self::Deleted => "deleted",
            Self::Refreshed => "refreshed",
            Self::Revoked => "revoked",
        }
    }
}

/// What a response must carry because of the session.
#[derive(Clone)]
#[must_use = "the response must carry it"]
pub struct ResponseChanges {
    pub(super) outcome: Outcome,
    set_cookie: Vec<String>,
    pub(super) unsaved: bool,
    pub(super) without_user: bool,
    pub(super) not_revoked: bool,
    pub(super) refresh_error: Option<SaveError>,
    /// The value of `Secure-Session-Registration`.
    #[cfg(feature = "device-bound")]
    pub(super) registration: Option<String>,
}

impl ResponseChanges {
    /// The changes for a session that was only read.
    pub(super) const fn read(unsaved: bool) -> Self {
        Self {
            outcome: Outcome::Read,
            set_cookie: Vec::new(),
            unsaved,
            without_user: false,
            not_revoked: false,
            refresh_error: None,
            #[cfg(feature = "device-bound")]
            registration: None,
        }
    }

    pub(super) fn set_cookie(&mut self, outcome: Outcome, lines: Vec<String>) {
        self.outcome = outcome;
        self.set_cookie = lines;
    }

    /// The cookie stays as it is: another request has revoked the session.
    pub(super) fn withhold_cookie(&mut self) {
        *self = Self { outcome: Outcome::Revoked, ..Self::read(self.unsaved) };
    }

    /// Applies the changes to the headers of the response: the `Set-Cookie` lines
    /// beside the application's own, `Vary`, `Cache-Control`.
    ///
    /// If the response already has a line for a cookie of that name, a refresh is withheld: a
    /// server behind a gateway may have ended the session. A framework that does not show the
    /// headers of the response sends both.
    pub fn apply<H: ResponseHeaders + ?Sized>(mut self, headers: &mut H) {
        restrict(headers, !self.set_cookie.is_empty());
        if self.outcome == Outcome::Refreshed {
            self.withhold_refresh(headers);
        }
        for line in self.set_cookie {
            headers.append("set-cookie", line);
        }
        #[cfg(feature = "device-bound")]
        if let Some(registration) = self.registration {
            headers.append("secure-session-registration", registration);
        }
    }

    /// Withholds the lines from the first whose cookie the response sets, to the last, which sets
    /// the current cookie. Removals of other previous cookies stay.
    fn withhold_refresh<H: ResponseHeaders + ?Sized>(&mut self, headers: &H) {
        let Some(set) = headers.joined("set-cookie") else { return };
        let set = String::from_utf8_lossy(&set);
        let is_set = |line: &str| {
            let name = line.split_inclusive('=').next().unwrap_or_default();
            set.split(", ").any(|line| line.starts_with(name))
        };
        let kept = self.set_cookie.iter().take_while(|line| !is_set(line)).count();
        self.set_cookie.truncate(kept);
    }

    /// Returns the `Set-Cookie` lines; a line that sets the cookie is the last.
    pub fn set_cookie_lines(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.set_cookie.iter().map(String::as_str)
    }

    /// Returns what became of the session: for counters.
    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// Returns whether the session was changed and not saved: a mistake of the application
    /// that deserves a warning in the log.
    #[must_use]
    pub const fn has_unsaved_changes(&self) -> bool {
        self.unsaved
    }

    /// Returns whether a session without a user was saved although the sealer has a revocation
    /// list, which cannot revoke it with the other sessions of its user. Deserves one warning in
    /// the log.
    #[must_use]
    pub const fn is_saved_without_user(&self) -> bool {
        self.without_user
    }

    /// Returns whether the response removes or replaces a cookie whose session the list could not
    /// record, because it has no room left for sessions without a user. A copy of that
    /// cookie is accepted until it expires. For a counter.
    #[must_use]
    pub const fn has_unrevoked_session(&self) -> bool {
        self.not_revoked
    }

    /// Returns why the cookie could not be refreshed; the browser keeps the one it has.
    /// Deserves a warning in the log.
    #[must_use]
    pub const fn refresh_error(&self) -> Option<&SaveError> {
        self.refresh_error.as_ref()
    }
}

impl fmt::Debug for ResponseChanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseChanges")
            .field("outcome", &self.outcome)
            .field("unsaved", &self.unsaved)
            .field("refresh_error", &self.refresh_error)
            .finish_non_exhaustive()
    }
}
