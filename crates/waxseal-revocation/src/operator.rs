//! What an operator does to a log while no list of this process is over it:
//! what the command `waxseal revocations` is made of.
//!
//! A file can only be used while no server has it open. Redis can be used at
//! any time; every server takes over what is done within a moment.

use std::time::Duration;

use waxseal_core::{Sealer, UnixTime};

use crate::{
    builder::system_time,
    entry::{Entry, Lifetime},
    error::OpenError,
    list::Later as _,
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
    log.write(&[Entry::User { sub: user.into(), before: soon() }])
}

/// Ends all sessions that began before a moment, at most until now.
///
/// # Errors
///
/// As [`end_user`].
pub fn end_before(log: &Log, moment: UnixTime) -> Result<(), OpenError> {
    log.write(&[Entry::All { before: moment.min(soon()) }])
}

/// Begins a list in a log that has none, and ends all sessions that have begun
/// by now: what was ended before is not known any more. Says whether it did; a
/// list that exists stays as it is.
///
/// # Errors
///
/// [`OpenError`] where the log cannot be written.
pub fn init(log: &Log) -> Result<bool, OpenError> {
    log.init(&Entry::All { before: soon() })
}

/// Now, for servers whose clocks are a little ahead, too.
fn soon() -> UnixTime {
    system_time().plus_secs(Sealer::LEEWAY.as_secs() / 2)
}
