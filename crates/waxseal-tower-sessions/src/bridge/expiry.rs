//! The expiry that a handler sets, as timeouts of waxseal's session.

use std::time::Duration;

use waxseal::UnixTime;

use super::Bridge;
use crate::error::Error;

/// `Expiry` of tower-sessions, in whole seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Expiry {
    SessionEnd,
    Idle(Duration),
    At(UnixTime),
}

impl Bridge {
    /// Saves waxseal's session, with the expiry that the handler has set.
    pub(super) fn seal(&self, expiry: Option<Expiry>) -> Result<(), Error> {
        let (session, now) = (&self.session, self.session.now());
        let issued_at = session.issued_at().unwrap_or(now);
        let asked = match expiry {
            None => return Ok(session.save()?),
            Some(Expiry::SessionEnd) => {
                session.set_remember(false);
                return Ok(session.save()?);
            }
            Some(Expiry::Idle(idle)) => {
                session.set_timeouts(idle, Duration::MAX);
                UnixTime::from_secs(now.as_secs().saturating_add(idle.as_secs()))
            }
            Some(Expiry::At(time)) => {
                session.set_timeouts(Duration::MAX, time.saturating_since(issued_at));
                time
            }
        };
        session.set_remember(true);
        session.save()?;
        match session.expires_at() {
            // An older session may be near its absolute timeout, which is no mistake.
            Some(granted) if granted < asked && session.is_new() => {
                session.delete()?;
                Err(Error::TooLate { asked, granted })
            }
            _ => Ok(()),
        }
    }

    /// Sets the expiry for the last save. Returns whether it lies in the future.
    pub(crate) fn set_expiry(&self, expiry: Option<Expiry>) -> bool {
        self.state().expiry = expiry;
        match expiry {
            Some(Expiry::Idle(idle)) => !idle.is_zero(),
            Some(Expiry::At(time)) => time > self.session.now(),
            Some(Expiry::SessionEnd) | None => true,
        }
    }

    /// Applies the expiry to a session that a handler has saved, and saves nothing else.
    pub(crate) fn save_expiry(&self) -> Result<(), Error> {
        let state = self.state();
        if state.is_saved && state.expiry.is_some() { self.seal(state.expiry) } else { Ok(()) }
    }
}
