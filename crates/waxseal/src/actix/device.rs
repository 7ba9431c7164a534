//! Device binding over actix-web's requests and responses.

use actix_web::{
    HttpResponse,
    dev::ServiceRequest,
    http::{
        StatusCode,
        header::{self, HeaderValue},
    },
};
use waxseal_core::DeviceResponse;

use crate::{
    config::Config,
    device::{Answering, Incoming},
};

/// Starts the answer to a request that the application does not see; `None` for other requests.
pub(super) fn answering(config: &Config, request: &ServiceRequest) -> Option<Answering> {
    let headers = request.headers();
    Answering::start(
        config,
        &Incoming {
            method: request.method().as_str(),
            path: request.path(),
            target: request.uri().path_and_query().map_or("/", |target| target.as_str()),
            cookies: headers.get_all(header::COOKIE).map(HeaderValue::as_bytes).collect(),
            header: &|name| headers.get(name).map(HeaderValue::as_bytes),
        },
        true,
    )
}

pub(super) fn response(answer: DeviceResponse) -> HttpResponse {
    let DeviceResponse { status, headers, body, .. } = answer;
    let mut response = HttpResponse::build(StatusCode::from_u16(status).unwrap_or_default());
    for (name, value) in headers {
        if let Ok(mut value) = HeaderValue::try_from(value) {
            value.set_sensitive(true);
            response.append_header((name, value));
        }
    }
    response.body(body)
}
