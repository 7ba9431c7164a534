//! A browser without a socket.
#![allow(dead_code, reason = "each test uses its part")]

use std::{
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode, header},
};
use tower::ServiceExt;
use tracing_subscriber::fmt::MakeWriter;
use waxseal::{CookieSpec, Sealer, SealerBuilder, Secret};

pub const DAY: Duration = Duration::from_secs(24 * 3600);

/// Idle timeout 7 days, absolute timeout 30 days.
pub fn builder() -> SealerBuilder {
    Sealer::builder(Secret::new([7; 32]).unwrap())
}

pub fn sealer() -> Sealer {
    builder().build().unwrap()
}

/// A sealer whose cookie has the name `sid`.
pub fn sealer_of(spec: waxseal::CookieSpecBuilder) -> Sealer {
    builder().cookie(spec.build().unwrap()).build().unwrap()
}

pub fn named() -> waxseal::CookieSpecBuilder {
    CookieSpec::builder("sid")
}

/// What the tests look at in a response.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub set_cookie: Vec<String>,
    pub location: Option<String>,
    pub body: String,
}

impl Answer {
    /// The attribute `Max-Age` of the only cookie.
    pub fn max_age(&self) -> Option<u64> {
        let [line] = &self.set_cookie[..] else { panic!("not one cookie: {self:?}") };
        line.split("; ").find_map(|attribute| attribute.strip_prefix("Max-Age="))?.parse().ok()
    }
}

/// Sends requests to `app`, and keeps its cookie.
#[derive(Clone)]
pub struct Browser {
    app: Router,
    pub cookie: Option<String>,
}

impl Browser {
    pub fn of(app: &Router) -> Self {
        Self { app: app.clone(), cookie: None }
    }

    /// Another browser with a copy of the cookie, on `app`.
    pub fn copied_to(&self, app: &Router) -> Self {
        Self { app: app.clone(), cookie: self.cookie.clone() }
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        let mut request = Request::get(path);
        if let Some(cookie) = &self.cookie {
            request = request.header(header::COOKIE, cookie);
        }
        let request = request.body(Body::empty()).unwrap();
        let (parts, body) = self.app.clone().oneshot(request).await.unwrap().into_parts();
        let values = |name| {
            let values = parts.headers.get_all(name).iter();
            values.map(|value| value.to_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let set_cookie = values(header::SET_COOKIE);
        for line in &set_cookie {
            let pair = line.split(';').next().unwrap();
            self.cookie = Some(pair.to_owned()).filter(|pair| !pair.ends_with('='));
        }
        let body = to_bytes(body, 1 << 20).await.unwrap();
        Answer {
            status: parts.status,
            set_cookie,
            location: values(header::LOCATION).pop(),
            body: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    /// The body of a successful response.
    pub async fn read(&mut self, path: &str) -> String {
        let answer = self.get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {answer:?}");
        answer.body
    }
}

/// The log of this thread.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    pub fn start() -> (Self, tracing::subscriber::DefaultGuard) {
        let log = Self::default();
        let subscriber = tracing_subscriber::fmt().with_writer(log.clone()).with_ansi(false);
        (log, tracing::subscriber::set_default(subscriber.finish()))
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'w> MakeWriter<'w> for Log {
    type Writer = Self;

    fn make_writer(&'w self) -> Self {
        self.clone()
    }
}
