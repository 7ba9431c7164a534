//! The end of a request: decides about the cookie, and awaits the acknowledgements.

use alloc::{boxed::Box, vec::Vec};
use core::{
    fmt,
    future::Future,
    ops::Deref,
    pin::Pin,
    task::{Context, Poll, ready},
};

use super::{
    changes::{Outcome, ResponseChanges, Unavailable},
    state::{CookieAction, Origin, SessionState},
};
use crate::{
    claims,
    revocation::{Acknowledgement, NotDurable, Recorded},
    sealer::Sealer,
};

/// The future of [`OpenSession::finish`](crate::OpenSession::finish). It resolves to the
/// changes of the response when every revocation of the request is durable: at once if the
/// request has revoked no session.
///
/// This future is the only way to the changes, so an integration cannot send a
/// response that says "logged out" before the logout is durable. Only the first call of
/// [`finish`](crate::OpenSession::finish) returns the changes; a future that is polled
/// after it has completed stays pending. Without an async runtime, run it with an
/// executor such as `pollster`.
#[must_use = "the response must carry the changes that this future resolves to"]
pub struct Finish<S> {
    sealer: S,
    /// `None` after the future has completed.
    plan: Option<Plan>,
}

// Nothing in it is pinned.
impl<S> Unpin for Finish<S> {}

impl<S: Deref<Target = Sealer>> Finish<S> {
    pub(super) const fn new(sealer: S, plan: Plan) -> Self {
        Self { sealer, plan: Some(plan) }
    }

    /// Returns the sealer that opened the session.
    pub fn sealer(&self) -> &Sealer {
        &self.sealer
    }
}

impl<S: Deref<Target = Sealer>> Future for Finish<S> {
    type Output = Result<ResponseChanges, Unavailable>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { sealer, plan } = &mut *self;
        let Some(waiting) = plan else { return Poll::Pending };
        let acknowledged = ready!(waiting.poll_acknowledgements(cx));
        // It has completed before.
        let Some(plan) = plan.take() else { return Poll::Pending };
        Poll::Ready(plan.complete(sealer, acknowledged))
    }
}

impl<S> fmt::Debug for Finish<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Finish")
            .field("changes", &self.plan.as_ref().map(|plan| &plan.changes))
            .finish_non_exhaustive()
    }
}

impl SessionState {
    pub(super) fn finish(&mut self, sealer: &Sealer) -> Plan {
        let is_unsaved = self.found.data.changed() && self.failed.is_none();
        let mut changes = ResponseChanges::read(is_unsaved);
        let (mut pending, mut again) = (Vec::new(), None);
        let is_first = !core::mem::replace(&mut self.finished, true);
        match core::mem::take(&mut self.action) {
            _ if !is_first => {}
            CookieAction::Set { saved_as, .. }
                if saved_as != Origin::New && self.presented_is_revoked(sealer) =>
            {
                changes.outcome = Outcome::Revoked;
            }
            CookieAction::Set { line, saved, .. } => {
                changes.set_cookie(Outcome::Saved, sealer.set_lines(line, &self.found.previous));
                changes.without_user =
                    sealer.revocations.is_some() && claims::user(&self.found.data).is_none();
                #[cfg(feature = "device-bound")]
                {
                    changes.registration = self.offer(sealer);
                }
                if let Some(saved) = &saved {
                    pending = self.revoke(sealer, Some(saved));
                }
                again = saved;
            }
            CookieAction::Remove => {
                changes.set_cookie(Outcome::Deleted, sealer.all_removal_lines());
                pending = self.revoke(sealer, None);
            }
            CookieAction::Unchanged => match self.refresh(sealer) {
                Ok(Some(_)) if self.presented_is_revoked(sealer) => {
                    changes.outcome = Outcome::Revoked;
                }
                Ok(Some(line)) => {
                    changes.set_cookie(
                        Outcome::Refreshed,
                        sealer.set_lines(line, &self.found.previous),
                    );
                }
                Ok(None) => {}
                Err(error) => changes.refresh_error = Some(error),
            },
        }
        Plan::new(changes, pending, again)
    }
}

