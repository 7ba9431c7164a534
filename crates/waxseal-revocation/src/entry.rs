//! The entries of a list.

#[cfg(any(feature = "sqlite", feature = "redis", feature = "postgres"))]
mod bytes;

use std::fmt;

use waxseal_core::UnixTime;

use crate::key::{SessionKey, UserKey};

/// One entry of a list. Its `Display` is one line for an operator.
/// [`Revocations`](waxseal_core::Revocations) explains stamps and cutoffs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Entry {
    /// A revoked session.
    Session {
        /// The session.
        key: SessionKey,
        /// The user, if the session has one.
        user: Option<UserKey>,
        /// The time of the revocation, or the issue time of the session if that is later: the
        /// entry lives as long as a session that was issued then.
        since: UnixTime,
    },
    /// A cutoff of a user.
    User {
        /// The user.
        key: UserKey,
        /// The user's sessions with a smaller stamp are revoked.
        cutoff: u64,
    },
    /// A cutoff of everyone.
    Everyone {
        /// All sessions with a smaller stamp are revoked.
        cutoff: u64,
    },
    /// Sessions that were issued before a time are revoked.
    IssuedBefore {
        /// The time.
        time: UnixTime,
    },
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Session { key, user: Some(user), since } => {
                write!(f, "session {key} of user {user}, revoked {since}")
            }
            Self::Session { key, user: None, since } => write!(f, "session {key}, revoked {since}"),
            Self::User { key, cutoff } => {
                write!(f, "all sessions of user {key}, revoked {}", time(*cutoff))
            }
            Self::Everyone { cutoff } => write!(f, "all sessions, revoked {}", time(*cutoff)),
            Self::IssuedBefore { time } => write!(f, "all sessions issued before {time}"),
        }
    }
}

/// The time of a stamp.
const fn time(stamp: u64) -> UnixTime {
    UnixTime::from_secs(stamp / 1000)
}

/// Returns the `since` of an entry: its stamp in seconds, or the issue time if that is later.
/// Rounds up, because an entry that counts as older than its record would be covered by a
/// cutoff in between.
#[expect(clippy::cast_possible_truncation, reason = "the value is at most u32::MAX")]
pub(crate) fn since(stamp: u64, issued_at: UnixTime) -> u32 {
    stamp.div_ceil(1000).max(issued_at.as_secs()).min(u64::from(u32::MAX)) as u32
}

impl Entry {
    /// Whether a cutoff of everyone makes the entry superfluous.
    pub(crate) fn is_covered(&self, cutoff: u64) -> bool {
        match *self {
            Self::Session { since, .. } => {
                covers(cutoff, u32::try_from(since.as_secs()).unwrap_or(u32::MAX))
            }
            Self::User { cutoff: own, .. } | Self::Everyone { cutoff: own } => own <= cutoff,
            Self::IssuedBefore { .. } => false,
        }
    }
}

/// Whether a cutoff covers an entry, which is then superfluous: every session that was sealed
/// before the entry was recorded has a smaller stamp than the cutoff.
pub(crate) const fn covers(cutoff: u64, since: u32) -> bool {
    (since as u64).saturating_mul(1000) <= cutoff
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transaction::END_OF_STAMPS;

    #[test]
    fn no_earlier_stamp_covers_an_entry() {
        for stamp in [1000, 1001, 1_800_000_000_999, END_OF_STAMPS - 1] {
            let since = since(stamp, UnixTime::from_secs(1));
            assert!(!covers(stamp - 1, since), "{stamp}");
        }
    }
}
