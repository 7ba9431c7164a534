//! The time from the revocation on one server to the rejection on another, through a store.

use std::{
    collections::VecDeque,
    thread::sleep,
    time::{Duration, Instant},
};

use waxseal_core::{RevocationStatus, SessionRef};
use waxseal_revocation::RevocationList;

use super::lists::{acknowledged, revoke, session};

const A_SECOND: u32 = 1000;
const SECONDS: u32 = 10;
/// The polling interval of the other list.
const LOOK: Duration = Duration::from_micros(50);
/// The time after which the benchmark fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// The times, in milliseconds.
pub(crate) struct Propagation {
    pub(crate) median: f64,
    pub(crate) of_100: f64,
    pub(crate) most: f64,
}

/// Measures two lists of the same store.
pub(crate) fn run(one: &RevocationList, other: &RevocationList) -> Propagation {
    let mut times = load(one, other);
    times.sort();
    let at = |part: usize| times[(times.len() - 1) * part / 100].as_secs_f64() * 1000.0;
    Propagation { median: at(50), of_100: at(99), most: at(100) }
}

/// Revokes sessions on one list at a constant rate. Returns, for each session, the time until the
/// other list contained it.
fn load(one: &RevocationList, other: &RevocationList) -> Vec<Duration> {
    let mut sessions = (0..A_SECOND * SECONDS).map(session);
    let knows = |session: &SessionRef| other.status(session) == RevocationStatus::Revoked;
    let (mut in_flight, mut times, mut acknowledgements) =
        (VecDeque::new(), Vec::new(), Vec::new());
    let start = Instant::now();
    let mut due = Duration::ZERO;
    let mut left = true;
    while left || !in_flight.is_empty() {
        while left && start.elapsed() >= due {
            due += Duration::from_secs(1) / A_SECOND;
            match sessions.next() {
                Some(session) => {
                    in_flight.push_back((session.clone(), Instant::now()));
                    acknowledgements.push(revoke(one, session));
                }
                None => left = false,
            }
        }
        // The entries arrive in the order of the revocations.
        while let Some((session, since)) = in_flight.front()
            && knows(session)
        {
            times.push(since.elapsed());
            in_flight.pop_front();
        }
        assert!(start.elapsed() < PATIENCE, "{} entries have not arrived", in_flight.len());
        sleep(LOOK);
    }
    acknowledged(acknowledgements);
    times
}
