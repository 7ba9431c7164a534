//! The one joint of all that stands to the right of it: opens cookies into
//! sessions, seals sessions into cookies.

mod builder;
mod opened;
mod opening;
mod revoking;
mod source;

use alloc::{format, string::String, vec, vec::Vec};
use core::time::Duration;

pub use self::builder::SealerBuilder;
pub use self::opened::{Closing, Opened, Outcome};
use self::{
    opened::{Answer, Origin},
    revoking::List,
    source::Source,
};
use crate::{
    base64url,
    claims::{self, Claims},
    cookie::CookieSpec,
    error::{BuildError, Rejection, SaveError},
    keyring::{Dialect, KeySource, Keyring},
    lifetime::{LEEWAY, Limits},
    state::State,
    time::UnixTime,
    token,
};

/// What browsers keep: RFC 6265bis, section 5.7, asks for 4096 bytes of name
/// and value; some count the whole line.
const MAX_LINE: usize = 4096;

/// The configured codec: opens cookies into sessions, seals sessions into
/// cookies.
///
/// ```
/// use waxseal_core::{Sealer, Secret};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let (bytes, former) = ([7; 32], [8; 32]);
/// let sealer = Sealer::builder(Secret::new(bytes)?)
///     .accept(Secret::new(former)?) // still verifies, signs no more
///     .build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Sealer {
    own: Source,
    /// Read when the request has no cookie of our own name.
    former: Vec<Source>,
    /// The lines that remove cookies of our own name under another path or
    /// domain: no request tells them from ours.
    stale: Vec<String>,
    limits: Limits,
    max_token: usize,
    /// Of the sessions that were ended early.
    list: Option<List>,
}

impl Sealer {
    /// How far the clocks of several servers may differ. It excuses a session
    /// that begins in the future and never extends one that has expired.
    pub const LEEWAY: Duration = Duration::from_secs(LEEWAY);

    /// A sealer of our own cookies, whose keys are derived from a
    /// [`Secret`](crate::Secret) or stand in a [`Jwks`](crate::Jwks).
    #[must_use = "nothing is checked before `build`"]
    pub fn builder(keys: impl Into<KeySource>) -> SealerBuilder {
        SealerBuilder::new(keys.into())
    }

    /// A sealer that reads and writes the cookie of Microdot's session
    /// extension: its key as it stands, `session; Path=/; HttpOnly`, no limit
    /// but an `exp` that the application itself has put there.
    ///
    /// Microdot takes a key of any length, and so does this; one under 32
    /// bytes can be guessed from a single cookie.
    ///
    /// # Errors
    ///
    /// [`BuildError::EmptyKey`].
    pub fn microdot(key: impl AsRef<[u8]>) -> Result<Self, BuildError> {
        let key = key.as_ref();
        if key.is_empty() {
            return Err(BuildError::EmptyKey);
        }
        Ok(Self {
            own: Source::new(CookieSpec::microdot(), Keyring::microdot(key)),
            former: Vec::new(),
            stale: Vec::new(),
            limits: Limits::default(),
            max_token: MAX_LINE,
            list: None,
        })
    }

    /// The cookie that this sealer reads and writes.
    #[must_use]
    pub fn cookie(&self) -> &CookieSpec {
        &self.own.cookie
    }

    fn dialect(&self) -> Dialect {
        self.own.keyring.dialect()
    }

    /// Seals the session at once: this is what will be sent, whatever is
    /// changed afterwards.
    pub(crate) fn save(&self, opened: &mut Opened) -> Result<(), SaveError> {
        if opened.closed {
            return Err(SaveError::Closed);
        }
        if !opened.now.is_plausible() {
            return Err(SaveError::ClockNotSet);
        }
        if opened.rejection == Some(Rejection::StandingUnknown) {
            return Err(SaveError::StandingUnknown);
        }
        let began = match opened.began {
            Some(began) => began,
            None => self.begins(opened)?,
        };
        let expires = match self.dialect() {
            Dialect::Waxseal => self.limits.expires(began, opened.now),
            Dialect::Microdot => opened.expires,
        };
        let sid = self.sid(opened)?;
        let line = self.seal(&opened.state, began, expires, sid.as_deref(), opened.now)?;

        if self.dialect() == Dialect::Waxseal {
            opened.began = Some(began);
        }
        opened.expires = expires;
        opened.sid = sid;
        let replaces = opened.superseded.is_some();
        opened.answer = Answer::Set { line, replaces, continues: opened.continues };
        opened.state.set_changed(false);
        Ok(())
    }

    /// The session's name as JSON text: the one it has, or a new one where
    /// there is randomness.
    fn sid(&self, opened: &Opened) -> Result<Option<String>, SaveError> {
        match (opened.sid(), opened.random) {
            // It would not be accepted back.
            (None, None) if self.list.is_some() => Err(SaveError::NoRandomness),
            (None, Some(random)) if self.dialect() == Dialect::Waxseal => {
                Ok(Some(format!("\"{}\"", base64url::encode(&random()?))))
            }
            (sid, _) => Ok(sid.map(String::from)),
        }
    }

