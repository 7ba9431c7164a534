//! Sessions that end before their time: step 7 of opening, and what a request
//! that ends one hands to the list.

use alloc::{borrow::Cow, boxed::Box, string::String};

use super::{
    Sealer,
    opened::{Opened, Origin},
};
use crate::{
    error::{Rejection, SaveError},
    revocation::{Ended, Revocations, Standing},
    state::{State, plain},
    time::UnixTime,
};

/// The list of a sealer that has one.
#[derive(Debug)]
pub(super) struct List {
    pub(super) revocations: Box<dyn Revocations>,
    /// Whether a token without a `sid` is accepted, and gets one.
    pub(super) accepts_without_sid: bool,
}

/// The session that the cookie brought, where another goes on in its place. One
/// without a `sid` can't end by itself, and yet with all of its user's.
pub(super) struct Superseded {
    sid: Option<String>,
    sub: Option<String>,
    begun: UnixTime,
}

/// By what a list knows a session.
struct Names<'s> {
    sid: Option<Cow<'s, str>>,
    sub: Option<Cow<'s, str>>,
}

impl<'s> Names<'s> {
    /// `None` if one of them is JSON and yet no text.
    fn of(state: &'s State) -> Option<Self> {
        let text = |json: Option<&'s str>| match json {
            Some(json) => plain(json).map(Some),
            None => Some(None),
        };
        let (sid, sub) = state.names();
        Some(Self { sid: text(sid)?, sub: text(sub)? })
    }
}

impl List {
    /// Step 7 of opening: whether a session that has passed all others was ended
    /// early. Says whether it needs a `sid`.
    pub(super) fn judge(&self, state: &State, begun: Option<UnixTime>) -> Result<bool, Rejection> {
        let names = Names::of(state).ok_or(Rejection::Claims)?;
        if names.sid.is_none() && !self.accepts_without_sid {
            return Err(Rejection::NoSid);
        }
        let begun = begun.unwrap_or_default();
        match self.revocations.standing(names.sid.as_deref(), names.sub.as_deref(), begun) {
            Standing::Good => Ok(names.sid.is_none()),
            Standing::Ended => Err(Rejection::Revoked),
            Standing::Unknown => Err(Rejection::StandingUnknown),
        }
    }

    fn has_ended(&self, Superseded { sid, sub, begun }: &Superseded) -> bool {
        self.revocations.standing(sid.as_deref(), sub.as_deref(), *begun) == Standing::Ended
    }
}

impl Sealer {
    /// When a session that is saved for the first time begins.
    pub(super) fn begins(&self, opened: &Opened) -> Result<UnixTime, SaveError> {
        let Some(list) = &self.list else { return Ok(opened.now) };
        let names = Names::of(&opened.state);
        let sub = names.as_ref().and_then(|names| names.sub.as_deref());
        list.revocations.begin(sub, opened.now).ok_or(SaveError::StandingUnknown)
    }

    /// Goes on as another session with the same data, and remembers the one
    /// that the cookie brought: it ends with the response.
    pub(super) fn begin_anew(&self, opened: &mut Opened) {
        if self.list.is_some() && !opened.is_new() {
            opened.superseded = session_of(opened).map(Box::new);
        }
        opened.begin_anew();
    }

    /// Whether the session that the cookie brought was ended meanwhile: by
    /// another request, which must not be undone by what this one has saved.
    pub(super) fn was_ended_meanwhile(&self, opened: &Opened) -> bool {
        let Some(list) = &self.list else { return false };
        match &opened.superseded {
            Some(session) => list.has_ended(session),
            None => session_of(opened).is_some_and(|session| list.has_ended(&session)),
        }
    }

    /// Ends the session that was superseded, if it has a name.
    pub(super) fn end_superseded(&self, opened: &mut Opened) {
        if let (Some(list), Some(session)) = (&self.list, opened.superseded.take())
            && let Superseded { sid: Some(sid), sub, begun } = *session
        {
            opened.recording = Some(list.revocations.end(Ended { sid, sub, begun }, opened.now));
        }
    }
}

/// The session that the cookie brought, as a list knows it.
fn session_of(opened: &Opened) -> Option<Superseded> {
    let Origin::Cookie { .. } = opened.origin else { return None };
    let Names { sid, sub } = Names::of(&opened.state)?;
    let (sid, sub) = (sid.map(Cow::into_owned), sub.map(Cow::into_owned));
    Some(Superseded { sid, sub, begun: opened.began? })
}
