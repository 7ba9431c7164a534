//! The tokens of device binding: a few claims, signed with the keys of their kind.

use alloc::{format, string::String};

use crate::{
    json,
    keyring::Keyring,
    time::UnixTime,
    token::{self, Unverified},
};

/// The fields of a proof cookie, a session identifier or the challenge of a refresh. A text is
/// empty if the token does not have it. On the wire, the fields are joined by dots: only the last
/// can contain one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct DeviceClaims<'c> {
    /// The expiry, in seconds since 1970.
    pub(crate) expires_at: u64,
    /// The SHA-256 thumbprint of the browser's key (RFC 7638).
    pub(crate) thumbprint: &'c str,
    /// The public key, a compressed point in base64url.
    pub(crate) key: &'c str,
    /// The ID of the session at its registration.
    pub(crate) session_id: &'c str,
}

impl<'c> DeviceClaims<'c> {
    /// The token, which is ASCII.
    pub(crate) fn seal(self, keyring: &Keyring) -> String {
        let Self { expires_at, thumbprint, key, session_id } = self;
        let claims = format!("{expires_at}.{thumbprint}.{key}.{session_id}");
        // A signature needs no randomness.
        token::seal(claims.into_bytes(), keyring.sealing(), None).unwrap_or_default()
    }

    /// The fields in the text that [`verify`] returned. The caller must check the expiry.
    pub(crate) fn parse(claims: &'c str) -> Option<Self> {
        let mut fields = claims.splitn(4, '.');
        Some(Self {
            expires_at: fields.next()?.parse().ok()?,
            thumbprint: fields.next()?,
            key: fields.next()?,
            session_id: fields.next()?,
        })
    }

    pub(crate) const fn is_current(self, now: UnixTime) -> bool {
        now.as_secs() < self.expires_at
    }
}

/// The fields of a token whose signature verifies, as text.
pub(crate) fn verify(token: &[u8], keyring: &Keyring) -> Option<String> {
    claims(Unverified::parse(token, keyring).ok()?)
}

/// The claims of a token that is parsed already, as [`verify`].
pub(crate) fn claims(token: Unverified<'_, '_>) -> Option<String> {
    String::from_utf8(token.verify().ok()?.0).ok()
}

/// The values of the members with these names as JSON text; `None` if `json` is not one object,
/// or has one of them twice.
pub(super) fn members<'j, const N: usize>(
    json: &'j str,
    names: [&str; N],
) -> Option<[Option<&'j str>; N]> {
    let mut values = [None; N];
    json::members(json, |member| {
        let name = json.get(member.name)?;
        let unescaped = if member.escaped { Some(json::unescape(name)?) } else { None };
        let name = unescaped.as_deref().unwrap_or(name);
        if let Some(at) = names.iter().position(|known| *known == name) {
            let before = values.get_mut(at)?.replace(json.get(member.value)?);
            return before.is_none().then_some(());
        }
        Some(())
    })?;
    Some(values)
}

/// The claim `cnf` of a session that is bound to the key with this thumbprint (RFC 7800,
/// section 3.1; `jkt` as in RFC 9449, section 6.1).
pub(crate) fn confirmation(thumbprint: &str) -> String {
    format!(r#"{{"jkt":"{thumbprint}"}}"#)
}

/// The thumbprint in a claim `cnf` as [`confirmation`] writes it; empty for any other: such a
/// session has no proof cookie.
pub(crate) fn thumbprint(cnf: &str) -> &str {
    let jkt = cnf.strip_prefix(r#"{"jkt":""#).and_then(|rest| rest.strip_suffix(r#""}"#));
    jkt.unwrap_or_default()
}
