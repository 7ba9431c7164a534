//! The acknowledgement of a revocation by its store.

use alloc::{boxed::Box, string::String};
use core::{
    error::Error,
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

/// A future that completes when the store has recorded a revocation durably.
#[must_use = "the revocation is not durable before this has completed"]
pub struct Acknowledgement(Pin<Box<dyn Future<Output = Result<Recorded, NotDurable>> + Send>>);

impl Acknowledgement {
    /// Creates an acknowledgement that completes with `future`.
    pub fn new(
        future: impl Future<Output = Result<Recorded, NotDurable>> + Send + 'static,
    ) -> Self {
        Self(Box::pin(future))
    }
}

impl Future for Acknowledgement {
    type Output = Result<Recorded, NotDurable>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for Acknowledgement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Acknowledgement(..)")
    }
}

/// What the store has recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The stamp of the record, or the store's last stamp if nothing had to be recorded.
    pub stamp: u64,
    /// Whether the [successor](crate::Successor) was revoked already, by its ID or by a
    /// cutoff. If it had to be good, nothing was recorded.
    pub was_revoked: bool,
    /// Whether the record is a cutoff of the user: the successor then needs its stamp.
    pub is_cutoff: bool,
    /// Whether the target is revoked now, or the successor had to be good and was not. `false`
    /// if the list has no room left, for sessions without a user above all: a copy of such a
    /// cookie is accepted until it expires.
    pub is_revoked: bool,
}

/// The store has not acknowledged a revocation: a server that starts later may still
/// accept the session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotDurable(String);

impl NotDurable {
    /// Creates the error. The message ends with `reason`.
    pub fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

impl fmt::Display for NotDurable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the revocation of a session is not durable: {}", self.0)
    }
}

impl Error for NotDurable {}
