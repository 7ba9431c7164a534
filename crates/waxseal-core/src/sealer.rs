//! The methods of [`Sealer`]: how it is configured, opens and seals.

mod builder;
mod config;
#[cfg(feature = "device-bound")]
mod device;
mod open;
mod revocations;
mod source;

use alloc::{string::String, vec, vec::Vec};
use core::time::Duration;

#[cfg(feature = "device-bound")]
pub(crate) use self::device::Device;
pub(crate) use self::open::Found;
pub use self::{builder::SealerBuilder, config::Sealer};
use self::{config::MAX_LINE, open::Search, source::Source};
use crate::{
    claims::{self, Claims},
    cookie::CookieSpec,
    data::Data,
    error::{BuildError, RandomError, Rejection, SaveError},
    format::Format,
    keyring::{KeySource, Keyring},
    lifetime::{LEEWAY, Limits},
    marker::{Main, Marker},
    random::Random,
    time::UnixTime,
    token,
};

impl Sealer {
    /// How far the clocks of several servers may differ: 60 seconds. `iat` and `nbf` may
    /// be this far in the future; `exp` has no leeway.
    pub const LEEWAY: Duration = Duration::from_secs(LEEWAY);

    /// Configures a sealer of waxseal's own cookie, with keys that a
    /// [`Secret`](crate::Secret) derives or a [`Jwks`](crate::Jwks) contains.
    ///
    /// ```
    /// # use waxseal_core::{Sealer, Secret};
    /// # fn sealer(secret: Secret) -> Result<Sealer, Box<dyn std::error::Error>> {
    /// let sealer = Sealer::builder(secret).build()?;
    /// # Ok(sealer)
    /// # }
    /// ```
    #[must_use = "`build` checks the configuration and makes the sealer"]
    pub fn builder(keys: impl Into<KeySource>) -> SealerBuilder {
        SealerBuilder::new(keys.into())
    }

    /// Creates a sealer that reads and writes the cookie of Microdot's session extension:
    /// `session; Path=/; HttpOnly`. The key is used directly, and a session expires only
    /// if the application sets `exp`. Applications and markers do not separate such
    /// sessions: everything that has the key reads and writes them.
    ///
    /// Microdot accepts a key of any length, and so does this sealer. An attacker
    /// can guess a key under 32 bytes from a single cookie.
    ///
    /// ```
    /// use waxseal_core::Sealer;
    ///
    /// let sealer = Sealer::microdot("the key of Microdot's application")?;
    /// assert_eq!(sealer.cookie().name(), "session");
    /// # Ok::<(), waxseal_core::BuildError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`BuildError::EmptyKey`].
    pub fn microdot(key: impl AsRef<[u8]>) -> Result<Self, BuildError> {
        Self::microdot_with(key, CookieSpec::microdot())
    }

    /// As [`microdot`](Self::microdot), with the attributes of Microdot's `cookie_options`.
    /// Start from [`CookieSpec::builder_microdot`].
    ///
    /// ```
    /// use waxseal_core::{CookieSpec, Sealer};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// // Session(app, secret_key=…, cookie_options={'path': '/shop', 'secure': True})
    /// let cookie = CookieSpec::builder_microdot().path("/shop").secure().build()?;
    /// let sealer = Sealer::microdot_with("the key of Microdot's application", cookie)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`BuildError::EmptyKey`].
    pub fn microdot_with(key: impl AsRef<[u8]>, cookie: CookieSpec) -> Result<Self, BuildError> {
        let key = key.as_ref();
        if key.is_empty() {
            return Err(BuildError::EmptyKey);
        }
        Ok(Self {
            current: Source::new(cookie, Keyring::microdot(key), None),
            previous: Vec::new(),
            removal_lines: Vec::new(),
            limits: Limits::default(),
            max_token_bytes: MAX_LINE,
            marker: Main::PURPOSE,
            revocations: None,
            #[cfg(feature = "device-bound")]
            binding: None,
        })
    }

