//! What stands between `open` and `close`: a request's session, and what the
//! response must carry in the end.

use alloc::{string::String, vec::Vec};

use crate::{
    cookie::{Caching, ResponseHeaders},
    error::{Rejection, SaveError},
    state::State,
    time::UnixTime,
};

/// A request's session between [`Sealer::open`] and [`Sealer::close`].
///
/// A face keeps it where all who ask can share it, and gives handlers a
/// [`Handle`].
///
/// [`Sealer::open`]: crate::Sealer::open
/// [`Sealer::close`]: crate::Sealer::close
/// [`Handle`]: crate::Handle
#[derive(Debug)]
#[must_use = "a session that is opened must be closed into the response"]
pub struct Opened {
    pub(crate) state: State,
    /// The request's time.
    pub(super) now: UnixTime,
    /// `None` until a new session is saved.
    pub(crate) began: Option<UnixTime>,
    pub(crate) expires: Option<UnixTime>,
    pub(super) rejection: Option<Rejection>,
    pub(super) origin: Origin,
    /// The session's name as JSON text, where this request made it.
    pub(super) sid: Option<String>,
    pub(super) answer: Answer,
    pub(super) closed: bool,
}

/// Where the session comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// From an accepted cookie; whether its end is to be moved on.
    Cookie { renew: bool },
    /// It begins with this request.
    Here,
}

/// What the response will do about the cookie: the last of save and delete.
#[derive(Debug, Default)]
pub(super) enum Answer {
    #[default]
    Nothing,
    /// The `Set-Cookie` line that a save made.
    Set(String),
    Remove,
}

impl Opened {
    /// A session that begins `now`.
    pub(super) fn begun(state: State, now: UnixTime) -> Self {
        Self {
            state,
            now,
            began: None,
            expires: None,
            rejection: None,
            origin: Origin::Here,
            sid: None,
            answer: Answer::Nothing,
            closed: false,
        }
    }

    /// Why the cookie that was presented was not accepted; `None` if it was,
    /// or there was none.
    #[must_use]
    pub const fn rejection(&self) -> Option<Rejection> {
        self.rejection
    }

    /// There will be no response: a later save is an error.
    pub fn abandon(&mut self) {
        self.closed = true;
    }

    /// Whether it begins with this request.
    pub(crate) fn is_new(&self) -> bool {
        self.origin == Origin::Here
    }

    /// The session's name as JSON text.
    pub(super) fn sid(&self) -> Option<&str> {
        match self.origin {
            Origin::Cookie { .. } => self.sid.as_deref().or_else(|| self.state.claim("sid")),
            Origin::Here => self.sid.as_deref(),
        }
    }

    /// Goes on as another session with the same data.
    pub(crate) fn begin_anew(&mut self) {
        self.origin = Origin::Here;
        self.began = None;
        self.sid = None;
    }
}

/// What a response must carry because of the session.
#[derive(Debug)]
#[must_use = "the response must carry it"]
pub struct Closing {
    pub(super) set_cookie: Vec<String>,
    pub(super) caching: Caching,
    pub(super) unsaved: bool,
    pub(super) not_renewed: Option<SaveError>,
}

impl Closing {
    /// Puts everything into the response's headers: the `Set-Cookie` lines
    /// beside the application's own, `Vary`, `Cache-Control`.
    pub fn apply<H: ResponseHeaders + ?Sized>(self, headers: &mut H) {
        self.caching.apply(headers);
        for line in self.set_cookie {
            headers.append("set-cookie", line);
        }
    }

    /// Whether the session was changed and not saved since: a mistake of the
    /// application that is worth a warning in the log.
    #[must_use]
    pub const fn has_unsaved_changes(&self) -> bool {
        self.unsaved
    }

    /// Why the end of an active session could not be moved on; it keeps the
    /// cookie that it has. Worth a warning in the log.
    #[must_use]
    pub const fn renewal_error(&self) -> Option<&SaveError> {
        self.not_renewed.as_ref()
    }
}
