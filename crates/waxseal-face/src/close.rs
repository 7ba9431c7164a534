//! The end of a request's session.

use std::{fmt, sync::Arc};

use waxseal_core::Closing;

use crate::slot::Slot;

/// Closes the session once: when the response head is made, or when there will
/// be none because the request was cancelled, which is when this is dropped.
#[must_use = "a session is closed into its response"]
pub struct CloseOnce(Option<Arc<Slot>>);

impl CloseOnce {
    /// Of the session in `slot`.
    pub const fn new(slot: Option<Arc<Slot>>) -> Self {
        Self(slot)
    }

    /// The response head is made: what it must carry. `None` if nobody asked
    /// for the session, or this is not the first call.
    pub fn close(&mut self) -> Option<Closing> {
        self.0.take()?.close()
    }

    /// There will be no response: a later save is an error.
    pub fn abandon(&mut self) {
        if let Some(slot) = self.0.take() {
            slot.abandon();
        }
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
