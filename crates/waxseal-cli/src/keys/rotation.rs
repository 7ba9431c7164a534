//! The steps of a rotation, each of which refuses to be taken too early.

use std::{path::Path, time::Duration};

use anstream::println;
use waxseal_core::UnixTime;

use super::file::{Key, KeyFile};
use crate::{args::PaceArgs, clock, failure::Failure};

/// Adds a key that every server can come to know before any signs with it.
pub(super) fn add(path: &Path, cookie: &str, now: UnixTime) -> Result<(), Failure> {
    let Some(mut file) = KeyFile::read_if_any(path)? else {
        let file = KeyFile::with_first_key(cookie, now)?;
        file.write(path)?;
        println!("Made {} with a first key, {}, which signs.", path.display(), file.keys[0].kid);
        println!("Next: give the file to every server.");
        return Ok(());
    };
    let key = Key::new(file.cookie(), now)?;
    let kid = key.kid.clone();
    file.keys.push(key);
    file.write(path)?;
    println!("Added {kid}, which only verifies.");
    println!(
        "Next: have every server reload the file, then `waxseal keys promote {}`.",
        path.display()
    );
    Ok(())
}

/// Lets a key sign that every server knows.
pub(super) fn promote(path: &Path, kid: Option<&str>, pace: &PaceArgs) -> Result<(), Failure> {
    let mut file = KeyFile::read(path)?;
    let now = pace.now.get();
    let at = match kid {
        Some(kid) => file.position(kid)?,
        None => file
            .keys
            .iter()
            .rposition(|key| !key.signs() && key.promoted.is_none())
            .ok_or_else(|| {
                Failure::Bad(format!("no key waits to sign; `waxseal keys add {}`", path.display()))
            })?,
    };
    if file.keys[at].signs() {
        return Err(Failure::Bad(format!("{} signs already", file.keys[at].kid)));
    }
    let known_from = file.keys[at].added.map(|added| added.saturating_add(pace.reload.as_secs()));
    let early = refusal(
        known_from,
        now,
        "until every server knows the key, a session that it signs is refused by the others",
    );
    allow(early, pace, &mut file.keys[at])?;

    for key in &mut file.keys {
        if key.signs() {
            key.demote(now);
        }
    }
    file.keys[at].promote(now);
    file.write(path)?;
    println!("{} signs from now on.", file.keys[at].kid);
    println!("Next: have every server reload the file. When the sessions under the old key have");
    println!("ended, `waxseal keys retire {}`; `waxseal keys list` says when.", path.display());
    Ok(())
}

/// Removes keys under which nothing can still be valid.
pub(super) fn retire(
    path: &Path,
    kid: Option<&str>,
    absolute: Duration,
    pace: &PaceArgs,
) -> Result<(), Failure> {
    let mut file = KeyFile::read(path)?;
    let now = pace.now.get();
    let lasts = absolute.saturating_add(pace.reload).as_secs();
    let mut retired = Vec::new();
    if let Some(kid) = kid {
        let at = file.position(kid)?;
        if file.keys[at].signs() {
            return Err(Failure::Bad(format!("{kid} signs; promote another first")));
        }
        let early = refusal(
            over_at(&file.keys[at], lasts),
            now,
            "sessions under the key can still be valid, and would end",
        );
        allow(early, pace, &mut file.keys[at])?;
        retired.push(file.keys.remove(at).kid);
    } else {
        file.keys.retain(|key| {
            let over = !key.signs()
                && key.promoted.is_some()
                && over_at(key, lasts).is_some_and(|at| at <= now.as_secs());
            if over {
                retired.push(key.kid.clone());
            }
            !over
        });
        if retired.is_empty() {
            return Err(Failure::Bad(
                "no key's sessions have all ended; `waxseal keys list` says when they will".into(),
            ));
        }
    }
    file.write(path)?;
    println!("Retired {}.", retired.join(", "));
    println!("Next: have every server reload the file.");
    Ok(())
}

/// Removes a key that has leaked. There is always one that signs.
pub(super) fn revoke(path: &Path, kid: &str, now: UnixTime) -> Result<(), Failure> {
    let mut file = KeyFile::read(path)?;
    let at = file.position(kid)?;
    let cookie = file.cookie().to_owned();
    let revoked = file.keys.remove(at);
    println!("Revoked {kid}: every session under it ends.");
    if revoked.signs() {
        // One that never signed: nobody has seen a token under it.
        let waiting = file.keys.iter().rposition(|key| key.promoted.is_none());
        let next = if let Some(at) = waiting {
            at
        } else {
            file.keys.push(Key::new(&cookie, now)?);
            file.keys.len() - 1
        };
        file.keys[next].promote(now);
        println!("{} signs from now on.", file.keys[next].kid);
    }
    file.write(path)?;
    println!("Next: have every server reload the file NOW; until then the key is accepted.");
    println!("`waxseal keys revoke --help` says what else must be done.");
    Ok(())
}

pub(super) fn list(path: &Path, lasts: Duration, now: UnixTime) -> Result<(), Failure> {
    let file = KeyFile::read(path)?;
    println!("{} keys of the cookie {}", file.keys.len(), file.cookie());
    for key in &file.keys {
        let part = match (key.signs(), key.promoted, key.demoted) {
            (true, ..) => "signs",
            (false, None, _) => "verifies, has not signed yet",
            (false, Some(_), _) => "verifies, signs no more",
        };
        println!("\n{}  {part}", key.kid);
        for (event, time) in [
            ("added", key.added),
            ("promoted", key.promoted),
            ("demoted", key.demoted),
            ("may be retired", key.demoted.and_then(|_| over_at(key, lasts.as_secs()))),
        ] {
            if let Some(time) = time {
                println!("  {event:15} {}", clock::date(time, now));
            }
        }
        if let Some(reason) = &key.because {
            println!("  {:15} {}", "because", reason.escape_debug());
        }
    }
    Ok(())
}

/// When nothing under the key can be valid any more: the last session that it
/// signed began at the latest when the last server reloaded the file. A key
/// that never signed is over from the start.
fn over_at(key: &Key, lasts: u64) -> Option<u64> {
    match (key.promoted, key.demoted) {
        (None, _) => Some(0),
        (Some(_), demoted) => demoted.map(|demoted| demoted.saturating_add(lasts)),
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

/// Refuses, unless the operator has said why not.
fn allow(refusal: Option<String>, pace: &PaceArgs, key: &mut Key) -> Result<(), Failure> {
    match (refusal, &pace.because) {
        (None, _) => Ok(()),
        (Some(refusal), None) => Err(Failure::Bad(format!("{refusal}, or say --because REASON"))),
        (Some(_), Some(reason)) => {
            key.because = Some(reason.clone());
            Ok(())
        }
    }
}
