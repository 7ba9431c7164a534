//! A list of sessions ended early, whose log the test plays. The tests of the
//! other faces include this file.

use std::{
    future::poll_fn,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
    },
    task::{Poll, Wake, Waker},
    time::Duration,
};

use waxseal_core::{Ended, NotRecorded, Recording, Revocations, Standing, UnixTime};

#[derive(Clone, Debug, Default)]
pub struct List(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
pub struct Known {
    /// Whether it cannot be trusted.
    pub unknown: bool,
    /// What it was told to end.
    pub ended: Vec<Ended>,
    /// What the log says of that; nothing yet.
    recorded: Option<Result<(), NotRecorded>>,
    waiting: Vec<Waker>,
}

impl List {
    pub fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap()
    }

    /// The names of the sessions that it was told to end.
    pub fn ended(&self) -> Vec<String> {
        self.known().ended.iter().map(|session| session.sid.clone()).collect()
    }

    /// The log answers all who wait for it and all who will.
    pub fn records(&self, result: Result<(), &str>) {
        let mut known = self.known();
        known.recorded = Some(result.map_err(NotRecorded::new));
        known.waiting.drain(..).for_each(Waker::wake);
    }
}

impl Revocations for List {
    fn absolute_limit(&self) -> Duration {
        Duration::MAX
    }

    fn standing(&self, sid: Option<&str>, _: Option<&str>, _: UnixTime) -> Standing {
        let known = self.known();
        if known.unknown {
            Standing::Unknown
        } else if known.ended.iter().any(|session| Some(&*session.sid) == sid) {
            Standing::Ended
        } else {
            Standing::Good
        }
    }

    fn begin(&self, _: Option<&str>, now: UnixTime) -> Option<UnixTime> {
        (!self.known().unknown).then_some(now)
    }

    fn end(&self, session: Ended, _: UnixTime) -> Recording {
        self.known().ended.push(session);
        let list = self.clone();
        Box::pin(poll_fn(move |context| {
            let mut known = list.known();
            if let Some(recorded) = known.recorded.clone() {
                return Poll::Ready(recorded);
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
