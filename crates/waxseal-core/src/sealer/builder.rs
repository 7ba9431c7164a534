//! The builder of a sealer, which checks the configuration.

use alloc::{boxed::Box, string::String, vec::Vec};
use core::{fmt, time::Duration};

use zeroize::Zeroizing;

use super::{
    config::{MAX_LINE, Sealer},
    revocations::RevocationCheck,
    source::Source,
};
use crate::{
    cookie::CookieSpec,
    error::BuildError,
    keyring::{Algorithm, KeySource, Keyring, Purpose, Secret},
    lifetime::Limits,
    marker::{Main, Marker},
    revocation::Revocations,
    time::UnixTime,
};
#[cfg(feature = "device-bound")]
use crate::{device_bound::DeviceBinding, keyring::DeviceToken};

const DAY: u64 = 86_400;

/// Configures a [`Sealer`] of waxseal's own cookie.
#[must_use = "`build` checks the configuration and makes the sealer"]
pub struct SealerBuilder {
    keys: KeySource,
    fallback: Vec<Secret>,
    cookie: CookieSpec,
    previous: Vec<(CookieSpec, Algorithm)>,
    algorithm: Algorithm,
    /// Another algorithm whose sessions are accepted, and the time before which they were issued.
    also: Option<(Algorithm, Option<UnixTime>)>,
    microdot: Vec<Microdot>,
    microdot_cookie: CookieSpec,
    application: Option<String>,
    marker: Option<&'static str>,
    limits: Limits,
    max_token_bytes: usize,
    revocations: Option<Box<dyn Revocations>>,
    accepts_without_sid: bool,
    #[cfg(feature = "device-bound")]
    device_binding: Option<DeviceBinding>,
}

/// Microdot's key, and the issue time of its sessions.
struct Microdot {
    key: Zeroizing<Vec<u8>>,
    since: UnixTime,
    may_be_weak: bool,
}

impl SealerBuilder {
    pub(super) fn new(keys: KeySource) -> Self {
        Self {
            keys,
            fallback: Vec::new(),
            cookie: CookieSpec::default(),
            previous: Vec::new(),
            algorithm: Algorithm::Hs256,
            also: None,
            microdot: Vec::new(),
            microdot_cookie: CookieSpec::microdot(),
            application: None,
            marker: None,
            limits: Limits {
                idle_timeout: Some(7 * DAY),
                absolute_timeout: Some(30 * DAY),
                refresh_threshold: None,
            },
            max_token_bytes: MAX_LINE,
            revocations: None,
            accepts_without_sid: false,
            #[cfg(feature = "device-bound")]
            device_binding: None,
        }
    }

    /// Accepts sessions that another secret sealed. This secret only opens sessions: when a
    /// handler next reads one, the response carries a cookie that the current secret sealed.
    ///
    /// ```
    /// # use waxseal_core::{Sealer, Secret};
    /// # fn sealer(secret: Secret, old: Secret) -> Result<Sealer, Box<dyn std::error::Error>> {
    /// let sealer = Sealer::builder(secret).fallback_secret(old).build()?;
    /// # Ok(sealer)
    /// # }
    /// ```
    pub fn fallback_secret(mut self, secret: Secret) -> Self {
        self.fallback.push(secret);
        self
    }

    /// Sets the name of the application: 1 to 64 letters, digits and `-._`. It is part of the
    /// key, so two applications with one secret and one cookie name do not accept each
    /// other's sessions. Changing it invalidates all existing sessions.
    ///
    /// ```
    /// # use waxseal_core::{Sealer, Secret};
    /// # fn sealer(secret: Secret) -> Result<Sealer, Box<dyn std::error::Error>> {
    /// let sealer = Sealer::builder(secret).application("shop").build()?;
    /// # Ok(sealer)
    /// # }
    /// ```
    pub fn application(mut self, name: impl Into<String>) -> Self {
        self.application = Some(name.into());
        self
    }

    /// Seals the sessions of a [`Marker`], which have keys of their own. Also set another
    /// [cookie name](Self::cookie): two layers around one handler need different ones.
    ///
    /// ```
    /// # use waxseal_core::{CookieSpec, Marker, Sealer, Secret};
    /// # struct Admin;
    /// # impl Marker for Admin { const PURPOSE: &'static str = "admin"; }
    /// # fn sealer(secret: Secret, spec: CookieSpec) -> Result<Sealer, Box<dyn std::error::Error>> {
    /// let sealer = Sealer::builder(secret).marker::<Admin>().cookie(spec).build()?;
    /// # Ok(sealer)
    /// # }
    /// ```
    pub fn marker<M: Marker>(mut self) -> Self {
        self.marker = Some(M::PURPOSE);
        self
    }

