//! The configuration of device binding, and its keys.

use alloc::{format, string::String};
use core::time::Duration;

use super::{registration, tokens::DeviceClaims};
use crate::{
    cookie::CookieSpec,
    error::{BuildError, DeviceBindingError},
    json::quote,
    keyring::{DeviceToken, KeySource, Keyring, Purpose, Secret},
    lifetime::LEEWAY,
    random::Random,
    revocation::SessionRef,
    time::UnixTime,
    token::Unverified,
};

/// The lifetime of a challenge in seconds. A captured proof can be replayed only within that time.
const CHALLENGE_SECS: u64 = 60;

/// How long after the login the unbound copy of a bound session is accepted, in seconds: for
/// requests that the browser sent before it had the proof cookie. The browser can register until
/// the challenge expires, so 10 seconds remain for these requests.
pub(crate) const GRACE_SECS: u64 = CHALLENGE_SECS + 10;

/// How many characters of the thumbprint the name of a proof cookie contains.
const NAME_CHARS: usize = 8;

/// The shortest lifetime of a proof cookie, in seconds. Chromium signs at most six times in nine
/// minutes for a site, and refreshes a proof cookie that has less than two minutes left.
const MIN_LIFETIME: u64 = 5 * 60;

/// Configures [device-bound sessions](crate::SealerBuilder::device_bound).
///
/// ```
/// use core::time::Duration;
/// use waxseal_core::{DeviceBinding, Revocations, Sealer, Secret};
///
/// # fn sealer(secret: Secret, list: impl Revocations + 'static) -> Result<Sealer, Box<dyn std::error::Error>> {
/// let binding = DeviceBinding::default().proof_lifetime(Duration::from_secs(5 * 60));
/// let sealer = Sealer::builder(secret).revocations(list).device_bound(binding).build()?;
/// # Ok(sealer)
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "pass it to `SealerBuilder::device_bound`"]
pub struct DeviceBinding {
    lifetime: u64,
    path: Option<String>,
    offers_registration: bool,
    without_revocations: bool,
}

impl Default for DeviceBinding {
    fn default() -> Self {
        Self {
            lifetime: 10 * 60,
            path: None,
            offers_registration: true,
            without_revocations: false,
        }
    }
}

impl DeviceBinding {
    /// Sets how long the browser keeps a proof cookie, in whole seconds: 10 minutes by default. The
    /// server accepts it for one minute longer, because clocks may differ. A stolen session cookie
    /// with its proof cookie works until then.
    ///
    /// [`build`](crate::SealerBuilder::build) fails if the lifetime is under 5 minutes.
    ///
    /// ```
    /// # use waxseal_core::DeviceBinding;
    /// use core::time::Duration;
    ///
    /// let binding = DeviceBinding::default().proof_lifetime(Duration::from_secs(5 * 60));
    /// ```
    pub const fn proof_lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime.as_secs();
        self
    }

    /// Sets the folder of the two routes that the layer answers, `register` and `refresh`. The
    /// default is `.well-known/waxseal/` and the name of the cookie, under the path of the cookie.
    ///
    /// Give each sealer of an application a folder of its own: the outermost layer answers, so the
    /// sessions of another sealer with the same folder would stay unbound. If the folder changes,
    /// browsers get a 404 in the old one and drop their keys, so the users of bound sessions must
    /// log in again.
    ///
    /// [`build`](crate::SealerBuilder::build) fails if the folder does not start with the path of
    /// the cookie, ends with a slash, or has characters other than letters, digits and `/-._~`.
    ///
    /// ```
    /// # use waxseal_core::DeviceBinding;
    /// // POST /auth/device/register and POST /auth/device/refresh
    /// let binding = DeviceBinding::default().path("/auth/device");
    /// ```
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// Sets whether the response to a login offers the browser a registration: `true` by
    /// default. With `false`, the server binds no new login, but opens bound sessions only with
    /// their proof cookies, and answers their browsers. Use it for the first phase of a roll-out,
    /// while servers without device binding still run.
    ///
    /// ```
    /// # use waxseal_core::DeviceBinding;
    /// let first_phase = DeviceBinding::default().offers_registration(false);
    /// ```
    pub const fn offers_registration(mut self, offers: bool) -> Self {
        self.offers_registration = offers;
        self
    }

    /// Binds sessions although the sealer has no revocation list. The cookie of the login response,
    /// which is not bound, then works until it expires. In the first minute after the login, it can
    /// also be bound to a second key.
    ///
    /// ```
    /// # use waxseal_core::DeviceBinding;
    /// let binding = DeviceBinding::default().dangerous_without_revocations();
    /// ```
    pub const fn dangerous_without_revocations(mut self) -> Self {
        self.without_revocations = true;
        self
    }

    /// Checks the configuration and derives the keys. `registrations` are the keys of the challenge
    /// of a registration, which is encrypted if the session is.
    pub(crate) fn build(
        self,
        keys: &KeySource,
        fallback: &[Secret],
        cookie: &CookieSpec,
        purpose: &Purpose,
        registrations: Result<Keyring, BuildError>,
        has_revocations: bool,
    ) -> Result<Binding, BuildError> {
        if !has_revocations && !self.without_revocations {
            return Err(BuildError::DeviceBinding(DeviceBindingError::NeedsRevocations));
        }
        if self.lifetime < MIN_LIFETIME {
            let secs = self.lifetime;
            return Err(BuildError::DeviceBinding(DeviceBindingError::ProofLifetime { secs }));
        }
        if !cookie.can_be_bound() {
            return Err(BuildError::DeviceBinding(DeviceBindingError::Cookie));
        }
        let path = self.path.unwrap_or_else(|| {
            let folder = cookie.path().trim_end_matches('/');
            format!("{folder}/.well-known/waxseal/{}", cookie.name())
        });
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
        // RFC 6265, section 5.1.4: a cookie of /app is not sent to /application.
        let below = path.strip_prefix(cookie.path().trim_end_matches('/'));
        if !below.is_some_and(|below| below.starts_with('/'))
            || path.starts_with("//")
            || path.ends_with('/')
            || !path.bytes().all(is_plain)
        {
            return Err(BuildError::DeviceBinding(DeviceBindingError::Path));
        }
        let keyring = |token| keys.device_keys(token, fallback, cookie.name(), purpose);
        Ok(Binding {
            register_path: format!("{path}/register"),
            refresh_path: format!("{path}/refresh"),
            offers_registration: self.offers_registration,
            lifetime: self.lifetime,
            identifiers: keyring(DeviceToken::Identifier)?,
            challenges: keyring(DeviceToken::Challenge)?,
            proofs: keyring(DeviceToken::Proof)?,
            registrations: registrations?,
            cookie: cookie.clone(),
            proof_start: format!("{}-bound-", cookie.name()),
        })
    }
}

