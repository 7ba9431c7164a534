//! Every mistake of a handler as one type, into which `?` converts.

use std::{error::Error, fmt, panic::Location};

use waxseal_core::{Main, Marker, NotDurable, ReadError, SaveError, WriteError};

/// The error of the methods of [`Session`](crate::Session). Its response is empty: a 401 if
/// the session has no user, was revoked during the request or has no valid proof cookie, a 403 if
/// it must be bound to a device and is not, a 503 if the revocation list is unavailable, otherwise
/// a 500. The cause of a 500 goes to the log.
#[derive(Debug)]
#[non_exhaustive]
pub enum SessionError {
    /// No [`SessionLayer`](crate::SessionLayer) with this marker wraps the route.
    MissingLayer {
        /// The `PURPOSE` of the [`Marker`].
        marker: &'static str,
    },
    /// [`require_user`](crate::Session::require_user) was called in a session without a
    /// user.
    NoUser,
    /// [`require_user`](crate::Session::require_user) or
    /// [`require_bound`](crate::Session::require_bound) was called, and the session is bound to a
    /// device, but the request has no proof cookie for it: the session cookie may be stolen.
    #[cfg(feature = "device-bound")]
    ProofMissing,
    /// [`require_user`](crate::Session::require_user) or
    /// [`require_bound`](crate::Session::require_bound) was called, and the proof cookie of the
    /// session has expired: the cookies may be stolen.
    #[cfg(feature = "device-bound")]
    ProofExpired,
    /// [`require_bound`](crate::Session::require_bound) was called in a session that is not bound
    /// to a device, or without a session.
    #[cfg(feature = "device-bound")]
    NotBound,
    /// Two layers around a handler have the same cookie. One session would overwrite
    /// the other, or one layer would have no effect.
    SameCookie {
        /// The name of the cookie.
        cookie: String,
        /// Where the application makes the layers.
        layers: [&'static Location<'static>; 2],
    },
    /// The handler uses the session after the response head is complete.
    Finished,
    /// The revocation list cannot be trusted, so it is not known whether the session
    /// is revoked. The response is a 503 that leaves the cookie alone.
    RevocationUnknown,
    /// A revocation is not durable. The response is a 503.
    NotDurable(NotDurable),
    /// An entry cannot be deserialized as the requested type.
    Read(ReadError),
    /// A value cannot be stored in the session.
    Write(WriteError),
    /// The session could not be saved or deleted.
    Save(SaveError),
}

impl SessionError {
    /// Returns whether the same request may succeed later, because the application has made
    /// no mistake: the response is a 503.
    #[must_use]
    pub const fn is_temporary(&self) -> bool {
        matches!(
            self,
            Self::RevocationUnknown
                | Self::NotDurable(_)
                | Self::Save(SaveError::RevocationUnknown)
        )
    }
}

impl SessionError {
    /// Returns the status of the response: 401, 403, 503 or 500.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::NoUser | Self::Save(SaveError::NoUser | SaveError::Revoked) => 401,
            #[cfg(feature = "device-bound")]
            Self::ProofMissing | Self::ProofExpired | Self::Save(SaveError::ProofMissing) => 401,
            #[cfg(feature = "device-bound")]
            Self::NotBound => 403,
            error if error.is_temporary() => 503,
            _ => 500,
        }
    }

    /// Logs the error, for an integration that turns it into a response. A 401 or a 403 is logged
    /// at debug level, as an everyday event, and so is an unavailable revocation list, because the
    /// list itself logs the outage.
    pub fn log(&self) {
        let is_everyday = self.status() < 500
            || matches!(self, Self::RevocationUnknown | Self::Save(SaveError::RevocationUnknown));
        if is_everyday {
            tracing::debug!("{self}");
        } else {
            tracing::error!("{self}");
        }
    }
}

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingLayer { marker } => {
                f.write_str("no session layer ")?;
                if *marker != Main::PURPOSE {
                    write!(f, "whose sealer has the marker {marker:?} ")?;
                }
                f.write_str(
                    "wraps this route; add .layer(SessionLayer::new(sealer)) to its router, or \
                     on actix-web .wrap(SessionLayer::new(sealer)) to its App or scope",
                )
            }
            Self::NoUser => f.write_str(
                "the session has no user; respond with 401, or redirect to the login page",
            ),
            #[cfg(feature = "device-bound")]
            Self::ProofMissing | Self::ProofExpired => SaveError::ProofMissing.fmt(f),
            #[cfg(feature = "device-bound")]
            Self::NotBound => f.write_str(
                "the session is not bound to a device; respond with 403, or ask the user to \
                 authenticate again",
            ),
            Self::SameCookie { cookie, layers: [one, other] } => write!(
                f,
                "the session layers made at {one} and at {other} have the same cookie {cookie:?}; \
                 give one of them another CookieSpec, or remove one"
            ),
            Self::Finished => f.write_str(
                "the response head is complete; ask for the session before returning the response",
            ),
            Self::RevocationUnknown => SaveError::RevocationUnknown.fmt(f),
            Self::NotDurable(error) => error.fmt(f),
            Self::Read(error) => error.fmt(f),
            Self::Write(error) => error.fmt(f),
            Self::Save(error) => error.fmt(f),
        }
    }
}

impl Error for SessionError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Read(error) => error.source(),
            _ => None,
        }
    }
}

macro_rules! from {
    ($($variant:ident: $error:ty),*) => {$(
        impl From<$error> for SessionError {
            fn from(error: $error) -> Self {
                Self::$variant(error)
            }
        }
    )*};
}

from! { NotDurable: NotDurable, Read: ReadError, Write: WriteError, Save: SaveError }
