//! The place of one request's session, empty until a handler asks for it.

use alloc::rc::Rc;
use core::cell::{Cell, OnceCell, RefCell};

use picoserve::request::Headers;
use waxseal_core::{OpenSession, RandomError, ResponseChanges, Sealer, Unavailable, UnixTime};

use crate::{
    error::SessionError,
    session::{Session, Shared},
};

/// 128 random bits.
pub(crate) type Random = fn() -> Result<[u8; 16], RandomError>;

/// The configuration of a layer.
#[derive(Clone)]
pub(crate) struct Config {
    pub(crate) sealer: Rc<Sealer>,
    pub(crate) clock: Rc<dyn Fn() -> UnixTime>,
    pub(crate) random: Option<Random>,
}

/// The place of one request's session. Dropped at the end of the request.
pub(crate) struct Slot {
    config: Config,
    /// The session, or what the response must carry if it could not be opened.
    opened: OnceCell<Result<Rc<Shared>, ResponseChanges>>,
    /// Whether the response head is complete.
    finished: Cell<bool>,
}

impl Slot {
    pub(crate) const fn new(config: Config) -> Self {
        Self { config, opened: OnceCell::new(), finished: Cell::new(false) }
    }

    /// The session of the request. The first call opens it.
    pub(crate) fn session(&self, request: Headers<'_>) -> Result<Session, SessionError> {
        match self.opened.get_or_init(|| self.open(request)) {
            Ok(shared) => Ok(Session::new(Rc::clone(shared))),
            Err(_) => Err(SessionError::RevocationUnknown),
        }
    }

    fn open(&self, request: Headers<'_>) -> Result<Rc<Shared>, ResponseChanges> {
        let Config { sealer, clock, random } = &self.config;
        let headers = request.iter().filter(|(name, _)| *name == "cookie");
        let cookies = headers.map(|(_, value)| value.as_raw());
        let session = OpenSession::open(Rc::clone(sealer), cookies, clock());
        let mut session = session.map_err(|unavailable| unavailable.changes)?;
        if let Some(random) = *random {
            session = session.with_randomness(random);
        }
        if self.finished.get() {
            session.abandon();
        }
        Ok(Rc::new(RefCell::new(session)))
    }

    /// What the response must carry; `None` if no handler asked for the session.
    pub(crate) async fn finish(&self) -> Option<Result<ResponseChanges, Unavailable>> {
        self.finished.set(true);
        let shared = match self.opened.get()? {
            Ok(shared) => shared,
            Err(changes) => return Some(Ok(changes.clone())),
        };
        // The session must not be borrowed while the future is pending.
        let finish = shared.borrow_mut().finish();
        Some(finish.await)
    }
}

/// The request is over, perhaps without a response: later saves of a kept session are
/// errors.
impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(Ok(shared)) = self.opened.get() {
            shared.borrow_mut().abandon();
        }
    }
}
