//! The requests of a browser to the routes of device binding, and the responses.

use alloc::{borrow::ToOwned as _, string::String, vec::Vec};
use core::{
    fmt,
    future::Future,
    ops::Deref,
    pin::Pin,
    task::{Context, Poll, ready},
};

use super::{changes::Outcome, finish::Finish};
use crate::{device_bound::Binding, sealer::Sealer};

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
pub struct DeviceAnswer<S> {
    /// The end of the request that registers a key: the revocation list records it.
    finish: Option<Finish<S>>,
    /// `None` after the future has completed.
    response: Option<DeviceResponse>,
    has_list: bool,
}

impl<S> DeviceAnswer<S> {
    pub(super) const fn ready(response: DeviceResponse) -> Self {
        Self { finish: None, response: Some(response), has_list: false }
    }

    /// The response that is sent after the revocation list has recorded the registration.
    pub(super) const fn registering(
        finish: Finish<S>,
        response: DeviceResponse,
        has_list: bool,
    ) -> Self {
        Self { finish: Some(finish), response: Some(response), has_list }
    }
}

impl<S: Deref<Target = Sealer>> Future for DeviceAnswer<S> {
    type Output = DeviceResponse;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<DeviceResponse> {
        let Self { finish, response, has_list } = &mut *self;
        let changes = match finish {
            Some(finish) => Some(ready!(Pin::new(finish).poll(cx))),
            None => None,
        };
        let Some(mut response) = response.take() else { return Poll::Pending };
        match changes {
            None => {}
            // The session was registered before, or it is revoked.
            Some(Ok(changes)) if changes.outcome() != Outcome::Saved => response = refused(),
            // The record in the revocation list protects the session. Its cookie stays, because a
            // parallel response may have saved other data; the next save or refresh names the key.
            Some(Ok(changes)) if *has_list && !changes.device.is_resealed => {}
            Some(Ok(changes)) => {
                let lines = changes.set_cookie_lines().map(str::to_owned);
                response.headers.extend(lines.map(|line| ("set-cookie", line)));
            }
            Some(Err(_)) => response = unavailable(),
        }
        Poll::Ready(response)
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
