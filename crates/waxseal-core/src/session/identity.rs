//! The changes of a session's identity: who the user is, and under which session ID.

use super::state::{Origin, SessionState};
use crate::{claims, error::SaveError, format::Format, json::quote, sealer::Sealer};

impl SessionState {
    /// The user has proved who they are, so the session is good even if the presented one
    /// is revoked.
    pub(super) fn log_in(&mut self, sealer: &Sealer, user: &str) -> Result<(), SaveError> {
        self.change_identity(sealer, |session| {
            if !claims::is_user(user) {
                return Err(SaveError::InvalidUser { len: user.len() });
            }
            let keeps_data = claims::user(&session.data).is_none_or(|known| known == user);
            session.start_another(sealer, |_| keeps_data);
            session.data.set_claim("sub", &quote(user));
            session.authenticate();
            Ok(())
        })
    }

    pub(super) fn clear_user(&mut self, sealer: &Sealer, keep: &[&str]) -> Result<(), SaveError> {
        self.change_identity(sealer, |session| {
            session.start_another(sealer, |key| keep.contains(&key));
            Ok(())
        })
    }

    pub(super) fn confirm_user(&mut self, sealer: &Sealer) -> Result<(), SaveError> {
        self.change_identity(sealer, |session| {
            session.check_identity()?;
            claims::user(&session.data).ok_or(SaveError::NoUser)?;
            session.change_id(sealer);
            session.authenticate();
            Ok(())
        })
    }

    pub(super) fn renew(&mut self, sealer: &Sealer) -> Result<(), SaveError> {
        self.change_identity(sealer, |session| {
            session.check_identity()?;
            session.change_id(sealer);
            Ok(())
        })
    }

    /// Changes a copy and saves it: after a failure the session is what it was, and later
    /// saves of this request fail.
    fn change_identity(
        &mut self,
        sealer: &Sealer,
        change: impl FnOnce(&mut Self) -> Result<(), SaveError>,
    ) -> Result<(), SaveError> {
        let mut changed = self.clone();
        let result = change(&mut changed).and_then(|()| changed.seal(sealer));
        if result.is_ok() {
            *self = changed;
        }
        self.has_failed = result.is_err();
        result
    }

    /// After a failed login, the session is still that of the user before.
    fn check_identity(&self) -> Result<(), SaveError> {
        if self.has_failed { Err(SaveError::EarlierFailure) } else { Ok(()) }
    }

    /// Continues as another session, with the entries whose key `keep` accepts and without
    /// the claims.
    fn start_another(&mut self, sealer: &Sealer, keep: impl Fn(&str) -> bool) {
        if self.data.format() == Format::Waxseal {
            self.replace(sealer, Origin::New);
        }
        self.data.keep(keep);
    }

    /// Continues under another session ID, which Microdot's sessions have not. The issue
    /// time stays, so that the absolute timeout cannot be postponed.
    fn change_id(&mut self, sealer: &Sealer) {
        if self.data.format() == Format::Waxseal {
            let issued_at = self.issued_at;
            let origin = if self.is_new() { Origin::New } else { Origin::Renewed };
            self.replace(sealer, origin);
            self.issued_at = issued_at;
        }
    }

    /// Sets the time of authentication.
    fn authenticate(&mut self) {
        self.set_claim("auth_time", itoa::Buffer::new().format(self.now.as_secs()));
    }
}
