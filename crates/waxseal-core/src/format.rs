//! The two formats of sessions in a cookie, waxseal's own and Microdot's, and the names
//! that each reserves for claims.

/// Which claims a token has, and which key its header names. One keyring never
/// mixes formats: a derived key verifies only waxseal's cookie, by its `kid`,
/// and a raw key only Microdot's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// `iat` and `exp` are required; `kid` selects the key.
    Waxseal,
    /// Microdot's session extension: no claim is required, no `kid`.
    Microdot,
}

impl Format {
    /// Whether `name` is a registered claim, which cannot be a key of the data.
    ///
    /// In Microdot's format only the claims that `PyJWT` verifies are registered;
    /// the application owns the rest.
    pub(crate) fn reserves(self, name: &str) -> bool {
        // Bytes are compared in place, strings by a call of `memcmp` for each.
        match name.as_bytes() {
            b"sub" | b"aud" | b"exp" | b"nbf" | b"iat" | b"jti" => true,
            b"iss" | b"sid" | b"remember" | b"auth_time" | b"cnf" | b"wx_rev" | b"wx_idle"
            | b"wx_abs" => self == Self::Waxseal,
            _ => false,
        }
    }
}
