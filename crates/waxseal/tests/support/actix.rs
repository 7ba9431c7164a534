//! Requests to an actix-web application, without a socket.
#![allow(dead_code, reason = "each test uses its part")]

use std::future::Future;

use actix_web::{
    dev::ServiceResponse,
    http::header::{HeaderMap, SET_COOKIE},
    rt::System,
    test::TestRequest,
};
use waxseal::{CookieSpec, Sealer, Secret, SessionLayer};

use super::Admin;

/// Runs a test: `#[actix_web::test]` without the feature `macros`.
pub fn run(test: impl Future<Output = ()>) {
    System::new().block_on(test);
}

pub fn sealer() -> Sealer {
    Sealer::builder(Secret::new([7; 32]).unwrap()).build().unwrap()
}

pub fn admin() -> SessionLayer {
    let spec = CookieSpec::builder("__Host-admin").build().unwrap();
    let sealer = Sealer::builder(Secret::new([7; 32]).unwrap()).marker::<Admin>().cookie(spec);
    SessionLayer::new(sealer.build().unwrap())
}

/// `GET path`.
pub fn get(path: &str) -> TestRequest {
    TestRequest::get().uri(path)
}

/// The names of the cookies that the response sets.
pub fn set_cookies<B>(response: &ServiceResponse<B>) -> Vec<String> {
    names(response.headers())
}

pub fn names(headers: &HeaderMap) -> Vec<String> {
    let lines = headers.get_all(SET_COOKIE);
    lines.map(|line| line.to_str().unwrap().split('=').next().unwrap().into()).collect()
}

pub fn values(headers: &HeaderMap, name: &str) -> Vec<String> {
    headers.get_all(name).map(|value| value.to_str().unwrap().into()).collect()
}
