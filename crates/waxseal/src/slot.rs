//! What the layer puts into a request: the place of its session, empty until
//! somebody asks.

use std::{
    fmt,
    marker::PhantomData,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

use http::{HeaderMap, header};
use waxseal_core::{Opened, Sealer};

use crate::{clock::Clock, headers::Headers};

/// What a layer is configured with.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) sealer: Arc<Sealer>,
    pub(crate) clock: Clock,
}

/// The place of one request's session. `None` inside: the response head was
/// made before anybody asked.
pub(crate) struct Slot {
    config: Arc<Config>,
    live: OnceLock<Option<Arc<Live>>>,
}

/// A session that was asked for, with the sealer that opened it and will close
/// it.
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

impl Slot {
    /// The session, opened by whoever asks first; `None` once it is closed
    /// without having been opened.
    pub(crate) fn open(&self, request: &HeaderMap) -> Option<Arc<Live>> {
        self.live.get_or_init(|| Some(Arc::new(self.live(request)))).clone()
    }

    fn live(&self, request: &HeaderMap) -> Live {
        let sealer = Arc::clone(&self.config.sealer);
        let cookies = request.get_all(header::COOKIE).iter().map(http::HeaderValue::as_bytes);
        let opened = sealer.open(cookies, self.config.clock.now());
        if let Some(rejection) = opened.rejection() {
            let cookie = sealer.cookie().name();
            tracing::debug!(cookie, rejection = rejection.as_str(), "session cookie rejected");
        }
        Live { sealer, opened: Mutex::new(opened) }
    }

    /// Puts into the response what the session asks for: nothing if nobody
    /// asked for the session.
    fn close(&self, response: &mut HeaderMap) {
        let Some(live) = self.live.get_or_init(|| None) else { return };
        let closing = live.sealer.close(&mut live.lock());
        let cookie = live.sealer.cookie().name();
        if closing.has_unsaved_changes() {
            tracing::warn!(cookie, "the session was changed and not saved");
        }
        if let Some(error) = closing.renewal_error() {
            tracing::warn!(cookie, %error, "the session could not be renewed");
        }
        closing.apply(&mut Headers(response));
    }

    /// There will be no response.
    fn abandon(&self) {
        if let Some(live) = self.live.get_or_init(|| None) {
            live.lock().abandon();
        }
    }
}

/// The slot as a request's extension. The type is private: nobody gets at a
/// session that has not been opened.
pub(crate) struct Extension<W> {
    pub(crate) slot: Arc<Slot>,
    marker: PhantomData<fn() -> W>,
}

impl<W> Extension<W> {
    pub(crate) fn new(config: &Arc<Config>) -> Self {
        let slot = Slot { config: Arc::clone(config), live: OnceLock::new() };
        Self { slot: Arc::new(slot), marker: PhantomData }
    }

    /// Whether it is the place of the cookie that `config` would read, too.
    pub(crate) fn serves(&self, config: &Config) -> bool {
        self.slot.config.sealer.cookie().name() == config.sealer.cookie().name()
    }
}

impl<W> Clone for Extension<W> {
    fn clone(&self) -> Self {
        Self { slot: Arc::clone(&self.slot), marker: PhantomData }
    }
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
}

impl Drop for CloseOnce {
    fn drop(&mut self) {
        if let Some(slot) = self.0.take() {
            slot.abandon();
        }
    }
}

impl fmt::Debug for CloseOnce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CloseOnce(..)")
    }
}
