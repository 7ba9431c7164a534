//! The arguments of `waxseal revocations`.

use std::{env::VarError, time::Duration};

use clap::{Args, Subcommand};
use waxseal_core::UnixTime;
use waxseal_revocation::{Redis, Store};
use zeroize::Zeroizing;

use crate::{clock, failure::Failure};

const VARIABLE: &str = "REVOCATIONS";

/// End sessions before their time, and show what was ended so.
///
/// The environment variable REVOCATIONS says where the list is. It is no
/// argument, because an address may hold a password:
///
///     REVOCATIONS=file:/var/lib/app/sessions.revoked
///     REVOCATIONS=redis://user:password@host:6379
///     REVOCATIONS=rediss://user:password@host:6379    over TLS
///
/// A file can be used while no server has it open, by the user who runs the
/// server. Redis can be used at any time, and every server follows within a
/// moment.
///
/// What ends all by now reaches half a minute ahead, for servers whose clocks are
/// ahead. Whoever logs in again is in at once, all the same.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct RevocationsArgs {
    #[command(subcommand)]
    pub(crate) command: RevocationsCommand,
    /// The key of the list in Redis, where the servers are configured with another
    /// than waxseal:revocations
    #[arg(long, global = true, value_name = "KEY")]
    key: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RevocationsCommand {
    /// Print what was ended and could still be valid, one entry a line; what
    /// lasts longest stands first
    ///
    /// Of several cuts of one user the last is shown, and likewise of those of
    /// everybody.
    List {
        #[command(flatten)]
        absolute: AbsoluteArg,
        /// Print JSON instead, one object a line, with times in seconds since
        /// 1970
        #[arg(long)]
        json: bool,
    },
    /// Print how many lines `list` would
    Count {
        #[command(flatten)]
        absolute: AbsoluteArg,
    },
    /// End all sessions of a user that have begun by now
    ///
    /// The user is what the application gives to `set_user`, the claim `sub`.
    /// Sessions without one are not ended.
    EndUser {
        #[arg(allow_hyphen_values = true)]
        user: String,
    },
    /// End all sessions that began before a moment, whosever they are
    ///
    /// For a release that has handed out wrong sessions. It is no remedy for a key
    /// that has leaked, under which anybody can write a session that begins
    /// later: `waxseal keys revoke --help`.
    EndBefore {
        /// `now`, seconds since 1970, or a date such as 2026-11-24T10:48:00Z;
        /// not ahead
        #[arg(value_name = "TIME", value_parser = moment)]
        moment: Moment,
    },
    /// Begin a list where there is none, AND END EVERY SESSION begun by now
    ///
    /// What was ended before is not known where there is no list, so everybody
    /// has to log in again. Servers over a Redis without a list answer 503 until
    /// this is done; a file is also begun by the server itself. A list that
    /// exists is left as it is, and the exit code is 1.
    Init,
}

#[derive(Debug, Args)]
pub(crate) struct AbsoluteArg {
    /// The absolute limit of the sessions, as the servers' list has it: so long
    /// does a cut last
    #[arg(long, value_name = "TIME", default_value = "30days", value_parser = humantime::parse_duration)]
    pub(crate) absolute: Duration,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Moment {
    /// When it is done, which can be later than when it was asked for.
    Now,
    At(UnixTime),
}

/// Part of a second counts as all of it: sessions begin in whole ones.
fn moment(text: &str) -> Result<Moment, &'static str> {
    if text == "now" {
        return Ok(Moment::Now);
    }
    let secs = text.parse().ok().or_else(|| clock::parse_date(text));
    secs.map(|secs| Moment::At(UnixTime::from_secs(secs))).ok_or(
        "neither `now`, nor seconds since 1970, nor a date with a zone as 2026-11-24T10:48:00Z",
    )
}

impl RevocationsArgs {
    /// The store that the environment names. An error does not show its address.
    pub(crate) fn store(&self) -> Result<Store, Failure> {
        let text = match std::env::var(VARIABLE).map(Zeroizing::new) {
            Ok(text) => text,
            Err(VarError::NotPresent) => {
                return Err(Failure::Usage(format!(
                    "{VARIABLE} is not set; let it say where the list is: file:PATH, \
                     redis://HOST:PORT or rediss://HOST:PORT"
                )));
            }
            Err(VarError::NotUnicode(_)) => {
                return Err(Failure::Usage(format!("{VARIABLE} is not UTF-8")));
            }
        };
        let store = match &self.key {
            Some(_) if text.starts_with("file:") => {
                return Err(Failure::Usage("a file has no --key".into()));
            }
            Some(key) => Redis::new(&text).map(|redis| redis.key(key).into()),
            None => text.parse(),
        };
        store.map_err(|error| Failure::Usage(format!("{VARIABLE}: {error}")))
    }
}