    /// Returns the cookie that this sealer reads and writes.
    ///
    /// ```
    /// # use waxseal_core::{BuildError, Sealer, Secret};
    /// # fn names(secret: Secret) -> Result<(), BuildError> {
    /// let sealer = Sealer::builder(secret).build()?;
    /// assert_eq!(sealer.cookie().name(), "__Host-session");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn cookie(&self) -> &CookieSpec {
        &self.current.cookie
    }

    /// Verifies one token of the current cookie and returns its claims object
    /// byte for byte, for tools without a request: all steps of opening but the last one. A token
    /// of a session that is bound to a device is accepted without the device's proof, which only a
    /// request has.
    ///
    /// ```
    /// # use waxseal_core::{Rejection, Sealer, UnixTime};
    /// # fn inspect(sealer: &Sealer) {
    /// let now = UnixTime::from_secs(1_800_000_000);
    /// assert_eq!(sealer.verify(b"no token", now), Err(Rejection::Malformed));
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The [`Rejection`].
    pub fn verify(&self, token: &[u8], now: UnixTime) -> Result<String, Rejection> {
        let mut found = Found::empty(self.format());
        Search::without_request(self, now, &mut found).open_token(&self.current, token)?;
        Ok(found.data.text().into())
    }

    /// Finds the session among the `Cookie` headers of a request.
    #[inline]
    pub(crate) fn open<'h>(
        &self,
        cookies: impl IntoIterator<Item = &'h [u8]>,
        now: UnixTime,
        found: &mut Found,
    ) {
        Search::new(self, now, found).among(cookies);
    }

    /// The `PURPOSE` of the [`Marker`] whose sessions it opens and seals; `main` without one.
    ///
    /// ```
    /// # use waxseal_core::{Secret, Sealer};
    /// # fn check(secret: Secret) -> Result<(), waxseal_core::BuildError> {
    /// assert_eq!(Sealer::builder(secret).build()?.marker(), "main");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub const fn marker(&self) -> &'static str {
        self.marker
    }

    pub(crate) fn format(&self) -> Format {
        self.current.keyring.format()
    }

    /// The `Set-Cookie` line of a session.
    pub(crate) fn seal(
        &self,
        data: &Data,
        claims: Claims<'_>,
        now: UnixTime,
        random: Option<Random>,
    ) -> Result<String, SaveError> {
        let (claims, expires_at, remember) = match self.format() {
            Format::Waxseal => (Some(claims), claims.expires_at, claims::remember(data)),
            // Microdot's cookie has no lifetime, whether or not its claims do.
            Format::Microdot => (None, None, None),
        };
        let Source { cookie, keyring, .. } = &self.current;
        let key = keyring.sealing();
        let claims = claims::write(claims, key.audience(), data);
        // The claims in base64, the header, and the other parts, which have at most 91 characters.
        let parts = [claims.len().div_ceil(3).saturating_mul(4), key.header().len(), 91];
        let mut line = cookie.start_line(parts.into_iter().fold(0, usize::saturating_add));
        token::seal_onto(&mut line, claims, key, random)
            .map_err(|RandomError| SaveError::NoRandomness)?;
        cookie.end_line(&mut line, now, expires_at, remember);
        let limit = self.max_token_bytes.min(MAX_LINE);
        if line.len() > limit {
            return Err(SaveError::TooLarge { size: line.len(), limit });
        }
        Ok(line)
    }

    /// The `Set-Cookie` lines of a response that sets the cookie: `line`, and the
    /// removal of the previous cookies that the request `presented` or that have
    /// the current name.
    pub(crate) fn set_lines(&self, line: String, presented: &[usize]) -> Vec<String> {
        let presented = presented.iter().filter_map(|index| self.previous.get(*index));
        let mut lines: Vec<_> = presented.map(|source| source.cookie.removal_line()).collect();
        lines.extend(self.removal_lines.iter().cloned());
        lines.push(line);
        lines
    }

    /// The `Set-Cookie` lines of a response that ends the session: they remove
    /// every cookie that this sealer accepts.
    pub(crate) fn all_removal_lines(&self) -> Vec<String> {
        let mut lines = vec![self.current.cookie.removal_line()];
        lines.extend(self.previous.iter().map(|source| source.cookie.removal_line()));
        lines.extend(self.removal_lines.iter().cloned());
        lines
    }
}
