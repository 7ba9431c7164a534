//! The service that the layer makes, and its response.

use std::{
    fmt,
    future::Future,
    marker::PhantomData,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_service::Service;
use waxseal_face::{CloseOnce, Config, Main, Slot};

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
        ResponseFuture { inner: self.inner.call(request), session }
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
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: F,
        session: CloseOnce,
    }
}

impl<F, ResBody, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<ResBody>, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut result = ready!(this.inner.poll(cx));
        match &mut result {
            Ok(response) => {
                if let Some(closing) = this.session.close() {
                    closing.apply(&mut Headers(response.headers_mut()));
                }
            }
            Err(_) => this.session.abandon(),
        }
        Poll::Ready(result)
    }
}