    /// The `Set-Cookie` line of a session.
    fn seal(
        &self,
        state: &State,
        began: UnixTime,
        expires: Option<UnixTime>,
        sid: Option<&str>,
        now: UnixTime,
    ) -> Result<String, SaveError> {
        let (claims, lasts, remember) = match self.dialect() {
            Dialect::Waxseal => {
                let claims = Claims { issued: began, expires, sid }.seal(state);
                (claims, expires, claims::remember(state))
            }
            // Microdot's cookie says nothing of an `exp` in its claims.
            Dialect::Microdot => (claims::seal_microdot(state), None, None),
        };
        let key = self.own.keyring.signing();
        let sign = |line: &mut Vec<u8>| token::sign_onto(&claims, key, line);
        let len = token::len(claims.len(), key);
        let line = self.own.cookie.set_line(len, sign, now, lasts, remember);
        let limit = self.max_token.min(MAX_LINE);
        if line.len() > limit {
            return Err(SaveError::TooLarge { size: line.len(), limit });
        }
        Ok(line)
    }

    /// Clears the session and has its cookie removed.
    pub(crate) fn delete(&self, opened: &mut Opened) {
        self.begin_anew(opened);
        opened.continues = false;
        opened.state = State::empty(self.dialect());
        opened.expires = None;
        opened.answer = Answer::Remove;
    }

    /// Goes on as another session with the same data. Microdot's sessions have
    /// no beginning and no name to renew.
    pub(crate) fn renew(&self, opened: &mut Opened) {
        if self.dialect() == Dialect::Waxseal {
            self.begin_anew(opened);
            opened.state.set_changed(true);
        }
    }

    /// Goes on as a session of `user`, JSON text. Whoever says so has seen to it
    /// by now: it is good whatever becomes of the one before.
    pub(crate) fn set_user(&self, opened: &mut Opened, user: String) {
        self.renew(opened);
        opened.continues = false;
        opened.state.set_claim("sub", user);
    }

    /// Whether the cookie is to outlive the browser.
    pub(crate) fn set_remember(&self, opened: &mut Opened, remember: bool) {
        if self.dialect() == Dialect::Waxseal {
            opened.state.set_claim("remember", format!("{remember}"));
        }
    }

    /// Ends the request's session: what the response must carry. A later save
    /// is an error.
    ///
    /// Where the request has ended a session early, [`Opened::recording`] is to
    /// be awaited before the response head is sent.
    #[must_use = "the response must carry it"]
    pub fn close(&self, opened: &mut Opened) -> Closing {
        opened.closed = true;
        let mut closing = Closing::read(opened.state.changed());
        match core::mem::take(&mut opened.answer) {
            Answer::Set { continues: true, .. } if self.was_ended_meanwhile(opened) => {
                closing.outcome = Outcome::Revoked;
            }
            Answer::Set { line, replaces, .. } => {
                if replaces {
                    self.end_superseded(opened);
                }
                closing.sets(Outcome::Saved, self.setting(line, opened));
            }
            Answer::Remove => {
                self.end_superseded(opened);
                closing.sets(Outcome::Deleted, self.removing());
            }
            Answer::Nothing => match self.reseal(opened) {
                Ok(Some(_)) if self.was_ended_meanwhile(opened) => {
                    closing.outcome = Outcome::Revoked;
                }
                Ok(Some(line)) => closing.sets(Outcome::Resealed, self.setting(line, opened)),
                Ok(None) => {}
                Err(error) => closing.not_resealed = Some(error),
            },
        }
        closing
    }

    /// What a response carries, a 503, whose [recording](Opened::recording) has
    /// failed: this browser's cookie goes all the same.
    #[must_use = "the response must carry it"]
    pub fn close_unrecorded(&self) -> Closing {
        let mut closing = Closing::read(false);
        closing.sets(Outcome::Deleted, self.removing());
        closing
    }

    /// The line that seals a session again that nobody saved: its data as they
    /// came, not as a handler left them.
    fn reseal(&self, opened: &Opened) -> Result<Option<String>, SaveError> {
        let Origin::Cookie { reseal: Some(expires) } = opened.origin else { return Ok(None) };
        let (Some(state), Some(began)) = (opened.state.as_it_came(), opened.began) else {
            return Ok(None);
        };
        let sid = self.sid(opened)?;
        self.seal(&state, began, Some(expires), sid.as_deref(), opened.now).map(Some)
    }

    /// The lines of a response that sets our cookie. Former ones that were
    /// presented go, and so does any that would stand beside it under our name.
    fn setting(&self, line: String, opened: &Opened) -> Vec<String> {
        let former = self.former.iter().enumerate();
        let presented = former.filter(|(index, _)| opened.former.contains(*index));
        let mut lines: Vec<_> = presented.map(|(_, source)| source.cookie.removal_line()).collect();
        lines.extend(self.stale.iter().cloned());
        lines.push(line);
        lines
    }

    /// The lines of a response that ends the session: no cookie that would be
    /// accepted stays.
    fn removing(&self) -> Vec<String> {
        let mut lines = vec![self.own.cookie.removal_line()];
        lines.extend(self.former.iter().map(|source| source.cookie.removal_line()));
        lines.extend(self.stale.iter().cloned());
        lines
    }
}
