//! The changes of a session's identity: its user and its session ID.

use super::state::{Failed, Origin, SessionState};
#[cfg(feature = "device-bound")]
use crate::sealer::Device;
use crate::{claims, error::SaveError, format::Format, json::quote, sealer::Sealer};

impl SessionState {
    /// The user has proved who they are, so the session is good even if the presented one
    /// is revoked.
    pub(super) fn log_in(&mut self, sealer: &Sealer, user: &str) -> Result<(), SaveError> {
        self.change_identity(sealer, |session| {
            if !claims::is_user(user) {
                return Err(SaveError::InvalidUser { len: user.len() });
            }
            let keeps_data = claims::user(&session.found.data).is_none_or(|known| known == user);
            session.start_another(sealer, |_| keeps_data);
            #[cfg(feature = "device-bound")]
            {
                session.found.device = Some(Device::Offered);
            }
            session.found.data.set_claim("sub", &quote(user));
            session.authenticate();
            Ok(())
        })
    }

    pub(super) fn clear_user(&mut self, sealer: &Sealer, keep: &[&str]) -> Result<(), SaveError> {
        self.change_identity(sealer, |session| {
            session.start_another(sealer, |key| keep.contains(&key));
            #[cfg(feature = "device-bound")]
            {
                if !session.is_unproven() {
                    session.found.device = None;
                }
            }
            Ok(())
        })
    }

    pub(super) fn confirm_user(&mut self, sealer: &Sealer) -> Result<(), SaveError> {
        self.change_identity(sealer, |session| {
            session.check_identity()?;
            claims::user(&session.found.data).ok_or(SaveError::NoUser)?;
            session.change_id(sealer, true);
            session.authenticate();
            Ok(())
        })
    }

    pub(super) fn renew(&mut self, sealer: &Sealer) -> Result<(), SaveError> {
        self.change_identity(sealer, |session| {
            session.check_identity()?;
            session.change_id(sealer, false);
            Ok(())
        })
    }

    /// The session itself is saved with the stamp of the cutoff, so it stays good.
    pub(super) fn revoke_others(&mut self, sealer: &Sealer) -> Result<(), SaveError> {
        self.change_identity(sealer, |session| {
            session.check_identity()?;
            if sealer.revocations.is_none() {
                return Err(SaveError::NoRevocations);
            }
            claims::user(&session.found.data).ok_or(SaveError::NoUser)?;
            let mut reference = session.reference();
            if let Some(id) = session.id_before(session.origin) {
                reference.id = id;
            }
            session.cutoffs.retain(|known| known.user != reference.user);
            session.cutoffs.push(reference);
            Ok(())
        })
    }

    /// Changes a clone and saves it: after a failure the session is unchanged, and later saves
    /// of this request fail.
    fn change_identity(
        &mut self,
        sealer: &Sealer,
        change: impl FnOnce(&mut Self) -> Result<(), SaveError>,
    ) -> Result<(), SaveError> {
        let mut changed = self.copy();
        let result = change(&mut changed).and_then(|()| changed.seal(sealer));
        if result.is_ok() {
            *self = *changed;
        }
        self.failed = result.is_err().then_some(Failed::Identity);
        result
    }

    /// After a failed login, the session still belongs to the user before.
    fn check_identity(&self) -> Result<(), SaveError> {
        let has_failed = self.failed == Some(Failed::Identity);
        if has_failed { Err(SaveError::EarlierFailure) } else { Ok(()) }
    }

    /// Continues as another session, with the entries whose key `keep` accepts and without
    /// the claims.
    fn start_another(&mut self, sealer: &Sealer, keep: impl Fn(&str) -> bool) {
        if self.found.data.format() == Format::Waxseal {
            self.replace(sealer, Origin::New);
            self.ends_presented = true;
        }
        self.found.data.keep(keep);
    }

    /// Continues under another session ID; Microdot's sessions have none. The issue time stays,
    /// so that no request can postpone the absolute timeout.
    fn change_id(&mut self, sealer: &Sealer, confirmed: bool) {
        if self.found.data.format() == Format::Waxseal {
            let (issued_at, stamp) = (self.found.issued_at, self.found.stamp);
            let origin = match self.origin {
                Origin::New => Origin::New,
                Origin::Existing => Origin::Renewed { confirmed },
                Origin::Renewed { confirmed: before } => {
                    Origin::Renewed { confirmed: before || confirmed }
                }
            };
            self.replace(sealer, origin);
            (self.found.issued_at, self.found.stamp) = (issued_at, stamp);
        }
    }

    /// Sets the time of authentication.
    fn authenticate(&mut self) {
        self.set_claim("auth_time", itoa::Buffer::new().format(self.now.as_secs()));
    }
}