/// What the response will carry if every revocation is acknowledged.
pub(super) struct Plan {
    pub(super) changes: ResponseChanges,
    /// The revocations that the request has caused, the last one first.
    pending: Vec<Pending>,
    /// The session to seal again with the stamp of a revocation.
    saved: Option<Box<SessionState>>,
    /// The stamp to seal it with, according to the acknowledgements so far.
    stamp: Option<u64>,
}

/// One revocation that the store has not acknowledged yet.
pub(super) struct Pending {
    pub(super) acknowledgement: Acknowledgement,
    /// The effect of the acknowledgement on the saved session.
    pub(super) effect: Effect,
}

/// The effect of an acknowledgement on the session that the response saves.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// No effect: the revocation is for another session or user.
    None,
    /// If the record is a cutoff of its user, the session gets the stamp of the record. The
    /// cutoff would otherwise revoke the session.
    StampOfCutoff,
    /// The session is not sent if it was revoked already; otherwise as `StampOfCutoff`.
    MustBeGood,
    /// The session is not sent if it was revoked already; otherwise it gets the stamp of the
    /// record.
    Stamp,
}

impl Plan {
    pub(super) fn new(
        changes: ResponseChanges,
        mut pending: Vec<Pending>,
        saved: Option<Box<SessionState>>,
    ) -> Self {
        pending.reverse();
        Self { changes, pending, saved, stamp: None }
    }

    fn poll_acknowledgements(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), NotDurable>> {
        while let Some(next) = self.pending.last_mut() {
            let recorded = match ready!(Pin::new(&mut next.acknowledgement).poll(cx)) {
                Ok(recorded) => recorded,
                Err(error) => return Poll::Ready(Err(error)),
            };
            let effect = next.effect;
            self.pending.pop();
            self.take_effect(effect, recorded);
        }
        Poll::Ready(Ok(()))
    }

    fn take_effect(&mut self, effect: Effect, recorded: Recorded) {
        let Recorded { stamp, was_revoked, is_cutoff, is_revoked } = recorded;
        self.changes.not_revoked |= !is_revoked;
        match effect {
            Effect::None => {}
            // A login is sent, but never moved past the cutoff that revokes it.
            Effect::StampOfCutoff if was_revoked => {}
            Effect::MustBeGood | Effect::Stamp if was_revoked => {
                self.changes.withhold_cookie();
                self.saved = None;
            }
            Effect::StampOfCutoff | Effect::MustBeGood if !is_cutoff => {}
            Effect::StampOfCutoff | Effect::MustBeGood | Effect::Stamp => {
                self.stamp = self.stamp.max(Some(stamp));
            }
        }
    }

    fn complete(
        self,
        sealer: &Sealer,
        acknowledged: Result<(), NotDurable>,
    ) -> Result<ResponseChanges, Unavailable> {
        let Self { mut changes, saved, stamp, .. } = self;
        let removal = |unsaved| {
            let mut changes = ResponseChanges::read(unsaved);
            changes.set_cookie(Outcome::Deleted, sealer.all_removal_lines());
            changes
        };
        if let Err(error) = acknowledged {
            return Err(Unavailable::not_durable(removal(changes.unsaved), error));
        }
        if let (Some(mut saved), Some(stamp)) = (saved, stamp) {
            match saved.seal_again(sealer, stamp) {
                Ok(lines) => {
                    changes.set_cookie(changes.outcome, lines);
                    // A challenge with the stamp from before would be refused.
                    #[cfg(feature = "device-bound")]
                    if changes.registration.is_some() {
                        changes.registration = saved.offer(sealer);
                    }
                }
                Err(error) => return Err(Unavailable::not_sealed(removal(changes.unsaved), error)),
            }
        }
        Ok(changes)
    }
}
