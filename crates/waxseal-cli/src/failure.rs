//! The errors of commands, and their exit codes.

use std::{fmt::Display, io};

/// Why a command failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Exit code 1 without a message: a token is not valid, or the reader of the
    /// output has closed it.
    Quiet,
    /// Exit code 1.
    Bad(String),
    /// Exit code 2: wrong usage.
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
