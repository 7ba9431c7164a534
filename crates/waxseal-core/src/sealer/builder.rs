//! Configuration, checked when built.

use alloc::{boxed::Box, string::String, vec::Vec};
use core::{fmt, time::Duration};

use zeroize::Zeroizing;

use super::{MAX_LINE, Sealer, revoking::List, source::Source};
use crate::{
    cookie::CookieSpec,
    error::BuildError,
    keyring::{KeySource, Secret},
    lifetime::Limits,
    revocation::Revocations,
    time::UnixTime,
};

const DAY: u64 = 86_400;

/// Builds a [`Sealer`] of our own cookies.
#[must_use = "nothing is checked before `build`"]
pub struct SealerBuilder {
    keys: KeySource,
    accepted: Vec<Secret>,
    cookie: CookieSpec,
    former: Vec<CookieSpec>,
    microdot: Vec<Microdot>,
    limits: Limits,
    max_token: usize,
    revocations: Option<Box<dyn Revocations>>,
    accepts_without_sid: bool,
}

/// Microdot's key, and when its sessions count as begun.
struct Microdot {
    key: Zeroizing<Vec<u8>>,
    since: UnixTime,
    may_be_weak: bool,
}

impl SealerBuilder {
    pub(super) fn new(keys: KeySource) -> Self {
        Self {
            keys,
            accepted: Vec::new(),
            cookie: CookieSpec::default(),
            former: Vec::new(),
            microdot: Vec::new(),
            limits: Limits { idle: Some(7 * DAY), absolute: Some(30 * DAY) },
            max_token: MAX_LINE,
            revocations: None,
            accepts_without_sid: false,
        }
    }

    /// Another secret whose sessions are accepted. Nothing is signed with it:
    /// a session under it is sealed again when it is next read.
    pub fn accept(mut self, secret: Secret) -> Self {
        self.accepted.push(secret);
        self
    }

    /// The cookie's name and attributes; [`CookieSpec::default`] unless given.
    /// Keys are derived for its name: another name is another key.
    pub fn cookie(mut self, cookie: CookieSpec) -> Self {
        self.cookie = cookie;
        self
    }

    /// A cookie that was used before, under another name, path or domain. One
    /// of another name is read where the request has none of ours; its session
    /// moves into ours and it is removed. One of the same name is removed
    /// whenever ours is set.
    pub fn former(mut self, cookie: CookieSpec) -> Self {
        self.former.push(cookie);
        self
    }

    /// Reads Microdot's cookie where the request has none of ours, moves its
    /// session into ours and removes it.
    ///
    /// Microdot's tokens state no beginning that could be trusted, so such a
    /// session counts as begun at `since`: the time of the move. By the
    /// absolute limit after it the door has closed by itself. An `exp` in the
    /// token binds for good: its session counts as begun so early that the
    /// absolute limit ends it then; its registered claims, and members that are reserved
    /// here (`iss`, `sid`, `remember`), are left behind.
    pub fn accept_microdot(self, key: impl AsRef<[u8]>, since: UnixTime) -> Self {
        self.microdot(key.as_ref(), since, false)
    }

    /// As [`accept_microdot`](Self::accept_microdot), with a key under 32
    /// bytes. Such a key can be guessed from one cookie, and whoever has it can
    /// write any session until the door closes.
    pub fn dangerous_accept_weak_microdot(self, key: impl AsRef<[u8]>, since: UnixTime) -> Self {
        self.microdot(key.as_ref(), since, true)
    }

    fn microdot(mut self, key: &[u8], since: UnixTime, may_be_weak: bool) -> Self {
        self.microdot.push(Microdot { key: Zeroizing::new(key.to_vec()), since, may_be_weak });
        self
    }

    /// How long a session lives without activity, in whole seconds; 7 days
    /// unless given, `None` for no such limit. Cookies that are out already
    /// keep the end that they state until they are sealed again.
    pub fn idle(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.limits.idle = limit.into().map(|limit| limit.as_secs());
        self
    }

    /// How long a session lives from its beginning, whatever its user does,
    /// in whole seconds; 30 days unless given, `None` for no such limit. A
    /// lowered limit also ends sessions that have begun already.
    pub fn absolute(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.limits.absolute = limit.into().map(|limit| limit.as_secs());
        self
    }

    /// The longest cookie value that is looked at, in bytes; 4096 unless
    /// given. Under 4096 it also bounds what is saved.
    pub fn max_token_bytes(mut self, limit: usize) -> Self {
        self.max_token = limit;
        self
    }

