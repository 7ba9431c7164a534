//! From the cookies of a request to its session, in one order of numbered steps.

use alloc::{string::String, vec, vec::Vec};

use super::{config::Sealer, source::Source};
use crate::{
    claims,
    cookie::{pairs, value_of},
    data::Data,
    error::Rejection,
    lifetime::Times,
    time::UnixTime,
    token::Unverified,
};

/// The maximum number of MACs that one request can cost.
const MAX_ATTEMPTS: usize = 16;

/// A session that has passed every step.
pub(crate) struct Accepted {
    pub(crate) data: Data,
    pub(crate) times: Times,
    /// The new `exp`, if the cookie needs a refresh.
    pub(crate) refresh: Option<UnixTime>,
}

/// The session among the cookies of a request.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) accepted: Option<Accepted>,
    /// If no cookie was accepted: the rejection of the one that came furthest.
    pub(crate) rejection: Option<Rejection>,
    /// Which previous cookies the request presented, by their index.
    pub(crate) previous: Vec<usize>,
}

/// The search for the session among the cookies of one request.
pub(super) struct Search<'s> {
    sealer: &'s Sealer,
    now: UnixTime,
    /// How many MACs the request may still cost.
    attempts: usize,
    found: Found,
}

impl<'s> Search<'s> {
    pub(super) fn new(sealer: &'s Sealer, now: UnixTime) -> Self {
        Self { sealer, now, attempts: MAX_ATTEMPTS, found: Found::default() }
    }

    /// Tries each cookie with the sealer's name. The first that passes every step wins, so
    /// a malformed or planted cookie beside the good one does not lock the user out.
    #[inline]
    pub(super) fn among<'h>(mut self, cookies: impl IntoIterator<Item = &'h [u8]>) -> Found {
        let current = &self.sealer.current;
        let headers = cookies.into_iter();
        if !self.sealer.previous.is_empty() || current.last_first() {
            let sources = || [current].into_iter().chain(&self.sealer.previous);
            let is_candidate = |pair: &&[u8]| {
                sources().any(|source| value_of(pair, source.cookie.name()).is_some())
            };
            let pairs: Vec<_> = headers.flat_map(pairs).filter(is_candidate).collect();
            self.among_several(&pairs);
            return self.found;
        }
        for header in headers {
            for pair in pairs(header) {
                if let Some(value) = value_of(pair, current.cookie.name())
                    && self.accepts(current, value)
                {
                    return self.found;
                }
            }
        }
        self.found
    }

    /// Tries the previous cookies in the order of the configuration, only if the request
    /// has no current cookie: an expired or revoked session must not fall back to an older
    /// one.
    fn among_several(&mut self, pairs: &[&[u8]]) {
        let sealer = self.sealer;
        let values = |source: &Source| -> Vec<_> {
            let mut values: Vec<_> =
                pairs.iter().filter_map(|pair| value_of(pair, source.cookie.name())).collect();
            if source.last_first() {
                values.reverse();
            }
            values
        };
        let current = values(&sealer.current);
        let previous: Vec<_> = sealer.previous.iter().map(values).collect();
        let presented = previous.iter().enumerate().filter(|(_, values)| !values.is_empty());
        self.found.previous = presented.map(|(index, _)| index).collect();

        let mut candidates = vec![(&sealer.current, &current)];
        if current.is_empty() {
            candidates.extend(sealer.previous.iter().zip(&previous));
        }
        for (source, values) in candidates {
            if values.iter().any(|value| self.accepts(source, value)) {
                return;
            }
        }
    }

    #[inline]
    fn accepts(&mut self, source: &Source, value: &[u8]) -> bool {
        if self.attempts == 0 {
            return false;
        }
        match open_token(self.sealer, source, value, &mut self.attempts, self.now) {
            Ok(accepted) => {
                self.found.accepted = Some(accepted);
                self.found.rejection = None;
            }
            Err(rejection) => self.found.rejection = self.found.rejection.max(Some(rejection)),
        }
        self.found.accepted.is_some()
    }
}

/// The steps of opening for the value of one cookie.
pub(super) fn open_token(
    sealer: &Sealer,
    source: &Source,
    token: &[u8],
    attempts: &mut usize,
    now: UnixTime,
) -> Result<Accepted, Rejection> {
    // 1. The clock and the size.
    if !now.is_plausible() {
        return Err(Rejection::ClockNotSet);
    }
    if token.len() > sealer.max_token_bytes {
        return Err(Rejection::TooLarge);
    }
    // 2. and 3. Three parts, and the header's key.
    let unverified = Unverified::parse(token, &source.keyring)?;
    let outdated = !core::ptr::eq(source, &raw const sealer.current)
        || !source.keyring.signs_with(unverified.key());
    // 4. The MAC. Before it, only the header and the signature are decoded.
    *attempts = attempts.saturating_sub(1);
    let verified = unverified.verify()?;
    // 5. The claims.
    let claims = String::from_utf8(verified.0).map_err(|_| Rejection::Claims)?;
    let format = source.keyring.format();
    let (mut data, mut times) = claims::parse(claims, format).ok_or(Rejection::Claims)?;
    source.migrate(&mut data, &mut times, sealer.limits);
    // 6. The times.
    let is_late = sealer.limits.judge(&times, now)?;
    let mut refresh = source.refresh(is_late, outdated, sealer.limits, &times, now);
    // 7. The revocation list.
    if let Some(check) = &sealer.revocations
        && check.check(&data, times.issued_at)?
    {
        refresh = refresh.or(times.expires_at);
    }
    Ok(Accepted { data, times, refresh })
}
