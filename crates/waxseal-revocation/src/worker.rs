//! The threads of a list: one runs the loop, and takes revocations from a bounded queue; the other
//! reports a list that becomes stale while the loop waits for an answer of the store.

use std::{
    panic::{self, AssertUnwindSafe},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
        mpsc::{
            Receiver, RecvTimeoutError, Sender, SyncSender, TrySendError, channel, sync_channel,
        },
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use tokio::sync::oneshot;
use waxseal_core::{Acknowledgement, NotDurable};

use crate::{
    error::StoreFailure,
    events,
    follow::{BATCH, Follower},
    request::Request,
    shared::{Job, Shared},
};

/// How many revocations may wait.
const QUEUE: usize = 10_000;
/// How long the loop waits after an error.
const PAUSE: Duration = Duration::from_millis(250);
/// How often the state is reported.
const REPORT_INTERVAL: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(crate) struct Worker {
    /// Whether the last handle is dropped.
    is_ending: Arc<AtomicBool>,
    /// `None` when the last handle is dropped.
    queue: Option<SyncSender<Job>>,
    /// Its drop ends the reports.
    reports: Option<Sender<()>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Worker {
    /// Starts the threads.
    pub(crate) fn start(shared: Arc<Shared>, follower: Follower) -> Result<Self, StoreFailure> {
        let (queue, jobs) = sync_channel(QUEUE);
        let (reports, ended) = channel();
        let is_ending = Arc::new(AtomicBool::new(false));
        let (reported, ends) = (Arc::clone(&shared), Arc::clone(&is_ending));
        let reporting = spawn("waxseal-report", move || report(&reported, &ended))?;
        let following = spawn("waxseal-revocation", move || {
            let _on_panic = OnPanic(shared);
            run(follower, &jobs, &ends);
        })?;
        let threads = Mutex::new(vec![following, reporting]);
        Ok(Self { is_ending, queue: Some(queue), reports: Some(reports), threads })
    }

    /// Returns a worker without a thread: a test takes the revocations from the queue.
    #[cfg(test)]
    pub(crate) fn by_hand() -> (Self, Receiver<Job>) {
        // The model test creates thousands of workers, and a queue fills its whole memory at once.
        let (queue, jobs) = sync_channel(QUEUE / 100);
        let is_ending = Arc::default();
        (Self { is_ending, queue: Some(queue), reports: None, threads: Mutex::default() }, jobs)
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

/// Dropping the last handle of a list waits until the loop has emptied the queue, or the store has
/// failed once.
impl Drop for Worker {
    fn drop(&mut self) {
        self.is_ending.store(true, Relaxed);
        (self.queue, self.reports) = (None, None);
        for thread in self.threads.get_mut().unwrap_or_else(PoisonError::into_inner).drain(..) {
            if thread.thread().id() != thread::current().id() {
                // The loop has already logged its panic.
                let _ = thread.join();
            }
        }
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, StoreFailure> {
    let thread = thread::Builder::new().name(name.into());
    let failed = |error| StoreFailure::because("a thread of the list cannot be started", error);
    thread.spawn(work).map_err(failed)
}

/// The state of the list depends on the time, not only on answers of the store.
fn report(shared: &Shared, ended: &Receiver<()>) {
    while ended.recv_timeout(REPORT_INTERVAL) == Err(RecvTimeoutError::Timeout) {
        // A panic in the log or the gauges must not end the reports.
        let _ = panic::catch_unwind(AssertUnwindSafe(|| shared.report()));
    }
}

fn run(mut follower: Follower, jobs: &Receiver<Job>, is_ending: &AtomicBool) {
    let mut wait = Duration::ZERO;
    loop {
        let mut batch = Vec::new();
        let is_last = match jobs.recv_timeout(wait) {
            Ok(job) => {
                batch.push(job);
                batch.extend(jobs.try_iter().take(BATCH - 1));
                false
            }
            Err(RecvTimeoutError::Timeout) => false,
            Err(RecvTimeoutError::Disconnected) => true,
        };
        let result = follower.turn(batch);
        if is_last || result.is_err() && is_ending.load(Relaxed) {
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
            // A second panic would end the process.
            let _ = panic::catch_unwind(AssertUnwindSafe(|| {
                self.0.set_ended("the thread of the list has panicked; restart the server");
                events::loop_ended();
            }));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{OnceLock, atomic::AtomicUsize};

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

    /// Each part of the queue would wait for the timeouts of the store.
    #[test]
    fn the_loop_ends_at_the_first_failure_after_the_last_handle_is_dropped() {
        let minute = Duration::from_secs(60);
        let shared = Arc::new(Shared::new(Clock::system(), minute, 100, minute));
        let (connects, ends) = (Arc::new(AtomicUsize::new(0)), Arc::new(OnceLock::new()));
        let follower = Follower::new(Arc::clone(&shared), {
            let (connects, ends) = (Arc::clone(&connects), Arc::clone(&ends));
            move || {
                connects.fetch_add(1, Relaxed);
                let is_ending: &Arc<AtomicBool> = ends.wait();
                for _ in 0..1000 {
                    if is_ending.load(Relaxed) {
                        break;
                    }
                    thread::sleep(Duration::from_millis(10));
                }
                Err(StoreFailure::new("no store"))
            }
        });
        let worker = Worker::start(Arc::clone(&shared), follower).unwrap();
        let request = Request::of(crate::request::Revoke::Everyone);
        let waiting: Vec<_> = (0..3 * BATCH).map(|_| worker.append(&shared, request)).collect();
        ends.set(Arc::clone(&worker.is_ending)).unwrap();
        drop(worker);
        assert_eq!(connects.load(Relaxed), 1);
        for answer in waiting {
            pollster::block_on(answer).unwrap_err();
        }
    }

    /// A connection that waits for a revocation would stay open.
    #[test]
    fn neither_a_store_that_hangs_nor_a_panic_hides_that_the_list_is_stale() {
        let minute = Duration::from_secs(60);
        let is_late = Arc::new(AtomicBool::new(false));
        let has_panicked = AtomicBool::new(false);
        let clock = Clock::new(|| 1000, {
            let is_late = Arc::clone(&is_late);
            move || {
                let is_report = thread::current().name() == Some("waxseal-report");
                assert!(!is_report || has_panicked.swap(true, Relaxed), "the first report panics");
                if is_late.load(Relaxed) { 2 * minute } else { Duration::ZERO }
            }
        });
        let shared = Arc::new(Shared::new(clock, minute, 100, minute));
        shared.set_contact(Duration::ZERO);
        shared.report();
        let changes = shared.changes.subscribe();
        let (answer, answers) = channel::<()>();
        let follower = Follower::new(Arc::clone(&shared), move || {
            let _ = answers.recv();
            Err(StoreFailure::new("no store"))
        });
        let worker = Worker::start(Arc::clone(&shared), follower).unwrap();
        is_late.store(true, Relaxed);
        for _ in 0..3000 {
            if !changes.has_changed().unwrap() {
                thread::sleep(Duration::from_millis(10));
            }
        }
        let is_known = changes.has_changed().unwrap();
        // The store answers.
        drop(answer);
        drop(worker);
        assert!(is_known);
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
