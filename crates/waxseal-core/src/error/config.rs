//! The mistakes of a configuration: each message says what to do about it.

use alloc::string::String;
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
    /// The name is not 1 to 128 bytes that RFC 6265bis, section 4.1.1, allows.
    Name,
    /// The path does not start with `/`, holds `;` or a byte outside printable
    /// ASCII, or has more than 1024 bytes.
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
                "the cookie's name must be 1 to 128 \
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

/// A JSON Web Key Set that cannot be used. Shows nothing of the keys.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JwksError {
    /// Not a JSON object with an array `keys` of objects, or a member stands
    /// twice in one of them.
    NotASet,
    /// One key cannot be used.
    Key {
        /// Its index in `keys`, from 0.
        index: usize,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// No key signs.
    NoSigningKey,
}

impl fmt::Display for JwksError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotASet => f.write_str("not a JSON Web Key Set: {\"keys\":[{…},…]}"),
            Self::Key { index, reason } => write!(f, "key {index} cannot be used: {reason}"),
            Self::NoSigningKey => {
                f.write_str("no key signs: one must have \"key_ops\":[\"sign\",\"verify\"]")
            }
        }
    }
}

impl Error for JwksError {}

/// A sealer that cannot be built.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BuildError {
    /// Microdot's key is empty.
    EmptyKey,
    /// Microdot's key is shorter than 32 bytes.
    WeakMicrodotKey {
        /// Its length in bytes.
        len: usize,
    },
    /// Microdot's cookie is accepted without an absolute limit: that door
    /// would never close.
    NeedsAbsoluteLimit,
    /// A list of sessions ended early without an absolute limit: nothing could
    /// ever leave the list.
    RevocationsNeedAbsoluteLimit,
    /// The absolute limit is longer than the one of the list of sessions ended
    /// early: a session could outlive its entry.
    RevocationsTooShort {
        /// The list's, in seconds.
        limit: u64,
    },
    /// Microdot's cookie is accepted under a list of sessions ended early, and
    /// its sessions have no `sid`.
    MicrodotHasNoSid,
    /// Neither an idle nor an absolute limit: such a session never ends.
    NoLimit,
    /// A limit of zero seconds: such a session has ended when it begins.
    ZeroLimit,
    /// The size limit leaves no room for a token.
    SizeLimit,
    /// The cookie's maximum age is shorter than the idle limit.
    MaxAgeUnderIdle,
    /// Two keys of one ring have the same `kid`.
    DuplicateKey,
    /// The key set is bound to another cookie.
    OtherCookie {
        /// The name of that cookie.
        bound: String,
    },
    /// A cookie that was used before under another name has no key: a key set
    /// is bound to one cookie.
    NoFormerKey,
    /// A cookie that was used before is the one that is used now, or stands
    /// there twice.
    SameCookie,
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EmptyKey => "the session's secret key is empty; configure one",
            Self::WeakMicrodotKey { len } => {
                return write!(
                    f,
                    "Microdot's key has {len} bytes and can be guessed from one cookie; \
                     accept it with dangerous_accept_weak_microdot, or not at all"
                );
            }
            Self::NeedsAbsoluteLimit => {
                "Microdot's sessions are only accepted under an absolute limit; set one"
            }
            Self::RevocationsNeedAbsoluteLimit => {
                "sessions can only be ended early under an absolute limit; set one"
            }
            Self::RevocationsTooShort { limit } => {
                return write!(
                    f,
                    "the absolute limit is longer than the {limit} seconds that the revocation \
                     list is made for; raise the list's absolute limit on every server first"
                );
            }
            Self::MicrodotHasNoSid => {
                "Microdot's sessions have no sid, by which they could be ended early; call \
                 dangerous_accept_without_sid, or do not accept Microdot's cookie"
            }
            Self::NoLimit => "a session needs an idle or an absolute limit; set at least one",
            Self::ZeroLimit => "an idle or absolute limit must be at least one second",
            Self::SizeLimit => "the size limit must be at least 256 bytes",
            Self::MaxAgeUnderIdle => {
                "the cookie's maximum age is shorter than the idle limit: browsers would forget \
                 active users; lower the idle limit"
            }
            Self::DuplicateKey => "two keys have the same kid; is a secret given twice?",
            Self::OtherCookie { bound } => {
                return write!(f, "the key set is bound to the cookie {bound:?}");
            }
            Self::NoFormerKey => {
                "a cookie used before under another name needs the secret of its time; accept it"
            }
            Self::SameCookie => {
                "a cookie used before must differ from the one used now in name, path or domain, \
                 and Microdot's in its name"
            }
        })
    }
}

impl Error for BuildError {}
