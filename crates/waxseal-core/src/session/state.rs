//! The state machine behind [`OpenSession`](crate::OpenSession), compiled once: nothing
//! here is generic.

use alloc::{boxed::Box, format, string::String, vec::Vec};

use crate::{
    base64url,
    claims::{self, Claims},
    data::Data,
    error::{RandomError, SaveError},
    format::Format,
    random::Random,
    revocation::{RevocationStatus, SessionRef, SessionView},
    sealer::{Found, Sealer},
    time::UnixTime,
};

#[derive(Clone)]
pub(super) struct SessionState {
    /// What opening has found, and what handlers then change.
    pub(super) found: Found,
    /// The time of the request.
    pub(super) now: UnixTime,
    /// The session ID as JSON text, if this request made it.
    pub(super) id: Option<String>,
    /// The stamp of the revocation list when the request was opened. A new session gets it, and
    /// no later one: another request may have changed the password that this request has checked.
    pub(super) opening_stamp: Option<u64>,
    pub(super) random: Option<Random>,
    /// The presented session, if it was renewed or deleted and there is a
    /// revocation list.
    pub(super) replaced: Option<Box<SessionRef>>,
    /// The sessions for which `revoke_others` was called, one for each user.
    pub(super) cutoffs: Vec<SessionRef>,
    pub(super) origin: Origin,
    pub(super) action: CookieAction,
    /// Whether the request is a login or a logout: the response revokes every presented session.
    pub(super) ends_presented: bool,
    /// What has failed, so that the handler knows that its changes are not saved.
    pub(super) failed: Option<Failed>,
    /// Whether the response head is complete, or there will be none.
    pub(super) finished: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Failed {
    /// The last save.
    Save,
    /// The last change of identity: no save may follow.
    Identity,
}

/// Where the session comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// An accepted cookie.
    Existing,
    /// The session of an accepted cookie, with another session ID. It is not sent if the
    /// presented session is revoked by the end of the request.
    Renewed {
        /// Whether the user has re-authenticated: the session gets the stamp of its revocation.
        confirmed: bool,
    },
    /// This request.
    New,
}

/// What the response does to the cookie: the last of save and delete.
#[derive(Clone, Default)]
pub(super) enum CookieAction {
    #[default]
    Unchanged,
    Set {
        /// The `Set-Cookie` line.
        line: String,
        /// The origin of the session in it.
        saved_as: Origin,
        /// The session in it, if the response revokes a session: later changes of the data do
        /// not alter it.
        saved: Option<Box<SessionState>>,
    },
    Remove,
}

impl SessionState {
    /// An empty session.
    pub(super) fn new(sealer: &Sealer, now: UnixTime) -> Self {
        Self {
            found: Found::empty(sealer.format()),
            now,
            id: None,
            opening_stamp: None,
            random: None,
            replaced: None,
            cutoffs: Vec::new(),
            origin: Origin::New,
            action: CookieAction::Unchanged,
            ends_presented: false,
            failed: None,
            finished: false,
        }
    }

