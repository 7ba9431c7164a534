//! From the cookies of a request to its session, in one order of numbered steps.

use alloc::{string::String, vec::Vec};

#[cfg(feature = "device-bound")]
use super::device::{Device, MAX_PROOFS};
use super::{config::Sealer, source::Source};
use crate::{
    claims,
    cookie::{pairs, value_of},
    data::Data,
    error::Rejection,
    format::Format,
    revocation::SessionRef,
    time::UnixTime,
    token::Unverified,
};
#[cfg(feature = "device-bound")]
use crate::{
    device_bound::{self, Binding},
    lifetime::Times,
};

/// The maximum number of MACs that opening can cost, and again a logout.
const MAX_ATTEMPTS: usize = 16;

/// The session among the cookies of a request, or an empty one. `Search` fills it where it is,
/// because moving it takes 3 % of opening a session.
#[derive(Clone)]
pub(crate) struct Found {
    pub(crate) is_accepted: bool,
    pub(crate) data: Data,
    /// `None` before a new session is saved.
    pub(crate) issued_at: Option<UnixTime>,
    pub(crate) expires_at: Option<UnixTime>,
    /// The session's stamp (`wx_rev`).
    pub(crate) stamp: Option<u64>,
    /// The new `exp`, if the cookie needs a refresh.
    pub(crate) refresh: Option<UnixTime>,
    /// If no cookie was accepted: the rejection of the one that came furthest.
    pub(crate) rejection: Option<Rejection>,
    /// Which previous cookies the request presented, by their index.
    pub(crate) previous: Vec<usize>,
    /// The cookies that were not accepted, for a logout. Empty without a revocation list.
    pub(crate) others: Vec<OtherCookie>,
    /// The device of the accepted session, or else of a session that is bound and not proven.
    #[cfg(feature = "device-bound")]
    pub(crate) device: Option<Device>,
}

impl Found {
    /// An empty session, before the search.
    pub(crate) fn empty(format: Format) -> Self {
        Self {
            is_accepted: false,
            data: Data::empty(format),
            issued_at: None,
            expires_at: None,
            stamp: None,
            refresh: None,
            rejection: None,
            previous: Vec::new(),
            others: Vec::new(),
            #[cfg(feature = "device-bound")]
            device: None,
        }
    }

    fn reject(&mut self, rejection: Rejection) {
        self.rejection = self.rejection.max(Some(rejection));
    }
}

/// A presented cookie that was not accepted.
#[derive(Clone)]
pub(crate) struct OtherCookie {
    /// The index of the previous cookie; `None` for the current one.
    previous: Option<usize>,
    token: Vec<u8>,
}

/// The search for the session among the cookies of one request.
pub(super) struct Search<'s, 'f> {
    sealer: &'s Sealer,
    now: UnixTime,
    /// How many MACs the request may still cost.
    attempts: usize,
    found: &'f mut Found,
    /// Whether bound sessions need a proof cookie.
    #[cfg(feature = "device-bound")]
    checks_device: bool,
    /// The claims of the verified proof cookies.
    #[cfg(feature = "device-bound")]
    proofs: Vec<String>,
}

impl<'s, 'f> Search<'s, 'f> {
    pub(super) fn new(sealer: &'s Sealer, now: UnixTime, found: &'f mut Found) -> Self {
        Self {
            sealer,
            now,
            attempts: MAX_ATTEMPTS,
            found,
            #[cfg(feature = "device-bound")]
            checks_device: sealer.binding.is_some(),
            #[cfg(feature = "device-bound")]
            proofs: Vec::new(),
        }
    }

    /// For a token without a request, and so without a proof cookie.
    pub(super) fn without_request(sealer: &'s Sealer, now: UnixTime, found: &'f mut Found) -> Self {
        Self {
            #[cfg(feature = "device-bound")]
            checks_device: false,
            ..Self::new(sealer, now, found)
        }
    }

