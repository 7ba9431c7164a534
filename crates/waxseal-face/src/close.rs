//! The end of a request's session.

use std::{
    fmt,
    sync::Arc,
    task::{Context, Poll, ready},
};

use waxseal_core::{Closing, Recording};

use crate::{live::Live, slot::Slot};

/// Closes the session once: when the response head is made, or when there will
/// be none because the request was cancelled, which is when this is dropped.
#[must_use = "a session is closed into its response"]
pub struct CloseOnce(Stage);

enum Stage {
    Open(Arc<Slot>),
    Recording(Box<Waiting>),
    Done,
}

/// A response whose request has ended a session early: it waits until the log
/// has that.
struct Waiting {
    live: Arc<Live>,
    closing: Closing,
    recording: Recording,
}

/// What a response head must carry.
#[derive(Debug)]
#[must_use = "the response must carry it"]
pub enum Closed {
    /// The response as it is, with this.
    Response(Closing),
    /// An empty 503 in its place, with this: the log of sessions ended early
    /// has not taken the one that this request has ended. It is tried again
    /// until it is there; meanwhile this browser's cookie goes.
    Unrecorded(Closing),
}

impl CloseOnce {
    /// Of the session in `slot`.
    pub fn new(slot: Option<Arc<Slot>>) -> Self {
        Self(match slot {
            Some(slot) => Stage::Open(slot),
            None => Stage::Done,
        })
    }

    /// The response head is made: what it must carry. `None` if nobody asked
    /// for the session, or it has been told already.
    ///
    /// Pending only where the request has ended a session early, until the log
    /// has taken that.
    pub fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Option<Closed>> {
        match &mut self.0 {
            Stage::Done => return Poll::Ready(None),
            Stage::Recording(_) => {}
            Stage::Open(slot) => {
                let live = slot.end();
                self.0 = Stage::Done;
                let Some(live) = live else { return Poll::Ready(None) };
                let (closing, recording) = live.close();
                let Some(recording) = recording else {
                    return Poll::Ready(Some(Closed::Response(closing)));
                };
                self.0 = Stage::Recording(Box::new(Waiting { live, closing, recording }));
            }
        }
        let Stage::Recording(waiting) = &mut self.0 else { return Poll::Ready(None) };
        let recorded = ready!(waiting.recording.as_mut().poll(cx));
        let Stage::Recording(waiting) = std::mem::replace(&mut self.0, Stage::Done) else {
            return Poll::Ready(None);
        };
        Poll::Ready(Some(match recorded {
            Ok(()) => Closed::Response(waiting.closing),
            Err(error) => Closed::Unrecorded(waiting.live.close_unrecorded(&error)),
        }))
    }

    /// There will be no response: a later save is an error.
    pub fn abandon(&mut self) {
        if let Stage::Open(slot) = &self.0 {
            slot.abandon();
        }
        self.0 = Stage::Done;
    }
}

impl Drop for CloseOnce {
    fn drop(&mut self) {
        self.abandon();
    }
}

impl fmt::Debug for CloseOnce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CloseOnce(..)")
    }
}
