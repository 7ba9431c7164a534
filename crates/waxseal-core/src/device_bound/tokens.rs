//! The tokens of device binding: a few claims, signed with the keys of their kind.

use alloc::{borrow::Cow, format, string::String, vec::Vec};

use crate::{
    json::{self, decode_string, push_member, quote},
    keyring::Keyring,
    time::UnixTime,
    token::{self, Unverified},
};

/// The claims of a challenge, a session identifier or a proof cookie.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct DeviceClaims<'c> {
    /// `exp`.
    pub(crate) expires_at: u64,
    /// `sid`: the ID of the session at its registration.
    pub(crate) session_id: Option<Cow<'c, str>>,
    /// `jkt`: the SHA-256 thumbprint of the key (RFC 7638).
    pub(crate) thumbprint: Option<Cow<'c, str>>,
    /// `key`: the public key, a compressed point in base64url.
    pub(crate) key: Option<Cow<'c, str>>,
}

impl<'c> DeviceClaims<'c> {
    /// The token, which is ASCII.
    pub(crate) fn seal(&self, keyring: &Keyring) -> String {
        let mut json = Vec::with_capacity(192);
        json.push(b'{');
        push_member(&mut json, "exp", itoa::Buffer::new().format(self.expires_at));
        let texts = [("sid", &self.session_id), ("jkt", &self.thumbprint), ("key", &self.key)];
        for (name, text) in texts {
            if let Some(text) = text {
                push_member(&mut json, name, &quote(text));
            }
        }
        json.push(b'}');
        // A signature needs no randomness.
        token::seal(json, keyring.sealing(), None).unwrap_or_default()
    }

    /// The claims in the text that [`verify`] returned. The caller must check `expires_at`.
    pub(crate) fn parse(claims: &'c str) -> Option<Self> {
        let [exp, sid, jkt, key] = members(claims, ["exp", "sid", "jkt", "key"])?;
        let text = |json: Option<&'c str>| json.and_then(decode_string);
        Some(Self {
            expires_at: exp?.parse().ok()?,
            session_id: text(sid),
            thumbprint: text(jkt),
            key: text(key),
        })
    }

    pub(crate) fn is_current(&self, now: UnixTime) -> bool {
        now.as_secs() < self.expires_at
    }
}

/// The claims of a token whose signature verifies, as JSON text.
pub(crate) fn verify(token: &[u8], keyring: &Keyring) -> Option<String> {
    let claims = Unverified::parse(token, keyring).ok()?.verify().ok()?.0;
    String::from_utf8(claims).ok()
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

/// The thumbprint in a claim `cnf`. It is empty if the claim has another form: no proof fits such
/// a session.
pub(crate) fn thumbprint(cnf: &str) -> Cow<'_, str> {
    members(cnf, ["jkt"]).and_then(|[jkt]| decode_string(jkt?)).unwrap_or_default()
}
