//! The layer as a middleware of actix-web: its service, and the response.

use std::{
    fmt,
    future::{Future, Ready, ready as ready_now},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use actix_web::{
    Error, HttpMessage as _, HttpRequest, HttpResponse,
    body::EitherBody,
    dev::{Service, ServiceRequest, ServiceResponse, Transform},
    error::ErrorServiceUnavailable,
    http::header::HeaderValue,
};
use pin_project_lite::pin_project;
use waxseal_core::ResponseChanges;

#[cfg(feature = "device-bound")]
use crate::device::follows_refresh;
use crate::{
    config::Config,
    finishing::FinishOnce,
    headers::actix::{Headers, keep_cookies},
    layer::SessionLayer,
    plain_http::PlainHttp,
    slot::{Innermost, Slot},
};

impl<S, B> Transform<S, ServiceRequest> for SessionLayer
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Transform = ActixSessionService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, Self::InitError>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready_now(Ok(ActixSessionService { inner: service, config: Arc::clone(&self.config) }))
    }
}

/// The service that [`SessionLayer`] produces: its requests have a session.
#[derive(Debug)]
pub struct ActixSessionService<S> {
    inner: S,
    config: Arc<Config>,
}

impl<S, B> Service<ServiceRequest> for ActixSessionService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = ActixResponseFuture<S::Future>;

    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&self, request: ServiceRequest) -> Self::Future {
        #[cfg(feature = "device-bound")]
        let binds_devices = self.config.sealer.binds_devices();
        #[cfg(feature = "device-bound")]
        if binds_devices && let Some(answering) = super::device::answering(&self.config, &request) {
            let session = FinishOnce::answering(answering);
            let (request, _) = request.into_parts();
            return ActixResponseFuture {
                inner: None,
                request: Some(request),
                session,
                made: None,
            };
        }
        let header = |name| request.headers().get(name).map(HeaderValue::as_bytes);
        let plain_http = PlainHttp::of(&self.config, request.method().is_safe(), header);
        #[cfg(feature = "device-bound")]
        let follows_refresh = binds_devices && follows_refresh(request.method().as_str(), &header);
        let slot = {
            let mut extensions = request.extensions_mut();
            let outer = extensions.get::<Innermost>().map(|innermost| &innermost.0);
            let slot = Slot::place(&self.config, outer);
            if let Some(slot) = &slot {
                #[cfg(feature = "device-bound")]
                if follows_refresh {
                    slot.follow_refresh();
                }
                extensions.insert(Innermost(Arc::clone(slot)));
            }
            slot
        };
        // Before the call, so that a panic in it also ends the session.
        let session = FinishOnce::new(slot).warn_of(plain_http);
        ActixResponseFuture {
            inner: Some(self.inner.call(request)),
            request: None,
            session,
            made: None,
        }
    }
}

pin_project! {
    /// The future of a response. It finishes the session when the head is complete.
    pub struct ActixResponseFuture<F: Future> {
        // `None` if the layer answers the request itself.
        #[pin]
        inner: Option<F>,
        // The request that the layer answers itself.
        request: Option<HttpRequest>,
        session: FinishOnce,
        // The response, while a revocation is not durable yet.
        made: Option<Box<F::Output>>,
    }
}

impl<F, B> Future for ActixResponseFuture<F>
where
    F: Future<Output = Result<ServiceResponse<B>, Error>>,
{
    type Output = Result<ServiceResponse<EitherBody<B>>, Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        #[cfg(feature = "device-bound")]
        if let Some(answer) = this.session.poll_answer(cx) {
            let answer = super::device::response(ready!(answer));
            let Some(request) = this.request.take() else { return Poll::Pending };
            return Poll::Ready(Ok(ServiceResponse::new(request, answer).map_into_right_body()));
        }
        let result = match (this.made.take(), this.inner.as_pin_mut()) {
            (Some(made), _) => *made,
            (None, Some(inner)) => ready!(inner.poll(cx)),
            (None, None) => return Poll::Pending,
        };
        match this.session.poll_finish(cx) {
            Poll::Ready(None) => Poll::Ready(result.map(ServiceResponse::map_into_left_body)),
            Poll::Ready(Some(Ok(changes))) => {
                Poll::Ready(with(result, changes).map(ServiceResponse::map_into_left_body))
            }
            Poll::Ready(Some(Err(unavailable))) => {
                Poll::Ready(with(replaced(result), unavailable.changes))
            }
            Poll::Pending => {
                *this.made = Some(Box::new(result));
                Poll::Pending
            }
        }
    }
}

/// The empty 503 in place of a response, so that the middleware around this one sees it. An error
/// has no request, so it stays an error.
fn replaced<B>(
    result: Result<ServiceResponse<B>, Error>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    match result {
        Ok(response) => {
            let (request, replaced) = response.into_parts();
            let mut empty = HttpResponse::ServiceUnavailable().finish();
            keep_cookies(replaced.headers(), empty.headers_mut());
            Ok(ServiceResponse::new(request, empty).map_into_right_body())
        }
        Err(error) => {
            let replaced = error.error_response().headers().clone();
            let mut error = ErrorServiceUnavailable("");
            error.add_response_mapper(move |mut response| {
                keep_cookies(&replaced, response.headers_mut());
                response
            });
            Err(error)
        }
    }
}

/// Applies the changes to a response.
fn with<B>(
    mut result: Result<ServiceResponse<B>, Error>,
    changes: ResponseChanges,
) -> Result<ServiceResponse<B>, Error> {
    match &mut result {
        Ok(response) => changes.apply(&mut Headers(response.headers_mut())),
        // It becomes a response further out, perhaps more than once.
        Err(error) => error.add_response_mapper(move |mut response| {
            changes.clone().apply(&mut Headers(response.headers_mut()));
            response
        }),
    }
    result
}

impl<F: Future> fmt::Debug for ActixResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActixResponseFuture")
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}
