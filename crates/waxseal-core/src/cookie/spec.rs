//! The name and the attributes of a cookie, checked when they are built.

use alloc::string::String;
use core::time::Duration;

use crate::error::CookieSpecError;

/// The name and attributes of a cookie (RFC 6265bis, section 4.1), valid by
/// construction.
///
/// The default is `__Host-session` with `Path=/`, `Secure`, `HttpOnly`,
/// `SameSite=Lax`, and a `Max-Age` that follows the session's expiry.
///
/// ```
/// use waxseal_core::CookieSpec;
///
/// let spec = CookieSpec::builder("__Secure-admin").path("/admin").same_site_strict().build()?;
/// assert_eq!(spec.name(), "__Secure-admin");
/// # Ok::<(), waxseal_core::CookieSpecError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CookieSpec {
    name: String,
    pub(super) path: String,
    pub(super) domain: Option<String>,
    pub(super) max_age: MaxAge,
    pub(super) secure: bool,
    pub(super) http_only: bool,
    pub(super) same_site: Option<SameSite>,
    pub(super) partitioned: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MaxAge {
    /// As long as the session.
    OfSession,
    /// As long as the session, at most this number of seconds.
    AtMost(u64),
    /// Until the browser is closed.
    OfBrowser,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SameSite {
    Strict,
    Lax,
    None,
}

impl CookieSpec {
    /// Configures a cookie with the default attributes and another name.
    #[must_use = "`build` checks the attributes"]
    pub fn builder(name: impl Into<String>) -> CookieSpecBuilder {
        CookieSpecBuilder(Self { name: name.into(), ..Self::default() })
    }

    /// Creates `session; Path=/; HttpOnly; SameSite=Lax` without `Secure`: for devices that serve
    /// plain http, and for Safari on `http://localhost`. An attacker on the network can
    /// read and replace such a cookie.
    #[must_use]
    pub fn insecure_http() -> Self {
        Self { name: "session".into(), secure: false, ..Self::default() }
    }

    /// Microdot's default: `session; Path=/; HttpOnly`.
    pub(crate) fn microdot() -> Self {
        Self { same_site: None, ..Self::insecure_http() }
    }

    /// Configures the cookie of Microdot's session extension: its name, `session`, is fixed, and
    /// its default attributes are `Path=/; HttpOnly`. For
    /// [`Sealer::microdot_with`](crate::Sealer::microdot_with).
    #[must_use = "`build` checks the attributes"]
    pub fn builder_microdot() -> CookieSpecBuilder {
        CookieSpecBuilder(Self::microdot())
    }

    /// The maximum `Max-Age` in seconds, if there is one.
    pub(crate) const fn longest(&self) -> Option<u64> {
        match self.max_age {
            MaxAge::AtMost(secs) => Some(secs),
            MaxAge::OfSession | MaxAge::OfBrowser => None,
        }
    }

    /// Whether `other` is the same cookie to a browser: the same name, domain and path
    /// (RFC 6265bis, section 5.7), and partition (CHIPS).
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let domain = |spec: &Self| spec.domain.as_deref().map(str::to_ascii_lowercase);
        (&self.name, &self.path, self.partitioned, domain(self))
            == (&other.name, &other.path, other.partitioned, domain(other))
    }

    /// A cookie with another name, which the browser keeps until it expires.
    #[cfg(feature = "device-bound")]
    pub(crate) fn named(&self, name: String) -> Self {
        Self { name, max_age: MaxAge::OfSession, http_only: true, ..self.clone() }
    }

    #[cfg(feature = "device-bound")]
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Whether device binding works with this cookie: Chromium registers keys over https only, and
    /// never refreshes a proof cookie with `Domain` or `Partitioned` (Chromium 156).
    #[cfg(feature = "device-bound")]
    pub(crate) const fn can_be_bound(&self) -> bool {
        self.secure && self.domain.is_none() && !self.partitioned
    }

    /// Returns the cookie's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Default for CookieSpec {
    fn default() -> Self {
        Self {
            name: "__Host-session".into(),
            path: "/".into(),
            domain: None,
            max_age: MaxAge::OfSession,
            secure: true,
            http_only: true,
            same_site: Some(SameSite::Lax),
            partitioned: false,
        }
    }
}

/// Builds a [`CookieSpec`]; starts from the default attributes.
#[derive(Clone, Debug)]
#[must_use = "`build` checks the attributes"]
pub struct CookieSpecBuilder(CookieSpec);

