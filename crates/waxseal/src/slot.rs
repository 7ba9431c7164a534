//! The place of a request's session, empty until a handler asks for it.

use std::sync::atomic::{AtomicBool, Ordering};
#[cfg(not(all(test, shuttle)))]
use std::sync::{Mutex, MutexGuard};
use std::{
    fmt,
    sync::{Arc, PoisonError},
};

#[cfg(all(test, shuttle))]
use shuttle::sync::{Mutex, MutexGuard};
use waxseal_core::{Marker, OpenSession, Rejection, ResponseChanges, Sealer};

use crate::{config::Config, error::SessionError, events, session::Session};

/// A session that was opened, shared among the handlers of its request.
pub(crate) type Shared = Mutex<OpenSession<Arc<Sealer>>>;

/// Locks a session. A handler that panicked has left it in a valid state.
pub(crate) fn lock(shared: &Shared) -> MutexGuard<'_, OpenSession<Arc<Sealer>>> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The place of one request's session.
///
/// An integration keeps the slot of the innermost middleware in the request, under
/// a private type of its own. It leads to the slots of the middleware around it.
pub struct Slot {
    pub(crate) config: Arc<Config>,
    /// Of the middleware around this one.
    outer: Option<Arc<Slot>>,
    stage: Mutex<Stage>,
    /// Whether its middleware has finished the session, and is not around any later call.
    has_ended: AtomicBool,
    /// Whether a browser with a key would have refreshed its proof cookie before this request.
    #[cfg(feature = "device-bound")]
    follows_refresh: AtomicBool,
}

/// The innermost slot as an extension of a request. The type is private, so that no
/// handler reaches a session that is not open.
#[cfg(any(feature = "actix", feature = "tower"))]
#[derive(Clone)]
pub(crate) struct Innermost(pub(crate) Arc<Slot>);

enum Stage {
    Unopened,
    Opened(Arc<Shared>),
    /// The revocation list could not be trusted.
    Unavailable(ResponseChanges),
    /// The response head was complete before a handler asked.
    Missed,
}

impl Slot {
    /// Creates a slot for a request. `outer` is the slot that an outer session middleware
    /// has stored in the request; store the result in its place. `None` if the same
    /// middleware is applied twice: then store nothing.
    pub fn place(config: &Arc<Config>, outer: Option<&Arc<Self>>) -> Option<Arc<Self>> {
        // A middleware that calls the application a second time may keep the extensions.
        let is_open = |slot: &&Arc<Self>| !slot.has_ended.load(Ordering::Relaxed);
        let outer = outer.and_then(|outer| {
            std::iter::successors(Some(outer), |slot| slot.outer.as_ref()).find(is_open)
        });
        if let Some(outer) = outer
            && outer.all().any(|slot| Arc::ptr_eq(&slot.config, config))
        {
            return None;
        }
        let (config, outer) = (Arc::clone(config), outer.cloned());
        Some(Arc::new(Self {
            config,
            outer,
            stage: Mutex::new(Stage::Unopened),
            has_ended: AtomicBool::new(false),
            #[cfg(feature = "device-bound")]
            follows_refresh: AtomicBool::new(false),
        }))
    }

    /// For a request before which a browser with a key refreshes its proof cookie.
    #[cfg(all(feature = "device-bound", any(feature = "actix", feature = "tower")))]
    pub(crate) fn follow_refresh(&self) {
        self.follows_refresh.store(true, Ordering::Relaxed);
    }

