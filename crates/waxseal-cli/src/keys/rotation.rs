//! The steps of a rotation. A step fails if it is too early, and prints its message only after
//! the file is written.

use std::{fmt::Write as _, path::Path, time::Duration};

use waxseal_core::UnixTime;

use super::file::{Because, Key, KeyFile, Locked};
use crate::{args::PaceArgs, clock, failure::Failure, output::print_plain};

/// Adds a key that only opens, so that every server has loaded it before a server seals
/// with it.
pub(super) fn add(
    path: &Path,
    cookie: Option<&str>,
    purpose: Option<&str>,
    encrypted: bool,
    now: UnixTime,
) -> Result<(), Failure> {
    let locked = Locked::new(path)?;
    let shown = path.display();
    let Some(mut file) = KeyFile::read_if_any(&locked.path)? else {
        let file =
            KeyFile::with_first_key(cookie.unwrap_or("__Host-session"), purpose, encrypted, now)?;
        file.write(&locked.path)?;
        let key = &file.keys[0];
        let (kid, seals) = (&key.kid, key.verbs().0);
        return print_plain(&format!(
            "Created {shown} with the key {kid}, which {seals}.\nNext: copy the file to every server.\n"
        ));
    };
    if encrypted && !file.keys.iter().any(Key::is_for_encryption) {
        return Err(Failure::Bad(format!(
            "the keys in {shown} are for signed sessions; create another file"
        )));
    }
    if cookie.is_some_and(|cookie| cookie != file.cookie()) {
        let bound = file.cookie();
        return Err(Failure::Bad(format!("the keys in {shown} are bound to the cookie {bound}")));
    }
    if purpose.is_some() && purpose != file.purpose() {
        let bound = file.purpose().unwrap_or_default();
        return Err(Failure::Bad(format!("the keys in {shown} are for the purpose {bound:?}")));
    }
    let encrypted = encrypted || file.keys.iter().all(Key::is_for_encryption);
    let key = file.add_key(encrypted, now)?;
    let (kid, opens) = (key.kid.clone(), key.verbs().1);
    file.write(&locked.path)?;
    print_plain(&format!(
        "Added {kid}, which only {opens}.\n\
         Next: reload the file on every server, then run `waxseal keys promote {shown}`.\n"
    ))
}

/// Turns a key that every server has loaded into the key that seals.
pub(super) fn promote(path: &Path, kid: Option<&str>, pace: &PaceArgs) -> Result<(), Failure> {
    let locked = Locked::new(path)?;
    let mut file = KeyFile::read(&locked.path)?;
    let now = pace.now.to_record()?;
    let shown = path.display();
    let at = match kid {
        Some(kid) => file.position(kid)?,
        None => file.keys.iter().rposition(|key| !key.has_sealed()).ok_or_else(|| {
            Failure::Bad(format!("every key has already sealed; run `waxseal keys add {shown}`"))
        })?,
    };
    let kid = file.keys[at].kid.clone();
    if file.keys[at].seals() {
        return Err(Failure::Bad(format!("{kid} already seals")));
    }
    let added = file.keys[at].added;
    let known_from = added.map(|added| added.saturating_add(pace.reload.as_secs()));
    let why = "servers that have not loaded the key would reject its sessions";
    allow(refusal(known_from, now, why), "promote", &kid, pace, &mut file)?;

    let encrypts = file.keys[at].is_for_encryption();
    for key in &mut file.keys {
        if key.seals() && key.is_for_encryption() == encrypts {
            key.demote(now);
        }
    }
    file.keys[at].promote(now);
    file.write(&locked.path)?;
    print_plain(&format!(
        "{kid} now seals.\n\
         Next: reload the file on every server. When all sessions of the old key have expired,\n\
         run `waxseal keys retire {shown}`; `waxseal keys list {shown}` shows the time.\n"
    ))
}

/// Removes keys whose sessions have all expired.
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
            "the key may still have valid sessions, which would be rejected",
        )
    };
    let retired = if let Some(kid) = kid {
        let at = file.position(kid)?;
        if file.keys[at].seals() {
            return Err(Failure::Bad(format!(
                "{kid} is the key that seals; promote another key first"
            )));
        }
        let refused = refused(&file.keys[at]);
        allow(refused, "retire", kid, pace, &mut file)?;
        vec![file.keys.remove(at).kid]
    } else if pace.because.is_some() || pace.now.is_ahead() {
        return Err(Failure::Usage("--because and a --now in the future require KID".into()));
    } else {
        // A key that has never sealed stays, because it will seal later.
        let over = |key: &Key| key.has_sealed() && !key.seals() && refused(key).is_none();
        let over: Vec<_> = file.keys.extract_if(.., |key| over(key)).collect();
        over.into_iter().map(|key| key.kid).collect()
    };
    if retired.is_empty() {
        let list = format!("`waxseal keys list {}`", path.display());
        return Err(Failure::Bad(
            if file.keys.iter().any(|key| key.has_sealed() && !key.seals()) {
                format!(
                    "every old key may still have valid sessions; run {list} to see when they expire"
                )
            } else {
                "the file has no old key: no key has stopped sealing".into()
            },
        ));
    }
    file.write(&locked.path)?;
    print_plain(&format!(
        "Retired {}.\nNext: reload the file on every server.\n",
        retired.join(", ")
    ))
}

