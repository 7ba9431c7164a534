//! The decisions and records of a transaction, the same for every store.

use waxseal_core::{Recorded, Revocation, Sealer, SessionRef, Target, UnixTime};

use crate::{
    entry::{Entry, since},
    error::StoreError,
    key::{SessionKey, UserKey},
};

/// Stamps are below this: a JavaScript number and a Lua number hold them exactly.
pub(crate) const END_OF_STAMPS: u64 = 1 << 53;

/// Beyond this number, the revoked sessions of one user become a cutoff of the user.
const MAX_SESSIONS_OF_USER: usize = 1000;

/// How far a session's issue time may be in the future, in seconds.
const LEEWAY: u64 = Sealer::LEEWAY.as_secs();

/// One revocation, with keys in place of IDs and users.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request {
    pub(crate) target: Revoke,
    successor: Option<(Session, bool)>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Revoke {
    Session(Session),
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
}

impl Session {
    pub(crate) fn new(session: &SessionRef) -> Self {
        Self {
            key: SessionKey::new(&session.id),
            user: UserKey::of(session.user.as_deref()),
            issued_at: session.issued_at,
            stamp: session.stamp,
        }
    }
}

impl Request {
    pub(crate) fn new(revocation: &Revocation) -> Self {
        let target = match &revocation.target {
            Target::Session(session) => Revoke::Session(Session::new(session)),
            Target::User(user) => Revoke::User(UserKey::new(user)),
        };
        let successor = revocation.successor.as_ref();
        let successor = successor.map(|next| (Session::new(&next.session), next.must_be_good));
        Self { target, successor }
    }

    /// After the response was an error: the presented session of a renewal is revoked all the
    /// same. A cutoff by `revoke_others` still needs a good session.
    pub(crate) fn without_response(self) -> Self {
        match self.target {
            Revoke::Session(_) => Self::of(self.target),
            _ => self,
        }
    }

    /// Equal for two requests of which one is enough.
    pub(crate) fn identity(&self) -> (u8, [u8; 16], u64, bool) {
        let (kind, key, time) = match self.target {
            Revoke::Session(session) => (0, session.key.0, 0),
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

/// The state of a store beside its tables.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Head {
    /// The random ID of the store.
    pub(crate) id: u64,
    /// The last item of the feed.
    pub(crate) position: Position,
    /// The cutoff of everyone; 0 for none.
    pub(crate) everyone: u64,
    pub(crate) issued_before: u64,
    /// The longest absolute timeout of any server, in seconds.
    pub(crate) absolute_timeout: u64,
    /// How many sessions are in the store, and how many of them have no user.
    pub(crate) sessions: u64,
    pub(crate) without_user: u64,
}

impl Head {
    /// The entries that are in the head.
    pub(crate) fn entries(self) -> impl Iterator<Item = Entry> {
        let Self { everyone, issued_before, .. } = self;
        let time = UnixTime::from_secs(issued_before);
        let everyone = (everyone > 0).then_some(Entry::Everyone { cutoff: everyone });
        everyone.into_iter().chain((issued_before > 0).then_some(Entry::IssuedBefore { time }))
    }
}

/// A place in the feed of a store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) stamp: u64,
    /// Random bits: after a store was replaced, its record with the same stamp differs.
    pub(crate) random: u64,
}

/// A record in the feed of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) position: Position,
    pub(crate) entry: Entry,
}

/// The tables of a store, in one transaction.
pub(crate) trait Transaction {
    fn head(&mut self) -> &mut Head;
    fn has_session(&mut self, user: UserKey, key: SessionKey) -> Result<bool, StoreError>;
    /// The cutoff of a user; 0 for none.
    fn cutoff(&mut self, user: UserKey) -> Result<u64, StoreError>;
    /// How many sessions of a user there are, counted up to `limit`.
    fn count(&mut self, user: UserKey, limit: usize) -> Result<usize, StoreError>;
    /// Inserts a session or a cutoff; the later of two stays.
    fn put(&mut self, entry: Entry) -> Result<(), StoreError>;
    /// Drops the sessions of a user, or of everyone, that a cutoff covers.
    fn drop_covered(&mut self, user: Option<UserKey>, cutoff: u64) -> Result<(), StoreError>;
    fn push(&mut self, item: Item) -> Result<(), StoreError>;
}

