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
#[cfg(any(feature = "actix", feature = "tower"))]
use crate::plain_http::PlainHttp;
use crate::{
    events,
    slot::{Slot, lock},
};

/// Finishes the session once: when the response head is complete, or when this is
/// dropped because the request was cancelled and gets no response.
#[must_use = "the response must carry what `poll_finish` returns"]
pub struct FinishOnce {
    stage: Stage,
    /// `None` only if there is no session to finish.
    slot: Option<Arc<Slot>>,
    #[cfg(any(feature = "actix", feature = "tower"))]
    plain_http: Option<Box<PlainHttp>>,
}

enum Stage {
    /// The layer answers the request itself.
    #[cfg(all(feature = "device-bound", any(feature = "actix", feature = "tower")))]
    Answering(Answering),
    Open,
    Finishing(Finish<Arc<Sealer>>),
    Done,
}

impl FinishOnce {
    /// For a request that the layer answers itself.
    #[cfg(all(feature = "device-bound", any(feature = "actix", feature = "tower")))]
    pub(crate) const fn answering(answering: Answering) -> Self {
        Self { stage: Stage::Answering(answering), slot: None, plain_http: None }
    }

    /// The response of a request that the layer answers itself; `None` for other requests.
    #[cfg(all(feature = "device-bound", any(feature = "actix", feature = "tower")))]
    pub(crate) fn poll_answer(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Option<Poll<waxseal_core::DeviceResponse>> {
        let Stage::Answering(answering) = &mut self.stage else { return None };
        Some(answering.poll(cx))
    }

    /// For the session in `slot`.
    pub fn new(slot: Option<Arc<Slot>>) -> Self {
        Self {
            stage: Stage::Open,
            slot,
            #[cfg(any(feature = "actix", feature = "tower"))]
            plain_http: None,
        }
    }

    /// For a request over plain http: warns if its response sets a `Secure` cookie.
    #[cfg(any(feature = "actix", feature = "tower"))]
    pub(crate) fn warn_of(mut self, plain_http: Option<Box<PlainHttp>>) -> Self {
        self.plain_http = plain_http;
        self
    }

    /// Finishes the session when the response head is complete. `None` if no handler used
    /// it, or if it is finished already. After an `Err`, send an empty 503 with the `Set-Cookie`
    /// lines of the replaced response, and apply the changes in the error to it.
    ///
    /// Pending only while a revocation that the request has caused is not durable.
    pub fn poll_finish(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<ResponseChanges, Unavailable>>> {
        let Some(slot) = &self.slot else { return Poll::Ready(None) };
        if let Stage::Open = self.stage {
            match slot.end() {
                Ok(None) => self.stage = Stage::Done,
                Ok(Some(shared)) => {
                    let finish = lock(&shared).finish();
                    self.stage = Stage::Finishing(finish);
                }
                Err(changes) => {
                    events::count(slot.sealer().cookie().name(), events::UNAVAILABLE);
                    self.stage = Stage::Done;
                    return Poll::Ready(Some(Ok(changes)));
                }
            }
        }
        let Stage::Finishing(finish) = &mut self.stage else { return Poll::Ready(None) };
        let finished = ready!(Pin::new(&mut *finish).poll(cx));
        let cookie = finish.sealer().cookie().name();
        events::finished(&slot.config, cookie, &finished);
        #[cfg(any(feature = "actix", feature = "tower"))]
        if let (Some(plain_http), Ok(changes)) = (&self.plain_http, &finished) {
            plain_http.check(cookie, changes);
        }
        self.stage = Stage::Done;
        Poll::Ready(Some(finished))
    }

    /// Abandons the session of a request that gets no response: later saves are errors.
    pub fn abandon(&mut self) {
        if let (Stage::Open, Some(slot)) = (&self.stage, &self.slot)
            && let Ok(Some(shared)) = slot.end()
        {
            lock(&shared).abandon();
        }
        self.stage = Stage::Done;
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
