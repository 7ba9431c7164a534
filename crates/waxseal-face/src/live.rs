//! A session that was asked for, and how all who ask share it.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

#[cfg(feature = "getrandom")]
use waxseal_core::SaveError;
use waxseal_core::{Closing, NotRecorded, Opened, Recording, Rejection, Sealer, Share};

use crate::{config::Config, events};

/// A session with the sealer that opened it and will close it, whatever is
/// configured meanwhile.
#[derive(Debug)]
pub(crate) struct Live {
    sealer: Arc<Sealer>,
    opened: Mutex<Opened>,
    /// Whether nobody may have it, because it cannot be known whether it was
    /// ended early.
    withheld: bool,
}

impl Live {
    pub(crate) fn open<'h, I>(config: &Config, cookies: I) -> Self
    where
        I: IntoIterator<Item = &'h [u8], IntoIter: DoubleEndedIterator>,
    {
        let sealer = config.sealer.current();
        let now = config.clock.now();
        let opened = named(sealer.open(cookies, now));
        if let Some(rejection) = opened.rejection() {
            events::rejected(&config.warnings, sealer.cookie().name(), rejection, now);
        }
        let withheld = opened.rejection() == Some(Rejection::StandingUnknown);
        Self { sealer, opened: Mutex::new(opened), withheld }
    }

    pub(crate) const fn is_withheld(&self) -> bool {
        self.withheld
    }

    /// What the response must carry, and what its head must wait for.
    pub(crate) fn close(&self) -> (Closing, Option<Recording>) {
        let mut opened = self.lock();
        let closing = self.sealer.close(&mut opened);
        events::closed(self.sealer.cookie().name(), &closing);
        (closing, opened.recording())
    }

    /// What the response must carry if that has failed.
    pub(crate) fn close_unrecorded(&self, error: &NotRecorded) -> Closing {
        events::not_recorded(self.sealer.cookie().name(), error);
        self.sealer.close_unrecorded()
    }

    pub(crate) fn abandon(&self) {
        self.lock().abandon();
    }

    /// A handler that panicked has left the session in a state like any other.
    fn lock(&self) -> MutexGuard<'_, Opened> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Names the session, if it is new and the platform has randomness.
fn named(opened: Opened) -> Opened {
    #[cfg(feature = "getrandom")]
    {
        opened.with_randomness(random)
    }
    #[cfg(not(feature = "getrandom"))]
    opened
}

#[cfg(feature = "getrandom")]
pub(crate) fn random() -> Result<[u8; 16], SaveError> {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits).map_err(|_| SaveError::NoRandomness)?;
    Ok(bits)
}

/// How a server's face shares a session: among threads. Nothing to be used by
/// itself; it is what the [`Handle`](waxseal_core::Handle) of a session is
/// over.
#[derive(Clone)]
pub struct Shared(pub(crate) Arc<Live>);

impl Share for Shared {
    fn with<R>(&self, f: impl FnOnce(&Sealer, &mut Opened) -> R) -> R {
        f(&self.0.sealer, &mut self.0.lock())
    }

    fn deleted_too_late(&self) {
        events::deleted_too_late(self.0.sealer.cookie().name());
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shared(..)")
    }
}
