//! The requests that the layer answers before the application: those to the routes of device
//! binding, and a navigation without the proof cookie of its session.

use std::{
    fmt,
    task::{Context, Poll},
};

use waxseal_core::{DeviceAnswer, DeviceRequest, DeviceResponse, DeviceRoute};

use crate::{config::Config, events};

/// The parts of a request that an integration must pass.
pub(crate) struct Incoming<'r> {
    pub(crate) method: &'r str,
    pub(crate) path: &'r str,
    /// The path and the query.
    pub(crate) target: &'r str,
    /// The values of the `Cookie` headers.
    pub(crate) cookies: Vec<&'r [u8]>,
    /// The first value of a header, by its name in lower case.
    pub(crate) header: Header<'r, 'r>,
}

/// Finds a header by its name in lower case.
type Header<'f, 'r> = &'f (dyn Fn(&'static str) -> Option<&'r [u8]> + 'f);

/// Whether a request shows a page. A browser that says it has skipped the refresh would skip the
/// next one, too.
fn is_navigation(method: &str, header: Header<'_, '_>) -> bool {
    method == "GET"
        && header("sec-fetch-mode") == Some(b"navigate")
        && header("secure-session-skipped").is_none()
}

/// Whether a browser that holds a key refreshes a missing proof cookie before this request: a
/// navigation of the user or of a page of this origin, and no prefetch.
pub(crate) fn follows_refresh(method: &str, header: Header<'_, '_>) -> bool {
    is_navigation(method, header)
        && matches!(header("sec-fetch-site"), Some(b"none" | b"same-origin"))
        && header("sec-purpose").is_none()
}

/// The pending response to a request that the application does not see.
pub(crate) struct Answering {
    cookie: String,
    answer: Answer,
}

enum Answer {
    Route(DeviceAnswer),
    Page(Option<DeviceResponse>),
}

impl Answering {
    /// Starts the answer; `None` if the application answers the request. `can_write` says whether
    /// the layer can write the body of the response.
    pub(crate) fn start(config: &Config, request: &Incoming<'_>, can_write: bool) -> Option<Self> {
        let sealer = config.sealer.current();
        let cookie = || sealer.cookie().name().to_owned();
        let Incoming { method, path, target, cookies, header } = request;
        if let Some(route) = sealer.device_route(path) {
            if route == DeviceRoute::Register && !can_write {
                tracing::error!(
                    "no session is bound to a device: the session layer can answer the browser only \
                     with the body of axum or actix-web; add it with axum's Router::layer"
                );
                // A 503 before the revocation list records the registration: a browser without the
                // session configuration would lose its session.
                let headers = vec![("cache-control", "no-store".to_owned())];
                let outcome = "unavailable";
                let refusal = DeviceResponse { status: 503, headers, body: String::new(), outcome };
                return Some(Self { cookie: cookie(), answer: Answer::Page(Some(refusal)) });
            }
            let request = DeviceRequest {
                method,
                cookies,
                proof: header("secure-session-response"),
                identifier: header("sec-secure-session-id"),
            };
            let now = config.clock.now();
            let answer = sealer.answer_device(route, &request, now);
            return Some(Self { cookie: cookie(), answer: Answer::Route(answer) });
        }
        if !can_write || !is_navigation(method, header) {
            return None;
        }
        let site = header("sec-fetch-site");
        let is_from_elsewhere = matches!(site, Some(b"cross-site" | b"same-site"));
        let page = sealer.ask_for_proof(target, is_from_elsewhere, cookies, config.clock.now())?;
        Some(Self { cookie: cookie(), answer: Answer::Page(Some(page)) })
    }

    /// Pending only while the record of a registration is not durable.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<DeviceResponse> {
        let response = match &mut self.answer {
            Answer::Route(answer) => std::pin::pin!(answer).poll(cx),
            Answer::Page(page) => page.take().map_or(Poll::Pending, Poll::Ready),
        };
        if let Poll::Ready(response) = &response {
            events::device(&self.cookie, response.outcome);
        }
        response
    }
}

impl fmt::Debug for Answering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answering(..)")
    }
}