    /// Returns the session of the marker `M`. The first call opens it. `innermost` is the
    /// request's innermost slot; `cookies` are the values of its `Cookie` headers.
    ///
    /// # Errors
    ///
    /// [`SessionError::MissingLayer`] if no slot, or no current sealer, has this marker;
    /// [`SessionError::SameCookie`] if two slots have one cookie;
    /// [`SessionError::Finished`] if this is the first call and the response head is
    /// complete; [`SessionError::RevocationUnknown`] if the revocation list cannot
    /// be trusted.
    pub fn session<'h, M: Marker>(
        innermost: Option<&Self>,
        cookies: impl IntoIterator<Item = &'h [u8]>,
    ) -> Result<Session<M>, SessionError> {
        let missing = || SessionError::MissingLayer { marker: M::PURPOSE };
        let innermost = innermost.ok_or_else(missing)?;
        let mut slots = innermost.all();
        let slot = slots.find(|slot| slot.config.marker == M::PURPOSE).ok_or_else(missing)?;
        innermost.check_cookie_of(slot)?;
        slot.opened(cookies).map(Session::new)
    }

    /// Two layers with one cookie are a mistake: one session would overwrite the
    /// other, or a stricter layer would have no effect.
    fn check_cookie_of(&self, slot: &Self) -> Result<(), SessionError> {
        if self.outer.is_none() {
            return Ok(());
        }
        let mut others = self.all().filter(|other| !std::ptr::eq(*other, slot));
        match others.find(|other| other.config.has_cookie_of(&slot.config)) {
            Some(other) => Err(SessionError::SameCookie {
                cookie: slot.config.sealer.current().cookie().name().into(),
                layers: [slot.config.location, other.config.location],
            }),
            None => Ok(()),
        }
    }

    fn opened<'h>(
        &self,
        cookies: impl IntoIterator<Item = &'h [u8]>,
    ) -> Result<Arc<Shared>, SessionError> {
        let mut stage = self.stage();
        match &*stage {
            Stage::Opened(shared) => return Ok(Arc::clone(shared)),
            Stage::Unavailable(_) => return Err(SessionError::RevocationUnknown),
            Stage::Missed => return Err(SessionError::Finished),
            Stage::Unopened => {}
        }
        // The session keeps its sealer, even if the configuration gets another.
        let (sealer, now) = (self.config.sealer.current(), self.config.clock.now());
        // `SharedSealer::replace` could have set a sealer of another marker.
        if sealer.marker() != self.config.marker {
            return Err(SessionError::MissingLayer { marker: self.config.marker });
        }
        let session = OpenSession::open(sealer, cookies, now);
        let rejection = match &session {
            Ok(session) => session.rejection(),
            Err(_) => Some(Rejection::RevocationUnknown),
        };
        if let Some(rejection) = rejection {
            events::rejected(&self.config, now, rejection);
        }
        match session {
            Ok(session) => {
                #[cfg(feature = "getrandom")]
                let session = session.with_randomness(random);
                #[cfg(feature = "device-bound")]
                let session = if self.follows_refresh.load(Ordering::Relaxed) {
                    session.without_key()
                } else {
                    session
                };
                let shared = Arc::new(Mutex::new(session));
                *stage = Stage::Opened(Arc::clone(&shared));
                Ok(shared)
            }
            Err(unavailable) => {
                *stage = Stage::Unavailable(unavailable.changes);
                Err(SessionError::RevocationUnknown)
            }
        }
    }

    /// Returns the current sealer of the middleware.
    pub(crate) fn sealer(&self) -> Arc<Sealer> {
        self.config.sealer.current()
    }

    /// Prevents any later opening. `Ok` is the session, if a handler opened it;
    /// `Err` what the response must carry if it could not be opened.
    pub(crate) fn end(&self) -> Result<Option<Arc<Shared>>, ResponseChanges> {
        self.has_ended.store(true, Ordering::Relaxed);
        let mut stage = self.stage();
        match &*stage {
            Stage::Opened(shared) => Ok(Some(Arc::clone(shared))),
            Stage::Unavailable(changes) => Err(changes.clone()),
            Stage::Unopened | Stage::Missed => {
                *stage = Stage::Missed;
                Ok(None)
            }
        }
    }

    /// Locks the stage. A handler that panicked while it opened the session left it `Unopened`.
    fn stage(&self) -> MutexGuard<'_, Stage> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// This slot and those of the middleware around it.
    fn all(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |slot| slot.outer.as_deref())
    }
}

#[cfg(feature = "getrandom")]
pub(crate) fn random() -> Result<[u8; 16], waxseal_core::RandomError> {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits).map_err(|_| waxseal_core::RandomError)?;
    Ok(bits)
}

impl fmt::Debug for Slot {
    // A log must not contain the user's data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot").field("config", &self.config).finish_non_exhaustive()
    }
}
