//! The steps of a rotation, each of which refuses to be taken too early. What is
//! said is said when it has been done.

use std::{fmt::Write as _, path::Path, time::Duration};

use waxseal_core::UnixTime;

use super::file::{Because, Key, KeyFile, Locked};
use crate::{args::PaceArgs, clock, failure::Failure, output::print};

/// Adds a key that every server can come to know before any signs with it.
pub(super) fn add(path: &Path, cookie: Option<&str>, now: UnixTime) -> Result<(), Failure> {
    let locked = Locked::new(path)?;
    let shown = path.display();
    let Some(mut file) = KeyFile::read_if_any(&locked.path)? else {
        let file = KeyFile::with_first_key(cookie.unwrap_or("__Host-session"), now)?;
        file.write(&locked.path)?;
        let kid = &file.keys[0].kid;
        return print(&format!(
            "Made {shown} with a first key, {kid}, which signs.\nNext: give the file to every server.\n"
        ));
    };
    if cookie.is_some_and(|cookie| cookie != file.cookie()) {
        let bound = file.cookie();
        return Err(Failure::Bad(format!("the keys in {shown} are bound to the cookie {bound}")));
    }
    let key = Key::new(file.cookie(), now)?;
    let kid = key.kid.clone();
    file.keys.push(key);
    file.write(&locked.path)?;
    print(&format!(
        "Added {kid}, which only verifies.\n\
         Next: have every server reload the file, then `waxseal keys promote {shown}`.\n"
    ))
}

/// Lets a key sign that every server knows.
pub(super) fn promote(path: &Path, kid: Option<&str>, pace: &PaceArgs) -> Result<(), Failure> {
    let locked = Locked::new(path)?;
    let mut file = KeyFile::read(&locked.path)?;
    let now = pace.now.to_record()?;
    let shown = path.display();
    let at = match kid {
        Some(kid) => file.position(kid)?,
        None => file.keys.iter().rposition(|key| !key.has_signed()).ok_or_else(|| {
            Failure::Bad(format!("no key waits to sign; `waxseal keys add {shown}`"))
        })?,
    };
    let kid = file.keys[at].kid.clone();
    if file.keys[at].signs() {
        return Err(Failure::Bad(format!("{kid} signs already")));
    }
    let added = file.keys[at].added;
    let known_from = added.map(|added| added.saturating_add(pace.reload.as_secs()));
    let why = "until every server knows the key, a session that it signs is refused by the others";
    allow(refusal(known_from, now, why), "promote", &kid, pace, &mut file)?;

    for key in file.keys.iter_mut().filter(|key| key.signs()) {
        key.demote(now);
    }
    file.keys[at].promote(now);
    file.write(&locked.path)?;
    print(&format!(
        "{kid} signs from now on.\n\
         Next: have every server reload the file. When the sessions under the old key have\n\
         ended, `waxseal keys retire {shown}`; `waxseal keys list {shown}` says when.\n"
    ))
}

/// Removes keys under which nothing can still be valid.
pub(super) fn retire(
    path: &Path,
    kid: Option<&str>,
    absolute: Duration,
    pace: &PaceArgs,
) -> Result<(), Failure> {
    let locked = Locked::new(path)?;
    let mut file = KeyFile::read(&locked.path)?;
    let now = pace.now.to_record()?;
    let lasts = absolute.saturating_add(pace.reload).as_secs();
    let refused = |key: &Key| {
        refusal(
            over_at(key, lasts),
            now,
            "sessions under the key can still be valid, and would end",
        )
    };
    let retired = if let Some(kid) = kid {
        let at = file.position(kid)?;
        if file.keys[at].signs() {
            return Err(Failure::Bad(format!("{kid} signs; promote another first")));
        }
        let refused = refused(&file.keys[at]);
        allow(refused, "retire", kid, pace, &mut file)?;
        vec![file.keys.remove(at).kid]
    } else if pace.because.is_some() || pace.now.is_ahead() {
        return Err(Failure::Usage("name the key that is to be retired too early".into()));
    } else {
        // Not one that waits to sign.
        let over = |key: &Key| key.has_signed() && !key.signs() && refused(key).is_none();
        let over: Vec<_> = file.keys.extract_if(.., |key| over(key)).collect();
        over.into_iter().map(|key| key.kid).collect()
    };
    if retired.is_empty() {
        let list = format!("`waxseal keys list {}`", path.display());
        return Err(Failure::Bad(format!(
            "no key's sessions have all ended; {list} says when they will"
        )));
    }
    file.write(&locked.path)?;
    print(&format!("Retired {}.\nNext: have every server reload the file.\n", retired.join(", ")))
}

