//! `waxseal revocations list` and `count`

use std::io::{self, BufWriter, Write as _};

use serde::Serialize;
use waxseal_core::UnixTime;
use waxseal_revocation::{Entry, UserKey};

use super::RevocationStore;
use crate::{
    clock,
    failure::Failure,
    output::{print, visible, visible_json},
};

pub(super) fn list(file: &RevocationStore, user: Option<&str>, json: bool) -> Result<(), Failure> {
    let user = user.map(UserKey::new);
    // The file is locked while it is read. A slow reader of the output, such as a pager, must
    // not delay the servers' writes, so the entries are printed after that.
    let mut entries = Vec::new();
    file.read(|entry| {
        if user.is_none_or(|user| concerns(entry, user)) {
            entries.push(entry);
        }
    })?;
    let now = UnixTime::now();
    let mut output = BufWriter::new(io::stdout().lock());
    for entry in &entries {
        if json {
            let line = serde_json::to_string(&Line::of(entry));
            let line = line.map_err(|error| Failure::Bad(error.to_string()))?;
            writeln!(output, "{}", visible_json(&line))?;
        } else {
            writeln!(output, "{}", visible(&text(entry, now)))?;
        }
    }
    output.flush()?;
    Ok(())
}

pub(super) fn count(file: &RevocationStore) -> Result<(), Failure> {
    let mut cutoffs = 0_u64;
    let summary = file.read(|entry| cutoffs += u64::from(is_cutoff(&entry)))?;
    print(&format!("sessions: {}\ncutoffs: {cutoffs}\n", summary.sessions))
}

pub(super) fn is_cutoff(entry: &Entry) -> bool {
    !matches!(entry, Entry::Session { .. })
}

/// Whether an entry can revoke a session of the user.
fn concerns(entry: Entry, user: UserKey) -> bool {
    match entry {
        Entry::Session { user: owner, .. } => owner == Some(user),
        Entry::User { key, .. } => key == user,
        _ => true,
    }
}

/// An entry in JSON.
#[derive(Serialize)]
#[serde(tag = "revokes", rename_all = "snake_case")]
enum Line {
    Session {
        id: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        user: Option<String>,
        since: u64,
    },
    User {
        user: String,
        cutoff: u64,
    },
    Everyone {
        cutoff: u64,
    },
    IssuedBefore {
        time: u64,
    },
    /// An entry of a kind that this version does not support.
    Other {
        entry: String,
    },
}

impl Line {
    fn of(entry: &Entry) -> Self {
        match entry {
            Entry::Session { key, user, since } => Self::Session {
                id: key.to_string(),
                user: user.map(|user| user.to_string()),
                since: since.as_secs(),
            },
            Entry::User { key, cutoff } => Self::User { user: key.to_string(), cutoff: *cutoff },
            Entry::Everyone { cutoff } => Self::Everyone { cutoff: *cutoff },
            Entry::IssuedBefore { time } => Self::IssuedBefore { time: time.as_secs() },
            entry => Self::Other { entry: entry.to_string() },
        }
    }
}

/// An entry as one line for a person.
fn text(entry: &Entry, now: UnixTime) -> String {
    let revoked = |secs| format!("revoked {}", date(secs, now));
    match entry {
        Entry::Session { key, user: Some(user), since } => {
            format!("session {key} of user {user}, {}", revoked(since.as_secs()))
        }
        Entry::Session { key, user: None, since } => {
            format!("session {key}, {}", revoked(since.as_secs()))
        }
        Entry::User { key, cutoff } => {
            format!("all sessions of user {key}, {}", revoked(cutoff / 1000))
        }
        Entry::Everyone { cutoff } => format!("all sessions, {}", revoked(cutoff / 1000)),
        Entry::IssuedBefore { time } => {
            format!("all sessions issued before {}", date(time.as_secs(), now))
        }
        entry => entry.to_string(),
    }
}

/// Formats a time as a date, or as a number if it is out of range.
pub(super) fn date(time: u64, now: UnixTime) -> String {
    let date = clock::date(time, now);
    if date.is_empty() { time.to_string() } else { date }
}
