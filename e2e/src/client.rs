//! An HTTP client without redirects and cookies, and a browser's cookie jar.

use std::{collections::BTreeMap, time::Duration};

use serde_json::Value;
use ureq::{Agent, http};

use crate::server::Server;

/// A client of one server. Follows no redirects and keeps no cookies.
#[derive(Clone, Debug)]
pub struct Client {
    agent: Agent,
    url: String,
}

/// A response that was read to its end.
#[derive(Debug)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: http::HeaderMap,
    /// The body.
    pub body: String,
}

impl Client {
    /// A client of `server` with its own connection.
    pub fn of(server: &Server) -> Self {
        Self::at(&server.url)
    }

    /// A client of the server at `url`.
    pub fn at(url: &str) -> Self {
        let config = Agent::config_builder()
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_mins(1)))
            .build();
        Self { agent: config.into(), url: url.into() }
    }

    /// `GET path` with these `Cookie` headers.
    pub fn get<C: AsRef<[u8]>>(&self, path: &str, cookies: &[C]) -> Response {
        self.get_with(path, cookies, &[])
    }

    /// [`get`](Self::get) with further headers.
    pub fn get_with<C: AsRef<[u8]>>(
        &self,
        path: &str,
        cookies: &[C],
        headers: &[(&str, &str)],
    ) -> Response {
        let request = self.request("GET", path, cookies);
        let add = |request: http::request::Builder, (name, value)| request.header(name, value);
        self.send(headers.iter().copied().fold(request, add), "")
    }

    /// `POST path` with a form.
    pub fn form<C: AsRef<[u8]>>(&self, path: &str, form: &str, cookies: &[C]) -> Response {
        let request = self.request("POST", path, cookies);
        self.send(request.header("content-type", "application/x-www-form-urlencoded"), form)
    }

    /// [`form`](Self::form) with further headers.
    pub fn form_with<C: AsRef<[u8]>>(
        &self,
        path: &str,
        form: &str,
        cookies: &[C],
        headers: &[(&str, &str)],
    ) -> Response {
        let add = |request: http::request::Builder, (name, value)| request.header(name, value);
        let send = || {
            let request = self.request("POST", path, cookies);
            let request = request.header("content-type", "application/x-www-form-urlencoded");
            self.try_send(headers.iter().copied().fold(request, add), form)
        };
        // A server may refuse the form before it has read the body, and close the connection:
        // the reset can arrive before the response is read.
        send().or_else(send).or_else(send).expect("a response")
    }

    /// Like [`form`](Self::form), but returns `None` if the server has exited.
    pub fn try_form<C: AsRef<[u8]>>(
        &self,
        path: &str,
        form: &str,
        cookies: &[C],
    ) -> Option<Response> {
        let request = self.request("POST", path, cookies);
        self.try_send(request.header("content-type", "application/x-www-form-urlencoded"), form)
    }

    /// `POST /script`.
    pub fn script<C: AsRef<[u8]>>(&self, script: &str, cookies: &[C]) -> Response {
        self.send(self.request("POST", "/script", cookies), script)
    }

    fn request<C: AsRef<[u8]>>(
        &self,
        method: &str,
        path: &str,
        cookies: &[C],
    ) -> http::request::Builder {
        let request = http::Request::builder().method(method).uri(format!("{}{path}", self.url));
        cookies.iter().fold(request, |request, cookie| request.header("cookie", cookie.as_ref()))
    }

    fn send(&self, request: http::request::Builder, body: &str) -> Response {
        self.try_send(request, body).expect("a response")
    }

    fn try_send(&self, request: http::request::Builder, body: &str) -> Option<Response> {
        let request = request.body(body.to_owned()).expect("a request");
        let (head, mut body) = self.agent.run(request).ok()?.into_parts();
        let body = body.read_to_string().ok()?;
        Some(Response { status: head.status.as_u16(), headers: head.headers, body })
    }
}

impl Response {
    /// All values of the header `name`.
    pub fn values(&self, name: &str) -> Vec<&str> {
        let values = self.headers.get_all(name).iter();
        values.map(|value| value.to_str().expect("ASCII")).collect()
    }

    /// The `Set-Cookie` lines for the cookie `name`.
    pub fn set_cookies(&self, name: &str) -> Vec<&str> {
        let lines = self.values("set-cookie").into_iter();
        lines.filter(|line| line.split('=').next() == Some(name)).collect()
    }

    /// The one `Set-Cookie` line for the cookie `name`.
    pub fn set_cookie(&self, name: &str) -> &str {
        match *self.set_cookies(name) {
            [line] => line,
            ref lines => panic!("one Set-Cookie line for {name}, not {lines:?}"),
        }
    }

    /// The body of a script's response.
    pub fn json(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.body);
        serde_json::from_str(&self.body).expect("JSON")
    }
}

/// The cookies that a browser has for one site.
#[derive(Clone, Debug, Default)]
pub struct Jar(BTreeMap<String, String>);

impl Jar {
    /// Applies the `Set-Cookie` lines of a response.
    pub fn take(&mut self, response: &Response) {
        for line in response.values("set-cookie") {
            let pair = line.split(';').next().unwrap_or_default();
            let (name, value) = pair.split_once('=').expect("a cookie has a name");
            if line.contains("Max-Age=0") {
                self.0.remove(name);
            } else {
                self.0.insert(name.into(), value.into());
            }
        }
    }

    /// The `Cookie` headers of a request: at most one.
    pub fn cookies(&self) -> Vec<String> {
        let pairs: Vec<_> = self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if pairs.is_empty() { vec![] } else { vec![pairs.join("; ")] }
    }

    /// The value of the cookie `name`.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}
