//! The mistakes of a handler: each message says what to do.

use alloc::{borrow::Cow, string::String};
use core::{error::Error, fmt};

/// An entry cannot be deserialized as the requested type.
pub struct ReadError {
    /// `None` if the whole session was read.
    pub(crate) key: Option<String>,
    pub(crate) wanted: &'static str,
    pub(crate) source: serde_json::Error,
}

impl fmt::Display for ReadError {
    // The value is left to `source`, which may quote the user's data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.key {
            Some(key) => write!(f, "the session's entry {key:?} cannot be read as {}", self.wanted),
            None => write!(f, "the session cannot be read as {}", self.wanted),
        }
    }
}

// Without `source`, because frameworks write the `Debug` of an error to the log.
impl fmt::Debug for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error for ReadError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.source)
    }
}

/// A value cannot be stored in the session.
#[derive(Debug)]
#[non_exhaustive]
pub enum WriteError {
    /// The key is a reserved claim.
    Reserved {
        /// The key.
        key: String,
    },
    /// The value cannot be written as JSON: a map has keys that are not strings, or the
    /// value's `Serialize` failed.
    NotJson {
        /// The key of the entry; `None` if the whole session was written.
        key: Option<String>,
        /// What is wrong.
        reason: Cow<'static, str>,
    },
    /// The value is nested more than 99 levels deep: opening the session would reject it.
    TooDeep {
        /// The key of the entry; `None` if the whole session was written.
        key: Option<String>,
    },
    /// The whole session was written as something other than a JSON object.
    NotAnObject,
    /// The session's data would have more JSON than a cookie can hold.
    TooLarge {
        /// The key of the entry; `None` if the whole session was written.
        key: Option<String>,
        /// The maximum for all data, in bytes of JSON.
        limit: usize,
    },
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reserved { key } => {
                write!(f, "the key {key:?} is reserved for a claim; choose another key")
            }
            Self::NotJson { key: Some(key), reason } => {
                write!(f, "the value of {key:?} cannot be written as JSON: {reason}")
            }
            Self::NotJson { key: None, reason } => {
                write!(f, "the session cannot be written as JSON: {reason}")
            }
            Self::TooDeep { key: Some(key) } => {
                write!(f, "the value of {key:?} is nested more than 99 levels deep; flatten it")
            }
            Self::TooDeep { key: None } => {
                f.write_str("the session is nested more than 100 levels deep; flatten it")
            }
            Self::NotAnObject => {
                f.write_str("the session must be a JSON object: use a struct or a map")
            }
            Self::TooLarge { key: Some(key), limit } => write!(
                f,
                "with the value of {key:?} the session would have more than {limit} bytes of JSON, \
                 too many for a cookie; keep less data in the session"
            ),
            Self::TooLarge { key: None, limit } => write!(
                f,
                "the session would have more than {limit} bytes of JSON, too many for a cookie; \
                 keep less data in the session"
            ),
        }
    }
}

impl Error for WriteError {}

/// The session could not be saved, changed to another user or deleted. The failed call
/// changes nothing: an earlier successful save is still sent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SaveError {
    /// The `Set-Cookie` line would be longer than 4096 bytes, or than the sealer's
    /// [`max_token_bytes`](crate::SealerBuilder::max_token_bytes).
    TooLarge {
        /// The length of the line in bytes.
        size: usize,
        /// The maximum.
        limit: usize,
    },
    /// The response head is complete: the cookie can no longer change.
    Finished,
    /// The server's clock shows a time before 2025, so no expiry can be computed.
    ClockNotSet,
    /// No random source is configured, or it failed: the session gets no session ID, or cannot
    /// be encrypted.
    NoRandomness,
    /// The revocation list cannot be trusted, so a new session could be revoked
    /// already.
    RevocationUnknown,
    /// The user that was passed to [`log_in`](crate::OpenSession::log_in) is empty or has
    /// more than 256 bytes.
    InvalidUser {
        /// The length of the user in bytes.
        len: usize,
    },
    /// [`confirm_user`](crate::OpenSession::confirm_user) or
    /// [`revoke_others`](crate::OpenSession::revoke_others) was called in a session without
    /// a user.
    NoUser,
    /// [`revoke_others`](crate::OpenSession::revoke_others) was called without a revocation
    /// list.
    NoRevocations,
    /// The session was revoked during this request, so its cookie would be rejected. After
    /// it has awaited `revoke_user`, a request cannot log the user in: call
    /// [`revoke_others`](crate::OpenSession::revoke_others) after the login instead.
    Revoked,
    /// The session is bound to a device, and the request has no valid proof cookie: only
    /// [`log_in`](crate::OpenSession::log_in) and [`delete`](crate::OpenSession::delete) may
    /// replace its cookie.
    #[cfg(feature = "device-bound")]
    ProofMissing,
    /// An earlier `log_in`, `clear_user`, `confirm_user`, `renew` or `revoke_others` of this
    /// request has failed, so a save would send the session of the wrong user.
    EarlierFailure,
}

impl fmt::Display for SaveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { size, limit } => write!(
                f,
                "the session's cookie would have {size} bytes, and the limit is {limit}; \
                 keep less data in the session"
            ),
            Self::Finished => {
                f.write_str("the response head is complete; save or delete the session earlier")
            }
            Self::ClockNotSet => {
                f.write_str("the clock shows a time before 2025; set it before saving sessions")
            }
            Self::NoRandomness => f.write_str(
                "no random bytes are available for the session ID or the encryption; check the random \
                 source of the platform",
            ),
            Self::RevocationUnknown => f.write_str(
                "the revocation list cannot be trusted, so no request with a session is served; \
                 respond with 503, and see the list's own log events",
            ),
            Self::InvalidUser { len } => write!(
                f,
                "the user has {len} bytes; log in with a stable ID of 1 to 256 bytes"
            ),
            Self::NoUser => f.write_str("the session has no user; respond with 401, or call log_in first"),
            Self::NoRevocations => f.write_str(
                "the sealer has no revocation list, so no other session can be revoked; \
                 set one with SealerBuilder::revocations",
            ),
            Self::Revoked => f.write_str(
                "the session was revoked during this request; ask the user to log in, or call \
                 revoke_others instead of revoke_user",
            ),
            #[cfg(feature = "device-bound")]
            Self::ProofMissing => f.write_str(
                "the session is bound to a device, and the request has no valid proof cookie; \
                 respond with 401, or ask the user to log in",
            ),
            Self::EarlierFailure => f.write_str(
                "log_in, clear_user, confirm_user, renew or revoke_others failed earlier in this request; \
                 respond with an error instead of saving the session",
            ),
        }
    }
}

impl Error for SaveError {}

/// The random source of the platform failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RandomError;

impl fmt::Display for RandomError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the random source failed")
    }
}

impl Error for RandomError {}
