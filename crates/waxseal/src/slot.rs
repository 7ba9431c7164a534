//! What the layer puts into a request: the place of its session, empty until
//! somebody asks.

use std::{
    any::TypeId,
    fmt,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

use http::{Extensions, HeaderMap, header};
#[cfg(feature = "getrandom")]
use waxseal_core::SaveError;
use waxseal_core::{Opened, Sealer};

use crate::{
    clock::Clock,
    error::SessionError,
    events::{self, Throttle},
    headers::Headers,
    shared_sealer::SharedSealer,
};

/// What a layer is configured with.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) sealer: SharedSealer,
    pub(crate) clock: Clock,
    pub(crate) warnings: Throttle,
}

/// The place of one request's session.
pub(crate) struct Slot {
    config: Arc<Config>,
    marker: TypeId,
    /// Of the layer around this one.
    outer: Option<Arc<Slot>>,
    /// `None` inside: the response head was made before anybody asked.
    live: OnceLock<Option<Arc<Live>>>,
}

/// A session that was asked for, with the sealer that opened it and will close
/// it, whatever is configured meanwhile.
#[derive(Debug)]
pub(crate) struct Live {
    pub(crate) sealer: Arc<Sealer>,
    opened: Mutex<Opened>,
}

impl Live {
    /// A handler that panicked has left the session in a state like any other.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Opened> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The innermost slot as a request's extension. The type is private: nobody
/// gets at a session that has not been opened.
#[derive(Clone)]
struct Innermost(Arc<Slot>);

impl Slot {
    /// The place of the sessions of `W` in this request. `None` if a layer
    /// around this one has made it already: two layers with one marker and one
    /// cookie name act as one.
    pub(crate) fn place<W: 'static>(
        config: &Arc<Config>,
        extensions: &mut Extensions,
    ) -> Option<Arc<Self>> {
        let outer = extensions.get::<Innermost>().map(|innermost| Arc::clone(&innermost.0));
        let marker = TypeId::of::<W>();
        if let Some(outer) = &outer
            && outer.all().any(|slot| slot.marker == marker && slot.has_cookie_of(config))
        {
            tracing::debug!("a second SessionLayer for the same cookie has no effect");
            return None;
        }
        let slot =
            Arc::new(Self { config: Arc::clone(config), marker, outer, live: OnceLock::new() });
        extensions.insert(Innermost(Arc::clone(&slot)));
        Some(slot)
    }

    /// The session of `W`, opened by whoever asks first.
    pub(crate) fn session<W: 'static>(
        extensions: &Extensions,
        request: &HeaderMap,
    ) -> Result<Arc<Live>, SessionError> {
        let missing = SessionError::MissingLayer { marker: std::any::type_name::<W>() };
        let Some(Innermost(innermost)) = extensions.get() else { return Err(missing) };
        let marker = TypeId::of::<W>();
        let slot = innermost.all().find(|slot| slot.marker == marker).ok_or(missing)?;
        if innermost.outer.is_some()
            && innermost
                .all()
                .any(|other| other.marker != marker && other.has_cookie_of(&slot.config))
        {
            let cookie = slot.config.sealer.current().cookie().name().into();
            return Err(SessionError::SharedCookie { cookie });
        }
        slot.live
            .get_or_init(|| Some(Arc::new(slot.open(request))))
            .clone()
            .ok_or(SessionError::Closed)
    }

    fn open(&self, request: &HeaderMap) -> Live {
        let sealer = self.config.sealer.current();
        let cookies = request.get_all(header::COOKIE).iter().map(http::HeaderValue::as_bytes);
        let now = self.config.clock.now();
        let opened = named(sealer.open(cookies, now));
        if let Some(rejection) = opened.rejection() {
            events::rejected(&self.config.warnings, sealer.cookie().name(), rejection, now);
        }
        Live { sealer, opened: Mutex::new(opened) }
    }

    /// Puts into the response what the session asks for: nothing if nobody
    /// asked for the session.
    fn close(&self, response: &mut HeaderMap) {
        let Some(live) = self.live.get_or_init(|| None) else { return };
        let closing = live.sealer.close(&mut live.lock());
        events::closed(live.sealer.cookie().name(), &closing);
        closing.apply(&mut Headers(response));
    }

    /// There will be no response.
    fn abandon(&self) {
        if let Some(live) = self.live.get_or_init(|| None) {
            live.lock().abandon();
        }
    }

    /// This slot and those of the layers around it.
    fn all(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |slot| slot.outer.as_deref())
    }

    fn has_cookie_of(&self, config: &Config) -> bool {
        self.config.sealer.current().cookie().name() == config.sealer.current().cookie().name()
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

/// Closes the session when the response head is made, or when there will be
/// none: a request that was cancelled, or a service that failed.
pub(crate) struct CloseOnce(Option<Arc<Slot>>);

impl CloseOnce {
    pub(crate) const fn new(slot: Option<Arc<Slot>>) -> Self {
        Self(slot)
    }

    pub(crate) fn close(&mut self, response: &mut HeaderMap) {
        if let Some(slot) = self.0.take() {
            slot.close(response);
        }
    }

    pub(crate) fn abandon(&mut self) {
        if let Some(slot) = self.0.take() {
            slot.abandon();
        }
    }
}

impl Drop for CloseOnce {
    fn drop(&mut self) {
        self.abandon();
    }
}

impl fmt::Debug for CloseOnce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CloseOnce(..)")
    }
}
