//! Why a presented cookie was not accepted: the attacker's half of the errors.

use core::fmt;

/// Why a presented cookie was not accepted.
///
/// Ordered by how far the cookie came in the steps of opening, with `RevocationUnknown` at the end.
/// If several cookies were presented and none was accepted, the rejection is the one of the cookie
/// that passed the most steps. A request that presents neither the current cookie nor a previous
/// one has no rejection.
///
/// A rejection is for logs and decisions on the server. Do not send it to clients; a
/// notice such as "your session has expired" is fine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Rejection {
    /// The server's clock shows a time before 2025, so the times in a cookie cannot
    /// be judged.
    ClockNotSet,
    /// The value is longer than the configured limit.
    TooLarge,
    /// The value is not three base64url parts separated by dots (RFC 7515, section
    /// 3.1), or five if the sealer accepts encrypted sessions (RFC 7516, section 3.1).
    Malformed,
    /// The header has another `alg`, `enc` or `typ`, `crit`, or any parameter other than these
    /// and `kid` (RFC 7515, section 4).
    Header,
    /// No key of the keyring has the header's `kid`. Another server may have it.
    UnknownKey,
    /// The signature or the authentication tag does not verify (RFC 7515, section 5.2; RFC
    /// 7516, section 5.2): the token is forged or
    /// damaged, a key set reuses a `kid`, or Microdot's key differs. With derived keys, a
    /// token of another secret is [`UnknownKey`](Self::UnknownKey).
    Signature,
    /// The signature or the authentication tag verifies, but the claims are not one JSON object
    /// whose registered claims have the types of RFC 7519.
    Claims,
    /// The session is signed, and was not issued before the time of
    /// [`also_accept_signed`](crate::SealerBuilder::also_accept_signed).
    NotEncrypted,
    /// `iat` or `nbf` lies further in the future than clocks may differ (RFC 7519,
    /// section 4.1.5).
    NotYetValid,
    /// `exp` or the absolute timeout has passed (RFC 7519, section 4.1.4).
    Expired,
    /// The sealer has a revocation list, and the token has no session ID (`sid`) by which
    /// it could be revoked.
    NoSid,
    /// The session is revoked, for example because its user logged out.
    Revoked,
    /// The session is bound to a device, and the request has no proof cookie for it: the session
    /// cookie may be stolen, or the browser has not refreshed the proof cookie yet.
    #[cfg(feature = "device-bound")]
    ProofMissing,
    /// The session is bound to a device, and its proof cookie has expired: the cookies may be
    /// stolen, or the clocks of two servers differ.
    #[cfg(feature = "device-bound")]
    ProofExpired,
    /// The revocation list cannot be trusted, so the session may be good or revoked. The response
    /// is a 503 that leaves the cookie alone, also if the request presents other cookies.
    RevocationUnknown,
}

impl Rejection {
    /// The rejection as one word, for machines: `expired`, `signature`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClockNotSet => "clock-not-set",
            Self::TooLarge => "too-large",
            Self::Malformed => "malformed",
            Self::Header => "header",
            Self::UnknownKey => "unknown-key",
            Self::Signature => "signature",
            Self::Claims => "claims",
            Self::NotEncrypted => "not-encrypted",
            Self::NotYetValid => "not-yet-valid",
            Self::Expired => "expired",
            Self::NoSid => "no-sid",
            Self::Revoked => "revoked",
            Self::RevocationUnknown => "revocation-unknown",
            #[cfg(feature = "device-bound")]
            Self::ProofMissing => "proof-missing",
            #[cfg(feature = "device-bound")]
            Self::ProofExpired => "proof-expired",
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ClockNotSet => "the server's clock is not set, so no cookie can be judged",
            Self::TooLarge => "the cookie is larger than the configured limit",
            Self::Malformed => "the cookie is not a token of the kind that the server accepts",
            Self::Header => "the token's header is not that of a session",
            Self::UnknownKey => "no configured key has the token's kid",
            Self::Signature => "the token's signature or authentication tag does not verify",
            Self::Claims => "the token's claims are not a valid JSON object",
            Self::NotEncrypted => {
                "the session is signed, and was issued too late to be accepted without encryption"
            }
            Self::NotYetValid => "the token is dated in the future",
            Self::Expired => "the session has expired",
            Self::NoSid => "the session has no session ID, so it could not be revoked",
            Self::Revoked => "the session is revoked",
            Self::RevocationUnknown => "the revocation list cannot be trusted",
            #[cfg(feature = "device-bound")]
            Self::ProofMissing => {
                "the session is bound to a device, and its proof cookie is missing"
            }
            #[cfg(feature = "device-bound")]
            Self::ProofExpired => {
                "the session is bound to a device, and its proof cookie has expired"
            }
        })
    }
}
