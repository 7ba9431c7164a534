//! The revocations that a request causes.

use alloc::{boxed::Box, string::String, vec::Vec};

use super::{
    finish::{Effect, Pending},
    state::{Origin, SessionState},
};
use crate::{
    claims,
    revocation::{Revocation, RevocationStatus, SessionRef, Successor, Target},
    sealer::Sealer,
};

impl SessionState {
    /// Continues with another session, and remembers the presented one: the response revokes it.
    pub(super) fn replace(&mut self, sealer: &Sealer, origin: Origin) {
        if sealer.revocations.is_some()
            && let Some(presented) = self.presented()
        {
            self.replaced = Some(Box::new(presented));
        }
        self.origin = origin;
        self.found.issued_at = None;
        self.found.stamp = self.opening_stamp;
        self.id = None;
    }

    /// The presented session, while this is still that session. Its ID is empty if it has none.
    fn presented(&self) -> Option<SessionRef> {
        let Origin::Existing = self.origin else { return None };
        Some(claims::reference(
            &self.found.data,
            self.found.data.claim("sid"),
            self.found.issued_at?,
            self.found.stamp,
        ))
    }

    /// Whether another request has revoked the presented session since this request opened it:
    /// this request must not undo that. The good status at the start of the request counts even
    /// if the status is unknown now.
    pub(super) fn presented_is_revoked(&self, sealer: &Sealer) -> bool {
        let Some(check) = &sealer.revocations else { return false };
        let is_revoked = |session: &SessionRef| {
            #[cfg(feature = "device-bound")]
            if self.is_replaced(sealer, session) {
                return true;
            }
            check.list.status(session.view()) == RevocationStatus::Revoked
        };
        match &self.replaced {
            Some(session) => is_revoked(session),
            None => self.presented().as_ref().is_some_and(is_revoked),
        }
    }

    /// The ID under which a renewed session was presented.
    pub(super) fn id_before(&self, origin: Origin) -> Option<String> {
        let Origin::Renewed { .. } = origin else { return None };
        Some(self.replaced.as_ref()?.id.clone()).filter(|id| !id.is_empty())
    }

    /// Starts the revocations of a response that saves a session, or removes the cookie.
    pub(super) fn revoke(&mut self, sealer: &Sealer, saved: Option<&Self>) -> Vec<Pending> {
        let Some(check) = &sealer.revocations else { return Vec::new() };
        // The session as it was before the revocations: a renewed session had the presented ID.
        let mut before = saved.map(Self::reference);
        let origin = saved.map_or(Origin::New, |saved| saved.origin);
        if let (Some(before), Some(id)) = (&mut before, self.id_before(origin)) {
            before.id = id;
        }
        let is_same_user =
            |user: &Option<String>| before.as_ref().is_some_and(|before| before.user == *user);
        let mut pending = Vec::new();
        #[cfg(feature = "device-bound")]
        let also = before.as_ref().and_then(|before| self.unbound_id(sealer, origin, before));
        #[cfg(not(feature = "device-bound"))]
        let also: Option<String> = None;
        let mut revoke = |target, successor: Option<SessionRef>, must_be_good, effect| {
            let also = also.clone();
            let successor = successor.map(|session| Successor { session, also, must_be_good });
            let acknowledgement = check.list.revoke(Revocation { target, successor });
            pending.push(Pending { acknowledgement, effect });
        };

        let replaced = self.replaced.take();
        let is_renewed = matches!(origin, Origin::Renewed { .. });
        let mut is_covered = false;
        for session in core::mem::take(&mut self.cutoffs) {
            let Some(target) = session.user.clone().map(Target::User) else { continue };
            if !is_same_user(&session.user) {
                // The request has logged in another user, or logged out, after `revoke_others`.
                revoke(target, Some(session), true, Effect::None);
            } else if origin == Origin::New {
                // The user has just proved who they are: a thief must not prevent the cutoff
                // with one of his own.
                revoke(target, before.clone(), false, Effect::StampOfCutoff);
            } else {
                // The cutoff revokes the presented session ID, too.
                is_covered = is_renewed;
                revoke(target, before.clone(), true, Effect::Stamp);
            }
        }
        if let Some(presented) = replaced
            && !is_covered
            && !presented.id.is_empty()
        {
            let effect = match origin {
                Origin::Renewed { confirmed: true } => Effect::Stamp,
                Origin::Renewed { confirmed: false } => Effect::MustBeGood,
                _ if is_same_user(&presented.user) => Effect::StampOfCutoff,
                _ => Effect::None,
            };
            revoke(Target::Session(*presented), before.clone(), is_renewed, effect);
        }
        // Also the rejected ones whose signature verifies: the clock of this server can be wrong,
        // and an attacker can have bound the session to a key of his own.
        if self.ends_presented {
            for session in self.found.others.iter().filter_map(|cookie| sealer.reference(cookie)) {
                // A cutoff of the user in its place would revoke the saved session, too.
                let effect =
                    if is_same_user(&session.user) { Effect::StampOfCutoff } else { Effect::None };
                revoke(Target::Session(session), before.clone(), false, effect);
            }
        }
        pending
    }
}
