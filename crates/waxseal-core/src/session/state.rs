//! The state machine behind [`OpenSession`](crate::OpenSession), compiled once: nothing
//! here is generic.

use alloc::{boxed::Box, format, string::String, vec::Vec};

use super::{
    changes::{Finish, Outcome, ResponseChanges, Unavailable},
    revoke::{Presented, new_issued_at},
};
use crate::{
    base64url,
    claims::{self, Claims},
    data::Data,
    error::{RandomError, Rejection, SaveError},
    format::Format,
    revocation::Acknowledgement,
    sealer::{Accepted, Found, OtherCookie, Sealer},
    time::UnixTime,
};

/// 128 random bits.
pub(super) type Random = fn() -> Result<[u8; 16], RandomError>;

#[derive(Clone)]
pub(super) struct SessionState {
    pub(super) data: Data,
    /// The time of the request.
    pub(super) now: UnixTime,
    /// `None` before a new session is saved.
    pub(super) issued_at: Option<UnixTime>,
    pub(super) expires_at: Option<UnixTime>,
    /// The session ID as JSON text, if this request made it.
    id: Option<String>,
    pub(super) random: Option<Random>,
    pub(super) rejection: Option<Rejection>,
    /// Which previous cookies the request presented.
    previous: Vec<usize>,
    /// The presented cookies that were not accepted, if there is a revocation list.
    others: Vec<OtherCookie>,
    /// The presented session, if it was renewed or deleted and there is a
    /// revocation list.
    replaced: Option<Box<Presented>>,
    pub(super) origin: Origin,
    action: CookieAction,
    /// Whether the request is a logout, even if a new session follows.
    logs_out: bool,
    /// Whether a change of identity has failed.
    pub(super) has_failed: bool,
    /// Whether the response head is complete, or there will be none.
    pub(super) finished: bool,
}

/// Where the session comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// An accepted cookie, and the new `exp` if that needs a refresh.
    Existing { refresh: Option<UnixTime> },
    /// The session of an accepted cookie, with another session ID. It is not sent if the
    /// presented session is revoked by the end of the request.
    Renewed,
    /// This request.
    New,
}

/// What the response does to the cookie: the last of save and delete.
#[derive(Clone, Default)]
enum CookieAction {
    #[default]
    Unchanged,
    Set {
        /// The `Set-Cookie` line.
        line: String,
        /// The origin of the session in it.
        saved_as: Origin,
    },
    Remove,
}

impl SessionState {
    #[inline]
    pub(super) fn new(found: Found, format: Format, now: UnixTime) -> Result<Self, Unavailable> {
        let Found { accepted, rejection, previous, others } = found;
        if rejection == Some(Rejection::RevocationUnknown) {
            return Err(Unavailable::revocation_unknown());
        }
        let (data, issued_at, expires_at, origin) = match accepted {
            Some(Accepted { data, times, refresh }) => {
                (data, times.issued_at, times.expires_at, Origin::Existing { refresh })
            }
            None => (Data::empty(format), None, None, Origin::New),
        };
        Ok(Self {
            data,
            now,
            issued_at,
            expires_at,
            id: None,
            random: None,
            rejection,
            previous,
            others,
            replaced: None,
            origin,
            action: CookieAction::Unchanged,
            logs_out: false,
            has_failed: false,
            finished: false,
        })
    }

    pub(super) fn is_new(&self) -> bool {
        self.origin == Origin::New
    }

    pub(super) fn save(&mut self, sealer: &Sealer) -> Result<(), SaveError> {
        if self.has_failed && !self.finished {
            return Err(SaveError::EarlierFailure);
        }
        self.seal(sealer)
    }

    /// Seals the session at once, so later changes do not alter what is sent.
    pub(super) fn seal(&mut self, sealer: &Sealer) -> Result<(), SaveError> {
        if self.finished {
            return Err(SaveError::Finished);
        }
        if !self.now.is_plausible() {
            return Err(SaveError::ClockNotSet);
        }
        let issued_at = match self.issued_at {
            Some(issued_at) => issued_at,
            None => new_issued_at(sealer, &self.data, self.now)?,
        };
        let expires_at = match sealer.format() {
            Format::Waxseal => {
                claims::limits(&self.data, sealer.limits).expires_at(issued_at, self.now)
            }
            Format::Microdot => self.expires_at,
        };
        let id = self.session_id(sealer)?;
        let claims = Claims { issued_at, expires_at, session_id: id.as_deref() };
        let line = sealer.seal(&self.data, claims, self.now)?;

        if sealer.format() == Format::Waxseal {
            self.issued_at = Some(issued_at);
        }
        self.expires_at = expires_at;
        self.id = id;
        self.action = CookieAction::Set { line, saved_as: self.origin };
        self.data.set_changed(false);
        Ok(())
    }

    /// The session ID as JSON text: the existing one, or a new one if there is
    /// randomness.
    fn session_id(&self, sealer: &Sealer) -> Result<Option<String>, SaveError> {
        match (self.id(), self.random) {
            // The list would reject a session without an ID.
            (None, None) if sealer.revocations.is_some() => Err(SaveError::NoRandomness),
            (None, Some(random)) if sealer.format() == Format::Waxseal => {
                let random = random().map_err(|RandomError| SaveError::NoRandomness)?;
                Ok(Some(format!("\"{}\"", base64url::encode(&random))))
            }
            (id, _) => Ok(id.map(String::from)),
        }
    }

