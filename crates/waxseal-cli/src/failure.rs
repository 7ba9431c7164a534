//! How a command ends when it does not end well.

use std::{fmt::Display, io};

/// Why a command failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Exit code 1, and everything has been said: a token is bad, or whoever
    /// reads our output has gone.
    Quiet,
    /// Exit code 1.
    Bad(String),
    /// Exit code 2: the command cannot be carried out as it was given.
    Usage(String),
}

impl Failure {
    pub(crate) fn usage(message: impl Display) -> Self {
        Self::Usage(message.to_string())
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::Quiet,
            _ => Self::Bad(error.to_string()),
        }
    }
}
