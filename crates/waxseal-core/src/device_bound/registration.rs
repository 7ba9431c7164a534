//! The challenge of a registration, which names the session of a login.

use alloc::{format, string::String};

use super::tokens::verify;
use crate::{keyring::Keyring, random::Random, revocation::SessionRef, time::UnixTime, token};

/// The challenge in the response to a login. It contains all that a registration needs, because a
/// browser that comes back from another site, such as an identity provider, registers without its
/// `SameSite=Lax` cookies. `None` if an encrypted challenge gets no random bytes, or `session` has
/// no ID or user.
///
/// The payload is `<expiry>.<iat>.<stamp>.<sid>.<user>`: only the last field can contain a dot,
/// because this sealer has made the session ID.
pub(super) fn seal(
    session: &SessionRef,
    expires_at: UnixTime,
    keyring: &Keyring,
    random: Option<Random>,
) -> Option<String> {
    let SessionRef { id, user, issued_at, stamp } = session;
    let user = user.as_deref()?;
    if id.is_empty() || id.contains('.') {
        return None;
    }
    let (expires_at, issued_at) = (expires_at.as_secs(), issued_at.as_secs());
    let claims = format!("{expires_at}.{issued_at}.{stamp}.{id}.{user}");
    token::seal(claims.into_bytes(), keyring.sealing(), random).ok()
}

/// The session in a challenge that has not expired.
pub(super) fn open(challenge: &str, keyring: &Keyring, now: UnixTime) -> Option<SessionRef> {
    let claims = verify(challenge.as_bytes(), keyring)?;
    let mut fields = claims.splitn(5, '.');
    let expires_at = UnixTime::from_secs(fields.next()?.parse().ok()?);
    let issued_at = UnixTime::from_secs(fields.next()?.parse().ok()?);
    let stamp = fields.next()?.parse().ok()?;
    let (id, user) = (fields.next()?.into(), Some(fields.next()?.into()));
    (now < expires_at).then_some(SessionRef { id, user, issued_at, stamp })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keyring::Key;

    fn keyring() -> Keyring {
        Keyring::new((Key::raw(&[7; 32], "header".into()), [].into())).unwrap()
    }

    fn session(id: &str, user: Option<&str>) -> SessionRef {
        let (id, user) = (id.into(), user.map(Into::into));
        SessionRef { id, user, issued_at: UnixTime::from_secs(1_800_000_000), stamp: 7 }
    }

    #[test]
    fn a_challenge_names_its_session_until_it_expires() {
        let now = UnixTime::from_secs(1_800_000_100);
        let session = session("id", Some("a.user"));
        let challenge = seal(&session, now.plus(60), &keyring(), None).unwrap();
        assert_eq!(open(&challenge, &keyring(), now.plus(59)), Some(session));
        assert_eq!(open(&challenge, &keyring(), now.plus(60)), None);
    }

    #[test]
    fn only_a_session_with_an_id_and_a_user_gets_a_challenge() {
        let expires_at = UnixTime::from_secs(1_800_000_100);
        for (id, user) in [("", Some("user")), ("i.d", Some("user")), ("id", None)] {
            assert_eq!(
                seal(&session(id, user), expires_at, &keyring(), None),
                None,
                "{id} {user:?}"
            );
        }
    }
}
