//! The mistakes of a caller or an operator: each message says what to do.

use std::{error::Error, fmt, path::PathBuf};

/// A list that cannot be opened, or what an operator cannot do to its log.
#[derive(Debug)]
#[non_exhaustive]
pub enum OpenError {
    /// The absolute limit is zero, or more than ten years.
    AbsoluteLimit,
    /// The list takes no entries at all.
    NoEntries,
    /// The file is open in another process, or a second time in this one.
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// Sessions were to be ended up to a moment ahead.
    Cut(CutoffError),
    /// The log cannot be used.
    Store(StoreError),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AbsoluteLimit => f.write_str(
                "a revocation list needs the absolute limit of its sessions: 1 second to 10 years",
            ),
            Self::NoEntries => f.write_str("a revocation list must take at least one entry"),
            Self::InUse { path } => write!(
                f,
                "the revocation file {} is open in another process; only one can have it: stop \
                 that, or use Redis for several servers",
                path.display()
            ),
            Self::Cut(error) => error.fmt(f),
            Self::Store(error) => error.fmt(f),
        }
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

impl From<CutoffError> for OpenError {
    fn from(error: CutoffError) -> Self {
        Self::Cut(error)
    }
}

impl From<StoreError> for OpenError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// A log that cannot be read or written.
#[derive(Debug)]
pub struct StoreError {
    what: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl StoreError {
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), source: None }
    }

    pub(crate) fn because(
        what: impl Into<String>,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self { what: what.into(), source: Some(source.into()) }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Some(source) => write!(f, "{}: {source}", self.what),
            None => f.write_str(&self.what),
        }
    }
}

impl Error for StoreError {}

/// A cut further ahead than the clocks of servers may differ: sessions that
/// begin until then would be dead on arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CutoffError;

impl fmt::Display for CutoffError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sessions can be ended up to now, not up to a moment ahead")
    }
}

impl Error for CutoffError {}
