//! The one joint of all that stands to the right of it: opens cookies into
//! sessions, seals sessions into cookies.

mod builder;
mod opened;

use alloc::{format, string::String, vec::Vec};

pub use self::builder::SealerBuilder;
use self::opened::{Answer, Origin};
pub use self::opened::{Closing, Opened};
use crate::{
    base64url,
    claims::{self, Claims},
    cookie::{Caching, CookieSpec, values},
    error::{BuildError, Rejection, SaveError},
    keyring::{Dialect, Keyring, Secret},
    lifetime::{Limits, Verdict},
    state::State,
    time::UnixTime,
    token::{self, Unverified},
};

/// The most cookies of our name in one request whose MAC is computed.
const MAX_ATTEMPTS: usize = 16;

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
/// # let bytes = [7; 32];
/// let sealer = Sealer::builder(Secret::new(bytes)?).build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Sealer {
    cookie: CookieSpec,
    keyring: Keyring,
    limits: Limits,
    max_token: usize,
}

impl Sealer {
    /// A sealer of our own cookies, whose keys are derived from `secret`.
    #[must_use = "nothing is checked before `build`"]
    pub fn builder(secret: Secret) -> SealerBuilder {
        SealerBuilder::new(secret)
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
            cookie: CookieSpec::microdot(),
            keyring: Keyring::microdot(key),
            limits: Limits::default(),
            max_token: MAX_LINE,
        })
    }

    /// The cookie that this sealer reads and writes.
    #[must_use]
    pub fn cookie(&self) -> &CookieSpec {
        &self.cookie
    }

    /// Opens the session of a request: `cookies` are the values of its
    /// `Cookie` headers as they came, and `now` is the request's time, which
    /// everything done to the session later uses.
    ///
    /// Never fails: where no cookie is accepted, the session is empty and
    /// knows the [`Rejection`].
    pub fn open<'h, I>(&self, cookies: I, now: UnixTime) -> Opened
    where
        I: IntoIterator<Item = &'h [u8], IntoIter: DoubleEndedIterator>,
    {
        // 1. Each cookie of our name is tried; the first that passes every
        //    step wins, so nobody's junk in front can lock a user out.
        let presented = cookies.into_iter().flat_map(|header| values(header, self.cookie.name()));
        let mut attempts = Attempts { left: MAX_ATTEMPTS, rejection: None };
        let accepted = match self.keyring.dialect() {
            Dialect::Waxseal => self.first_accepted(presented, now, &mut attempts),
            Dialect::Microdot => self.first_accepted(presented.rev(), now, &mut attempts),
        };
        accepted.unwrap_or_else(|| Opened {
            rejection: attempts.rejection,
            ..Opened::begun(State::empty(self.keyring.dialect()), now)
        })
    }

    fn first_accepted<'h>(
        &self,
        mut presented: impl Iterator<Item = &'h [u8]>,
        now: UnixTime,
        attempts: &mut Attempts,
    ) -> Option<Opened> {
        presented.find_map(|token| {
            if attempts.left == 0 {
                return None;
            }
            self.open_token(token, now, attempts)
                .map_err(|rejection| attempts.rejection = attempts.rejection.max(Some(rejection)))
                .ok()
        })
    }

    /// The steps of opening, for one cookie's value.
    fn open_token(
        &self,
        token: &[u8],
        now: UnixTime,
        attempts: &mut Attempts,
    ) -> Result<Opened, Rejection> {
        if !now.is_plausible() {
            return Err(Rejection::ClockNotSet);
        }
        if token.len() > self.max_token {
            return Err(Rejection::TooLarge);
        }
        // 2. and 3. Three parts, and the header's key.
        let unverified = Unverified::parse(token, &self.keyring)?;
        // 4. The MAC. Nothing else is decoded, parsed or allocated before.
        attempts.left = attempts.left.saturating_sub(1);
        let verified = unverified.verify()?;
        // 5. The claims.
        let dialect = self.keyring.dialect();
        let text = String::from_utf8(verified.0).map_err(|_| Rejection::Claims)?;
        let state = State::parse(text, dialect).ok_or(Rejection::Claims)?;
        let times = claims::check(&state, dialect)?;
        // 6. The times.
        let verdict = self.limits.judge(&times, now)?;
        Ok(Opened {
            began: times.issued,
            expires: times.expires,
            origin: Origin::Cookie { renew: verdict == Verdict::Renew },
            ..Opened::begun(state, now)
        })
    }

    /// Seals the session at once: this is what will be sent, whatever is
    /// changed afterwards.
    pub(crate) fn save(
        &self,
        opened: &mut Opened,
        random: impl FnOnce() -> Result<Option<[u8; 16]>, SaveError>,
    ) -> Result<(), SaveError> {
        if opened.closed {
            return Err(SaveError::Closed);
        }
        if !opened.now.is_plausible() {
            return Err(SaveError::ClockNotSet);
        }
        let sid = match opened.sid() {
            None if self.keyring.dialect() == Dialect::Waxseal => {
                random()?.map(|bits| format!("\"{}\"", base64url::encode(&bits)))
            }
            sid => sid.map(String::from),
        };
        let began = opened.began.unwrap_or(opened.now);
        let (line, expires) = self.seal(&opened.state, began, sid.as_deref(), opened.now)?;

        if self.keyring.dialect() == Dialect::Waxseal {
            opened.began = Some(began);
            opened.expires = expires;
        }
        opened.sid = sid;
        opened.answer = Answer::Set(line);
        opened.state.set_changed(false);
        Ok(())
    }

    /// The `Set-Cookie` line of a session, and when it will expire.
    fn seal(
        &self,
        state: &State,
        began: UnixTime,
        sid: Option<&str>,
        now: UnixTime,
    ) -> Result<(String, Option<UnixTime>), SaveError> {
        let (claims, expires) = match self.keyring.dialect() {
            Dialect::Waxseal => {
                let expires = self.limits.expires(began, now);
                (Claims { issued: began, expires, sid }.seal(state), expires)
            }
            Dialect::Microdot => (claims::seal_microdot(state), None),
        };
        let token = token::sign(&claims, self.keyring.signing());
        let line = self.cookie.set_line(&token, now, expires);
        let limit = self.max_token.min(MAX_LINE);
        if line.len() > limit {
            return Err(SaveError::TooLarge { size: line.len(), limit });
        }
        Ok((line, expires))
    }

    /// Clears the session and has its cookie removed.
    pub(crate) fn delete(&self, opened: &mut Opened) {
        opened.state = State::empty(self.keyring.dialect());
        opened.begin_anew();
        opened.expires = None;
        opened.answer = Answer::Remove;
    }

    /// Ends the request's session: what the response must carry. A later save
    /// is an error.
    #[must_use = "the response must carry it"]
    pub fn close(&self, opened: &mut Opened) -> Closing {
        opened.closed = true;
        let (line, not_renewed) = match core::mem::take(&mut opened.answer) {
            Answer::Set(line) => (Some(line), None),
            Answer::Remove => (Some(self.cookie.removal_line()), None),
            Answer::Nothing => {
                self.renewal(opened).map_or_else(|error| (None, Some(error)), |line| (line, None))
            }
        };
        Closing {
            caching: if line.is_some() { Caching::SetsCookie } else { Caching::Read },
            set_cookie: Vec::from_iter(line),
            unsaved: opened.state.changed(),
            not_renewed,
        }
    }

    /// The line that moves the end of an active session on: its data as they
    /// came, not as a handler left them unsaved.
    fn renewal(&self, opened: &Opened) -> Result<Option<String>, SaveError> {
        let (Origin::Cookie { renew: true }, Some(state), Some(began)) =
            (opened.origin, opened.state.as_it_came(), opened.began)
        else {
            return Ok(None);
        };
        self.seal(&state, began, state.claim("sid"), opened.now).map(|(line, _)| Some(line))
    }
}

struct Attempts {
    left: usize,
    /// Of the cookie that came furthest.
    rejection: Option<Rejection>,
}
