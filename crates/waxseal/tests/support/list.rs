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
    Acknowledgement, NotDurable, RevocationStatus, Revocations, SessionRef, UnixTime,
};

#[derive(Clone, Debug, Default)]
pub struct List(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
pub struct Known {
    /// Whether the list cannot be trusted.
    pub unknown: bool,
    /// The revocations of the requests.
    pub revoked: Vec<SessionRef>,
    /// The acknowledgement of the store; `None` while it is pending.
    acknowledged: Option<Result<(), NotDurable>>,
    waiting: Vec<Waker>,
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

    fn status(&self, id: Option<&str>, _: Option<&str>, _: UnixTime) -> RevocationStatus {
        let known = self.known();
        if known.unknown {
            RevocationStatus::Unknown
        } else if known.revoked.iter().any(|session| Some(&*session.id) == id) {
            RevocationStatus::Revoked
        } else {
            RevocationStatus::Good
        }
    }

    fn issued_at(&self, _: Option<&str>, now: UnixTime) -> Option<UnixTime> {
        (!self.known().unknown).then_some(now)
    }

    fn revoke(&self, session: SessionRef, _: UnixTime) -> Acknowledgement {
        self.known().revoked.push(session);
        let list = self.clone();
        Acknowledgement::new(poll_fn(move |context| {
            let mut known = list.known();
            if let Some(acknowledged) = known.acknowledged.clone() {
                return Poll::Ready(acknowledged);
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
