//! The caller's mistakes: each message says what to do about it.

use alloc::{borrow::Cow, string::String};
use core::{error::Error, fmt};

/// A secret that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SecretError {
    /// Shorter than 32 bytes, the least for HMAC-SHA-256 (RFC 7518,
    /// section 3.2).
    TooShort {
        /// The secret's length in bytes.
        len: usize,
    },
    /// The environment variable is not set.
    NotSet {
        /// The variable's name.
        variable: String,
    },
    /// The environment variable's value is not UTF-8.
    NotUnicode {
        /// The variable's name.
        variable: String,
    },
}

impl fmt::Display for SecretError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort { len } => write!(
                f,
                "the secret has {len} bytes, at least 32 are needed; \
                 `openssl rand -base64 32` prints one that is long enough"
            ),
            Self::NotSet { variable } => write!(
                f,
                "the environment variable {variable} is not set; \
                 set it to a secret of at least 32 bytes"
            ),
            Self::NotUnicode { variable } => {
                write!(f, "the environment variable {variable} is not UTF-8")
            }
        }
    }
}

impl Error for SecretError {}

/// A cookie that browsers would refuse, cut short or misread.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CookieSpecError {
    /// The name is empty or holds a byte that RFC 6265bis, section 4.1.1,
    /// does not allow.
    Name,
    /// The path does not start with `/`, or holds `;` or a byte outside
    /// printable ASCII.
    Path,
    /// The domain is not a host name.
    Domain,
    /// The name's prefix promises what the attributes do not hold (RFC
    /// 6265bis, section 4.1.3).
    Prefix {
        /// The prefix as the standard spells it.
        prefix: &'static str,
        /// What it requires.
        requires: &'static str,
    },
    /// `SameSite=None` and `Partitioned` need `Secure`: browsers drop the
    /// cookie otherwise.
    NeedsSecure {
        /// The attribute that needs it.
        attribute: &'static str,
    },
    /// The maximum age is zero, or more than the 400 days that RFC 6265bis,
    /// section 5.5, lets a browser keep a cookie.
    MaxAge,
}

impl fmt::Display for CookieSpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name => f.write_str(
                "the cookie's name is empty or has a character other than \
                 letters, digits and !#$%&'*+-.^_`|~",
            ),
            Self::Path => {
                f.write_str("the cookie's path must start with / and be printable ASCII without ;")
            }
            Self::Domain => f.write_str(
                "the cookie's domain must be a host name without a leading dot, such as example.com",
            ),
            Self::Prefix { prefix, requires } => {
                write!(f, "a cookie named {prefix}… must have {requires}")
            }
            Self::NeedsSecure { attribute } => {
                write!(f, "browsers drop a cookie with {attribute} and without Secure")
            }
            Self::MaxAge => f.write_str("the cookie's maximum age must be 1 second to 400 days"),
        }
    }
}

impl Error for CookieSpecError {}

/// A sealer that cannot be built.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BuildError {
    /// Microdot's key is empty.
    EmptyKey,
    /// Neither an idle nor an absolute limit: such a session never ends.
    NoLimit,
    /// A limit of zero seconds: such a session has ended when it begins.
    ZeroLimit,
    /// The size limit leaves no room for a token.
    SizeLimit,
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EmptyKey => "the session's secret key is empty; configure one",
            Self::NoLimit => "a session needs an idle or an absolute limit; set at least one",
            Self::ZeroLimit => "an idle or absolute limit must be at least one second",
            Self::SizeLimit => "the size limit must be at least 256 bytes",
        })
    }
}

impl Error for BuildError {}

/// A member of the session that is not what the caller reads it as.
#[derive(Debug)]
pub struct ReadError {
    /// `None` where the whole session was read.
    pub(crate) name: Option<String>,
    pub(crate) wanted: &'static str,
    pub(crate) source: serde_json::Error,
}

impl fmt::Display for ReadError {
    // What was found is left to `source`: it may quote the user's data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "the session's {name:?} cannot be read as {}", self.wanted),
            None => write!(f, "the session cannot be read as {}", self.wanted),
        }
    }
}

impl Error for ReadError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.source)
    }
}

/// A value that cannot be kept in the session.
#[derive(Debug)]
#[non_exhaustive]
pub enum WriteError {
    /// The name belongs to a claim that the session itself uses.
    Reserved {
        /// The name.
        name: String,
    },
    /// The value is not JSON: NaN or an infinity, a map whose keys are not
    /// strings, or an error of its own `Serialize`.
    NotJson {
        /// The member's name; `None` where the whole session was written.
        name: Option<String>,
        /// What is wrong.
        reason: Cow<'static, str>,
    },
    /// Nested deeper than would be accepted back.
    TooDeep {
        /// The member's name.
        name: String,
    },
    /// The whole session was written as something other than a JSON object.
    NotAnObject,
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reserved { name } => {
                write!(f, "{name:?} is reserved for the session's own claims; choose another name")
            }
            Self::NotJson { name: Some(name), reason } => {
                write!(f, "the value for {name:?} cannot be written as JSON: {reason}")
            }
            Self::NotJson { name: None, reason } => {
                write!(f, "the session cannot be written as JSON: {reason}")
            }
            Self::TooDeep { name } => {
                write!(f, "the value for {name:?} is nested too deep; flatten it")
            }
            Self::NotAnObject => {
                f.write_str("a whole session is written from a struct or a map with string keys")
            }
        }
    }
}

impl Error for WriteError {}

/// A session that could not be saved. Nothing of it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SaveError {
    /// The whole `Set-Cookie` line would be longer than browsers keep.
    TooLarge {
        /// The line's length in bytes.
        size: usize,
        /// The most it may have.
        limit: usize,
    },
    /// The response head has been made: no cookie can be set any more.
    Closed,
    /// The server's clock shows a time before 2025: the session would never
    /// end, or has ended already.
    ClockNotSet,
    /// The platform gave no randomness for the session's identifier.
    NoRandomness,
}

impl fmt::Display for SaveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { size, limit } => write!(
                f,
                "the session's cookie would have {size} bytes, the limit is {limit}; \
                 keep less in the session"
            ),
            Self::Closed => f.write_str(
                "the response head has already been made; save the session before returning it",
            ),
            Self::ClockNotSet => {
                f.write_str("the clock shows a time before 2025; set it before sessions are saved")
            }
            Self::NoRandomness => {
                f.write_str("the platform gave no randomness for the session's identifier")
            }
        }
    }
}

impl Error for SaveError {}
