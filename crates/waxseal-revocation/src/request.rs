//! One revocation, as it is passed to a store.

use waxseal_core::{Revocation, SessionRef, Target, UnixTime};

use crate::key::{SessionKey, UserKey};

/// One revocation, with keys in place of IDs and users.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request {
    pub(crate) target: Revoke,
    /// The session that replaces the target, and whether it must still be good.
    pub(crate) successor: Option<(Session, bool)>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Revoke {
    Session(Session),
    /// A session, and never a cutoff of its user in its place.
    OnlySession(Session),
    /// A session by a reference whose user, issue time and stamp may be wrong, so an entry is
    /// recorded even if a cutoff seems to cover the session.
    Reference(Session),
    User(UserKey),
    Everyone,
    IssuedBefore(UnixTime),
}

/// A session with keys in place of its ID and user.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Session {
    pub(crate) key: SessionKey,
    pub(crate) user: UserKey,
    pub(crate) issued_at: UnixTime,
    pub(crate) stamp: u64,
    /// Another session whose entry revokes this one, too.
    pub(crate) also: Option<SessionKey>,
}

impl Session {
    pub(crate) fn new(session: &SessionRef) -> Self {
        Self {
            key: SessionKey::new(&session.id),
            user: UserKey::of(session.user.as_deref()),
            issued_at: session.issued_at,
            stamp: session.stamp,
            also: None,
        }
    }
}

impl Request {
    pub(crate) fn new(revocation: &Revocation) -> Self {
        let target = match &revocation.target {
            Target::Session(session) => Revoke::Session(Session::new(session)),
            Target::OnlySession(session) => Revoke::OnlySession(Session::new(session)),
            Target::User(user) => Revoke::User(UserKey::new(user)),
        };
        let successor = revocation.successor.as_ref();
        let successor = successor.map(|next| {
            let also = next.also.as_deref().map(SessionKey::new);
            (Session { also, ..Session::new(&next.session) }, next.must_be_good)
        });
        Self { target, successor }
    }

    /// After the response was an error: the presented session of a renewal is revoked all the
    /// same. A cutoff by `revoke_others` still needs a good session. `None` if the revocation must
    /// not be recorded any more.
    pub(crate) fn without_response(self) -> Option<Self> {
        match self.target {
            Revoke::Session(_) => Some(Self::of(self.target)),
            Revoke::OnlySession(_) => None,
            _ => Some(self),
        }
    }

    /// Equal for two requests of which one is enough.
    pub(crate) fn identity(&self) -> (u8, [u8; 16], u64, bool) {
        let (kind, key, time) = match self.target {
            Revoke::Session(session) | Revoke::OnlySession(session) => (0, session.key.0, 0),
            Revoke::Reference(session) => (1, session.key.0, 0),
            Revoke::User(user) => (2, user.0, 0),
            Revoke::Everyone => (3, [0; 16], 0),
            Revoke::IssuedBefore(time) => (4, [0; 16], time.as_secs()),
        };
        (kind, key, time, self.successor.is_some())
    }

    pub(crate) const fn of(target: Revoke) -> Self {
        Self { target, successor: None }
    }
}
