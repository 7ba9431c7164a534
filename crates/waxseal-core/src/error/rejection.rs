//! Why a presented cookie was not accepted: the attacker's half.

use core::fmt;

/// Why a presented cookie was not accepted.
///
/// Ordered by how far the cookie came in the order of opening. Where several
/// cookies of our name were presented and none was accepted, the one that came
/// furthest is reported. A request that presented neither one of ours nor a
/// former one has no rejection.
///
/// A rejection is for logs and decisions on the server; none of it belongs in
/// a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Rejection {
    /// The server's clock shows a time before 2025: it was never set, so no
    /// time in a cookie can be judged.
    ClockNotSet,
    /// The value is longer than the configured limit.
    TooLarge,
    /// Not three base64url parts separated by dots (RFC 7515, section 3.1).
    Malformed,
    /// The header is not the one our tokens carry: another `alg`, another
    /// `typ`, `crit`, or any other parameter (RFC 7515, section 4).
    Header,
    /// The header's `kid` names no key of the keyring. Another server may
    /// know it.
    UnknownKey,
    /// The signature does not verify (RFC 7515, section 5.2).
    Signature,
    /// Correctly signed, but the claims are not one JSON object whose
    /// registered claims have the types that RFC 7519 gives them.
    Claims,
    /// `iat` or `nbf` lies further in the future than clocks may differ
    /// (RFC 7519, section 4.1.5).
    NotYetValid,
    /// `exp`, or the absolute limit, has passed (RFC 7519, section 4.1.4).
    Expired,
    /// There is a list of sessions ended early, and the token has no `sid` by
    /// which it could be on it.
    NoSid,
    /// The session was ended before its time: its user logged out, say.
    Revoked,
    /// Whether the session was ended before its time cannot be known now. The
    /// answer is a 503, and no cookie is touched: the session may be good.
    StandingUnknown,
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
            Self::NotYetValid => "not-yet-valid",
            Self::Expired => "expired",
            Self::NoSid => "no-sid",
            Self::Revoked => "revoked",
            Self::StandingUnknown => "standing-unknown",
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ClockNotSet => "the server's clock was never set, no cookie can be judged",
            Self::TooLarge => "the cookie is larger than the configured limit",
            Self::Malformed => "the cookie is not a compact JWS",
            Self::Header => "the token's header is not one of ours",
            Self::UnknownKey => "the token's kid names no configured key",
            Self::Signature => "the token's signature does not verify",
            Self::Claims => "the token's claims are not a valid JSON object",
            Self::NotYetValid => "the token is dated in the future",
            Self::Expired => "the session has expired",
            Self::NoSid => "the session has no sid, so it could not be ended early",
            Self::Revoked => "the session was ended before its time",
            Self::StandingUnknown => {
                "whether the session was ended before its time cannot be known now"
            }
        })
    }
}
