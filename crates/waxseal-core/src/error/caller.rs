//! The mistakes of a handler: each message says what to do about it.

use alloc::{borrow::Cow, string::String};
use core::{error::Error, fmt};

/// A member of the session that is not what the caller reads it as.
#[derive(Debug)]
pub struct ReadError {
    /// `None` where the whole session was read.
    pub(crate) name: Option<String>,
    pub(crate) wanted: &'static str,
    pub(crate) source: serde_json::Error,
}

impl fmt::Display for ReadError {
    // What was found is left to `source`: it may quote the user's data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "the session's {name:?} cannot be read as {}", self.wanted),
            None => write!(f, "the session cannot be read as {}", self.wanted),
        }
    }
}

impl Error for ReadError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.source)
    }
}

/// A value that cannot be kept in the session.
#[derive(Debug)]
#[non_exhaustive]
pub enum WriteError {
    /// The name belongs to a claim that the session itself uses.
    Reserved {
        /// The name.
        name: String,
    },
    /// The value is not JSON: NaN or an infinity, a map whose keys are not
    /// strings, or an error of its own `Serialize`.
    NotJson {
        /// The member's name; `None` where the whole session was written.
        name: Option<String>,
        /// What is wrong.
        reason: Cow<'static, str>,
    },
    /// Nested deeper than would be accepted back.
    TooDeep {
        /// The member's name.
        name: String,
    },
    /// The whole session was written as something other than a JSON object.
    NotAnObject,
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reserved { name } => {
                write!(f, "{name:?} is reserved for the session's own claims; choose another name")
            }
            Self::NotJson { name: Some(name), reason } => {
                write!(f, "the value for {name:?} cannot be written as JSON: {reason}")
            }
            Self::NotJson { name: None, reason } => {
                write!(f, "the session cannot be written as JSON: {reason}")
            }
            Self::TooDeep { name } => {
                write!(f, "the value for {name:?} is nested too deep; flatten it")
            }
            Self::NotAnObject => {
                f.write_str("a whole session is written from a struct or a map with string keys")
            }
        }
    }
}

impl Error for WriteError {}

/// A session that could not be saved. Nothing of it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SaveError {
    /// The whole `Set-Cookie` line would be longer than browsers keep.
    TooLarge {
        /// The line's length in bytes.
        size: usize,
        /// The most it may have.
        limit: usize,
    },
    /// The response head has been made: no cookie can be set any more.
    Closed,
    /// The server's clock shows a time before 2025: the session would never
    /// end, or has ended already.
    ClockNotSet,
    /// The platform gave no randomness for the session's identifier.
    NoRandomness,
    /// The list of sessions ended early cannot be trusted now, so a session
    /// that begins now might be one that was ended already.
    StandingUnknown,
}

impl fmt::Display for SaveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { size, limit } => write!(
                f,
                "the session's cookie would have {size} bytes, the limit is {limit}; \
                 keep less in the session"
            ),
            Self::Closed => f.write_str(
                "the response head has already been made; save the session before returning it",
            ),
            Self::ClockNotSet => {
                f.write_str("the clock shows a time before 2025; set it before sessions are saved")
            }
            Self::NoRandomness => {
                f.write_str("the platform gave no randomness for the session's identifier")
            }
            Self::StandingUnknown => f.write_str(
                "the list of sessions ended early cannot be trusted now; answer 503 and see its log",
            ),
        }
    }
}

impl Error for SaveError {}
