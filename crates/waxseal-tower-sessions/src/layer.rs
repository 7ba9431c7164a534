//! The layer, compiled once for each version of tower-sessions.

use std::{
    borrow::Cow,
    future::{Future, ready},
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use async_trait::async_trait;
use http::{Request, Response, header::SET_COOKIE};
use time::OffsetDateTime;
use tower_layer::Layer;
use tower_service::Service;
use waxseal::UnixTime;

use super::tower_sessions_core::{
    SessionStore,
    session::{Expiry, Id, Record, Session},
    session_store,
};
use crate::{
    bridge::{self, Bridge},
    error::Error,
};

/// Gives every request a `Session` of tower-sessions, whose data is in waxseal's cookie. It takes
/// the place of tower-sessions' layer of the same name. Add waxseal's
/// [`SessionLayer`](waxseal::SessionLayer) after it, so that it wraps this layer.
///
/// The response to a request that cannot have a session is empty: a 503 if the revocation list is
/// unavailable, and a 500 without waxseal's layer. The log says why.
///
/// After the handler, the layer saves a modified session, unless the status of the response is a
/// server error (5xx). If it cannot be saved, for example because it is too large for a cookie,
/// the response is an empty 500 instead, with the `Set-Cookie` lines of the handler's response. The
/// log says why.
#[derive(Clone, Debug)]
pub struct SessionManagerLayer {
    data_key: Cow<'static, str>,
}

impl SessionManagerLayer {
    /// A layer for the sessions of the waxseal layer around it.
    ///
    /// ```
    /// use axum::Router;
    /// use waxseal::{Sealer, SessionLayer};
    #[doc = concat!("use waxseal_tower_sessions::", super::version!(), "::SessionManagerLayer;")]
    ///
    /// fn app(routes: Router, sealer: Sealer) -> Router {
    ///     routes.layer(SessionManagerLayer::new()).layer(SessionLayer::new(sealer))
    /// }
    /// ```
    #[must_use]
    pub const fn new() -> Self {
        Self { data_key: Cow::Borrowed("axum-login.data") }
    }

    /// Sets the key under which axum-login stores its user, if the application passes another
    /// one than `axum-login.data` to it. With a wrong key, `revoke_user` does not end the
    /// sessions of axum-login.
    ///
    /// ```
    #[doc = concat!("use waxseal_tower_sessions::", super::version!(), "::SessionManagerLayer;")]
    ///
    /// let layer = SessionManagerLayer::new().with_data_key("staff");
    /// ```
    #[must_use]
    pub fn with_data_key(self, data_key: impl Into<Cow<'static, str>>) -> Self {
        Self { data_key: data_key.into() }
    }
}

impl Default for SessionManagerLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Layer<S> for SessionManagerLayer {
    type Service = SessionManager<S>;

    fn layer(&self, inner: S) -> Self::Service {
        SessionManager { inner, data_key: self.data_key.clone() }
    }
}

/// The service that [`SessionManagerLayer`] produces.
#[derive(Clone, Debug)]
pub struct SessionManager<S> {
    inner: S,
    data_key: Cow<'static, str>,
}

impl<S> SessionManager<S> {
    fn open<B>(&self, request: &Request<B>) -> Result<(Arc<Bridge>, Session), Error> {
        let session = waxseal::Session::of(request)?;
        let bridge = Arc::new(Bridge::new(session, self.data_key.clone()));
        let id = bridge.open_id()?;
        let session = Session::new(id, Arc::clone(&bridge), None);
        Ok((bridge, session))
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for SessionManager<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
    // The body of a response to a request that cannot have a session.
    ResBody: Default + Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        let (bridge, session) = match self.open(&request) {
            Ok(opened) => opened,
            Err(error) => return Box::pin(ready(Ok(refusal(&error)))),
        };
        request.extensions_mut().insert(session.clone());
        let response = self.inner.call(request);
        Box::pin(async move {
            let mut response = response.await?;
            let finished = finish(&bridge, &session, response.status().is_server_error()).await;
            if let Err(error) = finished {
                let replaced = mem::replace(&mut response, refusal(&error));
                for line in replaced.headers().get_all(SET_COOKIE) {
                    response.headers_mut().append(SET_COOKIE, line.clone());
                }
            }
            Ok(response)
        })
    }
}

fn refusal<B: Default>(error: &Error) -> Response<B> {
    error.log();
    let mut response = Response::default();
    *response.status_mut() = error.status();
    response
}

/// Saves or ends the session after the handler.
async fn finish(bridge: &Bridge, session: &Session, is_server_error: bool) -> Result<(), Error> {
    let is_alive = bridge.set_expiry(session.expiry().map(in_seconds));
    let saved = if !is_alive {
        bridge.delete_record(&"");
        Ok(())
    } else if is_server_error {
        bridge.save_expiry()
    } else if session.id().is_some() && bridge.is_deleted() {
        // `delete` without `flush`: the record must not come back.
        Ok(())
    } else if session.is_modified() && !session.is_empty().await {
        session.save().await.map_err(|_| bridge.take_failure().unwrap_or(Error::NoId))
    } else {
        Ok(())
    };
    bridge.finish().and(saved)
}

fn in_seconds(expiry: Expiry) -> bridge::Expiry {
    let seconds = |seconds: i64| seconds.try_into().unwrap_or(0);
    match expiry {
        Expiry::OnSessionEnd => bridge::Expiry::SessionEnd,
        Expiry::OnInactivity(idle) => {
            bridge::Expiry::Idle(Duration::from_secs(seconds(idle.whole_seconds())))
        }
        Expiry::AtDateTime(time) => {
            bridge::Expiry::At(UnixTime::from_secs(seconds(time.unix_timestamp())))
        }
    }
}

#[async_trait]
impl SessionStore for Bridge {
    async fn create(&self, record: &mut Record) -> session_store::Result<()> {
        let created = self.report(self.create_record(&record.id, &record.data));
        record.id = created.map_err(session_store::Error::Backend)?;
        Ok(())
    }

    async fn save(&self, record: &Record) -> session_store::Result<()> {
        self.report(self.save_record(&record.data)).map_err(session_store::Error::Backend)
    }

    async fn load(&self, id: &Id) -> session_store::Result<Option<Record>> {
        let loaded = self.report(self.load_record()).map_err(session_store::Error::Backend)?;
        Ok(loaded.map(|(data, expires_at)| {
            let seconds = expires_at.as_secs().try_into().unwrap_or(i64::MAX);
            // The default is for a time after the year 9999.
            let expiry_date = OffsetDateTime::from_unix_timestamp(seconds);
            Record { id: *id, data, expiry_date: expiry_date.unwrap_or(OffsetDateTime::UNIX_EPOCH) }
        }))
    }

    async fn delete(&self, id: &Id) -> session_store::Result<()> {
        self.delete_record(id);
        Ok(())
    }
}
