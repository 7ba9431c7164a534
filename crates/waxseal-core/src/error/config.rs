//! The mistakes of a configuration: each message says what to do. `Debug` prints the message, too,
//! because Rust prints the error that `main` returns with it.

use alloc::string::String;
use core::{error::Error, fmt};

/// A secret is unusable.
#[derive(Clone, PartialEq, Eq)]
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
    /// The file of the secret cannot be read.
    Unreadable {
        /// The file's path.
        path: String,
        /// What is wrong.
        reason: String,
    },
}

impl fmt::Display for SecretError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort { len } => write!(
                f,
                "the secret has {len} bytes, but needs at least 32; \
                 `openssl rand -base64 32` prints one that is long enough"
            ),
            Self::NotSet { variable } => write!(
                f,
                "the environment variable {variable} is not set; \
                 set it to a secret of at least 32 bytes, such as the output of \
                 `openssl rand -base64 32`"
            ),
            Self::NotUnicode { variable } => {
                write!(f, "the environment variable {variable} is not UTF-8; set it to valid text")
            }
            Self::Unreadable { path, reason } => {
                write!(f, "the secret's file {path:?} cannot be read: {reason}")
            }
        }
    }
}

impl Error for SecretError {}

/// The error of [`CookieSpecBuilder::build`](crate::CookieSpecBuilder::build): browsers
/// would refuse, truncate or misread the cookie.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CookieSpecError {
    /// The name is empty, has more than 128 bytes, or contains a byte that RFC 6265bis,
    /// section 4.1.1, forbids.
    Name,
    /// The path does not start with `/`, contains `;` or a byte that is not printable
    /// ASCII, ends with a space, or has more than 1024 bytes.
    Path,
    /// The domain is not a host name.
    Domain,
    /// The prefix of the name requires other attributes (RFC 6265bis, section 4.1.3).
    Prefix {
        /// The prefix, spelled as in the standard.
        prefix: &'static str,
        /// The attributes that it requires.
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
                "the cookie's name must be 1 to 128 letters, digits and !#$%&'*+-.^_`|~",
            ),
            Self::Path => f.write_str(
                "the cookie's path must start with /, have at most 1024 bytes of printable ASCII \
                 without ;, and not end with a space",
            ),
            Self::Domain => f.write_str(
                "the cookie's domain must be a host name without a leading dot, such as example.com",
            ),
            Self::Prefix { prefix, requires } => {
                write!(f, "a cookie named {prefix}… must have {requires}")
            }
            Self::NeedsSecure { attribute } => {
                write!(f, "browsers drop a cookie with {attribute} and without Secure; call secure()")
            }
            Self::MaxAge => f.write_str("the cookie's maximum age must be 1 second to 400 days"),
        }
    }
}

impl Error for CookieSpecError {}

/// A JSON Web Key Set is unusable. The message shows nothing of the keys.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum JwksError {
    /// The text is not a JSON object with an array `keys` of objects, or one of the
    /// objects has a member twice.
    NotASet,
    /// One key is unusable.
    Key {
        /// Its index in `keys`, from 0.
        index: usize,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// No key signs or encrypts.
    NoSealingKey,
}

impl fmt::Display for JwksError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotASet => f.write_str(
                "the text is not a JSON Web Key Set, which is a JSON object with an array \"keys\" of \
                 objects",
            ),
            Self::Key { index, reason } => write!(f, "key {index} cannot be used: {reason}"),
            Self::NoSealingKey => f.write_str(
                "no key signs or encrypts: one must have \"key_ops\":[\"sign\",\"verify\"] or \
                 [\"encrypt\",\"decrypt\"]",
            ),
        }
    }
}

impl Error for JwksError {}

