//! The place of one request's session, empty until somebody asks.

use alloc::{rc::Rc, vec::Vec};
use core::cell::{Cell, OnceCell, RefCell};

use picoserve::request::Headers;
use waxseal_core::{Closing, Opened, Recording, Rejection, SaveError, Sealer, UnixTime};

use crate::{error::SessionError, session::Session};

/// 128 random bits, where the board has them.
pub(crate) type Random = fn() -> Result<[u8; 16], SaveError>;

/// What a layer is configured with.
#[derive(Clone)]
pub(crate) struct Config {
    pub(crate) sealer: Rc<Sealer>,
    pub(crate) clock: Rc<dyn Fn() -> UnixTime>,
    pub(crate) random: Option<Random>,
}

/// The place of one request's session. Dropped when the request is over.
pub(crate) struct Slot {
    config: Config,
    live: OnceCell<Rc<Live>>,
    /// Whether the response head has been made.
    closed: Cell<bool>,
}

/// A session that was asked for, with the sealer that opened it.
pub(crate) struct Live {
    pub(crate) sealer: Rc<Sealer>,
    pub(crate) opened: RefCell<Opened>,
}

impl Slot {
    pub(crate) const fn new(config: Config) -> Self {
        Self { config, live: OnceCell::new(), closed: Cell::new(false) }
    }

    /// The request's session, opened by whoever asks first. Nobody may have it
    /// where it cannot be known whether it was ended early: saved empty over a
    /// good cookie, it would log its user out.
    pub(crate) fn session(&self, request: Headers<'_>) -> Result<Session, SessionError> {
        let live = self.live.get_or_init(|| Rc::new(self.open(request)));
        if live.opened.borrow().rejection() == Some(Rejection::StandingUnknown) {
            return Err(SessionError::StandingUnknown);
        }
        Ok(Session::of(Rc::clone(live)))
    }

    fn open(&self, request: Headers<'_>) -> Live {
        let Config { sealer, clock, random } = &self.config;
        let cookies: Vec<_> = request
            .iter()
            .filter(|(name, _)| *name == "cookie")
            .map(|(_, value)| value.as_raw())
            .collect();
        let mut opened = sealer.open(cookies, clock());
        if let Some(random) = *random {
            opened = opened.with_randomness(random);
        }
        if self.closed.get() {
            opened.abandon();
        }
        Live { sealer: Rc::clone(sealer), opened: RefCell::new(opened) }
    }

    /// What the response must carry, and what its head must wait for; `None` if
    /// nobody asked for the session.
    pub(crate) fn close(&self) -> Option<(Closing, Option<Recording>)> {
        self.closed.set(true);
        let live = self.live.get()?;
        let mut opened = live.opened.borrow_mut();
        let closing = live.sealer.close(&mut opened);
        Some((closing, opened.recording()))
    }

    /// What a 503 must carry in the response's place, if that has failed.
    pub(crate) fn close_unrecorded(&self) -> Closing {
        self.config.sealer.close_unrecorded()
    }
}

/// The request is over, perhaps without a response: a save by whoever has kept
/// the session is an error from now on.
impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(live) = self.live.get() {
            live.opened.borrow_mut().abandon();
        }
    }
}
