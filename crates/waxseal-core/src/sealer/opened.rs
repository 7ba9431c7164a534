//! What stands between `open` and `close`: a request's session, and what the
//! response must carry in the end.

use alloc::{boxed::Box, string::String, vec::Vec};
use core::fmt;

use super::revoking::Superseded;
use crate::{
    cookie::{Caching, ResponseHeaders},
    error::{Rejection, SaveError},
    lifetime::Times,
    revocation::Recording,
    state::State,
    time::UnixTime,
};

/// 128 random bits, where the platform has them.
type Random = fn() -> Result<[u8; 16], SaveError>;

/// A request's session between [`Sealer::open`] and [`Sealer::close`].
///
/// A face keeps it where all who ask can share it, and gives handlers a
/// [`Handle`]. `Debug` shows none of the session's data.
///
/// [`Sealer::open`]: crate::Sealer::open
/// [`Sealer::close`]: crate::Sealer::close
/// [`Handle`]: crate::Handle
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
    /// Which of the former cookies the request has.
    pub(super) former: FormerSet,
    /// The session's name as JSON text, where this request made it.
    pub(super) sid: Option<String>,
    pub(super) random: Option<Random>,
    pub(super) answer: Answer,
    pub(super) closed: bool,
    /// Whether the session is the one that the cookie brought, or goes on from
    /// it; not where a handler has deleted that, or said who the user is.
    pub(super) continues: bool,
    /// The session that the cookie brought, where a handler has renewed or
    /// deleted it and there is a list.
    pub(super) superseded: Option<Box<Superseded>>,
    pub(super) recording: Option<Recording>,
}

/// Some of the former cookies, by their index. From the 64th on several share a
/// place, and may be removed without having been presented.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct FormerSet(u64);

impl FormerSet {
    pub(super) fn insert(&mut self, index: usize) {
        self.0 |= 1_u64.rotate_left(Self::place(index));
    }

    pub(super) fn contains(self, index: usize) -> bool {
        self.0 & 1_u64.rotate_left(Self::place(index)) != 0
    }

    #[expect(clippy::cast_possible_truncation, reason = "the remainder is under 64")]
    const fn place(index: usize) -> u32 {
        (index % 64) as u32
    }
}

/// Where the session comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// From an accepted cookie, and the `exp` under which it is to be sealed
    /// again even if nobody saves it.
    Cookie { reseal: Option<UnixTime> },
    /// It begins with this request.
    Here,
}

/// What the response will do about the cookie: the last of save and delete.
#[derive(Default)]
pub(super) enum Answer {
    #[default]
    Nothing,
    /// A save made it.
    Set {
        /// The `Set-Cookie` line.
        line: String,
        /// Whether the session in it takes the place of the one that the cookie
        /// brought, which ends.
        replaces: bool,
        /// Whether it is that session, or goes on from it.
        continues: bool,
    },
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
            former: FormerSet::default(),
            sid: None,
            random: None,
            answer: Answer::Nothing,
            closed: false,
            continues: false,
            superseded: None,
            recording: None,
        }
    }

    /// A cookie has passed every step: it is this session. If one was rejected
    /// before, that does not matter any more.
    #[inline]
    pub(super) fn accept(&mut self, state: State, times: &Times, reseal: Option<UnixTime>) {
        self.state = state;
        self.began = times.issued;
        self.expires = times.expires;
        self.rejection = None;
        self.origin = Origin::Cookie { reseal };
        self.continues = true;
    }

    /// A cookie was not accepted.
    pub(super) fn reject(&mut self, rejection: Rejection) {
        // An accepted one counts, whatever stands beside it.
        if self.origin == Origin::Here {
            self.rejection = self.rejection.max(Some(rejection));
        }
    }

    /// Names new sessions: `random` gives 128 random bits for each. Without it
    /// they have no name (`sid`).
    pub fn with_randomness(mut self, random: fn() -> Result<[u8; 16], SaveError>) -> Self {
        self.random = Some(random);
        self
    }

    /// Why the cookie that was presented was not accepted; `None` if it was,
    /// or there was none.
    #[must_use]
    pub const fn rejection(&self) -> Option<Rejection> {
        self.rejection
    }

    /// What is to be awaited before the head of the response is sent, where the
    /// request has ended a session early; asked for once, after
    /// [`close`](crate::Sealer::close). If it fails the response is a 503 that
    /// carries [`close_unrecorded`](crate::Sealer::close_unrecorded) instead.
    pub const fn recording(&mut self) -> Option<Recording> {
        self.recording.take()
    }

    /// There will be no response: a later save is an error, and no session
    /// ends.
    pub fn abandon(&mut self) {
        self.closed = true;
    }

    /// Whether the response head has been made, or there will be none.
    pub(crate) const fn is_closed(&self) -> bool {
        self.closed
    }

    /// Whether it begins with this request.
    pub(crate) fn is_new(&self) -> bool {
        self.origin == Origin::Here
    }

    /// The session's name as JSON text.
    pub(super) fn sid(&self) -> Option<&str> {
        let came_with = || self.state.claim("sid").filter(|_| !self.is_new());
        self.sid.as_deref().or_else(came_with)
    }

    /// Goes on as another session with the same data.
    pub(crate) fn begin_anew(&mut self) {
        self.origin = Origin::Here;
        self.began = None;
        self.sid = None;
    }
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened")
            .field("began", &self.began)
            .field("expires", &self.expires)
            .field("rejection", &self.rejection)
            .field("closed", &self.closed)
            .finish_non_exhaustive()
    }
}

