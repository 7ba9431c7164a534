//! What an operator does to a log while no list of this process is over it:
//! what the command `waxseal revocations` is made of.
//!
//! A file can only be used while no server has it open. Redis can be used at
//! any time; every server takes over what is done within a moment.

use std::time::Duration;

use waxseal_core::UnixTime;

use crate::{
    builder::system_time,
    entry::{Entry, Lifetime},
    error::OpenError,
    list::{latest_cut, next_cut},
    log::Log,
};

/// All entries of a log that are alive, for sessions of this absolute limit.
///
/// # Errors
///
/// [`OpenError`] where it cannot be read, or does not exist.
pub fn entries(log: &Log, absolute_limit: Duration) -> Result<Vec<Entry>, OpenError> {
    let (lifetime, now) = (Lifetime::new(absolute_limit), system_time());
    let mut entries = log.read()?;
    entries.retain(|entry| entry.until(lifetime) > now);
    Ok(entries)
}

/// Ends all sessions of a user that have begun by now.
///
/// # Errors
///
/// [`OpenError`] where the log cannot be written, or does not exist.
pub fn end_user(log: &Log, user: &str) -> Result<(), OpenError> {
    let of_user = |entry: &Entry| match entry {
        Entry::User { sub, before } if **sub == *user => Some(*before),
        Entry::All { before } => Some(*before),
        _ => None,
    };
    let before = next(log, of_user)?;
    log.write(&[Entry::User { sub: user.into(), before }])
}

/// Ends all sessions that began before a moment, at most until now.
///
/// # Errors
///
/// As [`end_user`].
pub fn end_before(log: &Log, moment: UnixTime) -> Result<(), OpenError> {
    let of_anybody = |entry: &Entry| match entry {
        Entry::User { before, .. } | Entry::All { before } => Some(*before),
        Entry::Session { .. } => None,
    };
    let before = if moment < system_time() { moment } else { next(log, of_anybody)? };
    log.write(&[Entry::All { before }])
}

/// Begins a list in a log that has none, and ends all sessions that have begun
/// by now: what was ended before is not known any more. Says whether it did; a
/// list that exists stays as it is.
///
/// # Errors
///
/// [`OpenError`] where the log cannot be written.
pub fn init(log: &Log) -> Result<bool, OpenError> {
    log.init(&Entry::All { before: next_cut(UnixTime::default(), system_time()) })
}

/// The moment of a cut that is made now. Past those before, at which sessions may
/// have begun since.
fn next(log: &Log, cut: impl Fn(&Entry) -> Option<UnixTime>) -> Result<UnixTime, OpenError> {
    let (now, entries) = (system_time(), log.read()?);
    let cuts = entries.iter().filter_map(cut).filter(|before| *before <= latest_cut(now));
    Ok(next_cut(cuts.max().unwrap_or_default(), now))
}