    /// A list of the sessions that are ended before their time. With one,
    /// [`delete`](crate::Handle::delete) and [`renew`](crate::Handle::renew) end
    /// the session for good, also for whoever has a copy of its cookie.
    ///
    /// Needs an absolute limit no longer than the list's, and randomness for the
    /// names of sessions: a token without a `sid` is rejected
    /// ([`NoSid`](crate::Rejection::NoSid)).
    pub fn revocations(mut self, list: impl Revocations + 'static) -> Self {
        self.revocations = Some(Box::new(list));
        self
    }

    /// Accepts tokens without a `sid` although there is a list of sessions ended
    /// early, and seals them again with one: for the time after such a list was
    /// added. A copy of such a token survives a logout; only what ends all
    /// sessions, or all of its user, ends it.
    pub const fn dangerous_accept_without_sid(mut self) -> Self {
        self.accepts_without_sid = true;
        self
    }

    /// The checked sealer.
    ///
    /// # Errors
    ///
    /// A [`BuildError`] where keys, cookies or limits make no sense.
    pub fn build(self) -> Result<Sealer, BuildError> {
        self.check_limits()?;
        self.check_revocations()?;
        let (former, stale) = self.former_sources()?;
        let keyring = self.keys.keyring(&self.accepted, self.cookie.name())?;
        Ok(Sealer {
            own: Source::new(self.cookie, keyring),
            former,
            stale,
            limits: self.limits,
            max_token: self.max_token,
            list: self.revocations.map(|revocations| List {
                revocations,
                accepts_without_sid: self.accepts_without_sid,
            }),
        })
    }

    fn check_revocations(&self) -> Result<(), BuildError> {
        let Some(list) = &self.revocations else { return Ok(()) };
        let limit = list.absolute_limit().as_secs();
        match self.limits.absolute {
            None => Err(BuildError::RevocationsNeedAbsoluteLimit),
            Some(absolute) if absolute > limit => Err(BuildError::RevocationsTooShort { limit }),
            Some(_) if !self.microdot.is_empty() && !self.accepts_without_sid => {
                Err(BuildError::MicrodotHasNoSid)
            }
            Some(_) => Ok(()),
        }
    }

    fn check_limits(&self) -> Result<(), BuildError> {
        let Limits { idle, absolute } = self.limits;
        if idle.is_none() && absolute.is_none() {
            return Err(BuildError::NoLimit);
        }
        if idle == Some(0) || absolute == Some(0) {
            return Err(BuildError::ZeroLimit);
        }
        if self.max_token < 256 {
            return Err(BuildError::SizeLimit);
        }
        match (self.cookie.longest(), idle) {
            (Some(longest), Some(idle)) if longest < idle => Err(BuildError::MaxAgeUnderIdle),
            _ => Ok(()),
        }
    }

    /// The former cookies that have a name of their own, and the lines that
    /// remove those that have ours.
    fn former_sources(&self) -> Result<(Vec<Source>, Vec<String>), BuildError> {
        let (mut sources, mut stale) = (Vec::<Source>::new(), Vec::new());
        for (at, cookie) in self.former.iter().enumerate() {
            let mut known = self.former.iter().take(at).chain([&self.cookie]);
            if known.any(|known| known.is_same(cookie)) {
                return Err(BuildError::SameCookie);
            }
            if cookie.name() == self.cookie.name() {
                stale.push(cookie.removal_line());
            } else {
                let keyring = self.keys.former_keyring(&self.accepted, cookie.name())?;
                sources.push(Source::new(cookie.clone(), keyring));
            }
        }
        for Microdot { key, since, may_be_weak } in &self.microdot {
            match key.len() {
                0 => return Err(BuildError::EmptyKey),
                len @ ..32 if !may_be_weak => return Err(BuildError::WeakMicrodotKey { len }),
                _ => {}
            }
            if self.limits.absolute.is_none() {
                return Err(BuildError::NeedsAbsoluteLimit);
            }
            let source = Source::microdot(key, *since);
            let name = source.cookie.name();
            if name == self.cookie.name() || sources.iter().any(|known| known.cookie.name() == name)
            {
                return Err(BuildError::SameCookie);
            }
            sources.push(source);
        }
        Ok((sources, stale))
    }
}

impl fmt::Debug for SealerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealerBuilder")
            .field("keys", &self.keys)
            .field("cookie", &self.cookie)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
