//! From a request's cookies to its session, in the one order of steps.

use alloc::string::String;

use super::{Sealer, opened::Opened, source::Source};
use crate::{
    claims,
    cookie::{pairs, value_of},
    error::Rejection,
    state::State,
    time::UnixTime,
    token::Unverified,
};

/// The most cookies of one request whose MAC is computed.
const MAX_ATTEMPTS: usize = 16;

impl Sealer {
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
        let pairs = cookies.into_iter().flat_map(pairs);
        let mut search = Search { sealer: self, now, attempts: MAX_ATTEMPTS, rejection: None };
        let accepted =
            if self.own.last_first() { search.own(pairs.rev()) } else { search.own(pairs) };
        accepted.unwrap_or_else(|| Opened {
            rejection: search.rejection,
            ..Opened::begun(State::empty(self.dialect()), now)
        })
    }

    /// Verifies one token of our own cookie: its claims object as it came.
    /// What [`open`](Self::open) does, for tools that have no session.
    ///
    /// # Errors
    ///
    /// The [`Rejection`].
    pub fn verify(&self, token: &[u8], now: UnixTime) -> Result<String, Rejection> {
        let opened = self.open_token(&self.own, token, now, &mut MAX_ATTEMPTS.clone())?;
        Ok(opened.state.text().into())
    }

    /// The steps of opening, for one cookie's value.
    fn open_token(
        &self,
        source: &Source,
        token: &[u8],
        now: UnixTime,
        attempts: &mut usize,
    ) -> Result<Opened, Rejection> {
        if !now.is_plausible() {
            return Err(Rejection::ClockNotSet);
        }
        if token.len() > self.max_token {
            return Err(Rejection::TooLarge);
        }
        // 2. and 3. Three parts, and the header's key.
        let unverified = Unverified::parse(token, &source.keyring)?;
        let outdated = !source.keyring.signs_with(unverified.key());
        // 4. The MAC. Nothing else is decoded, parsed or allocated before.
        *attempts = attempts.saturating_sub(1);
        let verified = unverified.verify()?;
        // 5. The claims.
        let dialect = source.keyring.dialect();
        let text = String::from_utf8(verified.0).map_err(|_| Rejection::Claims)?;
        let mut state = State::parse(text, dialect).ok_or(Rejection::Claims)?;
        let mut times = claims::check(&state, dialect)?;
        source.take_over(&mut state, &mut times);
        // 6. The times.
        let verdict = self.limits.judge(&times, now)?;
        let outdated = outdated || !core::ptr::eq(source, &raw const self.own);
        let reseal = source.reseal(verdict, outdated, self.limits, &times, now);
        Ok(Opened::from_cookie(state, times, reseal, now))
    }
}

struct Search<'s> {
    sealer: &'s Sealer,
    now: UnixTime,
    /// That are left.
    attempts: usize,
    /// Of the cookie that came furthest.
    rejection: Option<Rejection>,
}

impl Search<'_> {
    /// The session of our own cookie; of a former one only where the request
    /// has none of our own name.
    fn own<'h>(&mut self, pairs: impl Iterator<Item = &'h [u8]>) -> Option<Opened> {
        let own = &self.sealer.own;
        let mut has_own = false;
        let mut others = Others::default();
        for pair in pairs {
            if let Some(value) = value_of(pair, own.cookie.name()) {
                has_own = true;
                if let Some(opened) = self.attempt(own, value) {
                    return Some(opened);
                }
            } else if self
                .sealer
                .former
                .iter()
                .any(|former| value_of(pair, former.cookie.name()).is_some())
            {
                others.push(pair);
            }
        }
        if has_own { None } else { self.former(&others) }
    }

    fn former(&mut self, others: &Others<'_>) -> Option<Opened> {
        self.sealer.former.iter().enumerate().find_map(|(at, source)| {
            let mut values = others.values(source.cookie.name());
            let opened = if source.last_first() {
                values.rev().find_map(|value| self.attempt(source, value))
            } else {
                values.find_map(|value| self.attempt(source, value))
            };
            opened.map(|opened| Opened { former: Some(at), ..opened })
        })
    }

    fn attempt(&mut self, source: &Source, value: &[u8]) -> Option<Opened> {
        if self.attempts == 0 {
            return None;
        }
        self.sealer
            .open_token(source, value, self.now, &mut self.attempts)
            .map_err(|rejection| self.rejection = self.rejection.max(Some(rejection)))
            .ok()
    }
}

/// The cookies of a request that are not ours and may be former ones; as many
/// as could be tried.
#[derive(Default)]
struct Others<'h> {
    pairs: [&'h [u8]; MAX_ATTEMPTS],
    len: usize,
}

impl<'h> Others<'h> {
    fn push(&mut self, pair: &'h [u8]) {
        if let Some(free) = self.pairs.get_mut(self.len) {
            *free = pair;
            self.len = self.len.saturating_add(1);
        }
    }

    fn values(&self, name: &str) -> impl DoubleEndedIterator<Item = &'h [u8]> {
        self.pairs.iter().filter_map(move |pair| value_of(pair, name))
    }
}
