//! What an operator does to a log while no list of this process is over it:
//! what the command `waxseal revocations` is made of.
//!
//! A file can only be used while no server has it open. Redis can be used at
//! any time; every server takes over what is done within a moment.

use std::{cmp::Reverse, collections::HashSet, time::Duration};

use waxseal_core::{Sealer, UnixTime};

use crate::{
    cut::{cut_before, latest_cut, next_cut},
    entry::{Entry, Lifetime},
    error::OpenError,
    log::Store,
};

/// All entries of a log that are alive, for sessions of this absolute limit:
/// what lasts longest first. Of several cuts of one user, or of everybody, the
/// last; those of a session stay beside a cut that ends it, too.
///
/// # Errors
///
/// [`OpenError`] where it cannot be read, or does not exist.
pub fn entries(log: &Store, absolute_timeout: Duration) -> Result<Vec<Entry>, OpenError> {
    let (lifetime, now) = (Lifetime::new(absolute_timeout), UnixTime::now());
    let mut entries = log.read(UnixTime::from_secs(0))?;
    entries.retain(|entry| entry.until(lifetime) > now);
    entries.sort_by_key(|entry| Reverse(entry.until(lifetime)));
    // Servers publish again what Redis may have lost.
    let mut known = HashSet::new();
    entries.retain(|entry| {
        known.insert(match entry {
            Entry::Session { sid, .. } => (Some(*sid), None),
            Entry::User { sub, .. } => (None, Some(sub.clone())),
            Entry::All { .. } => (None, None),
        })
    });
    Ok(entries)
}

/// Ends all sessions of a user that have begun by now. Returns the moment before
/// which they began: a little ahead, for servers whose clocks are.
///
/// # Errors
///
/// [`OpenError`] where the log cannot be read and written, or does not exist.
pub fn end_user(log: &Store, user: &str) -> Result<UnixTime, OpenError> {
    let before = next_cut(last_cut(log, Some(user))?, UnixTime::now());
    log.write(&[Entry::User { sub: user.into(), before }])?;
    Ok(before)
}

/// Ends all sessions that have begun by now, whosever they are. Returns as
/// [`end_user`].
///
/// # Errors
///
/// As [`end_user`].
pub fn end_all(log: &Store) -> Result<UnixTime, OpenError> {
    let before = next_cut(last_cut(log, None)?, UnixTime::now());
    log.write(&[Entry::All { before }])?;
    Ok(before)
}

/// Ends all sessions that began before a moment, whosever they are. Returns that
/// moment, or that of [`end_all`] where it is now.
///
/// # Errors
///
/// As [`end_user`], and [`OpenError::Cut`] if the moment lies ahead.
pub fn end_before(log: &Store, moment: UnixTime) -> Result<UnixTime, OpenError> {
    let before = cut_before(moment, last_cut(log, None)?, UnixTime::now())?;
    log.write(&[Entry::All { before }])?;
    Ok(before)
}

/// Begins a list in a log that has none, and ends all sessions that have begun
/// by now: what was ended before is not known any more. Returns the moment before
/// which they began, as [`end_user`] does; `None` if there is a list, which stays
/// as it is.
///
/// # Errors
///
/// [`OpenError`] where the log cannot be written.
pub fn init(log: &Store) -> Result<Option<UnixTime>, OpenError> {
    let before = next_cut(UnixTime::from_secs(0), UnixTime::now());
    Ok(log.init(&Entry::All { before })?.then_some(before))
}

/// The moment before which all sessions of a user, or of everybody, have ended;
/// an earlier one if that lies behind us.
fn last_cut(log: &Store, user: Option<&str>) -> Result<UnixTime, OpenError> {
    // No cut is made further ahead than the leeway, whatever two clocks say.
    let recent = Sealer::LEEWAY.as_secs().saturating_mul(3);
    let after = UnixTime::now().as_secs().saturating_sub(recent);
    let entries = log.read(UnixTime::from_secs(after))?;
    let cuts = entries.iter().filter_map(|entry| match entry {
        Entry::All { before } => Some(*before),
        // A session may have begun at the cut of its user, too.
        Entry::User { sub, before } if user.is_none_or(|user| *user == **sub) => Some(*before),
        _ => None,
    });
    let cuts = cuts.filter(|before| *before <= latest_cut(UnixTime::now()));
    Ok(cuts.max().unwrap_or(UnixTime::from_secs(0)))
}