    /// The session ID as JSON text; `None` before a new one is saved.
    pub(super) fn id(&self) -> Option<&str> {
        let presented = || match self.origin {
            Origin::Existing { .. } if self.data.format() == Format::Waxseal => {
                self.data.claim("sid")
            }
            _ => None,
        };
        self.id.as_deref().or_else(presented)
    }

    pub(super) fn delete(&mut self, sealer: &Sealer) -> Result<(), SaveError> {
        if self.finished {
            return Err(SaveError::Finished);
        }
        self.replace(sealer, Origin::New);
        self.data = Data::empty(sealer.format());
        self.expires_at = None;
        self.logs_out = true;
        self.has_failed = false;
        self.action = CookieAction::Remove;
        Ok(())
    }

    /// Sets a timeout of the session, unless it has a shorter one: that of a migration is
    /// Microdot's expiry.
    pub(super) fn shorten_timeout(&mut self, name: &str, secs: u64) {
        let known = claims::seconds(&self.data, name);
        let secs = known.map_or(secs, |known| known.min(secs));
        self.set_claim(name, itoa::Buffer::new().format(secs));
    }

    /// Sets a claim that only waxseal's format has.
    pub(super) fn set_claim(&mut self, name: &str, json: &str) {
        if self.data.format() == Format::Waxseal {
            self.data.set_claim(name, json);
        }
    }

    /// Continues as another session, and remembers the presented one, which is revoked
    /// with the response.
    pub(super) fn replace(&mut self, sealer: &Sealer, origin: Origin) {
        if sealer.revocations.is_some()
            && let Some(presented) = self.presented()
        {
            self.replaced = Some(Box::new(presented));
        }
        self.origin = origin;
        self.issued_at = None;
        self.id = None;
    }

    /// The presented session, while this is still that session.
    fn presented(&self) -> Option<Presented> {
        let Origin::Existing { .. } = self.origin else { return None };
        Some(Presented::new(&self.data, self.issued_at?))
    }

    /// Whether another request has revoked the presented session since it was opened:
    /// this request must not undo that.
    fn presented_is_revoked(&self, sealer: &Sealer) -> bool {
        match &self.replaced {
            Some(session) => session.is_revoked(sealer),
            None => self.presented().is_some_and(|session| session.is_revoked(sealer)),
        }
    }

    fn revoke_presented(&mut self, sealer: &Sealer) -> Option<Acknowledgement> {
        self.replaced.take()?.revoke(sealer, self.now)
    }

    /// Revokes every presented session whose signature verifies: a logout on a server whose
    /// clock is wrong must also end a session that this server rejects.
    fn revoke_all_presented(&mut self, sealer: &Sealer) -> Option<Acknowledgement> {
        let mut acknowledgements: Vec<_> = self.revoke_presented(sealer).into_iter().collect();
        if let Some(check) = &sealer.revocations {
            let others = self.others.iter().filter_map(|cookie| sealer.reference(cookie));
            acknowledgements.extend(others.map(|session| check.list.revoke(session, self.now)));
        }
        Acknowledgement::all(acknowledgements)
    }

    pub(super) fn finish(&mut self, sealer: &Sealer) -> Finish {
        let mut changes = ResponseChanges::read(self.data.changed());
        if core::mem::replace(&mut self.finished, true) {
            return Finish::new(changes, None);
        }
        let mut acknowledgement = None;
        match core::mem::take(&mut self.action) {
            CookieAction::Set { saved_as, .. }
                if saved_as != Origin::New && self.presented_is_revoked(sealer) =>
            {
                changes.outcome = Outcome::Revoked;
            }
            CookieAction::Set { line, saved_as } => {
                if self.logs_out {
                    acknowledgement = self.revoke_all_presented(sealer);
                } else if !matches!(saved_as, Origin::Existing { .. }) {
                    acknowledgement = self.revoke_presented(sealer);
                }
                changes.set_cookie(Outcome::Saved, sealer.set_lines(line, &self.previous));
                changes.without_user =
                    sealer.revocations.is_some() && claims::user(&self.data).is_none();
            }
            CookieAction::Remove => {
                acknowledgement = self.revoke_all_presented(sealer);
                changes.set_cookie(Outcome::Deleted, sealer.all_removal_lines());
            }
            CookieAction::Unchanged => match self.refresh(sealer) {
                Ok(Some(_)) if self.presented_is_revoked(sealer) => {
                    changes.outcome = Outcome::Revoked;
                }
                Ok(Some(line)) => {
                    changes.set_cookie(Outcome::Refreshed, sealer.set_lines(line, &self.previous));
                }
                Ok(None) => {}
                Err(error) => changes.refresh_error = Some(error),
            },
        }
        Finish::new(changes, acknowledgement.map(|pending| (pending, sealer.all_removal_lines())))
    }

    /// The line that refreshes the cookie of a session that no handler saved, with
    /// its unmodified data.
    fn refresh(&self, sealer: &Sealer) -> Result<Option<String>, SaveError> {
        let Origin::Existing { refresh: Some(expires_at) } = self.origin else { return Ok(None) };
        let (Some(data), Some(issued_at)) = (self.data.unmodified(), self.issued_at) else {
            return Ok(None);
        };
        let id = self.session_id(sealer)?;
        let claims = Claims { issued_at, expires_at: Some(expires_at), session_id: id.as_deref() };
        sealer.seal(&data, claims, self.now).map(Some)
    }
}
