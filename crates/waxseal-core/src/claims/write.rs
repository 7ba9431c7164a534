//! Writing the claims object of a token.

use alloc::vec::Vec;

use crate::{
    data::Data,
    json::{push_member, quote},
    time::UnixTime,
};

/// The claims that sealing writes in front of the data.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Claims<'s> {
    pub(crate) issued_at: UnixTime,
    pub(crate) expires_at: Option<UnixTime>,
    /// The session ID as JSON text.
    pub(crate) session_id: Option<&'s str>,
    /// `wx_rev`.
    pub(crate) stamp: Option<u64>,
}

/// The claims object: `claims` and the `audience` of the signing key first, then the entries of
/// `data`. A token in Microdot's format has no claims but the application's.
pub(crate) fn write(claims: Option<Claims<'_>>, audience: Option<&str>, data: &Data) -> Vec<u8> {
    // Room for the claims, and for small changes.
    let mut json = Vec::with_capacity(data.text().len().saturating_add(192));
    json.push(b'{');
    if let Some(Claims { issued_at, expires_at, session_id, stamp }) = claims {
        let mut digits = itoa::Buffer::new();
        push_member(&mut json, "iat", digits.format(issued_at.as_secs()));
        if let Some(expires_at) = expires_at {
            push_member(&mut json, "exp", digits.format(expires_at.as_secs()));
        }
        if let Some(session_id) = session_id {
            push_member(&mut json, "sid", session_id);
        }
        if let Some(stamp) = stamp {
            push_member(&mut json, "wx_rev", digits.format(stamp));
        }
        if let Some(audience) = audience {
            push_member(&mut json, "aud", &quote(audience));
        }
        let written =
            |name: &str| matches!(name.as_bytes(), b"iat" | b"exp" | b"sid" | b"wx_rev" | b"aud");
        data.write_onto(&mut json, |name| !written(name));
    } else {
        data.write_onto(&mut json, |_| true);
    }
    json.push(b'}');
    json
}
