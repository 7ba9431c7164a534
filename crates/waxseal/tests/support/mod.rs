//! Requests without a socket, and a log for assertions.
#![allow(dead_code, reason = "each test uses its part")]

#[cfg(feature = "actix")]
pub mod actix;
pub mod list;

use std::{
    io,
    sync::{Arc, Mutex, Once},
};

use http::{HeaderMap, Request, Response, header};
use tracing::subscriber::DefaultGuard;
use waxseal::{Marker, Sealer, Secret, UnixTime};

pub const NOW: u64 = 1_800_000_000;

pub fn sealer() -> Sealer {
    Sealer::builder(Secret::new([7; 32]).unwrap()).build().unwrap()
}

/// The marker of a second session.
pub struct Admin;

impl Marker for Admin {
    const PURPOSE: &'static str = "admin";
}

/// A sealer of the marker, with the cookie name of the main session.
pub fn admin_sealer() -> Sealer {
    Sealer::builder(Secret::new([7; 32]).unwrap()).marker::<Admin>().build().unwrap()
}

pub fn clock() -> UnixTime {
    UnixTime::from_secs(NOW)
}

pub fn get<B: Default>(path: &str) -> Request<B> {
    Request::get(path).body(B::default()).unwrap()
}

pub fn with_cookie<B: Default>(path: &str, cookie: &str) -> Request<B> {
    Request::get(path).header(header::COOKIE, cookie).body(B::default()).unwrap()
}

/// `name=value` of each `Set-Cookie` line.
pub fn set_cookies<B>(response: &Response<B>) -> Vec<String> {
    let lines = response.headers().get_all(header::SET_COOKIE);
    lines.iter().map(|line| line.to_str().unwrap().split(';').next().unwrap().into()).collect()
}

pub fn values(headers: &HeaderMap, name: &str) -> Vec<String> {
    headers.get_all(name).iter().map(|value| value.to_str().unwrap().into()).collect()
}

/// Captures the log of this thread.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    pub fn start() -> (Self, DefaultGuard) {
        // Another test's thread that logs first must not disable an event for this one.
        static EVERYWHERE: Once = Once::new();
        EVERYWHERE.call_once(|| {
            let subscriber = tracing_subscriber::fmt()
                .with_max_level(tracing::Level::TRACE)
                .with_writer(io::sink)
                .finish();
            tracing::subscriber::set_global_default(subscriber).unwrap();
        });
        let log = Self::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
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