/// Removes a key that has leaked, and replaces it if it was the key that seals.
pub(super) fn revoke(path: &Path, kid: &str, now: UnixTime) -> Result<(), Failure> {
    let locked = Locked::new(path)?;
    let mut file = KeyFile::read(&locked.path)?;
    let at = file.position(kid)?;
    let mut said = format!("Revoked {kid}: all its sessions become invalid.\n");
    if file.keys[at].seals() {
        let encrypts = file.keys[at].is_for_encryption();
        // Of the keys that have never sealed, the oldest has been loaded by the most servers. A key
        // that this command has not added may be an old one.
        let is_unused = |key: &Key| key.added.is_some() && !key.has_sealed();
        let is_next = |key: &Key| is_unused(key) && key.is_for_encryption() == encrypts;
        let next = match file.keys.iter().position(is_next) {
            Some(next) => &mut file.keys[next],
            None => file.add_key(encrypts, now)?,
        };
        next.promote(now);
        let _ = writeln!(said, "{} now {}.", next.kid, next.verbs().0);
    }
    file.keys.remove(at);
    file.write(&locked.path)?;
    said += "Next: reload the file on every server NOW; each server accepts the key until then.\n\
        If another key has sealed while servers accepted this one, it may have sealed forged\n\
        sessions, too: `waxseal keys revoke --help` says how to end them, and what else to do.\n";
    print_plain(&said)
}

/// Shows the keys. An old key is still needed for the time `lasts` after its last signature.
pub(super) fn list(path: &Path, lasts: Duration, now: UnixTime) -> Result<(), Failure> {
    let file = KeyFile::read(path)?;
    let keys = match file.keys.len() {
        1 => "1 key".to_owned(),
        count => format!("{count} keys"),
    };
    let mut said = format!("{keys} of the cookie {}", file.cookie());
    if let Some(purpose) = file.purpose() {
        let _ = write!(said, ", for {purpose}");
    }
    said.push('\n');
    for key in &file.keys {
        let (seals, opens) = key.verbs();
        let part = match (key.seals(), key.has_sealed()) {
            (true, _) => seals.to_owned(),
            (false, false) => format!("{opens}, was never promoted"),
            (false, true) => format!("{opens}, no longer {seals}"),
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
    print_plain(&said)
}

/// Returns the time at which all sessions of the key have expired, or `None` if the file does not
/// record when the key stopped signing. Servers may sign with the key until they have reloaded the
/// file, so `lasts` includes that time. A key that has never sealed has no sessions.
fn over_at(key: &Key, lasts: u64) -> Option<u64> {
    match (key.has_sealed(), key.demoted) {
        (false, _) => key.added,
        (true, demoted) => demoted.map(|demoted| demoted.saturating_add(lasts)),
    }
}

/// Returns why a step is not safe yet, or `None` if `safe_from` has passed.
fn refusal(safe_from: Option<u64>, now: UnixTime, why: &str) -> Option<String> {
    match safe_from {
        Some(time) if time <= now.as_secs() => None,
        Some(time) => Some(format!("too early: {why}; wait until {}", clock::date(time, now))),
        None => Some(format!("the file does not record the time of the key, and {why}")),
    }
}

/// Returns an error for an unsafe step, unless the operator gives a reason, which the file
/// records.
fn allow(
    refusal: Option<String>,
    step: &str,
    kid: &str,
    pace: &PaceArgs,
    file: &mut KeyFile,
) -> Result<(), Failure> {
    let ahead = || pace.now.is_ahead().then(|| "--now is in the future".to_owned());
    match (refusal.or_else(ahead), &pace.because) {
        (None, _) => Ok(()),
        (Some(refusal), None) => {
            Err(Failure::Bad(format!("{refusal}; to run the step anyway, pass --because REASON")))
        }
        (Some(_), Some(reason)) => {
            file.because.push(Because {
                time: UnixTime::now().as_secs(),
                step: step.into(),
                kid: kid.into(),
                reason: reason.clone(),
            });
            Ok(())
        }
    }
}
