//! What a response must carry because of the session.

use alloc::{string::String, vec::Vec};
use core::{
    error::Error,
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use crate::{
    cookie::{Caching, ResponseHeaders},
    error::SaveError,
    revocation::{Acknowledgement, NotDurable},
};

/// The future of [`OpenSession::finish`](crate::OpenSession::finish). It resolves to the
/// changes to the response when a revocation that the request has caused is durable, and
/// at once if the request has revoked no session.
///
/// This future is the only way to the changes, so an integration cannot send a
/// response that says "logged out" before the logout is durable. Only the first call of
/// [`finish`](crate::OpenSession::finish) returns the changes; a future that is polled
/// after it has completed stays pending. Without an async runtime, run it with an
/// executor such as `pollster`.
#[derive(Debug)]
#[must_use = "the response must carry the changes that this future resolves to"]
pub struct Finish {
    changes: Option<ResponseChanges>,
    /// The acknowledgement, and the lines of the response if it fails.
    pending: Option<(Acknowledgement, Vec<String>)>,
}

impl Finish {
    pub(super) const fn new(
        changes: ResponseChanges,
        pending: Option<(Acknowledgement, Vec<String>)>,
    ) -> Self {
        Self { changes: Some(changes), pending }
    }
}

impl Future for Finish {
    type Output = Result<ResponseChanges, Unavailable>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let acknowledged = match &mut self.pending {
            Some((acknowledgement, _)) => ready!(Pin::new(acknowledgement).poll(cx)),
            None => Ok(()),
        };
        // It has completed before, perhaps with an error.
        let Some(changes) = self.changes.take() else { return Poll::Pending };
        Poll::Ready(match (acknowledged, self.pending.take()) {
            (Err(error), Some((_, removal_lines))) => {
                let mut changes = ResponseChanges::read(changes.unsaved);
                changes.set_cookie(Outcome::Deleted, removal_lines);
                Err(Unavailable { changes, error: Some(error) })
            }
            _ => Ok(changes),
        })
    }
}

/// The revocation list cannot be trusted, or has not made a revocation durable. Send an
/// empty 503 in place of the application's response, and apply `changes` to it.
#[derive(Debug)]
#[must_use = "the response must be a 503 that carries the changes"]
pub struct Unavailable {
    /// What the 503 must carry. If a revocation is not durable, they remove the cookie
    /// from this browser; otherwise they leave it alone.
    pub changes: ResponseChanges,
    /// `None` if the list cannot be trusted.
    error: Option<NotDurable>,
}

impl Unavailable {
    pub(super) const fn revocation_unknown() -> Self {
        Self { changes: ResponseChanges::read(false), error: None }
    }
}

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.error {
            None => SaveError::RevocationUnknown.fmt(f),
            Some(error) => write!(f, "{error}; respond with 503"),
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
    /// The outcome as one word, for machines.
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
    caching: Caching,
    unsaved: bool,
    pub(super) without_user: bool,
    pub(super) refresh_error: Option<SaveError>,
}

impl ResponseChanges {
    /// Of a session that was read.
    pub(super) const fn read(unsaved: bool) -> Self {
        let (outcome, caching) = (Outcome::Read, Caching::Read);
        let set_cookie = Vec::new();
        Self { outcome, set_cookie, caching, unsaved, without_user: false, refresh_error: None }
    }

    pub(super) fn set_cookie(&mut self, outcome: Outcome, lines: Vec<String>) {
        self.outcome = outcome;
        self.set_cookie = lines;
        self.caching = Caching::SetsCookie;
    }

    /// Applies the changes to the headers of the response: the `Set-Cookie` lines
    /// beside the application's own, `Vary`, `Cache-Control`.
    pub fn apply<H: ResponseHeaders + ?Sized>(self, headers: &mut H) {
        self.caching.apply(headers);
        for line in self.set_cookie {
            headers.append("set-cookie", line);
        }
    }

    /// The `Set-Cookie` lines; a line that sets the cookie is the last.
    pub fn set_cookie_lines(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.set_cookie.iter().map(String::as_str)
    }

    /// What became of the session: for counters.
    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// Whether the session was changed and not saved: a mistake of the application
    /// that deserves a warning in the log.
    #[must_use]
    pub const fn has_unsaved_changes(&self) -> bool {
        self.unsaved
    }

    /// Whether a session without a user was saved although there is a revocation list, which
    /// cannot revoke it with the other sessions of its user. Deserves one warning in the
    /// log.
    #[must_use]
    pub const fn is_saved_without_user(&self) -> bool {
        self.without_user
    }

    /// Why the cookie could not be refreshed; the browser keeps the one it has.
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
