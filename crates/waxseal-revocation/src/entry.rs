//! What stands in a list, and for how long.

use std::{fmt, time::Duration};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};
use waxseal_core::{Sealer, SessionRef, UnixTime};

/// One entry of a list: what was ended early.
///
/// Its `Display` is one line for an operator.
#[derive(Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Entry {
    /// One session.
    Session {
        /// Its name.
        sid: SessionId,
        /// Its user, where that is known.
        sub: Option<Box<str>>,
        /// When it began.
        begun: UnixTime,
    },
    /// All sessions of a user that began before a moment.
    User {
        /// The user.
        sub: Box<str>,
        /// The moment.
        before: UnixTime,
    },
    /// All sessions that began before a moment.
    All {
        /// The moment.
        before: UnixTime,
    },
}

impl Entry {
    pub(crate) fn session(session: &SessionRef) -> Self {
        Self::Session {
            sid: SessionId::of(&session.id),
            sub: session.user.as_deref().map(Box::from),
            begun: session.issued_at,
        }
    }

    /// When nothing that it ends can be valid any more.
    pub(crate) fn until(&self, lifetime: Lifetime) -> UnixTime {
        match self {
            Self::Session { begun: moment, .. }
            | Self::User { before: moment, .. }
            | Self::All { before: moment } => lifetime.end(*moment),
        }
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Session { sid, sub: Some(sub), begun } => {
                write!(f, "session {sid} of user {sub:?}, begun {begun}")
            }
            Self::Session { sid, sub: None, begun } => write!(f, "session {sid}, begun {begun}"),
            Self::User { sub, before } => write!(f, "user {sub:?}, sessions begun before {before}"),
            Self::All { before } => write!(f, "everybody, sessions begun before {before}"),
        }
    }
}

impl fmt::Debug for Entry {
    // Whose session it was is the user's business.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Session { .. } => "Session",
            Self::User { .. } => "User",
            Self::All { .. } => "All",
        })
    }
}

/// How long entries live: from the beginning of what they end, over the absolute
/// limit and twice the leeway. Not until the `exp` of the cookie that was
/// presented: a parallel response may have moved that on. A log has the beginning and
/// not the end: another list may be over it by then, with another limit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lifetime {
    /// In seconds.
    total: u64,
}

impl Lifetime {
    pub(crate) const fn new(absolute: Duration) -> Self {
        let leeways = Sealer::LEEWAY.as_secs().saturating_mul(2);
        Self { total: absolute.as_secs().saturating_add(leeways) }
    }

    pub(crate) const fn end(self, begun: UnixTime) -> UnixTime {
        UnixTime::from_secs(begun.as_secs().saturating_add(self.total))
    }

    /// When a session began whose entry ends at `until`.
    pub(crate) const fn begun(self, until: UnixTime) -> UnixTime {
        UnixTime::from_secs(until.as_secs().saturating_sub(self.total))
    }
}

/// The name of a session, in 16 bytes: the 128 bits of a `sid` that we have
/// issued; of any other, half of its SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionId(pub(crate) [u8; 16]);

impl SessionId {
    /// The name of the session with this `sid`.
    #[must_use]
    pub fn of(sid: &str) -> Self {
        Self::parse(sid).unwrap_or_else(|| {
            let [name, _] = halves(Sha256::digest(sid).into());
            Self(name)
        })
    }

    /// 16 bytes as their one base64url text.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut name = [0; 16];
        let whole = text.len() == 22
            && BASE64_URL_SAFE_NO_PAD.decode_slice(text, &mut name).is_ok_and(|len| len == 16);
        whole.then_some(Self(name))
    }
}

fn halves(hash: [u8; 32]) -> [[u8; 16]; 2] {
    let (mut first, mut second) = ([0; 16], [0; 16]);
    first.iter_mut().chain(&mut second).zip(hash).for_each(|(to, from)| *to = from);
    [first, second]
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64_URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionId(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_names_are_their_bits_and_others_a_hash() {
        let name = SessionId::of("AAAAAAAAAAAAAAAAAAAAAQ");
        assert_eq!(name.0, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
        assert_eq!(name.to_string(), "AAAAAAAAAAAAAAAAAAAAAQ");
        // Not canonical (the last bits are lost in 16 bytes): another name.
        assert_ne!(SessionId::of("AAAAAAAAAAAAAAAAAAAAAR"), name);
        assert_ne!(SessionId::of("session 1"), SessionId::of("session 2"));
        // The first bytes of `printf 'session 1' | sha256sum`.
        assert_eq!(SessionId::of("session 1").0[..3], [0x7d, 0xbd, 0x06]);
    }

    #[test]
    fn an_entry_outlives_what_it_ends() {
        let lifetime = Lifetime::new(Duration::from_secs(1000));
        let begun = UnixTime::from_secs(1_800_000_000);
        assert_eq!(lifetime.end(begun), UnixTime::from_secs(1_800_001_120));
        assert_eq!(lifetime.begun(lifetime.end(begun)), begun);
    }
}
