//! The end of a request's session.

use std::{
    fmt,
    future::Future as _,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use waxseal_core::{Finish, ResponseChanges, Sealer, Unavailable};

#[cfg(all(feature = "device-bound", any(feature = "actix", feature = "tower")))]
use crate::device::Answering;
use crate::{
    events,
    slot::{Shared, Slot, lock},
};

/// Finishes the session once: when the response head is complete, or when this is
/// dropped because the request was cancelled and gets no response.
#[must_use = "the response must carry what `poll_finish` returns"]
pub struct FinishOnce(Stage);

enum Stage {
    /// The layer answers the request itself.
    #[cfg(all(feature = "device-bound", any(feature = "actix", feature = "tower")))]
    Answering(Answering),
    Open(Arc<Slot>),
    Finishing(Arc<Shared>, Finish<Arc<Sealer>>),
    Done,
}

impl FinishOnce {
    /// For a request that the layer answers itself.
    #[cfg(all(feature = "device-bound", any(feature = "actix", feature = "tower")))]
    pub(crate) const fn answering(answering: Answering) -> Self {
        Self(Stage::Answering(answering))
    }

    /// The response of a request that the layer answers itself; `None` for other requests.
    #[cfg(all(feature = "device-bound", any(feature = "actix", feature = "tower")))]
    pub(crate) fn poll_answer(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Option<Poll<waxseal_core::DeviceResponse>> {
        let Stage::Answering(answering) = &mut self.0 else { return None };
        Some(answering.poll(cx))
    }

    /// For the session in `slot`.
    pub fn new(slot: Option<Arc<Slot>>) -> Self {
        Self(match slot {
            Some(slot) => Stage::Open(slot),
            None => Stage::Done,
        })
    }

    /// Finishes the session when the response head is complete. `None` if no handler used
    /// it, or if it is finished already. After an `Err`, send an empty 503 and apply the
    /// changes in the error to it.
    ///
    /// Pending only while a revocation that the request has caused is not durable.
    pub fn poll_finish(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<ResponseChanges, Unavailable>>> {
        if let Stage::Open(slot) = &self.0 {
            match slot.end() {
                Ok(None) => self.0 = Stage::Done,
                Ok(Some(shared)) => {
                    let finish = lock(&shared).finish();
                    self.0 = Stage::Finishing(shared, finish);
                }
                Err(changes) => {
                    let finished = Ok(changes);
                    events::finished(slot.sealer().cookie().name(), &finished);
                    self.0 = Stage::Done;
                    return Poll::Ready(Some(finished));
                }
            }
        }
        let Stage::Finishing(shared, finish) = &mut self.0 else { return Poll::Ready(None) };
        let finished = ready!(Pin::new(finish).poll(cx));
        events::finished(lock(shared).sealer().cookie().name(), &finished);
        self.0 = Stage::Done;
        Poll::Ready(Some(finished))
    }

    /// Ends the session of a request that gets no response: later saves are errors.
    pub fn abandon(&mut self) {
        if let Stage::Open(slot) = &self.0
            && let Ok(Some(shared)) = slot.end()
        {
            lock(&shared).abandon();
        }
        self.0 = Stage::Done;
    }
}

impl Drop for FinishOnce {
    fn drop(&mut self) {
        self.abandon();
    }
}

impl fmt::Debug for FinishOnce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FinishOnce(..)")
    }
}
