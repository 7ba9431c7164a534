//! The arguments of `waxseal revocations`.

use std::{env::VarError, time::Duration};

use clap::{Args, Subcommand};
use waxseal_core::UnixTime;
use waxseal_revocation::{Redis, Store};
use zeroize::Zeroizing;

use crate::{clock, failure::Failure};

const VARIABLE: &str = "REVOCATIONS";

/// Revoke sessions, and show the revocation list
///
/// The environment variable REVOCATIONS sets the revocation store. It is not an
/// argument, because an address may contain a password:
///
///     REVOCATIONS=file:/var/lib/app/sessions.revoked
///     REVOCATIONS=redis://user:password@host:6379
///     REVOCATIONS=rediss://user:password@host:6379    over TLS
///
/// A file can be used only while no server has it open. Run the command as the
/// user of the server. Redis can be used at any time; the servers usually read a
/// new revocation within milliseconds.
///
/// `end-user`, `end-before now` and `init` set the cutoff 30 seconds ahead, because
/// the clocks of servers may be ahead. Users can still log in again at once.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct RevocationsArgs {
    #[command(subcommand)]
    pub(crate) command: RevocationsCommand,
    /// The key of the list in Redis [default: waxseal:revocations]
    #[arg(long, global = true, value_name = "KEY")]
    key: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RevocationsCommand {
    /// Print the entries that have not expired, one per line; the entry that
    /// expires last comes first
    ///
    /// An entry expires when every session that it revokes has expired. The list
    /// shows only the latest cutoff of each user, and only the latest cutoff for all
    /// sessions.
    List {
        #[command(flatten)]
        absolute: AbsoluteArg,
        /// Print JSON, one object per line, with times in seconds since 1970
        #[arg(long)]
        json: bool,
    },
    /// Print the number of entries that `list` shows
    Count {
        #[command(flatten)]
        absolute: AbsoluteArg,
    },
    /// Revoke all sessions of a user that were issued until now
    ///
    /// The user is the value that the application passes to `log_in`, the claim
    /// `sub`. Sessions without a user are not revoked.
    EndUser {
        /// The user
        #[arg(allow_hyphen_values = true)]
        user: String,
    },
    /// Revoke the sessions of all users that were issued before a time
    ///
    /// Use it after a release that has issued wrong sessions. It does not help
    /// against a leaked key: with the key, an attacker can forge a session that is
    /// issued later. See `waxseal keys revoke --help`.
    EndBefore {
        /// `now`, seconds since 1970, or a date such as 2026-11-24T10:48:00Z;
        /// not in the future
        #[arg(value_name = "TIME", value_parser = moment)]
        moment: Moment,
    },
    /// Create a revocation list, AND REVOKE EVERY SESSION issued until now
    ///
    /// Without a list, earlier revocations are unknown, so all users must log in
    /// again. If Redis has no list, the servers respond with 503 until this command
    /// has run. A server creates a missing file itself. If the list already exists,
    /// the command changes nothing and exits with 1.
    Init,
}

#[derive(Debug, Args)]
pub(crate) struct AbsoluteArg {
    /// The absolute timeout that is configured for the servers' list: a cutoff lasts
    /// for this time
    #[arg(long, value_name = "TIME", default_value = "30days", value_parser = humantime::parse_duration)]
    pub(crate) absolute: Duration,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Moment {
    /// The time at which the store applies the cutoff.
    Now,
    At(UnixTime),
}

/// Parses a time. Rounds a fraction of a second up, because sessions are issued at whole seconds.
fn moment(text: &str) -> Result<Moment, &'static str> {
    if text == "now" {
        return Ok(Moment::Now);
    }
    let secs = text.parse().ok().or_else(|| clock::parse_date(text));
    secs.map(|secs| Moment::At(UnixTime::from_secs(secs))).ok_or(
        "expected `now`, seconds since 1970, or a date with a zone such as 2026-11-24T10:48:00Z",
    )
}

impl RevocationsArgs {
    /// Returns the store that `REVOCATIONS` names. No error contains its address.
    pub(crate) fn store(&self) -> Result<Store, Failure> {
        let text = match std::env::var(VARIABLE).map(Zeroizing::new) {
            Ok(text) => text,
            Err(VarError::NotPresent) => {
                return Err(Failure::Usage(format!(
                    "{VARIABLE} is not set; set it to the revocation store: file:PATH, \
                     redis://HOST:PORT or rediss://HOST:PORT"
                )));
            }
            Err(VarError::NotUnicode(_)) => {
                return Err(Failure::Usage(format!("{VARIABLE} is not UTF-8")));
            }
        };
        let store = match &self.key {
            Some(_) if text.starts_with("file:") => {
                return Err(Failure::Usage("a revocation file has no key; omit --key".into()));
            }
            Some(key) => Redis::new(&text).map(|redis| redis.key(key).into()),
            None => text.parse(),
        };
        store.map_err(|error| Failure::Usage(format!("{VARIABLE}: {error}")))
    }
}