/// The configuration of a sealer is invalid.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum BuildError {
    /// The configuration of [device binding](crate::SealerBuilder::device_bound) is wrong.
    #[cfg(feature = "device-bound")]
    DeviceBinding(super::DeviceBindingError),
    /// Microdot's key is empty.
    EmptyKey,
    /// Microdot's key is shorter than 32 bytes.
    WeakMicrodotKey {
        /// Its length in bytes.
        len: usize,
    },
    /// Migrating Microdot's sessions requires an absolute timeout: without one, the
    /// migration window would never end.
    MicrodotNeedsAbsoluteTimeout,
    /// A revocation list requires an absolute timeout: without one, no entry could ever
    /// leave the list.
    RevocationsNeedAbsoluteTimeout,
    /// The absolute timeout is longer than that of the revocation list: a session
    /// could outlive its entry.
    RevocationsTooShort {
        /// The list's timeout in seconds.
        limit: u64,
    },
    /// Microdot's sessions have no session ID. To migrate them with a revocation list,
    /// also call
    /// [`dangerous_accept_without_sid`](crate::SealerBuilder::dangerous_accept_without_sid).
    MicrodotHasNoSid,
    /// A sealer with a marker would migrate Microdot's sessions. Their key has no marker, so the
    /// session of any user would become one of the marker.
    MicrodotHasNoMarker,
    /// Neither an idle nor an absolute timeout: such a session never ends.
    NoTimeout,
    /// A timeout of zero seconds: such a session expires when it starts.
    ZeroTimeout,
    /// The size limit leaves no room for a token.
    SizeLimit,
    /// The cookie's maximum age is shorter than the idle timeout.
    MaxAgeUnderIdleTimeout,
    /// Two keys of one keyring have the same `kid` or are the same key.
    DuplicateKey,
    /// The key set is bound to another cookie.
    OtherCookie {
        /// The name of that cookie.
        bound: String,
    },
    /// The key set is bound to another application or marker.
    OtherPurpose {
        /// The `waxseal:purpose` of its keys; empty if they have none.
        bound: String,
        /// The purpose of the sealer; empty without an application and a marker.
        needed: String,
    },
    /// An application or the `PURPOSE` of a marker is not 1 to 64 letters, digits and `-._`.
    Purpose {
        /// `application` or `marker`.
        part: &'static str,
    },
    /// Two cookies of the sealer have the same key, so a token of one would be a token of
    /// the other.
    SharedKey,
    /// The refresh threshold is zero, or longer than the idle timeout.
    RefreshThreshold,
    /// A previous cookie with another name has no key: a key set is bound to one
    /// cookie.
    NoPreviousKey,
    /// The key set has no key of the sealer's algorithm that seals.
    NoSealingKey {
        /// `HS256` or `A256CBC-HS512`.
        algorithm: &'static str,
    },
    /// The key set has no key of the other algorithm whose sessions are accepted.
    NoKey {
        /// `HS256` or `A256CBC-HS512`.
        algorithm: &'static str,
    },
    /// `also_accept_signed` in a sealer that signs, or `also_accept_encrypted` in one that
    /// encrypts.
    SameAlgorithm {
        /// `HS256` or `A256CBC-HS512`.
        algorithm: &'static str,
    },
    /// Accepting signed sessions beside encrypted ones requires an absolute timeout: without one,
    /// they would be accepted forever.
    SignedNeedsAbsoluteTimeout,
    /// A previous cookie is the current one, or is declared twice.
    SameCookie,
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EmptyKey => "the session's secret key is empty; configure one",
            Self::WeakMicrodotKey { len } => {
                return write!(
                    f,
                    "Microdot's key has {len} bytes, so an attacker can guess it from one cookie; \
                     use a longer key, or migrate with dangerous_migrate_weak_microdot"
                );
            }
            Self::MicrodotNeedsAbsoluteTimeout => {
                "Microdot's sessions migrate only under an absolute timeout; set one"
            }
            Self::RevocationsNeedAbsoluteTimeout => {
                "a revocation list needs an absolute timeout; set one"
            }
            Self::RevocationsTooShort { limit } => {
                return write!(
                    f,
                    "the absolute timeout is longer than the {limit} seconds of the revocation list; \
                     raise the list's absolute timeout on every server first"
                );
            }
            Self::MicrodotHasNoSid => {
                "Microdot's sessions have no session ID, so they cannot be revoked; call \
                 dangerous_accept_without_sid, or do not migrate Microdot's sessions"
            }
            Self::MicrodotHasNoMarker => {
                "Microdot's sessions have no marker; migrate them only to the main session"
            }
            #[cfg(feature = "device-bound")]
            Self::DeviceBinding(error) => return error.fmt(f),
            Self::NoTimeout => "a session needs an idle or an absolute timeout; set at least one",
            Self::ZeroTimeout => "an idle or absolute timeout must be at least one second",
            Self::SizeLimit => "max_token_bytes must be at least 256",
            Self::MaxAgeUnderIdleTimeout => {
                "the cookie's maximum age is shorter than the idle timeout, so browsers would \
                 forget active users; lower the idle timeout"
            }
            Self::DuplicateKey => "two keys are the same or have the same kid; remove the duplicate",
            Self::OtherCookie { bound } => {
                return write!(
                    f,
                    "the key set is bound to the cookie {bound:?}; use the key set of the sealer's \
                     cookie, or give the sealer this cookie"
                );
            }
            Self::OtherPurpose { bound, needed } => {
                return write!(
                    f,
                    "the key set is for the purpose {bound:?}, the sealer for {needed:?}; \
                     use the key set of that purpose, or change the application or the marker"
                );
            }
            Self::Purpose { part } => {
                return write!(f, "the {part} must be 1 to 64 letters, digits and -._");
            }
            Self::SharedKey => {
                "two cookies have the same key; give each cookie a secret or key of its own"
            }
            Self::RefreshThreshold => {
                "the refresh threshold must be at least one second and at most the idle timeout"
            }
            Self::NoPreviousKey => {
                "a key set has no key for a previous cookie with another name; add the secret of \
                 that cookie with fallback_secret"
            }
            Self::NoSealingKey { algorithm } => {
                let or = if *algorithm == "HS256" { "call" } else { "remove the call of" };
                return write!(
                    f,
                    "the key set has no {algorithm} key that seals; add one, or {or} encrypted()"
                );
            }
            Self::NoKey { algorithm } => {
                return write!(
                    f,
                    "the key set has no {algorithm} key for the sessions that are also accepted; add \
                     one, or do not accept such sessions"
                );
            }
            Self::SameAlgorithm { algorithm: "HS256" } => {
                "the sealer signs, so it already accepts signed sessions; remove \
                 also_accept_signed, or add encrypted"
            }
            Self::SameAlgorithm { .. } => {
                "the sealer encrypts, so it already accepts encrypted sessions; remove \
                 also_accept_encrypted, or remove encrypted"
            }
            Self::SignedNeedsAbsoluteTimeout => {
                "signed sessions are accepted beside encrypted ones only under an absolute timeout; \
                 set one"
            }
            Self::SameCookie => {
                "a previous cookie must differ from the current one in name, path or domain, and \
                 Microdot's in its name"
            }
        })
    }
}

impl Error for BuildError {}

macro_rules! debug_is_the_message {
    ($($error:ty),*) => {$(
        impl fmt::Debug for $error {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    )*};
}

debug_is_the_message!(SecretError, CookieSpecError, JwksError, BuildError);
#[cfg(feature = "device-bound")]
debug_is_the_message!(super::DeviceBindingError);
