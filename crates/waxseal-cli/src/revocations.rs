//! `waxseal revocations`

use std::io::{self, BufWriter, Write as _};

use serde::Serialize;
use waxseal_core::UnixTime;
use waxseal_revocation::{Entry, OpenError, operator};

use crate::{
    args::{Moment, RevocationsArgs, RevocationsCommand},
    clock,
    failure::Failure,
    output::{print, visible, visible_json},
};

pub(crate) fn run(args: &RevocationsArgs) -> Result<(), Failure> {
    let store = args.store()?;
    match &args.command {
        RevocationsCommand::List { absolute, json } => {
            list(&operator::entries(&store, absolute.absolute)?, *json)
        }
        RevocationsCommand::Count { absolute } => {
            print(&format!("{}\n", operator::entries(&store, absolute.absolute)?.len()))
        }
        RevocationsCommand::EndUser { user } => {
            clock::must_be_set(UnixTime::now())?;
            let before = calendar(operator::end_user(&store, user)?);
            print(&format!("Revoked all sessions of user {user:?} issued before {before}.\n"))
        }
        RevocationsCommand::EndBefore { moment } => {
            clock::must_be_set(UnixTime::now())?;
            let before = calendar(match moment {
                Moment::Now => operator::end_all(&store)?,
                Moment::At(moment) => operator::end_before(&store, *moment)?,
            });
            print(&format!("Revoked all sessions issued before {before}.\n"))
        }
        RevocationsCommand::Init => {
            clock::must_be_set(UnixTime::now())?;
            let Some(before) = operator::init(&store)? else {
                return Err(Failure::Bad(
                    "the revocation list already exists, so no session was revoked; to revoke all \
                     sessions, run `waxseal revocations end-before now`"
                        .into(),
                ));
            };
            let before = calendar(before);
            print(&format!(
                "Created a revocation list, and revoked all sessions issued before {before}.\n"
            ))
        }
    }
}

fn list(entries: &[Entry], json: bool) -> Result<(), Failure> {
    let now = UnixTime::now();
    let mut output = BufWriter::new(io::stdout().lock());
    for entry in entries {
        let line = Line::of(entry);
        if json {
            let line = serde_json::to_string(&line);
            let line = line.map_err(|error| Failure::Bad(error.to_string()))?;
            writeln!(output, "{}", visible_json(&line))?;
        } else {
            writeln!(output, "{}", visible(&line.text(now)))?;
        }
    }
    output.flush()?;
    Ok(())
}

/// An entry in JSON; times are seconds since 1970.
#[derive(Serialize)]
#[serde(tag = "ends", rename_all = "lowercase")]
enum Line<'e> {
    Session {
        sid: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        sub: Option<&'e str>,
        begun: u64,
    },
    User {
        sub: &'e str,
        before: u64,
    },
    Everybody {
        before: u64,
    },
    /// An entry of a kind that this version does not support.
    Other {
        entry: String,
    },
}

impl<'e> Line<'e> {
    fn of(entry: &'e Entry) -> Self {
        match entry {
            Entry::Session { sid, sub, begun } => {
                Self::Session { sid: sid.to_string(), sub: sub.as_deref(), begun: begun.as_secs() }
            }
            Entry::User { sub, before } => Self::User { sub, before: before.as_secs() },
            Entry::All { before } => Self::Everybody { before: before.as_secs() },
            entry => Self::Other { entry: entry.to_string() },
        }
    }

    /// Formats the entry. Users are escaped as in Rust strings, so that a user name can neither
    /// move the cursor nor imitate another line.
    fn text(&self, now: UnixTime) -> String {
        match self {
            Self::Session { sid, sub: Some(sub), begun } => {
                format!("session {sid} of user {sub:?}, issued {}", date(*begun, now))
            }
            Self::Session { sid, sub: None, begun } => {
                format!("session {sid}, issued {}", date(*begun, now))
            }
            Self::User { sub, before } => {
                format!("user {sub:?}, sessions issued before {}", date(*before, now))
            }
            Self::Everybody { before } => {
                format!("all users, sessions issued before {}", date(*before, now))
            }
            Self::Other { entry } => entry.clone(),
        }
    }
}

/// Formats a time as a date, or as a number if it is out of range.
fn date(time: u64, now: UnixTime) -> String {
    let date = clock::date(time, now);
    if date.is_empty() { time.to_string() } else { date }
}

fn calendar(time: UnixTime) -> String {
    clock::calendar(time.as_secs()).unwrap_or_else(|| time.to_string())
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Cut(error) => Self::usage(error),
            error => Self::Bad(error.to_string()),
        }
    }
}