    /// [`marker`](Self::marker) by its `PURPOSE`, for tools that read it at run time.
    #[doc(hidden)]
    pub fn marker_purpose(mut self, purpose: &'static str) -> Self {
        self.marker = Some(purpose);
        self
    }

    /// Sets the cookie's name and attributes; [`CookieSpec::default`] otherwise.
    /// Each cookie name has its own key.
    ///
    /// ```
    /// # use waxseal_core::{CookieSpec, Sealer, Secret};
    /// # fn sealer(secret: Secret) -> Result<Sealer, Box<dyn std::error::Error>> {
    /// let admin = CookieSpec::builder("__Host-admin").same_site_strict().build()?;
    /// let sealer = Sealer::builder(secret).cookie(admin).build()?;
    /// # Ok(sealer)
    /// # }
    /// ```
    pub fn cookie(mut self, cookie: CookieSpec) -> Self {
        self.cookie = cookie;
        self
    }

    /// Declares a cookie that the application used before, which differs from the current
    /// one in its name, path, domain or partition. If its name differs, it is read when a
    /// request has no current cookie: its session moves to the current cookie, and the
    /// previous cookie is removed. If its name is the same, a request does not
    /// distinguish the two, so the previous cookie is removed whenever the current one is
    /// set.
    ///
    /// ```
    /// # use waxseal_core::{CookieSpec, Sealer, Secret};
    /// # fn sealer(secret: Secret) -> Result<Sealer, Box<dyn std::error::Error>> {
    /// let previous = CookieSpec::builder("__Secure-session").build()?;
    /// let sealer = Sealer::builder(secret).previous_cookie(previous).build()?;
    /// # Ok(sealer)
    /// # }
    /// ```
    pub fn previous_cookie(mut self, cookie: CookieSpec) -> Self {
        self.previous.push((cookie, Algorithm::Hs256));
        self
    }

    /// As [`previous_cookie`](Self::previous_cookie), for a cookie whose sessions were encrypted.
    ///
    /// ```
    /// # use waxseal_core::{CookieSpec, Sealer, Secret};
    /// # fn sealer(secret: Secret) -> Result<Sealer, Box<dyn std::error::Error>> {
    /// let previous = CookieSpec::builder("__Secure-session").build()?;
    /// let sealer =
    ///     Sealer::builder(secret).encrypted().previous_encrypted_cookie(previous).build()?;
    /// # Ok(sealer)
    /// # }
    /// ```
    #[cfg(feature = "encryption")]
    pub fn previous_encrypted_cookie(mut self, cookie: CookieSpec) -> Self {
        self.previous.push((cookie, Algorithm::A256CbcHs512));
        self
    }

    /// Encrypts the sessions, so that users cannot read them. The sealer then rejects signed
    /// sessions, unless it [also accepts them](Self::also_accept_signed).
    ///
    /// The token is a compact JWE (RFC 7516) with `dir` and `A256CBC-HS512` (RFC 7518, section
    /// 5.2.5). The length of the data remains visible in steps of 16 bytes. Each save needs 16
    /// random bytes: an integration of your own must call
    /// [`with_randomness`](crate::OpenSession::with_randomness).
    ///
    /// ```
    /// # use waxseal_core::{Sealer, Secret};
    /// # fn sealer(secret: Secret) -> Result<Sealer, Box<dyn std::error::Error>> {
    /// let sealer = Sealer::builder(secret).encrypted().build()?;
    /// # Ok(sealer)
    /// # }
    /// ```
    #[cfg(feature = "encryption")]
    pub const fn encrypted(mut self) -> Self {
        self.algorithm = Algorithm::A256CbcHs512;
        self
    }

