//! From a request's cookies to its session, in the one order of steps.

use alloc::string::String;

use super::{Sealer, opened::Opened, source::Source};
use crate::{
    claims::Check,
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
        let mut opened = Opened::begun(State::empty(self.dialect()), now);
        let mut search = Search { sealer: self, attempts: MAX_ATTEMPTS, opened: &mut opened };
        if !self.former.is_empty() {
            search.own_or_former(pairs);
        } else if self.own.last_first() {
            search.own(pairs.rev());
        } else {
            search.own(pairs);
        }
        opened
    }

    /// Verifies one token of our own cookie: its claims object as it came.
    /// What [`open`](Self::open) does, for tools that have no session.
    ///
    /// # Errors
    ///
    /// The [`Rejection`].
    pub fn verify(&self, token: &[u8], now: UnixTime) -> Result<String, Rejection> {
        let mut opened = Opened::begun(State::empty(self.dialect()), now);
        self.open_token(&self.own, token, &mut 1, &mut opened)?;
        Ok(opened.state.text().into())
    }

    /// The steps before the MAC.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "what it returns would go through memory")]
    fn unverified<'t, 'k>(
        &self,
        source: &'k Source,
        token: &'t [u8],
        now: UnixTime,
    ) -> Result<Unverified<'t, 'k>, Rejection> {
        if !now.is_plausible() {
            return Err(Rejection::ClockNotSet);
        }
        if token.len() > self.max_token {
            return Err(Rejection::TooLarge);
        }
        // 2. and 3. Three parts, and the header's key.
        Unverified::parse(token, &source.keyring)
    }

    /// The steps of opening, for one cookie's value. Where it passes them all,
    /// `opened` is its session.
    fn open_token(
        &self,
        source: &Source,
        token: &[u8],
        attempts: &mut usize,
        opened: &mut Opened,
    ) -> Result<(), Rejection> {
        let now = opened.now;
        let unverified = self.unverified(source, token, now)?;
        let outdated = !source.keyring.signs_with(unverified.key());
        // 4. The MAC. Nothing else is decoded, parsed or allocated before.
        *attempts = attempts.saturating_sub(1);
        let verified = unverified.verify()?;
        // 5. The claims.
        let dialect = source.keyring.dialect();
        let Ok(text) = String::from_utf8(verified.0) else { return Err(Rejection::Claims) };
        let mut check = Check::new(dialect);
        let state = State::parse(text, dialect, |name, json| check.member(name, json));
        let (Some(mut state), Some(mut times)) = (state, check.times()) else {
            return Err(Rejection::Claims);
        };
        source.take_over(&mut state, &mut times, self.limits);
        // 6. The times.
        let verdict = self.limits.judge(&times, now)?;
        let outdated = outdated || !core::ptr::eq(source, &raw const self.own);
        let mut reseal = source.reseal(verdict, outdated, self.limits, &times, now);
        // 7. Ended early?
        if let Some(list) = &self.list
            && list.judge(&state, times.issued)?
        {
            reseal = reseal.or(times.expires);
        }
        opened.accept(state, &times, reseal);
        Ok(())
    }
}

struct Search<'s> {
    sealer: &'s Sealer,
    /// That are left.
    attempts: usize,
    /// The session of the cookie that was accepted; until then a new one, with
    /// the rejection of the cookie that came furthest.
    opened: &'s mut Opened,
}

impl Search<'_> {
    /// Tries the cookies of our own name; says whether one was accepted.
    fn own<'h>(&mut self, pairs: impl Iterator<Item = &'h [u8]>) -> bool {
        let own = &self.sealer.own;
        let mut values = pairs.filter_map(|pair| value_of(pair, own.cookie.name()));
        values.any(|value| self.attempt(own, value))
    }

    /// Likewise, and where the request has no cookie of our own name, those of
    /// former ones.
    #[inline(never)]
    fn own_or_former<'h>(&mut self, pairs: impl Iterator<Item = &'h [u8]>) {
        let own = &self.sealer.own;
        let (mut has_own, mut accepted) = (false, false);
        let mut candidates = Candidates::default();
        for pair in pairs {
            if let Some(value) = value_of(pair, own.cookie.name()) {
                has_own = true;
                accepted = accepted || self.attempt(own, value);
            } else {
                self.former(pair, &mut candidates);
            }
        }
        if !has_own {
            self.first_former(&candidates);
        }
    }

    /// Notes a former cookie; one that may be good is tried later.
    fn former<'h>(&mut self, pair: &'h [u8], candidates: &mut Candidates<'h>) {
        for (index, source) in self.sealer.former.iter().enumerate() {
            let Some(value) = value_of(pair, source.cookie.name()) else { continue };
            self.opened.former.insert(index);
            match self.sealer.unverified(source, value, self.opened.now) {
                Ok(_) => candidates.add(index, value, source.last_first()),
                Err(rejection) => self.opened.reject(rejection),
            }
        }
    }

    fn first_former(&mut self, candidates: &Candidates<'_>) -> bool {
        self.sealer.former.iter().enumerate().any(|(index, source)| {
            let mut values = candidates.of(index);
            if source.last_first() {
                values.rev().any(|value| self.attempt(source, value))
            } else {
                values.any(|value| self.attempt(source, value))
            }
        })
    }

    fn attempt(&mut self, source: &Source, value: &[u8]) -> bool {
        if self.attempts == 0 {
            return false;
        }
        let tried = self.sealer.open_token(source, value, &mut self.attempts, self.opened);
        tried.map_err(|rejection| self.opened.reject(rejection)).is_ok()
    }
}

/// Former cookies that have passed the steps before the MAC, with the index of
/// their source: as many as could be tried.
#[derive(Default)]
struct Candidates<'h> {
    list: [(usize, &'h [u8]); MAX_ATTEMPTS],
    len: usize,
}

impl<'h> Candidates<'h> {
    /// Where there is no room, one makes way that would be tried later: the last
    /// of a later source, or the first of the same if its last are tried first.
    /// So cookies that anybody can plant never push out better ones.
    fn add(&mut self, index: usize, value: &'h [u8], last_first: bool) {
        if self.len == MAX_ATTEMPTS {
            let later = self.list.iter().rposition(|(of, _)| *of > index);
            let same = || self.list.iter().position(|(of, _)| last_first && *of == index);
            let Some(out) = later.or_else(same) else { return };
            if let Some(behind) = self.list.get_mut(out..) {
                behind.rotate_left(1);
            }
            self.len = self.len.saturating_sub(1);
        }
        if let Some(free) = self.list.get_mut(self.len) {
            *free = (index, value);
            self.len = self.len.saturating_add(1);
        }
    }

    fn of(&self, index: usize) -> impl DoubleEndedIterator<Item = &'h [u8]> {
        let list = self.list.get(..self.len).unwrap_or_default().iter();
        list.filter(move |(of, _)| *of == index).map(|(_, value)| *value)
    }
}
