//! What happens in a transaction: the decisions, the same for every store.

use waxseal_core::{Recorded, Sealer, UnixTime};

use crate::{
    clock::random,
    entry::{Entry, since},
    error::StoreFailure,
    expiry::{Expiry, horizon},
    key::UserKey,
    request::{Request, Revoke, Session},
    store::Backend,
    transaction::{END_OF_STAMPS, Head, Item, Needs, Position, Rows, Transaction},
};

/// Beyond this number, the revoked sessions of one user become a cutoff of the user.
const MAX_SESSIONS_OF_USER: usize = 1000;

/// How far a session's issue time may be in the future, in seconds.
const LEEWAY: u64 = Sealer::LEEWAY.as_secs();

/// Whether a new list revokes every session that was issued before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Everyone {
    /// No: its entries are complete.
    Trusted,
    /// Yes: earlier revocations are not known.
    CutOff,
}

/// Creates the list. Returns false if the store has one.
pub(crate) fn create(
    backend: &mut dyn Backend,
    entries: &[Entry],
    stamp: u64,
    everyone: Everyone,
) -> Result<bool, StoreFailure> {
    let random = random()?;
    let mut is_created = false;
    backend.transact(&Needs::default(), &mut |transaction| {
        is_created = transaction.head.is_none();
        if !is_created {
            return Ok(());
        }
        transaction.head = Some(Head::default());
        let (mut last, mut cutoff) = (stamp, 0);
        if everyone == Everyone::CutOff {
            last = next_stamp(stamp, transaction.rows.clock)?;
            cutoff = last;
            transaction.put(Entry::Everyone { cutoff })?;
        }
        // What the cutoff covers is not written: the list is small even if the copy was large.
        let mut needed = entries.iter().filter(|entry| !entry.is_covered(cutoff));
        needed.try_for_each(|entry| transaction.put(*entry))?;
        let entry = Entry::Everyone { cutoff: transaction.head()?.everyone };
        transaction.push(Item { position: Position { stamp: last, random }, entry })
    })?;
    Ok(is_created)
}

/// Adds entries that the store lacks, and raises its last stamp and its absolute timeout, in
/// seconds. Returns the position of the last entry.
pub(crate) fn merge(
    backend: &mut dyn Backend,
    entries: &[Entry],
    stamp: u64,
    absolute_timeout: u64,
) -> Result<Position, StoreFailure> {
    let random = random()?;
    let mut position = Position::default();
    backend.transact(&Needs::default(), &mut |transaction| {
        let head = transaction.head()?;
        head.absolute_timeout = head.absolute_timeout.max(absolute_timeout);
        let nothing = Entry::Everyone { cutoff: head.everyone };
        let mut last = head.position.stamp.max(stamp);
        let mut next = || -> Result<Position, StoreFailure> {
            last = next_stamp(last, 0)?;
            position = Position { stamp: last, random };
            Ok(position)
        };
        // One entry that changes nothing raises the last stamp.
        let entries = if entries.is_empty() { &[nothing][..] } else { entries };
        entries.iter().try_for_each(|entry| {
            transaction.put(*entry)?;
            transaction.push(Item { position: next()?, entry: *entry })
        })
    })?;
    Ok(position)
}

/// Records revocations, all in one durable commit.
pub(crate) fn append(
    backend: &mut dyn Backend,
    requests: &[Request],
    max_sessions: u64,
) -> Result<Appended, StoreFailure> {
    let random = random()?;
    let mut appended = Appended { recorded: Vec::new(), last: Position::default() };
    backend.transact(&Needs::of(requests), &mut |transaction| {
        let record = |request| record(transaction, request, max_sessions, random);
        appended.recorded = requests.iter().map(record).collect::<Result<_, _>>()?;
        appended.last = transaction.head()?.position;
        Ok(())
    })?;
    Ok(appended)
}

/// What a store has acknowledged.
pub(crate) struct Appended {
    pub(crate) recorded: Vec<Recorded>,
    /// The last item of the feed after the commit: it has what was recorded now, or before.
    pub(crate) last: Position,
}

/// Notes that a server has looked at the two clocks, and drops what has expired. Returns the
/// head, and the store's clock in seconds. `last` is as in [`Expiry::observe`], and `server` the
/// server's clock in seconds.
pub(crate) fn expire(
    backend: &mut dyn Backend,
    last: Option<(Expiry, u64)>,
    server: u64,
) -> Result<(Head, u64), StoreFailure> {
    let mut result = (Head::default(), 0);
    backend.transact(&Needs::default(), &mut |transaction| {
        let clock = transaction.rows.clock / 1000;
        let head = transaction.head()?;
        let before = head.expiry.expired;
        head.expiry.observe(last, horizon(clock.min(server), head.absolute_timeout));
        result = (*head, clock);
        if head.expiry.expired > before {
            let cutoff = head.expiry.expired.saturating_mul(1000).saturating_sub(1);
            transaction.drop_covered(None, cutoff);
        }
        Ok(())
    })?;
    Ok(result)
}

