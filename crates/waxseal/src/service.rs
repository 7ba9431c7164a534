//! The service that the layer makes, and its response.

use std::{
    fmt,
    future::Future,
    marker::PhantomData,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use http::{Request, Response, StatusCode};
use pin_project_lite::pin_project;
use tower_service::Service;
use waxseal_face::{CloseOnce, Closed, Config, Main, Slot};

use crate::{headers::Headers, session::Innermost};

/// A service whose requests have a session. Made by
/// [`SessionLayer`](crate::SessionLayer).
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

impl<S, W, ReqBody, ResBody> Service<Request<ReqBody>> for SessionService<S, W>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    // For a response of our own, where the session's state cannot be known.
    ResBody: Default,
    W: 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        let extensions = request.extensions_mut();
        let outer = extensions.get::<Innermost>().map(|innermost| &innermost.0);
        let slot = Slot::place::<W>(&self.config, outer);
        if let Some(slot) = &slot {
            extensions.insert(Innermost(Arc::clone(slot)));
        }
        // First, so that a panic of the call ends the session, too.
        let session = CloseOnce::new(slot);
        ResponseFuture { inner: self.inner.call(request), session, made: None }
    }
}

impl<S: Clone, W> Clone for SessionService<S, W> {
    fn clone(&self) -> Self {
        Self::new(self.inner.clone(), Arc::clone(&self.config))
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

impl<F, ResBody, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<ResBody>, E>>,
    ResBody: Default,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut result = match this.made.take() {
            Some(made) => *made,
            None => ready!(this.inner.poll(cx)),
        };
        let Ok(response) = &mut result else {
            this.session.abandon();
            return Poll::Ready(result);
        };
        match this.session.poll_close(cx) {
            Poll::Ready(None) => {}
            Poll::Ready(Some(Closed::Response(closing))) => {
                closing.apply(&mut Headers(response.headers_mut()));
            }
            Poll::Ready(Some(Closed::Unrecorded(closing))) => {
                *response = Response::default();
                *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
                closing.apply(&mut Headers(response.headers_mut()));
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
