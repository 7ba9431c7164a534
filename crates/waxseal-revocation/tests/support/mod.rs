//! What the tests of a list share: a clock that stands still, sessions, and a
//! way to wait for an acknowledgement.

#![allow(dead_code, reason = "each test file uses some of it")]

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
        mpsc,
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use waxseal_core::{RevocationStatus, Revocations as _, SessionRef, UnixTime};
use waxseal_revocation::RevocationList;

pub const NOW: u64 = 1_800_000_000;

/// The absolute limit of the sessions here, and how long an entry outlives its
/// session's beginning.
pub const ABSOLUTE: Duration = Duration::from_secs(1000);
pub const ENTRY: u64 = 1000 + 2 * 60;

/// A clock that the test sets.
#[derive(Clone)]
pub struct Clock(Arc<AtomicU64>);

impl Clock {
    pub fn at(secs: u64) -> Self {
        Self(Arc::new(AtomicU64::new(secs)))
    }

    pub fn set(&self, secs: u64) {
        self.0.store(secs, Relaxed);
    }

    pub fn now(&self) -> UnixTime {
        UnixTime::from_secs(self.0.load(Relaxed))
    }
}

pub fn at(secs: u64) -> UnixTime {
    UnixTime::from_secs(secs)
}

pub fn session(sid: &str, sub: Option<&str>, begun: u64) -> SessionRef {
    SessionRef { id: sid.into(), user: sub.map(String::from), issued_at: at(begun) }
}

/// Ends a session and waits until the log has it.
pub fn end(list: &RevocationList, sid: &str, sub: Option<&str>, begun: u64) {
    wait(list.revoke(session(sid, sub, begun), at(begun))).expect("it is recorded");
}

pub fn status(list: &RevocationList, sid: &str, sub: Option<&str>, begun: u64) -> RevocationStatus {
    list.status(Some(sid), sub, at(begun))
}

/// Waits for what must come within a minute.
pub fn wait<F: Future>(future: F) -> F::Output {
    struct Signal(mpsc::Sender<()>);
    impl Wake for Signal {
        fn wake(self: Arc<Self>) {
            let _ = self.0.send(());
        }
    }
    let (sender, receiver) = mpsc::channel();
    let waker = Waker::from(Arc::new(Signal(sender)));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        receiver.recv_timeout(Duration::from_secs(60)).expect("it completes within a minute");
    }
}

/// Looks again and again, for a minute at most.
pub fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..1200 {
        if is_so() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("never: {what}");
}
