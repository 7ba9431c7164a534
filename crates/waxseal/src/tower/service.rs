//! The layer for tower: its service, and the response.

use std::{
    fmt,
    future::Future,
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use http::{HeaderValue, Request, Response, StatusCode};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

#[cfg(feature = "device-bound")]
use crate::device::follows_refresh;
use crate::{
    config::Config,
    finishing::FinishOnce,
    headers::tower::{Headers, keep_cookies},
    layer::SessionLayer,
    plain_http::PlainHttp,
    slot::{Innermost, Slot},
};

impl<S> Layer<S> for SessionLayer {
    type Service = SessionService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        SessionService { inner, config: Arc::clone(&self.config) }
    }
}

/// The service that [`SessionLayer`] produces: its requests have a session.
#[derive(Clone, Debug)]
pub struct SessionService<S> {
    inner: S,
    config: Arc<Config>,
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for SessionService<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    // The body of a 503.
    ResBody: Default + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        #[cfg(feature = "device-bound")]
        let binds_devices = self.config.sealer.binds_devices();
        #[cfg(feature = "device-bound")]
        if binds_devices
            && let Some(answering) = super::device::answering::<_, ResBody>(&self.config, &request)
        {
            let session = FinishOnce::answering(answering);
            return ResponseFuture { inner: None, session, made: None };
        }
        let header = |name| request.headers().get(name).map(HeaderValue::as_bytes);
        let plain_http = PlainHttp::of(&self.config, request.method().is_safe(), header);
        #[cfg(feature = "device-bound")]
        let follows_refresh = binds_devices && follows_refresh(request.method().as_str(), &header);
        let extensions = request.extensions_mut();
        let outer = extensions.get::<Innermost>().map(|innermost| &innermost.0);
        let slot = Slot::place(&self.config, outer);
        if let Some(slot) = &slot {
            #[cfg(feature = "device-bound")]
            if follows_refresh {
                slot.follow_refresh();
            }
            extensions.insert(Innermost(Arc::clone(slot)));
        }
        // Before the call, so that a panic in it also ends the session.
        let session = FinishOnce::new(slot).warn_of(plain_http);
        ResponseFuture { inner: Some(self.inner.call(request)), session, made: None }
    }
}

pin_project! {
    /// The future of a response. It finishes the session when the head is complete.
    pub struct ResponseFuture<F: Future> {
        // `None` if the layer answers the request itself.
        #[pin]
        inner: Option<F>,
        session: FinishOnce,
        // The response, while a revocation is not durable yet.
        made: Option<Box<F::Output>>,
    }
}

impl<F, ResBody, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<ResBody>, E>>,
    ResBody: Default + 'static,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        #[cfg(feature = "device-bound")]
        if let Some(answer) = this.session.poll_answer(cx) {
            return answer.map(|answer| Ok(super::device::response(answer)));
        }
        let mut result = match (this.made.take(), this.inner.as_pin_mut()) {
            (Some(made), _) => *made,
            (None, Some(inner)) => ready!(inner.poll(cx)),
            (None, None) => return Poll::Pending,
        };
        let Ok(response) = &mut result else {
            this.session.abandon();
            return Poll::Ready(result);
        };
        match this.session.poll_finish(cx) {
            Poll::Ready(None) => {}
            Poll::Ready(Some(Ok(changes))) => {
                changes.apply(&mut Headers(response.headers_mut()));
            }
            Poll::Ready(Some(Err(unavailable))) => {
                let replaced = mem::take(response);
                *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
                keep_cookies(replaced.headers(), response.headers_mut());
                unavailable.changes.apply(&mut Headers(response.headers_mut()));
            }
            Poll::Pending => {
                *this.made = Some(Box::new(result));
                return Poll::Pending;
            }
        }
        Poll::Ready(result)
    }
}

impl<F: Future> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").field("session", &self.session).finish_non_exhaustive()
    }
}
