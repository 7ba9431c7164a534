//! Device binding over `http` requests and responses.

use std::any::Any;
#[cfg(feature = "axum")]
use std::any::TypeId;

use http::{HeaderName, HeaderValue, Request, Response, StatusCode, header};
use waxseal_core::DeviceResponse;

use crate::{
    config::Config,
    device::{Answering, Incoming},
};

/// Starts the answer to a request that the application does not see; `None` for other requests.
pub(super) fn answering<B, ResBody: 'static>(
    config: &Config,
    request: &Request<B>,
) -> Option<Answering> {
    let headers = request.headers();
    Answering::start(
        config,
        &Incoming {
            method: request.method().as_str(),
            path: request.uri().path(),
            target: request.uri().path_and_query().map_or("/", |target| target.as_str()),
            cookies: headers.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes).collect(),
            header: &|name| headers.get(name).map(HeaderValue::as_bytes),
        },
        can_write::<ResBody>(),
    )
}

pub(super) fn response<B: Default + 'static>(answer: DeviceResponse) -> Response<B> {
    let DeviceResponse { status, headers, body, .. } = answer;
    let mut response = Response::new(B::default());
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
    for (name, value) in headers {
        if let Ok(mut value) = HeaderValue::try_from(value) {
            value.set_sensitive(true);
            response.headers_mut().append(HeaderName::from_static(name), value);
        }
    }
    if !body.is_empty() && !set_body(response.body_mut(), body) {
        tracing::error!(
            "device binding needs axum or actix-web: the session layer cannot write a response \
             body of the type {}; add the layer with axum's Router::layer, or remove device_bound",
            std::any::type_name::<B>()
        );
        // At a 503, the browser keeps its key.
        response = Response::new(B::default());
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    }
    response
}

/// Whether [`set_body`] can set a body of this type.
fn can_write<B: 'static>() -> bool {
    #[cfg(feature = "axum")]
    if TypeId::of::<B>() == TypeId::of::<axum_core::body::Body>() {
        return true;
    }
    false
}

/// Sets the body, if its type is axum's. A trait bound on the type would exclude other frameworks
/// from the layer as soon as the feature is enabled.
fn set_body(body: &mut dyn Any, text: String) -> bool {
    #[cfg(feature = "axum")]
    if let Some(body) = body.downcast_mut::<axum_core::body::Body>() {
        *body = text.into();
        return true;
    }
    let _ = (body, text);
    false
}
