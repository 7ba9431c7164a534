//! The moments of cuts: what began before one has ended, and what begins after it
//! is good, on servers whose clocks differ by up to half the leeway.

use waxseal_core::{Sealer, UnixTime};

use crate::error::CutoffError;

/// How far a cut lies ahead of the clock, for clocks that differ; in seconds.
pub(crate) const AHEAD: u64 = Sealer::LEEWAY.as_secs() / 2;
/// How far ahead of the clock a session may begin: further, and it is refused.
pub(crate) const LATEST_BEGIN: u64 = Sealer::LEEWAY.as_secs();
/// How far ahead a cut may be moved on. Past all that may have begun.
const LATEST_CUT: u64 = LATEST_BEGIN + 1;

/// The moment of a cut that is made `now`, where the one before was at `last`.
///
/// Past that, because a session that has begun since has done so at `last` if
/// that lay ahead; but no further than it has to: no session can begin for as
/// long as it would be refused for beginning then.
pub(crate) fn next_cut(last: UnixTime, now: UnixTime) -> UnixTime {
    let ahead = later(now, AHEAD);
    if last < ahead {
        return ahead;
    }
    later(last, 1).min(later(now, LATEST_CUT)).max(last)
}

/// The latest that a cut can be which another server has made `now`.
pub(crate) fn latest_cut(now: UnixTime) -> UnixTime {
    later(now, LATEST_CUT + AHEAD)
}

/// The moment of a cut that is to end what began before `moment`.
pub(crate) fn cut_before(
    moment: UnixTime,
    last: UnixTime,
    now: UnixTime,
) -> Result<UnixTime, CutoffError> {
    if moment > later(now, AHEAD) {
        return Err(CutoffError);
    }
    // Up to now is meant for servers whose clocks are a little ahead, too.
    Ok(if moment < now { moment } else { next_cut(last, now) })
}

/// Some seconds later, and never after the last moment that there is.
pub(crate) fn later(time: UnixTime, secs: u64) -> UnixTime {
    UnixTime::from_secs(time.as_secs().saturating_add(secs))
}