/// Decides about one revocation, and records it.
fn record(
    transaction: &mut Transaction,
    request: &Request,
    max_sessions: u64,
    random: u64,
) -> Result<Recorded, StoreFailure> {
    let head = *transaction.head()?;
    let last = head.position.stamp;
    let is_covered = |transaction: &Transaction, session: &Session| {
        is_session_revoked(transaction, session) || is_covered(transaction, head, session)
    };
    let was_revoked =
        request.successor.as_ref().is_some_and(|(session, _)| is_covered(transaction, session));
    let nothing = Recorded { stamp: last, was_revoked, is_cutoff: false, is_revoked: true };
    if was_revoked && request.successor.is_some_and(|(_, must_be_good)| must_be_good) {
        return Ok(nothing);
    }
    // A stamp must be larger than the stamp of every session that it revokes, even if the store
    // has lost its last stamps and its clock is behind.
    let of_target = match &request.target {
        Revoke::Session(session) | Revoke::OnlySession(session) => session.stamp,
        _ => request.successor.map_or(0, |(session, _)| session.stamp),
    };
    let stamp = next_stamp(last.max(of_target), transaction.rows.clock)?;
    let entry = match request.target {
        Revoke::Session(session) | Revoke::OnlySession(session) => {
            let is_covered = is_covered(transaction, &session);
            let has_room = has_room_beside_cutoff(transaction.rows.all_sessions, max_sessions);
            if is_session_revoked(transaction, &session)
                || is_covered && (session.user == UserKey::NONE || !has_room)
            {
                return Ok(nothing);
            }
            let can_be_cutoff = matches!(request.target, Revoke::Session(_));
            let entry = entry(transaction, &session, stamp, max_sessions);
            // A second cutoff would revoke the session that continues after the first.
            if matches!(entry, Some(Entry::User { .. })) && is_covered {
                return Ok(nothing);
            }
            match entry.filter(|entry| can_be_cutoff || !matches!(entry, Entry::User { .. })) {
                Some(entry) => entry,
                None => return Ok(Recorded { is_revoked: false, ..nothing }),
            }
        }
        Revoke::Reference(session) => {
            if is_session_revoked(transaction, &session) {
                return Ok(nothing);
            }
            if transaction.rows.all_sessions >= max_sessions {
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
    transaction.put(entry)?;
    match entry {
        Entry::User { key, cutoff } => transaction.drop_covered(Some(key), cutoff),
        Entry::Everyone { cutoff } => transaction.drop_covered(None, cutoff),
        _ => {}
    }
    transaction.push(Item { position: Position { stamp, random }, entry })?;
    let is_cutoff = matches!(entry, Entry::User { .. });
    Ok(Recorded { stamp, is_cutoff, ..nothing })
}

/// Whether the list also records a session that a cutoff revokes. `revoke_others` may have sealed
/// a copy of it with a later stamp, and the request presents an older one. In most cases there is no
/// such copy, and the entries must not fill the list: after a cutoff of everyone, all users log in
/// with a session that is revoked.
pub(crate) const fn has_room_beside_cutoff(sessions: u64, max_sessions: u64) -> bool {
    sessions < max_sessions / 2
}

/// The stamp of the next record: the time of the store's clock, or the last stamp plus one if
/// the clock is behind.
pub(crate) fn next_stamp(last: u64, clock: u64) -> Result<u64, StoreFailure> {
    let stamp = clock.max(last.saturating_add(1));
    if stamp < END_OF_STAMPS {
        Ok(stamp)
    } else {
        Err(StoreFailure::new("the clock of the revocation store is wrong; set it"))
    }
}

/// The entry that revokes a session; `None` if the list has no room left for sessions
/// without a user.
fn entry(
    transaction: &Transaction,
    session: &Session,
    stamp: u64,
    max_sessions: u64,
) -> Option<Entry> {
    let Session { key, user, issued_at, .. } = *session;
    let Rows { all_sessions, without_user, .. } = transaction.rows;
    let is_full = all_sessions >= max_sessions;
    let since = UnixTime::from_secs(since(stamp, issued_at).into());
    if user == UserKey::NONE {
        let has_room = !is_full && without_user < max_sessions.div_ceil(4);
        return has_room.then_some(Entry::Session { key, user: None, since });
    }
    Some(if is_full || transaction.of_user(user).sessions >= MAX_SESSIONS_OF_USER {
        Entry::User { key: user, cutoff: stamp }
    } else {
        Entry::Session { key, user: Some(user), since }
    })
}

/// Whether the session itself is an entry; `revoke_session` records it without its user.
fn is_session_revoked(transaction: &Transaction, session: &Session) -> bool {
    [session.key].into_iter().chain(session.also).any(|key| {
        [session.user, UserKey::NONE].into_iter().any(|user| transaction.has_session(user, key))
    })
}

fn is_covered(transaction: &Transaction, head: Head, session: &Session) -> bool {
    session.stamp < head.everyone
        || session.issued_at.as_secs() < head.issued_before
        || session.stamp < transaction.of_user(session.user).cutoff
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{clock::Clock, key::SessionKey, store::memory::Memory};

    /// So that the next cutoff revokes the sessions that got the stamps of before the loss.
    #[test]
    fn a_server_raises_the_stamp_of_a_store_that_has_lost_its_last_ones() {
        let mut memory = Memory::new(Clock::new(|| 1000, std::time::Duration::default));
        assert!(create(&mut memory, &[], 0, Everyone::Trusted).unwrap());
        let position = merge(&mut memory, &[], 5_000_000, 60).unwrap();
        assert!(position.stamp > 5_000_000);
        let request = Request::of(Revoke::User(UserKey::new("42")));
        assert!(append(&mut memory, &[request], 100).unwrap().recorded[0].stamp > position.stamp);
    }

    #[test]
    fn a_stamp_is_larger_than_that_of_the_sessions_it_revokes() {
        // The store has lost its last stamps, and its clock is behind.
        let mut memory = Memory::new(Clock::new(|| 1000, std::time::Duration::default));
        assert!(create(&mut memory, &[], 0, Everyone::Trusted).unwrap());
        let (key, user) = (SessionKey::new("a"), UserKey::new("42"));
        let issued_at = UnixTime::from_secs(1);
        let session = Session { key, user, issued_at, stamp: 5_000_000, also: None };
        let others = Request { target: Revoke::User(user), successor: Some((session, false)) };
        let before = memory.tables().clone();
        for request in [others, Request::of(Revoke::Session(session))] {
            *memory.tables() = before.clone();
            let recorded = append(&mut memory, &[request], 100).unwrap().recorded;
            assert!(recorded[0].stamp > session.stamp);
        }
    }

    #[test]
    fn stamps_end_in_2106() {
        assert_eq!(next_stamp(END_OF_STAMPS - 2, 0).unwrap(), END_OF_STAMPS - 1);
        next_stamp(END_OF_STAMPS - 1, 0).unwrap_err();
        next_stamp(0, END_OF_STAMPS).unwrap_err();
    }

    const CLOCK: u64 = 1_800_000_000_000;

    fn store() -> Memory {
        let mut memory = Memory::new(Clock::new(|| CLOCK, std::time::Duration::default));
        assert!(create(&mut memory, &[], 0, Everyone::Trusted).unwrap());
        memory
    }

    fn session(id: &str, stamp: u64, issued_at: u64) -> Session {
        let (key, user) = (SessionKey::new(id), UserKey::new("42"));
        Session { key, user, issued_at: UnixTime::from_secs(issued_at), stamp, also: None }
    }

    fn entries(memory: &Memory) -> Vec<Entry> {
        memory.tables().entries().collect()
    }

    #[test]
    fn a_new_list_has_what_its_cutoff_does_not_cover() {
        let user = |name, cutoff| Entry::User { key: UserKey::new(name), cutoff };
        let session = |id, since| Entry::Session {
            key: SessionKey::new(id),
            user: None,
            since: UnixTime::from_secs(since),
        };
        let covered = [user("1", CLOCK - 1), user("2", CLOCK), session("a", CLOCK / 1000)];
        let later = [user("3", CLOCK + 1), session("b", CLOCK / 1000 + 1)];
        for (everyone, expected) in [(Everyone::CutOff, 2), (Everyone::Trusted, 5)] {
            let mut memory = Memory::new(Clock::new(|| CLOCK, std::time::Duration::default));
            let entries_of_copy = [&covered[..], &later].concat();
            assert!(create(&mut memory, &entries_of_copy, 0, everyone).unwrap());
            let found = entries(&memory);
            assert!(later.iter().all(|entry| found.contains(entry)));
            assert_eq!(found.len(), expected);
        }
    }

    #[test]
    fn a_cutoff_drops_the_sessions_that_it_covers() {
        for cutoff in [Revoke::User(UserKey::new("42")), Revoke::Everyone] {
            let mut memory = store();
            let one = Request::of(Revoke::Session(session("a", 1, 1)));
            append(&mut memory, &[one, Request::of(cutoff)], 100).unwrap();
            assert_eq!(memory.tables().sessions(), 0);
        }
    }

    #[test]
    fn logins_after_a_cutoff_of_everyone_do_not_fill_the_list() {
        let mut memory = store();
        let of = |n: usize, user| Session { user, ..session(&n.to_string(), 1, 1) };
        let mut requests = vec![Request::of(Revoke::Everyone)];
        for n in 0..120 {
            let user = UserKey::new(&n.to_string());
            requests.push(Request::of(Revoke::Session(of(n, user))));
            requests.push(Request::of(Revoke::Session(of(1000 + n, UserKey::NONE))));
        }
        let recorded = append(&mut memory, &requests, 100).unwrap().recorded;
        assert!(recorded.iter().all(|recorded| recorded.is_revoked));
        assert_eq!(memory.tables().sessions(), 50);
        // They leave room for other sessions.
        let logout = Request::of(Revoke::Session(session("a", CLOCK + 1000, CLOCK / 1000)));
        let recorded = append(&mut memory, &[logout], 100).unwrap().recorded;
        assert!(recorded[0].is_revoked && !recorded[0].is_cutoff);
        assert_eq!(memory.tables().sessions(), 51);
    }

    #[test]
    fn a_session_is_recorded_once_also_after_a_cutoff() {
        let before = Revoke::IssuedBefore(UnixTime::from_secs(2));
        for cutoff in [Revoke::User(UserKey::new("42")), Revoke::Everyone, before] {
            let mut memory = store();
            let one = Request::of(Revoke::Session(session("a", 1, 1)));
            let requests = [Request::of(cutoff), one, one];
            let recorded = append(&mut memory, &requests, 100).unwrap().recorded;
            assert!(recorded.iter().all(|recorded| recorded.is_revoked));
            assert!(recorded[0].stamp < recorded[1].stamp);
            assert_eq!(recorded[1].stamp, recorded[2].stamp);
            assert_eq!(memory.tables().sessions(), 1, "{cutoff:?}");
        }
    }

    /// The session that a login has saved with the stamp of the cutoff would be revoked.
    #[test]
    fn a_full_list_records_no_cutoff_in_place_of_a_session_that_a_cutoff_revokes() {
        let mut memory = store();
        let user = Request::of(Revoke::User(UserKey::new("42")));
        let one = Request::of(Revoke::Session(session("a", 1, 1)));
        let recorded = append(&mut memory, &[user, one], 0).unwrap().recorded;
        assert_eq!(recorded[1].stamp, recorded[0].stamp);
        assert!(!recorded[1].is_cutoff && recorded[1].is_revoked);
    }

    #[test]
    fn a_session_that_must_not_become_a_cutoff_is_recorded_or_not() {
        let request = Request::of(Revoke::OnlySession(session("a", 1, 1)));
        let mut memory = store();
        assert!(append(&mut memory, &[request], 100).unwrap().recorded[0].is_revoked);
        assert_eq!(memory.tables().sessions(), 1);
        let mut memory = store();
        assert!(!append(&mut memory, &[request], 0).unwrap().recorded[0].is_revoked);
        assert_eq!(entries(&memory), []);
    }

    #[test]
    fn a_reference_with_a_wrong_issue_time_does_not_stay_for_ever() {
        let mut memory = store();
        let reference = Request::of(Revoke::Reference(session("a", 0, u64::MAX)));
        append(&mut memory, &[reference], 100).unwrap();
        let since = UnixTime::from_secs(CLOCK / 1000 + LEEWAY);
        assert!(
            matches!(entries(&memory)[..], [Entry::Session { since: found, .. }] if found == since)
        );
    }

    #[test]
    fn each_kind_of_cutoff_revokes_a_successor() {
        let was_revoked = |cutoff, stamp, issued_at| {
            let mut memory = store();
            let successor = Some((session("new", stamp, issued_at), false));
            let next = Request { target: Revoke::User(UserKey::new("7")), successor };
            append(&mut memory, &[Request::of(cutoff), next], 100).unwrap().recorded[1].was_revoked
        };
        for cutoff in [Revoke::Everyone, Revoke::User(UserKey::new("42"))] {
            assert!(was_revoked(cutoff, CLOCK - 1, 9));
            assert!(!was_revoked(cutoff, CLOCK, 9));
        }
        let issued_before = Revoke::IssuedBefore(UnixTime::from_secs(9));
        assert!(was_revoked(issued_before, CLOCK, 8));
        assert!(!was_revoked(issued_before, CLOCK, 9));
    }
}