/// Decides about one revocation, and records it. `clock` is the time of the store's clock, in
/// milliseconds since 1970.
pub(crate) fn record(
    tables: &mut impl Transaction,
    request: &Request,
    max_sessions: u64,
    (clock, random): (u64, u64),
) -> Result<Recorded, StoreError> {
    let last = tables.head().position.stamp;
    let was_revoked = match &request.successor {
        Some((session, _)) => is_session_revoked(tables, session)? || is_covered(tables, session)?,
        None => false,
    };
    let nothing = Recorded { stamp: last, was_revoked, is_cutoff: false, is_revoked: true };
    if was_revoked && request.successor.is_some_and(|(_, must_be_good)| must_be_good) {
        return Ok(nothing);
    }
    // A stamp must be larger than the stamp of every session that it revokes, even if the store
    // has lost its last stamps and its clock is behind.
    let of_target = match &request.target {
        Revoke::Session(session) => session.stamp,
        _ => request.successor.map_or(0, |(session, _)| session.stamp),
    };
    let stamp = next_stamp(last.max(of_target), clock)?;
    let entry = match request.target {
        Revoke::Session(session) => {
            if is_session_revoked(tables, &session)? || is_covered(tables, &session)? {
                return Ok(nothing);
            }
            let Some(entry) = entry(tables, &session, stamp, max_sessions)? else {
                return Ok(Recorded { is_revoked: false, ..nothing });
            };
            entry
        }
        Revoke::Reference(session) => {
            if is_session_revoked(tables, &session)? {
                return Ok(nothing);
            }
            if tables.head().sessions >= max_sessions {
                return Ok(Recorded { is_revoked: false, ..nothing });
            }
            // A wrong issue time must not make the entry permanent.
            let latest = UnixTime::from_secs((stamp / 1000).saturating_add(LEEWAY));
            let since = UnixTime::from_secs(since(stamp, session.issued_at.min(latest)).into());
            Entry::Session { key: session.key, user: None, since }
        }
        Revoke::User(key) => Entry::User { key, cutoff: stamp },
        Revoke::Everyone => Entry::Everyone { cutoff: stamp },
        Revoke::IssuedBefore(time) => Entry::IssuedBefore { time },
    };
    tables.put(entry)?;
    match entry {
        Entry::User { key, cutoff } => tables.drop_covered(Some(key), cutoff)?,
        Entry::Everyone { cutoff } => tables.drop_covered(None, cutoff)?,
        _ => {}
    }
    let position = Position { stamp, random };
    tables.head().position = position;
    tables.push(Item { position, entry })?;
    let is_cutoff = matches!(entry, Entry::User { .. });
    Ok(Recorded { stamp, is_cutoff, ..nothing })
}

/// The stamp of the next record: the time of the store's clock, or the last stamp plus one if
/// the clock is behind.
pub(crate) fn next_stamp(last: u64, clock: u64) -> Result<u64, StoreError> {
    let stamp = clock.max(last.saturating_add(1));
    if stamp < END_OF_STAMPS {
        Ok(stamp)
    } else {
        Err(StoreError::new("the clock of the revocation store is wrong; set it"))
    }
}

/// The entry that revokes a session; `None` if the list has no room left for sessions
/// without a user.
fn entry(
    tables: &mut impl Transaction,
    session: &Session,
    stamp: u64,
    max_sessions: u64,
) -> Result<Option<Entry>, StoreError> {
    let Session { key, user, issued_at, .. } = *session;
    let Head { sessions, without_user, .. } = *tables.head();
    let is_full = sessions >= max_sessions;
    let since = UnixTime::from_secs(since(stamp, issued_at).into());
    if user == UserKey::NONE {
        let has_room = !is_full && without_user < max_sessions.div_ceil(4);
        return Ok(has_room.then_some(Entry::Session { key, user: None, since }));
    }
    if is_full || tables.count(user, MAX_SESSIONS_OF_USER)? >= MAX_SESSIONS_OF_USER {
        return Ok(Some(Entry::User { key: user, cutoff: stamp }));
    }
    Ok(Some(Entry::Session { key, user: Some(user), since }))
}

/// Whether the session itself is an entry; `revoke_session` records it without its user.
fn is_session_revoked(
    tables: &mut impl Transaction,
    session: &Session,
) -> Result<bool, StoreError> {
    Ok(tables.has_session(session.user, session.key)?
        || tables.has_session(UserKey::NONE, session.key)?)
}

fn is_covered(tables: &mut impl Transaction, session: &Session) -> Result<bool, StoreError> {
    let Head { everyone, issued_before, .. } = *tables.head();
    Ok(session.stamp < everyone
        || session.issued_at.as_secs() < issued_before
        || (session.user != UserKey::NONE && session.stamp < tables.cutoff(session.user)?))
}
