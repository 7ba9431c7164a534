//! A revocation list with a store that the test controls. The tests of picoserve include this
//! file.

use std::{
    future::poll_fn,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
    },
    task::{Poll, Wake, Waker},
    time::Duration,
};

use waxseal_core::{
    Acknowledgement, NotDurable, Recorded, Revocation, RevocationStatus, Revocations, SessionRef,
    SessionView, Target,
};

#[derive(Clone, Debug, Default)]
pub struct List(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
pub struct Known {
    /// Whether the list cannot be trusted.
    pub unknown: bool,
    /// Whether the list has no room left for sessions without a user.
    pub is_full: bool,
    /// The sessions that requests have revoked.
    pub revoked: Vec<SessionRef>,
    /// The users whose sessions requests have revoked, and the stamps.
    pub cutoffs: Vec<(String, u64)>,
    /// The stamp of the last revocation.
    stamp: u64,
    /// The acknowledgement of the store; `None` while it is pending.
    acknowledged: Option<Result<(), NotDurable>>,
    waiting: Vec<Waker>,
}

impl Known {
    fn revokes(&self, session: SessionView<'_>) -> bool {
        self.revoked.iter().any(|revoked| Some(&*revoked.id) == session.id)
            || self
                .cutoffs
                .iter()
                .any(|(user, stamp)| Some(&**user) == session.user && session.stamp < *stamp)
    }

    fn record(&mut self, Revocation { target, successor }: Revocation) -> Recorded {
        let was_revoked = successor.as_ref().is_some_and(|next| self.revokes(next.session.view()));
        let (mut is_cutoff, mut is_revoked) = (false, true);
        match target {
            _ if was_revoked && successor.is_some_and(|next| next.must_be_good) => {}
            Target::Session(SessionRef { user: None, .. }) | Target::OnlySession(_)
                if self.is_full =>
            {
                is_revoked = false;
            }
            Target::Session(session) | Target::OnlySession(session) => {
                self.stamp += 1;
                self.revoked.push(session);
            }
            Target::User(user) => {
                is_cutoff = true;
                self.stamp += 1;
                self.cutoffs.push((user, self.stamp));
            }
        }
        Recorded { stamp: self.stamp, was_revoked, is_cutoff, is_revoked }
    }
}

impl List {
    pub fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap()
    }

    /// The IDs of the sessions that requests have revoked.
    pub fn revoked(&self) -> Vec<String> {
        self.known().revoked.iter().map(|session| session.id.clone()).collect()
    }

    /// The store completes the waiting and all later acknowledgements.
    pub fn acknowledges(&self, result: Result<(), &str>) {
        let mut known = self.known();
        known.acknowledged = Some(result.map_err(NotDurable::new));
        known.waiting.drain(..).for_each(Waker::wake);
    }
}

impl Revocations for List {
    fn absolute_timeout(&self) -> Duration {
        Duration::MAX
    }

    fn stamp(&self) -> Option<u64> {
        let known = self.known();
        (!known.unknown).then_some(known.stamp)
    }

    fn status(&self, session: SessionView<'_>) -> RevocationStatus {
        let known = self.known();
        if known.unknown {
            RevocationStatus::Unknown
        } else if known.revokes(session) {
            RevocationStatus::Revoked
        } else {
            RevocationStatus::Good
        }
    }

    fn revoke(&self, revocation: Revocation) -> Acknowledgement {
        let recorded = self.known().record(revocation);
        let list = self.clone();
        Acknowledgement::new(poll_fn(move |context| {
            let mut known = list.known();
            if let Some(acknowledged) = known.acknowledged.clone() {
                return Poll::Ready(acknowledged.map(|()| recorded));
            }
            known.waiting.push(context.waker().clone());
            Poll::Pending
        }))
    }
}

/// Whether a task was woken.
#[derive(Default)]
pub struct Woken(AtomicBool);

impl Woken {
    pub fn yet(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}
