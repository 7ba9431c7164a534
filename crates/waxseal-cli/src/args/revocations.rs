//! The arguments of `waxseal revocations`.

use std::{env::VarError, path::PathBuf};

use clap::{Args, Subcommand};
use waxseal_core::UnixTime;
use waxseal_revocation::{FutureTimeError, Store};

use crate::{clock, failure::Failure};

const VARIABLE: &str = "REVOCATIONS";

/// Revoke sessions, and show the revocation list
///
/// The environment variable REVOCATIONS sets the revocation store:
///
///     REVOCATIONS=sqlite:/var/lib/app/sessions.db
///     REVOCATIONS=redis://USER:PASSWORD@HOST (a build with the feature `redis`)
///     REVOCATIONS=postgres://USER:PASSWORD@HOST/DATABASE (with `postgres`)
///
/// Servers can run at the same time; they usually read a new revocation within
/// about 50 milliseconds. With SQLite, run the command as the operating-system user
/// that runs the servers. Only `create` creates a list.
///
/// The list contains hashes of user IDs, not the IDs. A guessable ID can be found by
/// trial.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct RevocationsArgs {
    #[command(subcommand)]
    pub(crate) command: RevocationsCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RevocationsCommand {
    /// Print the revoked sessions and the cutoffs, one per line
    ///
    /// A cutoff revokes all sessions of a user, or of everyone, at once. Users are
    /// shown as hashes.
    List {
        /// Show only the entries for this user: the user's sessions and cutoff, and
        /// the cutoffs of everyone. The list does not know the user of a session that
        /// was revoked by its ID
        #[arg(long, value_name = "USER", allow_hyphen_values = true)]
        user: Option<String>,
        /// Print JSON, one object per line. `since` and `time` are in seconds since
        /// 1970; `cutoff` is in milliseconds
        #[arg(long)]
        json: bool,
    },
    /// Print the number of revoked sessions, and of cutoffs
    Count,
    /// Revoke all sessions of a user
    ///
    /// The user is the value that the application passes to `log_in`, the claim
    /// `sub`. Sessions without a user are not revoked.
    RevokeUser {
        /// The user
        #[arg(allow_hyphen_values = true)]
        user: String,
    },
    /// Revoke one session
    RevokeSession {
        /// The session ID, the claim `sid`; `waxseal inspect` shows it
        #[arg(allow_hyphen_values = true, value_parser = clap::builder::NonEmptyStringValueParser::new())]
        id: String,
    },
    /// Revoke the sessions of all users that were issued before a time
    ///
    /// Use it after a release that has issued wrong sessions, and after a leaked key was
    /// removed from every server: see `waxseal keys revoke --help`. While a server accepts
    /// the key, an attacker can forge a session that is issued later.
    RevokeBefore {
        /// Seconds since 1970, or a date such as 2026-11-24T10:48:00Z; not in the
        /// future
        #[arg(value_parser = past)]
        time: UnixTime,
    },
    /// Revoke all sessions of all users: everyone must log in again
    RevokeAll,
    /// Show what a server does with the store if it starts now
    ///
    /// Exits with 1 if the server cannot start, or responds with 503. A missing list
    /// is not an error, because the server creates it.
    Check,
    /// Create a revocation list, AND REVOKE EVERY SESSION issued before
    ///
    /// A new list does not know earlier revocations, so all users must log in again.
    /// A server does the same if the list is missing when it starts. If the list
    /// already exists, the command changes nothing and exits with 1.
    Create {
        /// Do not revoke existing sessions: for the first roll-out of a list, and only
        /// if no session was revoked before
        #[arg(long)]
        trust_existing: bool,
    },
    /// Print the tables of a list in Postgres
    ///
    /// A server creates them itself, if its role may. REVOCATIONS is not used.
    #[cfg(feature = "postgres")]
    Sql,
}

/// Parses a time that is not in the future. Rounds a fraction of a second up, because sessions
/// are issued at whole seconds.
fn past(text: &str) -> Result<UnixTime, String> {
    let secs = text.parse().ok().or_else(|| clock::parse_date(text));
    let time = secs
        .map(UnixTime::from_secs)
        .ok_or("expected seconds since 1970, or a date with a zone such as 2026-11-24T10:48:00Z")?;
    if time > UnixTime::now() {
        return Err(FutureTimeError.to_string());
    }
    Ok(time)
}

/// Returns the store that `REVOCATIONS` names, and its path if it is a file. No error contains
/// the value: the address of a database may contain a password.
pub(crate) fn revocation_store() -> Result<(Store, Option<PathBuf>), Failure> {
    let example = "sqlite:PATH, for example sqlite:/var/lib/app/sessions.db";
    let text = match std::env::var(VARIABLE) {
        Ok(text) => text,
        Err(VarError::NotPresent) => {
            return Err(Failure::Usage(format!("{VARIABLE} is not set; set it to {example}")));
        }
        Err(VarError::NotUnicode(_)) => {
            return Err(Failure::Usage(format!("{VARIABLE} is not UTF-8")));
        }
    };
    let store = text.parse().map_err(|error| Failure::Usage(format!("{VARIABLE}: {error}")))?;
    Ok((store, text.strip_prefix("sqlite:").map(PathBuf::from)))
}