/// What became of a session that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// It was read, and the browser keeps what it has.
    Read,
    /// Saved by a handler.
    Saved,
    /// Deleted by a handler.
    Deleted,
    /// Sealed again unasked: to move its end on, or to get another key or
    /// cookie.
    Resealed,
    /// Another request has ended it while this one was served, so that nothing
    /// of what was saved here is sent.
    Revoked,
}

impl Outcome {
    /// The outcome as one word, for machines.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Saved => "saved",
            Self::Deleted => "deleted",
            Self::Resealed => "resealed",
            Self::Revoked => "revoked",
        }
    }
}

/// What a response must carry because of the session.
#[derive(Clone)]
#[must_use = "the response must carry it"]
pub struct Closing {
    pub(super) outcome: Outcome,
    pub(super) set_cookie: Vec<String>,
    pub(super) caching: Caching,
    pub(super) unsaved: bool,
    pub(super) not_resealed: Option<SaveError>,
}

impl Closing {
    /// Of a session that was read.
    pub(super) const fn read(unsaved: bool) -> Self {
        let (outcome, caching) = (Outcome::Read, Caching::Read);
        Self { outcome, set_cookie: Vec::new(), caching, unsaved, not_resealed: None }
    }

    pub(super) fn sets(&mut self, outcome: Outcome, lines: Vec<String>) {
        self.outcome = outcome;
        self.set_cookie = lines;
        self.caching = Caching::SetsCookie;
    }

    /// Puts everything into the response's headers: the `Set-Cookie` lines
    /// beside the application's own, `Vary`, `Cache-Control`.
    pub fn apply<H: ResponseHeaders + ?Sized>(self, headers: &mut H) {
        self.caching.apply(headers);
        for line in self.set_cookie {
            headers.append("set-cookie", line);
        }
    }

    /// The `Set-Cookie` lines; the one that sets our cookie, if there is one,
    /// comes last.
    pub fn set_cookie(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.set_cookie.iter().map(String::as_str)
    }

    /// What became of the session: for counters.
    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// Whether the session was changed and not saved since: a mistake of the
    /// application that is worth a warning in the log.
    #[must_use]
    pub const fn has_unsaved_changes(&self) -> bool {
        self.unsaved
    }

    /// Why a session that nobody saved could not be sealed again to move its
    /// end on or to get another key or cookie; the browser keeps the cookie
    /// that it has. Worth a warning in the log.
    #[must_use]
    pub const fn reseal_error(&self) -> Option<&SaveError> {
        self.not_resealed.as_ref()
    }
}

impl fmt::Debug for Closing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Closing")
            .field("outcome", &self.outcome)
            .field("unsaved", &self.unsaved)
            .field("reseal_error", &self.not_resealed)
            .finish_non_exhaustive()
    }
}
