//! `waxseal revocations check`

use std::{
    fs::OpenOptions,
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use waxseal_core::UnixTime;
use waxseal_revocation::operator::{Operator, Summary};

use super::{
    RevocationStore,
    list::{date, is_cutoff},
};
use crate::{
    failure::Failure,
    output::{print_plain, warn},
};

/// NTP corrects a clock by less than this.
const AHEAD: Duration = Duration::from_secs(60);

pub(super) fn check(file: &RevocationStore) -> Result<(), Failure> {
    let is_missing = file.is_missing();
    if let Some(path) = &file.path {
        must_be_writable(path, is_missing)?;
    }
    let mut cutoffs = 0_u64;
    let summary = if is_missing {
        None
    } else {
        read(file, &mut cutoffs)
            .map_err(|error| Failure::Bad(format!("a server cannot start: {error}")))?
    };
    let Some(summary) = summary else {
        return print_plain(&format!(
            "{} has no revocation list. A server that starts now creates it, and \
             revokes every session issued before: all users must log in again. For the first \
             roll-out, `waxseal revocations create --trust-existing` keeps their sessions.\n",
            file.store
        ));
    };
    let now = UnixTime::now();
    let last = UnixTime::from_secs(summary.last_stamp / 1000);
    print_plain(&format!(
        "A server that starts now uses the revocation list {}.\n\
         revoked sessions: {} ({} without a user)\n\
         cutoffs: {cutoffs}\n\
         last record: {}\n\
         longest absolute timeout: {}\n",
        file.store,
        summary.sessions,
        summary.sessions_without_user,
        date(last.as_secs(), now),
        timeout(summary),
    ))?;
    if last.saturating_since(now) > AHEAD {
        warn(
            "the last record is in the future: the clock of this machine is wrong, or was wrong \
             when the record was written",
        );
    }
    Ok(())
}

fn read(
    file: &RevocationStore,
    cutoffs: &mut u64,
) -> Result<Option<Summary>, waxseal_revocation::StoreError> {
    let mut operator = Operator::open(&file.store)?;
    operator.must_be_writable()?;
    operator.read(|entry| *cutoffs += u64::from(is_cutoff(&entry)))
}

fn timeout(summary: Summary) -> String {
    const DAY: u64 = 86_400;
    match summary.absolute_timeout {
        0 => "unknown, because no server has used the list yet".into(),
        DAY => "1 day".into(),
        secs if secs % DAY == 0 => format!("{} days", secs / DAY),
        secs => humantime::format_duration(Duration::from_secs(secs)).to_string(),
    }
}

/// SQLite opens a file that it cannot write, and fails at the first logout. It also creates a
/// journal in the folder.
fn must_be_writable(path: &Path, is_missing: bool) -> Result<(), Failure> {
    // Before SQLite opens the file: closing it releases the locks of this process.
    if !is_missing {
        let opened = OpenOptions::new().write(true).open(path);
        opened.map_err(|error| cannot_write("file", path, &error))?;
    }
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    // The temporary file has no name, and disappears when it is closed.
    tempfile::tempfile_in(&folder).map_err(|error| cannot_write("folder", &folder, &error))?;
    Ok(())
}

fn cannot_write(what: &str, path: &Path, error: &io::Error) -> Failure {
    Failure::Bad(format!(
        "a server cannot write the {what} {}: {error}; run this command as the user of the server",
        path.display()
    ))
}