    /// Takes the session from the cookies of the request.
    #[inline]
    pub(super) fn open<'h>(
        &mut self,
        sealer: &Sealer,
        cookies: impl IntoIterator<Item = &'h [u8]>,
    ) {
        sealer.open(cookies, self.now, &mut self.found);
        self.opening_stamp = sealer.revocations.as_ref().and_then(|check| check.list.stamp());
        if self.found.is_accepted {
            self.origin = Origin::Existing;
        } else {
            self.found.stamp = self.opening_stamp;
        }
    }

    pub(super) fn is_new(&self) -> bool {
        self.origin == Origin::New
    }

    pub(super) fn save(&mut self, sealer: &Sealer) -> Result<(), SaveError> {
        if self.failed == Some(Failed::Identity) && !self.finished {
            return Err(SaveError::EarlierFailure);
        }
        let result = self.seal(sealer);
        self.failed = result.is_err().then_some(Failed::Save);
        result
    }

    /// Seals the session at once, so later changes do not alter what is sent.
    pub(super) fn seal(&mut self, sealer: &Sealer) -> Result<(), SaveError> {
        if self.finished {
            return Err(SaveError::Finished);
        }
        #[cfg(feature = "device-bound")]
        if self.is_unproven() {
            return Err(SaveError::ProofMissing);
        }
        if !self.now.is_plausible() {
            return Err(SaveError::ClockNotSet);
        }
        if sealer.revocations.is_some() {
            if self.origin == Origin::New && self.found.stamp.is_none() {
                return Err(SaveError::RevocationUnknown);
            }
            if self.origin != Origin::New && self.presented_is_revoked(sealer) {
                return Err(SaveError::Revoked);
            }
        }
        #[cfg(feature = "device-bound")]
        self.name_device();
        let issued_at = self.found.issued_at.unwrap_or(self.now);
        let expires_at = match sealer.format() {
            Format::Waxseal => {
                claims::limits(&self.found.data, sealer.limits).expires_at(issued_at, self.now)
            }
            Format::Microdot => self.found.expires_at,
        };
        let id = self.session_id(sealer)?;
        let (session_id, stamp) = (id.as_deref(), self.found.stamp);
        if let (Origin::New, Some(check)) = (self.origin, &sealer.revocations) {
            // A cutoff since the request was opened.
            let user = claims::user(&self.found.data);
            let (user, stamp) = (user.as_deref(), stamp.unwrap_or(0));
            let session = SessionView { id: None, user, issued_at, stamp };
            if check.list.status(session) == RevocationStatus::Revoked {
                return Err(SaveError::Revoked);
            }
        }
        let claims = Claims { issued_at, expires_at, session_id, stamp };
        let line = sealer.seal(&self.found.data, claims, self.now, self.random)?;
        let ends_others = self.ends_presented && !self.found.others.is_empty();
        let revokes = self.replaced.is_some() || ends_others || !self.cutoffs.is_empty();

        if sealer.format() == Format::Waxseal {
            self.found.issued_at = Some(issued_at);
        }
        self.found.expires_at = expires_at;
        self.id = id;
        self.found.data.set_changed(false);
        // The copy must not contain the copy of an earlier save.
        self.action = CookieAction::Unchanged;
        let saved = (revokes && sealer.revocations.is_some()).then(|| self.copy());
        self.action = CookieAction::Set { line, saved_as: self.origin, saved };
        Ok(())
    }

    /// A copy. Not inlined: its code is large for a microcontroller.
    #[inline(never)]
    pub(super) fn copy(&self) -> Box<Self> {
        Box::new(self.clone())
    }

    /// The lines that set the cookie of a saved session, with the stamp of a revocation.
    pub(super) fn seal_again(
        &mut self,
        sealer: &Sealer,
        stamp: u64,
    ) -> Result<Vec<String>, SaveError> {
        self.found.stamp = Some(stamp);
        let claims = Claims {
            issued_at: self.found.issued_at.unwrap_or(self.now),
            expires_at: self.found.expires_at,
            session_id: self.id(),
            stamp: self.found.stamp,
        };
        let line = sealer.seal(&self.found.data, claims, self.now, self.random)?;
        Ok(sealer.set_lines(line, &self.found.previous))
    }

    /// The reference of the session in a revocation list. Its ID is empty if it has none.
    pub(super) fn reference(&self) -> SessionRef {
        let issued_at = self.found.issued_at.unwrap_or(self.now);
        claims::reference(&self.found.data, self.id(), issued_at, self.found.stamp)
    }

    /// The line that refreshes the cookie of a session that no handler saved, with
    /// its unmodified data.
    pub(super) fn refresh(&self, sealer: &Sealer) -> Result<Option<String>, SaveError> {
        let (Origin::Existing, Some(expires_at)) = (self.origin, self.found.refresh) else {
            return Ok(None);
        };
        let (Some(data), Some(issued_at)) = (self.found.data.unmodified(), self.found.issued_at)
        else {
            return Ok(None);
        };
        #[cfg(feature = "device-bound")]
        let data = self.with_device_named(data);
        let id = self.session_id(sealer)?;
        let claims = Claims {
            issued_at,
            expires_at: Some(expires_at),
            session_id: id.as_deref(),
            stamp: self.found.stamp,
        };
        sealer.seal(&data, claims, self.now, self.random).map(Some)
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
            Origin::Existing if self.found.data.format() == Format::Waxseal => {
                self.found.data.claim("sid")
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
        self.found.data = Data::empty(sealer.format());
        self.found.expires_at = None;
        self.ends_presented = true;
        self.failed = None;
        #[cfg(feature = "device-bound")]
        {
            self.found.device = None;
        }
        self.action = CookieAction::Remove;
        Ok(())
    }

    /// Sets a timeout of the session, unless it has a shorter one, such as Microdot's expiry
    /// after a migration.
    pub(super) fn shorten_timeout(&mut self, name: &str, secs: u64) {
        let known = claims::seconds(&self.found.data, name);
        let secs = known.map_or(secs, |known| known.min(secs));
        self.set_claim(name, itoa::Buffer::new().format(secs));
    }

    /// Sets a claim that only waxseal's format has.
    pub(super) fn set_claim(&mut self, name: &str, json: &str) {
        if self.found.data.format() == Format::Waxseal {
            self.found.data.set_claim(name, json);
        }
    }
}
