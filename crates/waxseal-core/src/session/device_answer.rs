//! The requests of a browser to the routes of device binding, and the responses.

use alloc::{borrow::ToOwned as _, string::String, vec::Vec};
use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use crate::{device_bound::Binding, revocation::Acknowledgement};

/// A route that the session layer answers before the application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceRoute {
    /// The browser registers its key after a login.
    Register,
    /// The browser proves that it still holds the key.
    Refresh,
}

/// The parts of a request to a [`DeviceRoute`]. The body of the request is ignored.
#[derive(Clone, Copy)]
pub struct DeviceRequest<'r> {
    /// The method.
    pub method: &'r str,
    /// The values of the `Cookie` headers.
    pub cookies: &'r [&'r [u8]],
    /// The value of `Secure-Session-Response`: the proof.
    pub proof: Option<&'r [u8]>,
    /// The value of `Sec-Secure-Session-Id`: the session identifier.
    pub identifier: Option<&'r [u8]>,
}

/// The response to a [`DeviceRequest`], or the page of
/// [`Sealer::ask_for_proof`](crate::Sealer::ask_for_proof).
#[must_use = "send it in place of the application's response"]
pub struct DeviceResponse {
    /// The HTTP status.
    pub status: u16,
    /// The headers, with names in lower case. `set-cookie` can appear more than once.
    pub headers: Vec<(&'static str, String)>,
    /// The body: JSON, the page, or empty.
    pub body: String,
    /// The outcome as one word, for counters: `registered`, `refreshed`, `challenged` (a challenge
    /// is sent), `refused`, `ended` (the browser must drop its key), `unavailable` (a 503) or
    /// `asked` (the page that loads itself again).
    pub outcome: &'static str,
}

// A log must not contain tokens.
impl fmt::Debug for DeviceRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceRequest").field("method", &self.method).finish_non_exhaustive()
    }
}

impl fmt::Debug for DeviceResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceResponse")
            .field("status", &self.status)
            .field("outcome", &self.outcome)
            .finish_non_exhaustive()
    }
}

/// The future of [`Sealer::answer_device`](crate::Sealer::answer_device). It is pending only while
/// the revocation list records a registration, and resolves to the response.
#[must_use = "the response is what this future resolves to"]
pub struct DeviceAnswer {
    /// The record of a registration in the revocation list.
    recording: Option<Acknowledgement>,
    /// `None` after the future has completed.
    response: Option<DeviceResponse>,
}

impl DeviceAnswer {
    pub(super) const fn ready(response: DeviceResponse) -> Self {
        Self { recording: None, response: Some(response) }
    }

    /// The response that is sent after the revocation list has recorded the registration.
    pub(super) const fn after(recording: Acknowledgement, response: DeviceResponse) -> Self {
        Self { recording: Some(recording), response: Some(response) }
    }
}

impl Future for DeviceAnswer {
    type Output = DeviceResponse;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<DeviceResponse> {
        let recorded = match &mut self.recording {
            Some(recording) => Some(ready!(Pin::new(recording).poll(cx))),
            None => None,
        };
        self.recording = None;
        let Some(response) = self.response.take() else { return Poll::Pending };
        Poll::Ready(match recorded {
            Some(Err(_)) => unavailable(),
            // Another server has bound or revoked the session, or the list has no room.
            Some(Ok(recorded)) if recorded.was_revoked || !recorded.is_revoked => refused(),
            _ => response,
        })
    }
}

impl fmt::Debug for DeviceAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceAnswer(..)")
    }
}

pub(super) fn response(status: u16, outcome: &'static str) -> DeviceResponse {
    let headers = [("cache-control", "no-store".to_owned())].into();
    DeviceResponse { status, headers, body: String::new(), outcome }
}

/// The browser ends the registration at this status.
pub(super) fn refused() -> DeviceResponse {
    response(400, "refused")
}

pub(super) fn method_not_allowed() -> DeviceResponse {
    let mut response = response(405, "refused");
    response.headers.push(("allow", "POST".to_owned()));
    response
}

/// At a refresh, the browser keeps its key and tries again later. It does not register again.
pub(super) fn unavailable() -> DeviceResponse {
    response(503, "unavailable")
}

/// Makes the browser end the DBSC session, and drop its key.
pub(super) fn ended(identifier: &str) -> DeviceResponse {
    let mut response = response(200, "ended");
    response.headers.push(("content-type", "application/json".to_owned()));
    response.body = Binding::end(identifier);
    response
}
