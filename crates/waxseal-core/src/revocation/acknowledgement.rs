//! The acknowledgement of a revocation by its store.

use alloc::{boxed::Box, string::String, vec::Vec};
use core::{
    error::Error,
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

/// A future that completes when the store has recorded a revocation durably.
#[must_use = "the revocation is not durable before this has completed"]
pub struct Acknowledgement(Pin<Box<dyn Future<Output = Result<(), NotDurable>> + Send>>);

impl Acknowledgement {
    /// An acknowledgement that completes with `future`.
    pub fn new(future: impl Future<Output = Result<(), NotDurable>> + Send + 'static) -> Self {
        Self(Box::pin(future))
    }

    /// The acknowledgement of several revocations; `None` of none.
    pub(crate) fn all(mut acknowledgements: Vec<Self>) -> Option<Self> {
        let last = acknowledgements.pop()?;
        if acknowledgements.is_empty() {
            return Some(last);
        }
        Some(Self::new(async move {
            for acknowledgement in acknowledgements {
                acknowledgement.await?;
            }
            last.await
        }))
    }
}

impl Future for Acknowledgement {
    type Output = Result<(), NotDurable>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for Acknowledgement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Acknowledgement(..)")
    }
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