/// The device binding of a sealer.
#[derive(Debug)]
pub(crate) struct Binding {
    pub(crate) register_path: String,
    pub(crate) refresh_path: String,
    pub(crate) offers_registration: bool,
    lifetime: u64,
    registrations: Keyring,
    pub(crate) identifiers: Keyring,
    pub(crate) challenges: Keyring,
    proofs: Keyring,
    /// The session cookie. The other cookies get its attributes.
    cookie: CookieSpec,
    /// The start of the names of proof cookies.
    proof_start: String,
}

impl Binding {
    /// A challenge for a refresh with a key.
    pub(crate) fn challenge(&self, thumbprint: &str, now: UnixTime) -> String {
        let expires_at = now.plus(CHALLENGE_SECS).as_secs();
        DeviceClaims { expires_at, thumbprint, ..DeviceClaims::default() }.seal(&self.challenges)
    }

    /// The value of `Secure-Session-Registration`, which offers a registration to the browser after
    /// the login of this session.
    pub(crate) fn offer(
        &self,
        session: &SessionRef,
        now: UnixTime,
        random: Option<Random>,
    ) -> Option<String> {
        let expires_at = now.plus(CHALLENGE_SECS);
        let challenge = registration::seal(session, expires_at, &self.registrations, random)?;
        Some(format!(r#"(ES256);path="{}";challenge="{challenge}""#, self.register_path))
    }

    /// The session whose login has offered a registration with this challenge.
    pub(crate) fn session_of(&self, challenge: &str, now: UnixTime) -> Option<SessionRef> {
        registration::open(challenge, &self.registrations, now)
    }

    /// The token in a cookie pair, if it can be a proof cookie: planted cookies that are no tokens
    /// do not take the place of one.
    pub(crate) fn proof<'p>(&self, pair: &'p [u8]) -> Option<Unverified<'p, '_>> {
        let rest = pair.strip_prefix(self.proof_start.as_bytes())?;
        let (_, token) = rest.split_at_checked(memchr::memchr(b'=', rest)?.checked_add(1)?)?;
        Unverified::parse(token, &self.proofs).ok()
    }

    /// The name of the proof cookie for a key. Two sessions in one browser have different keys, so
    /// neither replaces the other's proof cookie.
    fn proof_name(&self, thumbprint: &str) -> String {
        self.proof_start.chars().chain(thumbprint.chars().take(NAME_CHARS)).collect()
    }

    /// The `Set-Cookie` line of a proof cookie for the session and the key in a session identifier.
    pub(crate) fn proof_line(&self, identifier: DeviceClaims<'_>, now: UnixTime) -> String {
        let browser_expiry = now.plus(self.lifetime);
        // The browser counts from the time of receipt, and the clocks of servers differ: without
        // the leeway, the server would refuse a cookie that the browser still keeps.
        let expires_at = browser_expiry.plus(LEEWAY).as_secs();
        let spec = self.cookie.named(self.proof_name(identifier.thumbprint));
        let token = DeviceClaims { expires_at, key: "", ..identifier }.seal(&self.proofs);
        let mut line = spec.start_line(token.len());
        line.push_str(&token);
        spec.end_line(&mut line, now, Some(browser_expiry), None);
        line
    }

    /// The `Set-Cookie` line that removes the proof cookie of a key.
    pub(crate) fn proof_removal_line(&self, thumbprint: &str) -> String {
        self.cookie.named(self.proof_name(thumbprint)).removal_line()
    }

    /// The session configuration (JSON) in the response to a registration.
    pub(crate) fn config(&self, identifier: &str, thumbprint: &str) -> String {
        let (refresh, name) = (quote(&self.refresh_path), quote(&self.proof_name(thumbprint)));
        let attributes = quote(&self.cookie.named(String::new()).attributes());
        format!(
            r#"{{"session_identifier":{},"refresh_url":{refresh},"scope":{{"include_site":false}},"credentials":[{{"type":"cookie","name":{name},"attributes":{attributes}}}]}}"#,
            quote(identifier)
        )
    }

    /// The session configuration (JSON) that makes the browser end the DBSC session with this
    /// identifier, and drop its key.
    pub(crate) fn end(identifier: &str) -> String {
        format!(r#"{{"session_identifier":{},"continue":false}}"#, quote(identifier))
    }

    /// The session ID under which the revocation list records that the unbound copy of the session
    /// `id` is no longer accepted. No session has this ID.
    pub(crate) fn unbound_id(id: &str) -> String {
        format!("{id}~unbound")
    }
}
