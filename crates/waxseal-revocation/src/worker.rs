//! The thread of a list: it runs the loop, and takes revocations from a bounded queue.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::Ordering::Relaxed,
        mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use tokio::sync::oneshot;
use waxseal_core::{Acknowledgement, NotDurable};

use crate::{
    error::StoreFailure,
    events,
    follow::Follower,
    request::Request,
    shared::{Job, Shared},
};

/// How many revocations may wait.
const QUEUE: usize = 10_000;
/// How many revocations one transaction records.
const BATCH: usize = 1000;
/// How long the loop waits after an error.
const PAUSE: Duration = Duration::from_millis(250);

#[derive(Debug)]
pub(crate) struct Worker {
    /// `None` when the last handle is dropped.
    queue: Option<SyncSender<Job>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Worker {
    /// Starts the thread.
    pub(crate) fn start(shared: Arc<Shared>, follower: Follower) -> Result<Self, StoreFailure> {
        let (queue, jobs) = sync_channel(QUEUE);
        let thread = thread::Builder::new()
            .name("waxseal-revocation".into())
            .spawn(move || {
                let _on_panic = OnPanic(shared);
                run(follower, &jobs);
            })
            .map_err(|error| StoreFailure::because("the list's thread cannot be started", error))?;
        Ok(Self { queue: Some(queue), thread: Mutex::new(Some(thread)) })
    }

    /// Returns a worker without a thread: a test takes the revocations from the queue.
    #[cfg(test)]
    pub(crate) fn by_hand() -> (Self, Receiver<Job>) {
        let (queue, jobs) = sync_channel(QUEUE);
        (Self { queue: Some(queue), thread: Mutex::new(None) }, jobs)
    }

    pub(crate) fn append(&self, shared: &Arc<Shared>, request: Request) -> Acknowledgement {
        let (acknowledge, recorded) = oneshot::channel();
        // Count first, so that the loop cannot subtract before.
        shared.pending.fetch_add(1, Relaxed);
        let job = Job { request, acknowledge: Some(acknowledge) };
        let sent = match &self.queue {
            Some(queue) => queue.try_send(job),
            None => Err(TrySendError::Disconnected(job)),
        };
        if let Err(error) = sent {
            shared.pending.fetch_sub(1, Relaxed);
            let reason = match error {
                TrySendError::Full(_) => {
                    shared.must_read.store(true, Relaxed);
                    "too many revocations wait for the store"
                }
                TrySendError::Disconnected(_) => "the thread of the revocation list has ended",
            };
            return Acknowledgement::new(std::future::ready(Err(NotDurable::new(reason))));
        }
        Acknowledgement::new(async {
            recorded.await.unwrap_or_else(|_| {
                Err(NotDurable::new("the thread of the revocation list has ended"))
            })
        })
    }
}

/// Dropping the last handle of a list waits until the loop has emptied the queue.
impl Drop for Worker {
    fn drop(&mut self) {
        self.queue = None;
        let thread = self.thread.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread
            && thread.thread().id() != thread::current().id()
        {
            // It has logged its panic.
            let _ = thread.join();
        }
    }
}

fn run(mut follower: Follower, jobs: &Receiver<Job>) {
    let mut wait = Duration::ZERO;
    loop {
        let mut batch = Vec::new();
        let is_last = match jobs.recv_timeout(wait) {
            Ok(job) => {
                batch.push(job);
                batch.extend(jobs.try_iter().take(BATCH));
                false
            }
            Err(RecvTimeoutError::Timeout) => false,
            Err(RecvTimeoutError::Disconnected) => true,
        };
        let result = follower.turn(batch);
        if is_last {
            return;
        }
        wait = follower.interval();
        if result.is_err() {
            thread::sleep(PAUSE);
        }
    }
}

/// After a panic nothing can be trusted: requests with a session get a 503 at once.
struct OnPanic(Arc<Shared>);

impl Drop for OnPanic {
    fn drop(&mut self) {
        if thread::panicking() {
            events::loop_ended();
            self.0.set_ended("the thread of the list has panicked; restart the server");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;
    use crate::{clock::Clock, readiness::State, test_log::logged};

    #[test]
    fn dropping_the_last_handle_waits_for_the_loop() {
        let minute = Duration::from_secs(60);
        let shared = Arc::new(Shared::new(Clock::system(), minute, 100, minute));
        let has_ended = Arc::new(AtomicBool::new(false));
        let follower = Follower::new(Arc::clone(&shared), {
            let has_ended = Arc::clone(&has_ended);
            move || {
                thread::sleep(Duration::from_millis(50));
                has_ended.store(true, Relaxed);
                Err(StoreFailure::new("no store"))
            }
        });
        let worker = Worker::start(Arc::clone(&shared), follower).unwrap();
        let target = crate::request::Revoke::Everyone;
        drop(worker.append(&shared, Request { target, successor: None }));
        drop(worker);
        assert!(has_ended.load(Relaxed));
    }

    #[test]
    fn after_a_panic_nothing_is_trusted() {
        let minute = Duration::from_secs(60);
        let shared = Arc::new(Shared::new(Clock::system(), minute, 100, minute));
        shared.set_contact(Duration::ZERO);
        assert_eq!(shared.readiness().state, State::Current);
        let log = logged(|| {
            let on_panic = OnPanic(Arc::clone(&shared));
            let panic = std::panic::AssertUnwindSafe(|| {
                let _on_panic = on_panic;
                panic!("a fault in the loop");
            });
            std::panic::catch_unwind(panic).unwrap_err();
        });
        assert!(log.contains("the thread of the revocation list has panicked"), "{log}");
        assert_eq!(shared.readiness().state, State::Loading);
    }
}