/// Removes a key that has leaked. There is always one that signs.
pub(super) fn revoke(path: &Path, kid: &str, now: UnixTime) -> Result<(), Failure> {
    let locked = Locked::new(path)?;
    let mut file = KeyFile::read(&locked.path)?;
    let at = file.position(kid)?;
    let cookie = file.cookie().to_owned();
    let mut said = format!("Revoked {kid}: every session under it ends.\n");
    if file.keys.remove(at).signs() {
        // Of those that wait to sign the oldest is known to most servers.
        let next = if let Some(at) = file.keys.iter().position(|key| !key.has_signed()) {
            at
        } else {
            file.keys.push(Key::new(&cookie, now)?);
            file.keys.len() - 1
        };
        file.keys[next].promote(now);
        let _ = writeln!(said, "{} signs from now on.", file.keys[next].kid);
    }
    file.write(&locked.path)?;
    said += "Next: have every server reload the file NOW; until then the key is accepted.\n\
        `waxseal keys revoke --help` says what else must be done.\n";
    print(&said)
}

/// Shows what there is; `lasts` is how long a key is needed that signs no more.
pub(super) fn list(path: &Path, lasts: Duration, now: UnixTime) -> Result<(), Failure> {
    let file = KeyFile::read(path)?;
    let mut said = format!("{} keys of the cookie {}\n", file.keys.len(), file.cookie());
    for key in &file.keys {
        let part = match (key.signs(), key.has_signed()) {
            (true, _) => "signs",
            (false, false) => "verifies, has not signed yet",
            (false, true) => "verifies, signs no more",
        };
        let _ = writeln!(said, "\n{}  {part}", key.kid);
        for (event, time) in [
            ("added", key.added),
            ("promoted", key.promoted),
            ("demoted", key.demoted),
            ("may be retired", key.demoted.and_then(|_| over_at(key, lasts.as_secs()))),
        ] {
            if let Some(time) = time {
                let _ = writeln!(said, "  {event:15} {}", clock::date(time, now));
            }
        }
    }
    for Because { time, step, kid, reason } in &file.because {
        let date = clock::date(*time, now);
        let _ = writeln!(said, "\n{step} {kid} too early, {date}: {}", reason.escape_debug());
    }
    print(&said)
}

/// When nothing under the key can be valid any more: the last session that it
/// signed began, or was sealed again, at the latest when the last server
/// reloaded the file. A key that never signed is over from the start; of one
/// whose times nobody knows nothing can be said.
fn over_at(key: &Key, lasts: u64) -> Option<u64> {
    match (key.has_signed(), key.demoted) {
        (false, _) => key.added,
        (true, demoted) => demoted.map(|demoted| demoted.saturating_add(lasts)),
    }
}

/// Why a step cannot be taken now that is safe from `safe_from` on.
fn refusal(safe_from: Option<u64>, now: UnixTime, why: &str) -> Option<String> {
    match safe_from {
        Some(time) if time <= now.as_secs() => None,
        Some(time) => Some(format!("too early: {why}; wait until {}", clock::date(time, now))),
        None => Some(format!("the file does not say since when: {why}")),
    }
}

/// Refuses, unless the operator has said why not, which is recorded.
fn allow(
    refusal: Option<String>,
    step: &str,
    kid: &str,
    pace: &PaceArgs,
    file: &mut KeyFile,
) -> Result<(), Failure> {
    let ahead = || pace.now.is_ahead().then(|| "the time given is still to come".to_owned());
    match (refusal.or_else(ahead), &pace.because) {
        (None, _) => Ok(()),
        (Some(refusal), None) => Err(Failure::Bad(format!("{refusal}, or say --because REASON"))),
        (Some(_), Some(reason)) => {
            file.because.push(Because {
                time: clock::now().as_secs(),
                step: step.into(),
                kid: kid.into(),
                reason: reason.clone(),
            });
            Ok(())
        }
    }
}
