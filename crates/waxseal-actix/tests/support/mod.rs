//! Requests without a socket, and a log that can be read.

use std::{
    io,
    sync::{Arc, Mutex},
};

use actix_web::{
    dev::ServiceResponse,
    http::header::{HeaderMap, SET_COOKIE},
    test::TestRequest,
};
use tracing::subscriber::DefaultGuard;
use waxseal_actix::{CookieSpec, Sealer, Secret, SessionMiddleware};

pub fn sealer() -> Sealer {
    Sealer::builder(Secret::new([7; 32]).unwrap()).build().unwrap()
}

/// The marker of a second session.
pub struct Admin;

pub fn admin() -> SessionMiddleware<Admin> {
    let spec = CookieSpec::builder("__Host-admin").build().unwrap();
    let sealer = Sealer::builder(Secret::new([7; 32]).unwrap()).cookie(spec).build().unwrap();
    SessionMiddleware::new(sealer).marked()
}

/// `GET path`.
pub fn get(path: &str) -> TestRequest {
    TestRequest::get().uri(path)
}

/// The name of each cookie that is set.
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

/// What this thread logs from now on.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    pub fn start() -> (Self, DefaultGuard) {
        let log = Self::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::DEBUG)
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .finish();
        (log, tracing::subscriber::set_default(subscriber))
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
