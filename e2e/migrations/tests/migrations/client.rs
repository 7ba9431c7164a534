//! An HTTP client with a browser's cookies.

use std::{collections::BTreeMap, time::Duration};

use ureq::{Agent, http};

/// A browser at one server. It follows no redirects.
#[derive(Clone)]
pub struct Browser {
    agent: Agent,
    url: String,
    /// The cookies, by name.
    pub cookies: BTreeMap<String, String>,
}

/// The parts of a response that the tests read.
pub struct Response {
    pub status: u16,
    /// The `Set-Cookie` lines.
    pub lines: Vec<String>,
    pub body: String,
}

impl Browser {
    pub fn at(url: &str) -> Self {
        let config = Agent::config_builder()
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_mins(1)))
            .build();
        Self { agent: config.into(), url: url.into(), cookies: BTreeMap::new() }
    }

    /// The same cookies, at another server.
    pub fn moved_to(&self, url: &str) -> Self {
        Self { url: url.into(), ..self.clone() }
    }

    /// The text of the page.
    pub fn page(&mut self) -> String {
        let response = self.get();
        assert_eq!(response.status, 200);
        response.body
    }

    pub fn get(&mut self) -> Response {
        self.send("GET", "/", String::new())
    }

    /// Submits a form to `path`, which redirects.
    pub fn post(&mut self, path: &str) -> Response {
        let response = self.send("POST", path, String::new());
        assert_eq!(response.status, 303);
        response
    }

    /// Submits the login form.
    pub fn log_in(&mut self, username: &str, password: &str) -> Response {
        self.send("POST", "/", format!("username={username}&password={password}"))
    }

    fn send(&mut self, method: &str, path: &str, form: String) -> Response {
        let mut request =
            http::Request::builder().method(method).uri(format!("{}{path}", self.url));
        if !self.cookies.is_empty() {
            let pairs = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
            request = request.header("cookie", pairs.collect::<Vec<_>>().join("; "));
        }
        if method == "POST" {
            request = request.header("content-type", "application/x-www-form-urlencoded");
        }
        let request = request.body(form).expect("a request");
        let mut response = self.agent.run(request).expect("a response");
        let lines = response.headers().get_all("set-cookie").iter();
        let lines: Vec<_> = lines.map(|line| line.to_str().expect("ASCII").to_owned()).collect();
        for line in &lines {
            let pair = line.split(';').next().unwrap_or_default();
            let (name, value) = pair.split_once('=').expect("a cookie has a name");
            if line.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.into(), value.into());
            }
        }
        let body = response.body_mut().read_to_string().expect("text");
        Response { status: response.status().as_u16(), lines, body }
    }
}
