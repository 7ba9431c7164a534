//! What a middleware puts into a request: the place of its session, empty until
//! somebody asks.

use std::{
    any::TypeId,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{
    config::Config,
    error::SessionError,
    live::{Live, Shared},
};

/// The marker of an application's one session, or its main one.
#[derive(Clone, Copy, Debug)]
pub struct Main;

/// The place of one request's session.
///
/// A face keeps the innermost one in the request, under a private type of its
/// own. From it the slots of the middlewares around are found.
pub struct Slot {
    config: Arc<Config>,
    marker: TypeId,
    /// Of the middleware around this one.
    outer: Option<Arc<Slot>>,
    stage: Mutex<Stage>,
}

/// How far a request's session has come.
enum Stage {
    /// Nobody has asked for it.
    Unopened,
    /// Somebody has.
    Opened(Arc<Live>),
    /// The response head was made before anybody asked.
    Missed,
}

impl Slot {
    /// The place of the sessions of `W` in a request whose innermost slot so
    /// far is `outer`; it is the innermost from now on. `None` if a middleware
    /// around this one has made it already: two with one marker and one cookie
    /// name act as one.
    pub fn place<W: 'static>(config: &Arc<Config>, outer: Option<&Arc<Self>>) -> Option<Arc<Self>> {
        let marker = TypeId::of::<W>();
        if let Some(outer) = outer
            && outer.all().any(|slot| slot.marker == marker && slot.config.has_cookie_of(config))
        {
            tracing::debug!("a second session layer for the same cookie has no effect");
            return None;
        }
        let (config, outer) = (Arc::clone(config), outer.cloned());
        Some(Arc::new(Self { config, marker, outer, stage: Mutex::new(Stage::Unopened) }))
    }

    /// The session of `W` in a request with this innermost slot and these
    /// values of its `Cookie` headers; opened by whoever asks first.
    ///
    /// # Errors
    ///
    /// [`SessionError::MissingLayer`] where no slot has this marker;
    /// [`SessionError::SharedCookie`] where one with another marker has the
    /// same cookie; [`SessionError::Closed`] where nobody asked before the
    /// response head was made; [`SessionError::StandingUnknown`] where there is
    /// a list of sessions ended early and it cannot be trusted now.
    pub fn session<'h, W: 'static>(
        innermost: Option<&Self>,
        cookies: impl IntoIterator<Item = &'h [u8], IntoIter: DoubleEndedIterator>,
    ) -> Result<Shared, SessionError> {
        let missing = SessionError::MissingLayer { marker: std::any::type_name::<W>() };
        let Some(innermost) = innermost else { return Err(missing) };
        let marker = TypeId::of::<W>();
        let slot = innermost.all().find(|slot| slot.marker == marker).ok_or(missing)?;
        if innermost.outer.is_some()
            && innermost
                .all()
                .any(|other| other.marker != marker && other.config.has_cookie_of(&slot.config))
        {
            let cookie = slot.config.sealer.current().cookie().name().into();
            return Err(SessionError::SharedCookie { cookie });
        }
        let live = slot.opened(cookies)?;
        if live.is_withheld() {
            return Err(SessionError::StandingUnknown);
        }
        Ok(Shared(live))
    }

    fn opened<'h>(
        &self,
        cookies: impl IntoIterator<Item = &'h [u8], IntoIter: DoubleEndedIterator>,
    ) -> Result<Arc<Live>, SessionError> {
        let mut stage = self.stage();
        match &*stage {
            Stage::Unopened => {
                let live = Arc::new(Live::open(&self.config, cookies));
                *stage = Stage::Opened(Arc::clone(&live));
                Ok(live)
            }
            Stage::Opened(live) => Ok(Arc::clone(live)),
            Stage::Missed => Err(SessionError::Closed),
        }
    }

    /// There will be no response.
    pub(crate) fn abandon(&self) {
        if let Some(live) = self.end() {
            live.abandon();
        }
    }

    /// Opens the session no more; the one that was opened, if it was.
    pub(crate) fn end(&self) -> Option<Arc<Live>> {
        let mut stage = self.stage();
        if let Stage::Opened(live) = &*stage {
            return Some(Arc::clone(live));
        }
        *stage = Stage::Missed;
        None
    }

    /// Who panicked while opening has left it unopened.
    fn stage(&self) -> MutexGuard<'_, Stage> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// This slot and those of the middlewares around it.
    fn all(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |slot| slot.outer.as_deref())
    }
}

impl fmt::Debug for Slot {
    // Not the session: its data is the user's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot").field("config", &self.config).finish_non_exhaustive()
    }
}
