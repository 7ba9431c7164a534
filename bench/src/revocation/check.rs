//! The check of a list on every request, and opening a session with a list.

use std::{hint::black_box, time::Instant};

use waxseal::{Sealer, Secret, UnixTime, test_util};
use waxseal_core::{OpenSession, RevocationStatus, SessionRef};
use waxseal_revocation::RevocationList;

use super::lists::{GOOD, session};
use crate::{
    ours::now,
    rounds::Rounds,
    subject::{NOW, SECRET, data},
};

/// The number of sessions that are checked repeatedly.
const FEW: u32 = 8;
/// The number of sessions that are checked once, after the caches are emptied.
const ONCE: u32 = 100;
/// How often the caches are emptied.
const TURNS: u32 = 20;
/// More than a cache holds, in bytes.
const LARGER_THAN_CACHES: usize = 512 << 20;
const CACHE_LINE: usize = 64;

fn check(list: &RevocationList, session: &SessionRef) {
    let status = list.status(session);
    assert_eq!(black_box(status), RevocationStatus::Good);
}

/// Checks the same few good sessions.
pub(super) fn hot(rounds: &mut Rounds, name: &str, list: RevocationList) {
    let few: Vec<_> = (GOOD..GOOD + FEW).map(session).collect();
    let mut next = (0..few.len()).cycle();
    rounds.add("check", name, move || check(&list, &few[next.next().expect("a cycle")]));
}

/// The time in nanoseconds to check a new session with empty caches: the median of several turns.
pub(super) fn cold(list: &RevocationList) -> f64 {
    let mut buffer = vec![1_u8; LARGER_THAN_CACHES];
    let turn = |turn| {
        let first = GOOD + FEW + turn * ONCE;
        let sessions: Vec<_> = (first..first + ONCE).map(session).collect();
        black_box(&mut buffer).iter_mut().step_by(CACHE_LINE).for_each(|byte| *byte ^= turn as u8);
        // The ID and the user of a session that was just opened are in a cache.
        black_box(sessions.clone());
        let start = Instant::now();
        sessions.iter().for_each(|session| check(list, session));
        start.elapsed().as_nanos() as f64 / f64::from(ONCE)
    };
    let mut turns: Vec<f64> = (0..TURNS).map(turn).collect();
    turns.sort_by(f64::total_cmp);
    turns[turns.len() / 2]
}

/// Opens a session with an ID and a user, with or without a list.
pub(super) fn open(rounds: &mut Rounds, name: &str, list: Option<RevocationList>) {
    let builder = || Sealer::builder(Secret::new(SECRET).unwrap());
    let sealer = match list {
        Some(list) => builder().revocations(list).build().unwrap(),
        None => builder().build().unwrap(),
    };
    let header = test_util::cookie(&sealer, UnixTime::from_secs(NOW), |session| {
        session.set_data(data())?;
        session.log_in("susan")?;
        Ok(())
    });
    let header = header.unwrap();
    let opened = OpenSession::open(&sealer, [header.as_bytes()], now()).unwrap();
    assert_eq!(opened.rejection(), None);
    rounds.add("listed", name, crate::ours::open(sealer, header));
}
