//! The service that the middleware makes, and its response.

use std::{
    fmt,
    future::Future,
    marker::PhantomData,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use actix_web::{
    Error, HttpMessage as _,
    dev::{Service, ServiceRequest, ServiceResponse},
    error::ErrorServiceUnavailable,
};
use pin_project_lite::pin_project;
use waxseal_core::Closing;
use waxseal_face::{CloseOnce, Closed, Config, Main, Slot};

use crate::{headers::Headers, session::Innermost};

/// A service whose requests have a session. Made by
/// [`SessionMiddleware`](crate::SessionMiddleware).
pub struct SessionService<S, W = Main> {
    inner: S,
    config: Arc<Config>,
    marker: PhantomData<fn() -> W>,
}

impl<S, W> SessionService<S, W> {
    pub(crate) const fn new(inner: S, config: Arc<Config>) -> Self {
        Self { inner, config, marker: PhantomData }
    }
}

impl<S, B, W> Service<ServiceRequest> for SessionService<S, W>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    W: 'static,
{
    type Response = ServiceResponse<B>;
    type Error = Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let slot = {
            let mut extensions = request.extensions_mut();
            let outer = extensions.get::<Innermost>().map(|innermost| &innermost.0);
            let slot = Slot::place::<W>(&self.config, outer);
            if let Some(slot) = &slot {
                extensions.insert(Innermost(Arc::clone(slot)));
            }
            slot
        };
        // First, so that a panic of the call ends the session, too.
        let session = CloseOnce::new(slot);
        ResponseFuture { inner: self.inner.call(request), session, made: None }
    }
}

impl<S: fmt::Debug, W> fmt::Debug for SessionService<S, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionService")
            .field("inner", &self.inner)
            .field("config", &self.config)
            .finish()
    }
}

pin_project! {
    /// The response to come. When its head is made the session is closed.
    pub struct ResponseFuture<F: Future> {
        #[pin]
        inner: F,
        session: CloseOnce,
        // The response while the session's end is being recorded.
        made: Option<Box<F::Output>>,
    }
}

impl<F, B> Future for ResponseFuture<F>
where
    F: Future<Output = Result<ServiceResponse<B>, Error>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let result = match this.made.take() {
            Some(made) => *made,
            None => ready!(this.inner.poll(cx)),
        };
        match this.session.poll_close(cx) {
            Poll::Ready(None) => Poll::Ready(result),
            Poll::Ready(Some(Closed::Response(closing))) => Poll::Ready(with(result, closing)),
            Poll::Ready(Some(Closed::Unrecorded(closing))) => {
                Poll::Ready(with(Err(ErrorServiceUnavailable("")), closing))
            }
            Poll::Pending => {
                *this.made = Some(Box::new(result));
                Poll::Pending
            }
        }
    }
}

/// Puts into a response what the session has for it.
fn with<B>(
    mut result: Result<ServiceResponse<B>, Error>,
    closing: Closing,
) -> Result<ServiceResponse<B>, Error> {
    match &mut result {
        Ok(response) => closing.apply(&mut Headers(response.headers_mut())),
        // It becomes a response further out, and may do so more than once.
        Err(error) => error.add_response_mapper(move |mut response| {
            closing.clone().apply(&mut Headers(response.headers_mut()));
            response
        }),
    }
    result
}

impl<F: Future> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").field("session", &self.session).finish_non_exhaustive()
    }
}