    /// Also accepts signed sessions that were issued before this time, and encrypts each of them
    /// when a handler next reads it. Pass a fixed time at which every server encrypts. One
    /// absolute timeout later, the last signed session has expired: remove the call then.
    ///
    /// ```
    /// # use waxseal_core::{Sealer, Secret, UnixTime};
    /// # fn sealer(secret: Secret) -> Result<Sealer, Box<dyn std::error::Error>> {
    /// let roll_out = UnixTime::from_secs(1_800_000_000);
    /// let sealer = Sealer::builder(secret).encrypted().also_accept_signed(roll_out).build()?;
    /// # Ok(sealer)
    /// # }
    /// ```
    #[cfg(feature = "encryption")]
    pub const fn also_accept_signed(mut self, issued_before: UnixTime) -> Self {
        self.also = Some((Algorithm::Hs256, Some(issued_before)));
        self
    }

    /// Also accepts encrypted sessions in a sealer that signs. Use it before the first server
    /// encrypts, and again after the last one has stopped. The sealer signs such a session, which
    /// makes it readable, when a handler next reads it.
    ///
    /// ```
    /// # use waxseal_core::{Sealer, Secret};
    /// # fn sealer(secret: Secret) -> Result<Sealer, Box<dyn std::error::Error>> {
    /// let sealer = Sealer::builder(secret).also_accept_encrypted().build()?;
    /// # Ok(sealer)
    /// # }
    /// ```
    #[cfg(feature = "encryption")]
    pub const fn also_accept_encrypted(mut self) -> Self {
        self.also = Some((Algorithm::A256CbcHs512, None));
        self
    }

    /// Migrates Microdot's sessions: Microdot's cookie is read when the request has
    /// no current cookie, its session moves to the current cookie, and it is
    /// removed.
    ///
    /// Microdot's tokens have no trusted issue time, so `since`, the time of the
    /// migration, is the issue time of every session. The migration window ends by
    /// itself, one absolute timeout later. A session still expires at its own `exp`, if
    /// it has one, even if the timeouts are raised later. Entries under names that waxseal
    /// reserves, such as `iss` and `sub`, are dropped.
    ///
    /// ```
    /// # use waxseal_core::{Sealer, Secret, UnixTime};
    /// # fn sealer(secret: Secret, microdot_key: &str) -> Result<Sealer, Box<dyn std::error::Error>> {
    /// let since = UnixTime::from_secs(1_800_000_000); // the time of the migration, constant
    /// let sealer = Sealer::builder(secret).migrate_microdot(microdot_key, since).build()?;
    /// # Ok(sealer)
    /// # }
    /// ```
    pub fn migrate_microdot(self, key: impl AsRef<[u8]>, since: UnixTime) -> Self {
        self.microdot(key.as_ref(), since, false)
    }

    /// As [`migrate_microdot`](Self::migrate_microdot), with a key under 32 bytes.
    /// An attacker can guess such a key from one cookie, and can then write any
    /// session until the migration window ends.
    ///
    /// ```
    /// # use waxseal_core::{Sealer, Secret, UnixTime};
    /// # fn sealer(secret: Secret) -> Result<Sealer, Box<dyn std::error::Error>> {
    /// let since = UnixTime::from_secs(1_800_000_000);
    /// let sealer = Sealer::builder(secret).dangerous_migrate_weak_microdot("top-secret!", since).build()?;
    /// # Ok(sealer)
    /// # }
    /// ```
    pub fn dangerous_migrate_weak_microdot(self, key: impl AsRef<[u8]>, since: UnixTime) -> Self {
        self.microdot(key.as_ref(), since, true)
    }

    /// Sets the attributes of the Microdot cookie that migrates, if Microdot's application
    /// has `cookie_options`: browsers remove a cookie only under its own path and domain.
    ///
    /// ```
    /// # use waxseal_core::{CookieSpec, Sealer, Secret, UnixTime};
    /// # fn sealer(secret: Secret, microdot_key: &str, since: UnixTime) -> Result<Sealer, Box<dyn std::error::Error>> {
    /// let sealer = Sealer::builder(secret)
    ///     .migrate_microdot(microdot_key, since)
    ///     .microdot_cookie(CookieSpec::builder_microdot().path("/shop").build()?)
    ///     .build()?;
    /// # Ok(sealer)
    /// # }
    /// ```
    pub fn microdot_cookie(mut self, cookie: CookieSpec) -> Self {
        self.microdot_cookie = cookie;
        self
    }

    fn microdot(mut self, key: &[u8], since: UnixTime, may_be_weak: bool) -> Self {
        self.microdot.push(Microdot { key: Zeroizing::new(key.to_vec()), since, may_be_weak });
        self
    }