    /// Tries each cookie with the sealer's name. The first that passes every step wins, so
    /// a malformed or planted cookie beside the good one does not lock the user out.
    #[inline]
    pub(super) fn among<'h>(mut self, cookies: impl IntoIterator<Item = &'h [u8]>) {
        #[cfg_attr(not(feature = "device-bound"), expect(unused_mut))]
        let mut headers = cookies.into_iter();
        #[cfg(feature = "device-bound")]
        if let Some(binding) = &self.sealer.binding {
            // Most requests have one header, so the others need no memory.
            let (first, others) = (headers.next(), headers.collect::<Vec<_>>());
            return self.among_with_proofs(binding, first, &others);
        }
        self.among_headers(headers);
    }

    #[cfg(feature = "device-bound")]
    #[inline(never)]
    fn among_with_proofs(&mut self, binding: &Binding, first: Option<&[u8]>, others: &[&[u8]]) {
        let headers = || first.into_iter().chain(others.iter().copied());
        let pairs = headers().flat_map(pairs);
        let proofs = pairs.filter_map(|pair| binding.proof(pair)).take(MAX_PROOFS);
        self.proofs = proofs.filter_map(device_bound::claims).collect();
        self.among_headers(headers());
    }

    #[inline]
    fn among_headers<'h>(&mut self, headers: impl Iterator<Item = &'h [u8]>) {
        let current = &self.sealer.current;
        if !self.sealer.previous.is_empty() || current.last_first() {
            let sources = || [current].into_iter().chain(&self.sealer.previous);
            let is_candidate = |pair: &&[u8]| {
                sources().any(|source| value_of(pair, source.cookie.name()).is_some())
            };
            let pairs: Vec<_> = headers.flat_map(pairs).filter(is_candidate).collect();
            return self.among_several(&pairs);
        }
        for header in headers {
            for pair in pairs(header) {
                if let Some(value) = value_of(pair, current.cookie.name())
                    && self.is_over_after(None, value)
                {
                    return;
                }
            }
        }
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

        if current.iter().any(|value| self.is_over_after(None, value)) {
            return;
        }
        for (index, values) in previous.iter().enumerate() {
            for value in values {
                if !current.is_empty() {
                    self.keep_other(Some(index), value);
                } else if self.is_over_after(Some(index), value) {
                    return;
                }
            }
        }
    }

    /// Tries a cookie, if none was accepted before. Returns whether the search is over: with
    /// a revocation list, a logout needs the other cookies, too.
    #[inline]
    fn is_over_after(&mut self, previous: Option<usize>, value: &[u8]) -> bool {
        let is_tried = !self.found.is_accepted && self.attempts > 0;
        if !is_tried || !self.accepts(previous, value) {
            self.keep_other(previous, value);
        }
        self.found.is_accepted && self.sealer.revocations.is_none()
    }

    #[inline]
    fn accepts(&mut self, previous: Option<usize>, value: &[u8]) -> bool {
        let Some(source) = self.sealer.source(previous) else { return false };
        match self.open_token(source, value) {
            Ok(()) => self.found.rejection = None,
            Err(rejection) => self.found.reject(rejection),
        }
        self.found.is_accepted
    }

    /// The steps of opening for the value of one cookie. Only after the last of them, the session
    /// is in `found`.
    pub(super) fn open_token(&mut self, source: &Source, token: &[u8]) -> Result<(), Rejection> {
        let (sealer, now) = (self.sealer, self.now);
        // 1. The clock and the size.
        if !now.is_plausible() {
            return Err(Rejection::ClockNotSet);
        }
        if token.len() > sealer.max_token_bytes {
            return Err(Rejection::TooLarge);
        }
        // 2. and 3. Three parts, and the header's key.
        let unverified = Unverified::parse(token, &source.keyring)?;
        let key = unverified.key();
        let outdated =
            !core::ptr::eq(source, &raw const sealer.current) || !source.keyring.seals_with(key);
        // 4. The MAC. Before it, only the header and the signature are decoded, and the ciphertext
        // of an encrypted token.
        self.attempts = self.attempts.saturating_sub(1);
        let verified = unverified.verify()?;
        // 5. The claims.
        let claims = String::from_utf8(verified.0).map_err(|_| Rejection::Claims)?;
        let format = source.keyring.format();
        let (mut data, mut times) =
            claims::parse(claims, format, key.audience()).ok_or(Rejection::Claims)?;
        source.migrate(&mut data, &mut times);
        if !source.accepts_signed(key, &times) {
            return Err(Rejection::NotEncrypted);
        }
        // 6. The times.
        let limits = sealer.limits.shortened(times.timeouts);
        let is_late = limits.judge(&times, now)?;
        let mut refresh = source.refresh(is_late, outdated, limits, &times, now);
        // 7. The revocation list.
        if let Some(check) = &sealer.revocations
            && check.check(&data, &times)?
        {
            refresh = refresh.or(times.expires_at);
        }
        // 8. The device.
        #[cfg(feature = "device-bound")]
        if self.checks_device && self.check_device(&data, &times)? {
            refresh = refresh.or(times.expires_at);
        }
        self.found.is_accepted = true;
        self.found.data = data;
        self.found.issued_at = times.issued_at;
        self.found.expires_at = times.expires_at;
        self.found.stamp = times.stamp;
        self.found.refresh = refresh;
        Ok(())
    }

    /// Checks the device of a bound session. Returns whether its cookie must be refreshed to name
    /// the key: without a revocation list, nothing else says that the session is bound.
    #[cfg(feature = "device-bound")]
    #[inline(never)]
    fn check_device(&mut self, data: &Data, times: &Times) -> Result<bool, Rejection> {
        match self.sealer.check_device(&self.proofs, data, times, self.now) {
            Ok(device) => {
                let is_unnamed = device.as_ref().is_some_and(|device| device.to_name().is_some());
                self.found.device = device;
                Ok(is_unnamed && self.sealer.revocations.is_none())
            }
            Err(rejection) => {
                let thumbprint = data.claim("cnf").map(device_bound::thumbprint);
                let thumbprint = thumbprint.unwrap_or_default().into();
                self.found.device = Some(Device::Unproven { thumbprint });
                Err(rejection)
            }
        }
    }

    /// Keeps a cookie for a logout, if it can be a token of the sealer: malformed ones must not
    /// take the place of one that a logout revokes, and a repeated one is revoked once.
    fn keep_other(&mut self, previous: Option<usize>, value: &[u8]) {
        let others = &mut self.found.others;
        if self.sealer.revocations.is_none()
            || others.len() >= MAX_ATTEMPTS
            || value.len() > self.sealer.max_token_bytes
            || others.iter().any(|other| other.token == value)
        {
            return;
        }
        let source = self.sealer.source(previous);
        if source.is_some_and(|source| Unverified::parse(value, &source.keyring).is_ok()) {
            others.push(OtherCookie { previous, token: value.to_vec() });
        }
    }
}

impl Sealer {
    fn source(&self, previous: Option<usize>) -> Option<&Source> {
        match previous {
            Some(index) => self.previous.get(index),
            None => Some(&self.current),
        }
    }

    /// The session in a cookie whose signature verifies, even if its times do not fit.
    pub(crate) fn reference(&self, cookie: &OtherCookie) -> Option<SessionRef> {
        let source = self.source(cookie.previous)?;
        let unverified = Unverified::parse(&cookie.token, &source.keyring).ok()?;
        let (format, audience) = (source.keyring.format(), unverified.key().audience());
        let claims = String::from_utf8(unverified.verify().ok()?.0).ok()?;
        let (data, times) = claims::parse(claims, format, audience)?;
        // In Microdot's format `sid` is the application's.
        if format == Format::Microdot {
            return None;
        }
        let id = data.claim("sid")?;
        Some(claims::reference(&data, Some(id), times.issued_at?, times.stamp))
    }
}
