//! The requests of a browser to the routes of device binding, and the responses.

use alloc::{borrow::ToOwned as _, boxed::Box, string::String, vec::Vec};
use core::{
    fmt,
    future::Future,
    ops::Deref,
    pin::Pin,
    task::{Context, Poll, ready},
};

use super::device_registration::Registration;
use crate::{device_bound::Binding, revocation::Acknowledgement, sealer::Sealer};

/// A route that the session layer answers before the application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceRoute {
    /// The browser registers its key after a login.
    Register,
    /// The browser proves that it still holds the key.
    Refresh,
}

/// The parts of a request to a [`DeviceRoute`]. The body of the request is ignored.
#[derive(Clone, Copy, Debug)]
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

/// The response to a [`DeviceRequest`], or the page of [`Sealer::ask_for_proof`].
#[derive(Debug)]
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

/// The future of [`Sealer::answer_device`]. It is pending only while the revocation list records a
/// registration, and resolves to the response.
#[must_use = "the response is what this future resolves to"]
pub struct DeviceAnswer<S>(State<S>);

enum State<S> {
    /// `None` after the future has completed.
    Ready(Option<DeviceResponse>),
    /// The revocation list records a registration.
    Recording { sealer: S, acknowledgement: Acknowledgement, registration: Box<Registration> },
}

impl<S> DeviceAnswer<S> {
    pub(super) const fn ready(response: DeviceResponse) -> Self {
        Self(State::Ready(Some(response)))
    }

    /// The response to a registration that the revocation list has recorded.
    pub(super) fn recording(
        sealer: S,
        acknowledgement: Acknowledgement,
        registration: Registration,
    ) -> Self {
        let registration = Box::new(registration);
        Self(State::Recording { sealer, acknowledgement, registration })
    }
}

impl<S: Deref<Target = Sealer>> Future for DeviceAnswer<S> {
    type Output = DeviceResponse;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<DeviceResponse> {
        let response = match &mut self.0 {
            State::Ready(response) => response.take(),
            State::Recording { sealer, acknowledgement, registration } => {
                let recorded = ready!(Pin::new(acknowledgement).poll(cx));
                Some(recorded.map_or_else(
                    |_| unavailable(),
                    |recorded| registration.response(sealer, Some(recorded)),
                ))
            }
        };
        self.0 = State::Ready(None);
        response.map_or(Poll::Pending, Poll::Ready)
    }
}

// Nothing in it is pinned.
impl<S> Unpin for DeviceAnswer<S> {}

impl<S> fmt::Debug for DeviceAnswer<S> {
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
