//! The response, and the headers that the session adds.

use alloc::{borrow::Cow, string::String, vec::Vec};

use picoserve::{
    ResponseSent,
    io::Read,
    response::{Body, Connection, HeadersIter, Response, ResponseWriter, StatusCode},
};
use waxseal_core::ResponseHeaders;

use crate::slot::Slot;

/// Finishes the session when the response head is complete.
pub(crate) struct SessionResponse<'s, W> {
    slot: &'s Slot,
    inner: W,
}

impl<'s, W> SessionResponse<'s, W> {
    pub(crate) const fn new(slot: &'s Slot, inner: W) -> Self {
        Self { slot, inner }
    }
}

impl<W: ResponseWriter> ResponseWriter for SessionResponse<'_, W> {
    type Error = W::Error;

    async fn write_response<R: Read<Error = Self::Error>, H: HeadersIter, B: Body>(
        self,
        connection: Connection<'_, R>,
        response: Response<H, B>,
    ) -> Result<ResponseSent, Self::Error> {
        let mut added = Added(Vec::new());
        match self.slot.finish().await {
            None => {}
            Some(Ok(changes)) => changes.apply(&mut added),
            Some(Err(unavailable)) => {
                unavailable.changes.apply(&mut added);
                let response = Response::new(StatusCode::SERVICE_UNAVAILABLE, "");
                let response = response.with_headers(&*added.0);
                return self.inner.write_response(connection, response).await;
            }
        }
        self.inner.write_response(connection, response.with_headers(&*added.0)).await
    }
}

/// The headers of the session, beside those of the handler, which picoserve does not
/// show to a layer.
struct Added(Vec<(&'static str, Cow<'static, str>)>);

impl ResponseHeaders for Added {
    fn joined(&self, _: &str) -> Option<Vec<u8>> {
        None
    }

    fn set(&mut self, name: &'static str, value: Cow<'static, str>) {
        self.0.push((name, value));
    }

    fn append(&mut self, name: &'static str, value: String) {
        self.0.push((name, value.into()));
    }

    fn remove(&mut self, _: &[&'static str]) {}
}
