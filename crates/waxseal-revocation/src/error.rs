//! The mistakes of a caller or an operator, and the failures of a store.

use std::{error::Error, fmt};

/// The list cannot be opened.
#[non_exhaustive]
pub enum OpenError {
    /// The absolute timeout is under one second or over ten years.
    AbsoluteTimeout,
    /// The maximum number of sessions is under 4 or over 100 million.
    MaxSessions,
    /// The maximum staleness is under one second or over one hour.
    MaxStaleness,
    /// The store cannot be used.
    Store(StoreError),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AbsoluteTimeout => f.write_str(
                "the absolute timeout of a revocation list must be from 1 second to 10 years",
            ),
            Self::MaxSessions => {
                f.write_str("max_sessions of a revocation list must be from 4 to 100000000")
            }
            Self::MaxStaleness => {
                f.write_str("max_staleness of a revocation list must be from 1 second to 1 hour")
            }
            Self::Store(error) => error.fmt(f),
        }
    }
}

// Rust prints the error that `main` returns with `Debug`.
impl fmt::Debug for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error for OpenError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Store(error) => error.source(),
            _ => None,
        }
    }
}

impl From<StoreFailure> for OpenError {
    fn from(failure: StoreFailure) -> Self {
        Self::Store(StoreError(failure))
    }
}

/// A revocation store cannot be read or written.
pub struct StoreError(StoreFailure);

impl StoreError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(StoreFailure::new(message))
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

impl From<StoreFailure> for StoreError {
    fn from(failure: StoreFailure) -> Self {
        Self(failure)
    }
}

/// The content of a [`StoreError`]. Only this type converts from the errors of the clients, because
/// a public conversion would make their versions, which are 0.x, part of the API.
#[derive(Debug)]
pub(crate) struct StoreFailure {
    message: String,
    is_of_writing: bool,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl fmt::Display for StoreFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Some(source) => write!(f, "{}: {source}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl Error for StoreFailure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref().map(|source| &**source as &(dyn Error + 'static))
    }
}

impl StoreFailure {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), is_of_writing: false, source: None }
    }

    pub(crate) fn because(
        message: impl Into<String>,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self { message: message.into(), is_of_writing: false, source: Some(source.into()) }
    }

    /// The store cannot be written now: another process has locked it, or the disk is full. The
    /// connection to it is good.
    #[cfg(any(feature = "sqlite", feature = "redis", feature = "postgres", test))]
    pub(crate) fn of_writing(self) -> Self {
        Self { is_of_writing: true, ..self }
    }

    pub(crate) const fn is_of_writing(&self) -> bool {
        self.is_of_writing
    }
}

/// [`RevocationList::revoke_issued_before`](crate::RevocationList::revoke_issued_before) was
/// called with a time in the future: until then, the list would revoke every new session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FutureTimeError;

impl fmt::Display for FutureTimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "the time is in the future; revoke sessions that were issued before a past time",
        )
    }
}

impl Error for FutureTimeError {}