    /// Sets how long a session lives without activity, in whole seconds; 7 days
    /// otherwise, `None` for no idle timeout. A cookie keeps its expiry until the session
    /// is next saved or refreshed.
    ///
    /// ```
    /// # use core::time::Duration;
    /// # use waxseal_core::{Sealer, Secret};
    /// # fn sealer(secret: Secret) -> Result<Sealer, Box<dyn std::error::Error>> {
    /// let sealer = Sealer::builder(secret).idle_timeout(Duration::from_secs(30 * 60)).build()?;
    /// # Ok(sealer)
    /// # }
    /// ```
    pub fn idle_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.limits.idle_timeout = timeout.into().map(|timeout| timeout.as_secs());
        self
    }

    /// Sets how long a session lives in total, in whole seconds; 30 days otherwise,
    /// `None` for no absolute timeout. A lowered timeout also applies to existing
    /// sessions.
    ///
    /// ```
    /// # use core::time::Duration;
    /// # use waxseal_core::{Sealer, Secret};
    /// # fn sealer(secret: Secret) -> Result<Sealer, Box<dyn std::error::Error>> {
    /// let sealer = Sealer::builder(secret).absolute_timeout(Duration::from_secs(12 * 60 * 60)).build()?;
    /// # Ok(sealer)
    /// # }
    /// ```
    pub fn absolute_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.limits.absolute_timeout = timeout.into().map(|timeout| timeout.as_secs());
        self
    }

    /// Sets when a cookie is refreshed: as soon as less than `left` of the idle timeout is
    /// left, in whole seconds; half of the idle timeout otherwise. A larger value follows
    /// the last activity more closely, and sets the cookie on more responses.
    ///
    /// ```
    /// # use core::time::Duration;
    /// # use waxseal_core::{Sealer, Secret};
    /// # fn sealer(secret: Secret) -> Result<Sealer, Box<dyn std::error::Error>> {
    /// let sealer = Sealer::builder(secret)
    ///     .idle_timeout(Duration::from_secs(30 * 60))
    ///     .refresh_threshold(Duration::from_secs(29 * 60)) // at most once a minute
    ///     .build()?;
    /// # Ok(sealer)
    /// # }
    /// ```
    pub fn refresh_threshold(mut self, left: Duration) -> Self {
        self.limits.refresh_threshold = Some(left.as_secs());
        self
    }

    /// Sets the maximum length of a cookie value that is read, in bytes; 4096 otherwise.
    /// A limit under 4096 also bounds the `Set-Cookie` line of a session that is saved.
    ///
    /// ```
    /// # use waxseal_core::{Sealer, Secret};
    /// # fn sealer(secret: Secret) -> Result<Sealer, Box<dyn std::error::Error>> {
    /// let sealer = Sealer::builder(secret).max_token_bytes(1024).build()?;
    /// # Ok(sealer)
    /// # }
    /// ```
    pub fn max_token_bytes(mut self, limit: usize) -> Self {
        self.max_token_bytes = limit;
        self
    }

    /// Sets the revocation list. With one, [`delete`](crate::OpenSession::delete) and every
    /// change of the session ID ([`log_in`](crate::OpenSession::log_in), `clear_user`,
    /// `confirm_user`, `renew`) revoke the old session, so that copies of its cookie are
    /// rejected.
    ///
    /// Requires an absolute timeout no longer than the list's, and a random source for
    /// session IDs: a token without a session ID is rejected
    /// ([`NoSid`](crate::Rejection::NoSid)).
    ///
    /// ```
    /// # use waxseal_core::{Revocations, Sealer, Secret};
    /// # fn sealer(secret: Secret, list: impl Revocations + 'static) -> Result<Sealer, Box<dyn std::error::Error>> {
    /// let sealer = Sealer::builder(secret).revocations(list).build()?;
    /// # Ok(sealer)
    /// # }
    /// ```
    pub fn revocations(mut self, list: impl Revocations + 'static) -> Self {
        self.revocations = Some(Box::new(list));
        self
    }

    /// Accepts tokens without a session ID although the sealer has a revocation list, and gives
    /// them one. Use it while sessions from before the list are alive. A copy of such a
    /// token survives a logout; only a revocation of its user, or of all sessions, ends
    /// it.
    ///
    /// ```
    /// # use waxseal_core::{Revocations, Sealer, Secret};
    /// # fn sealer(secret: Secret, list: impl Revocations + 'static) -> Result<Sealer, Box<dyn std::error::Error>> {
    /// let sealer =
    ///     Sealer::builder(secret).revocations(list).dangerous_accept_without_sid().build()?;
    /// # Ok(sealer)
    /// # }
    /// ```
    pub const fn dangerous_accept_without_sid(mut self) -> Self {
        self.accepts_without_sid = true;
        self
    }

    /// Binds sessions to the browser's device, so that a stolen cookie stops working within
    /// minutes: Device Bound Session Credentials. **Experimental:** browsers and the draft still
    /// change, so this option is not covered by semantic versioning.
    ///
    /// After a login the browser registers a key. Then it proves every few minutes that it still
    /// holds the key, and gets a new proof cookie each time. A bound session without a valid proof
    /// cookie is rejected ([`ProofMissing`](crate::Rejection::ProofMissing),
    /// [`ProofExpired`](crate::Rejection::ProofExpired)). A browser without the feature ignores
    /// the offer; its sessions stay unbound.
    ///
    /// Requires a [revocation list](Self::revocations) (or
    /// [`dangerous_without_revocations`](DeviceBinding::dangerous_without_revocations)), a
    /// [`Secret`], and a cookie with `Secure`, without `Domain` and `Partitioned`. Otherwise,
    /// [`build`](Self::build) fails with [`BuildError::DeviceBinding`].
    ///
    /// First deploy the option to every server with
    /// [`offers_registration(false)`](DeviceBinding::offers_registration): a server without it
    /// opens bound sessions without a proof cookie, and does not answer the browser, which then
    /// drops its key.
    ///
    /// ```
    /// # use waxseal_core::{DeviceBinding, Revocations, Sealer, Secret};
    /// # fn sealer(secret: Secret, list: impl Revocations + 'static) -> Result<Sealer, Box<dyn std::error::Error>> {
    /// let sealer = Sealer::builder(secret)
    ///     .revocations(list)
    ///     .device_bound(DeviceBinding::default())
    ///     .build()?;
    /// # Ok(sealer)
    /// # }
    /// ```
    #[cfg(feature = "device-bound")]
    pub fn device_bound(mut self, binding: DeviceBinding) -> Self {
        self.device_binding = Some(binding);
        self
    }

    /// Builds the sealer.
    ///
    /// ```
    /// # use waxseal_core::{Sealer, Secret};
    /// # fn sealer(secret: Secret) -> Result<Sealer, Box<dyn std::error::Error>> {
    /// let sealer = Sealer::builder(secret).build()?;
    /// # Ok(sealer)
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`BuildError`] if keys, cookies or limits contradict each other.
    pub fn build(self) -> Result<Sealer, BuildError> {
        self.check_limits()?;
        self.check_revocations()?;
        let purpose = Purpose::new(self.application.clone(), self.marker)?;
        let (previous, removal_lines) = self.previous_sources(&purpose)?;
        let keyring = self.keyring(&purpose)?;
        #[cfg(feature = "device-bound")]
        let binding = self
            .device_binding
            .clone()
            .map(|binding| {
                let registrations = self.keyring(&purpose.of_device(DeviceToken::Registration));
                let (keys, fallback, cookie) = (&self.keys, &self.fallback, &self.cookie);
                let has_list = self.revocations.is_some();
                binding.build(keys, fallback, cookie, &purpose, registrations, has_list)
            })
            .transpose()?;
        let signed_before = self.also.and_then(|(_, issued_before)| issued_before);
        let current = Source::new(self.cookie, keyring, signed_before);
        check_keys(&current, &previous)?;
        let accepts_without_sid = self.accepts_without_sid;
        Ok(Sealer {
            current,
            previous,
            removal_lines,
            limits: self.limits,
            max_token_bytes: self.max_token_bytes,
            marker: purpose.marker(),
            revocations: self.revocations.map(|list| RevocationCheck { list, accepts_without_sid }),
            #[cfg(feature = "device-bound")]
            binding,
        })
    }

    /// The keys of the current cookie.
    fn keyring(&self, purpose: &Purpose) -> Result<Keyring, BuildError> {
        let (algorithm, name) = (self.algorithm, self.cookie.name());
        #[cfg_attr(not(feature = "encryption"), expect(unused_mut))]
        let (sealing, mut opening) = self.keys.keys(algorithm, &self.fallback, name, purpose)?;
        #[cfg(feature = "encryption")]
        if let Some((also, issued_before)) = self.also {
            if also == algorithm {
                return Err(BuildError::SameAlgorithm { algorithm: also.as_str() });
            }
            if issued_before.is_some() && self.limits.absolute_timeout.is_none() {
                return Err(BuildError::SignedNeedsAbsoluteTimeout);
            }
            opening.extend(self.keys.opening_keys(also, &self.fallback, name, purpose)?);
        }
        Keyring::new((sealing, opening))
    }

    fn check_revocations(&self) -> Result<(), BuildError> {
        let Some(list) = &self.revocations else { return Ok(()) };
        let limit = list.absolute_timeout().as_secs();
        match self.limits.absolute_timeout {
            None => Err(BuildError::RevocationsNeedAbsoluteTimeout),
            Some(absolute) if absolute > limit => Err(BuildError::RevocationsTooShort { limit }),
            Some(_) if !self.microdot.is_empty() && !self.accepts_without_sid => {
                Err(BuildError::MicrodotHasNoSid)
            }
            Some(_) => Ok(()),
        }
    }

    fn check_limits(&self) -> Result<(), BuildError> {
        let Limits { idle_timeout, absolute_timeout, refresh_threshold } = self.limits;
        if idle_timeout.is_none() && absolute_timeout.is_none() {
            return Err(BuildError::NoTimeout);
        }
        if idle_timeout == Some(0) || absolute_timeout == Some(0) {
            return Err(BuildError::ZeroTimeout);
        }
        if refresh_threshold.is_some_and(|secs| secs == 0 || Some(secs) > idle_timeout) {
            return Err(BuildError::RefreshThreshold);
        }
        if self.max_token_bytes < 256 {
            return Err(BuildError::SizeLimit);
        }
        match (self.cookie.longest(), idle_timeout) {
            (Some(longest), Some(idle)) if longest < idle => {
                Err(BuildError::MaxAgeUnderIdleTimeout)
            }
            _ => Ok(()),
        }
    }

    /// The previous cookies that have another name, and the lines that remove
    /// those with the current name.
    fn previous_sources(
        &self,
        purpose: &Purpose,
    ) -> Result<(Vec<Source>, Vec<String>), BuildError> {
        let (mut sources, mut removal_lines) = (Vec::<Source>::new(), Vec::new());
        for (at, (cookie, algorithm)) in self.previous.iter().enumerate() {
            let known = self.previous.iter().take(at).map(|(known, _)| known);
            let mut known = known.chain([&self.cookie]);
            if known.any(|known| known.is_same(cookie)) {
                return Err(BuildError::SameCookie);
            }
            if cookie.name() == self.cookie.name() {
                removal_lines.push(cookie.removal_line());
            } else {
                let (keys, name) = (&self.keys, cookie.name());
                let keys = keys.previous_keys(*algorithm, &self.fallback, name, purpose)?;
                sources.push(Source::new(cookie.clone(), Keyring::new(keys)?, None));
            }
        }
        if !self.microdot.is_empty() && purpose.marker() != Main::PURPOSE {
            return Err(BuildError::MicrodotHasNoMarker);
        }
        for Microdot { key, since, may_be_weak } in &self.microdot {
            match key.len() {
                0 => return Err(BuildError::EmptyKey),
                len @ ..32 if !may_be_weak => return Err(BuildError::WeakMicrodotKey { len }),
                _ => {}
            }
            if self.limits.absolute_timeout.is_none() {
                return Err(BuildError::MicrodotNeedsAbsoluteTimeout);
            }
            let source = Source::migrated_microdot(key, *since, self.microdot_cookie.clone());
            let name = source.cookie.name();
            if name == self.cookie.name() || sources.iter().any(|known| known.cookie.name() == name)
            {
                return Err(BuildError::SameCookie);
            }
            sources.push(source);
        }
        Ok((sources, removal_lines))
    }
}

/// Two cookies with different names have no key in common.
fn check_keys(current: &Source, previous: &[Source]) -> Result<(), BuildError> {
    for (at, source) in previous.iter().enumerate() {
        for other in previous.iter().take(at).chain([current]) {
            if other.cookie.name() != source.cookie.name()
                && other.keyring.shares_key_with(&source.keyring)
            {
                return Err(BuildError::SharedKey);
            }
        }
    }
    Ok(())
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