impl CookieSpecBuilder {
    /// Sets `Path`: browsers send the cookie with requests under it. A path is no
    /// security boundary between applications of one host.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.0.path = path.into();
        self
    }

    /// Sets `Domain`: browsers send the cookie to this host and its subdomains, each of
    /// which can then read and replace it.
    pub fn domain(mut self, domain: impl Into<String>) -> Self {
        self.0.domain = Some(domain.into());
        self
    }

    /// Sets `SameSite=Strict`: browsers do not send the cookie when a user follows a link
    /// from another site.
    pub fn same_site_strict(mut self) -> Self {
        self.0.same_site = Some(SameSite::Strict);
        self
    }

    /// Sets `SameSite=None`: browsers send the cookie with requests that other sites
    /// cause, so every request that changes state needs a defence against CSRF.
    pub fn insecure_same_site_none(mut self) -> Self {
        self.0.same_site = Some(SameSite::None);
        self
    }

    /// Sets `Partitioned` (CHIPS): one cookie for each site that embeds this one.
    pub fn partitioned(mut self) -> Self {
        self.0.partitioned = true;
        self
    }

    /// Sets the maximum `Max-Age`, in whole seconds: browsers then forget the cookie even
    /// if the session lives longer. It must be at least the idle timeout, because active
    /// users would otherwise lose the cookie.
    pub fn max_age(mut self, at_most: Duration) -> Self {
        self.0.max_age = MaxAge::AtMost(at_most.as_secs());
        self
    }

    /// Omits `Max-Age`: browsers forget the cookie when they are closed, unless they
    /// restore it with their tabs.
    pub fn until_browser_closes(mut self) -> Self {
        self.0.max_age = MaxAge::OfBrowser;
        self
    }

    /// Sets `Secure`, the default except after
    /// [`builder_microdot`](CookieSpec::builder_microdot): browsers send the cookie only
    /// over https.
    pub fn secure(mut self) -> Self {
        self.0.secure = true;
        self
    }

    /// Omits `Secure`: browsers also send the cookie over plain http, where an attacker on
    /// the network can read and replace it.
    pub fn insecure_http(mut self) -> Self {
        self.0.secure = false;
        self
    }

    /// Omits `HttpOnly`: scripts can read the cookie, so one injected script can steal the
    /// session.
    pub fn insecure_allow_scripts(mut self) -> Self {
        self.0.http_only = false;
        self
    }

    /// Builds the spec.
    ///
    /// # Errors
    ///
    /// [`CookieSpecError`] if browsers would refuse, truncate or misread the cookie.
    pub fn build(self) -> Result<CookieSpec, CookieSpecError> {
        let spec = self.0;
        check_name(&spec.name)?;
        check_path(&spec.path)?;
        spec.domain.as_deref().map_or(Ok(()), check_domain)?;
        check_max_age(spec.max_age)?;
        check_prefix(&spec)?;
        for (attribute, present) in [
            ("SameSite=None", spec.same_site == Some(SameSite::None)),
            ("Partitioned", spec.partitioned),
        ] {
            if present && !spec.secure {
                return Err(CookieSpecError::NeedsSecure { attribute });
            }
        }
        Ok(spec)
    }
}

/// `token` of RFC 9110, section 5.6.2.
fn check_name(name: &str) -> Result<(), CookieSpecError> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    // A longer name would leave the session no room.
    let ok = matches!(name.len(), 1..=128) && name.bytes().all(allowed);
    ok.then_some(()).ok_or(CookieSpecError::Name)
}

fn check_path(path: &str) -> Result<(), CookieSpecError> {
    let allowed = |byte: u8| matches!(byte, b' '..=b'~') && byte != b';';
    // Browsers strip white space at the ends, which makes another path, and ignore an
    // attribute of more than 1024 bytes (section 5.6).
    let ok = path.len() <= 1024
        && path.starts_with('/')
        && path.trim_end() == path
        && path.bytes().all(allowed);
    ok.then_some(()).ok_or(CookieSpecError::Path)
}

fn check_domain(domain: &str) -> Result<(), CookieSpecError> {
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    // Browsers accept an IP address only as the host itself.
    let is_address = domain.rsplit('.').next().is_some_and(|last| last.parse::<u8>().is_ok());
    let ok = domain.len() <= 253 && domain.split('.').all(label) && !is_address;
    ok.then_some(()).ok_or(CookieSpecError::Domain)
}

fn check_max_age(max_age: MaxAge) -> Result<(), CookieSpecError> {
    const DAY: u64 = 86_400;
    match max_age {
        MaxAge::AtMost(secs) if secs == 0 || secs > 400 * DAY => Err(CookieSpecError::MaxAge),
        _ => Ok(()),
    }
}

/// The prefixes of RFC 6265bis, section 4.1.3, whose case browsers ignore; the longest
/// first.
fn check_prefix(spec: &CookieSpec) -> Result<(), CookieSpecError> {
    let host = spec.secure && spec.domain.is_none() && spec.path == "/";
    let prefixes = [
        ("__Host-Http-", "Secure, HttpOnly, Path=/ and no Domain", host && spec.http_only),
        ("__Host-", "Secure, Path=/ and no Domain", host),
        ("__Http-", "Secure and HttpOnly", spec.secure && spec.http_only),
        ("__Secure-", "Secure", spec.secure),
    ];
    let starts_with = |prefix: &str| {
        spec.name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    };
    match prefixes.into_iter().find(|(prefix, ..)| starts_with(prefix)) {
        Some((prefix, requires, false)) => Err(CookieSpecError::Prefix { prefix, requires }),
        _ => Ok(()),
    }
}
