//! Checks the login page with a sequence of requests.

use alloc::{format, string::String};

use picoserve::{Router, routing::PathRouter};
use waxseal_picoserve::{CookieSpec, Sealer, Secret, SessionLayer, UnixTime};

use crate::{Checked, check, handlers, support::exchange};

const BUFFER: usize = 2048;

pub fn all() -> Checked {
    let app = handlers::app(layer(1_800_000_000).ok_or("the layer can be built")?);
    let form = fetch(&app, "GET / HTTP/1.1", "", "");
    check("the page shows the login form", form.contains("name=\"username\""))?;
    check("the login form sets no cookie", !form.contains("set-cookie"))?;

    let response = fetch(&app, "POST / HTTP/1.1", "", "username=susan&password=wax");
    let redirects = response.starts_with("HTTP/1.1 303 ") && response.contains("Location: /\r\n");
    check("a login redirects", redirects)?;
    let cookie = cookie(&response).ok_or("a login sets the cookie")?;
    let page = fetch(&app, "GET / HTTP/1.1", &cookie, "");
    check("the page shows the user name", page.contains("Hello <b>susan</b>!"))?;
    check("the page is private", page.contains("cache-control: private\r\n"))?;
    let forged = cookie.replacen('.', ".x", 1);
    let page = fetch(&app, "GET / HTTP/1.1", &forged, "");
    check("a forged cookie gives the login form", page.contains("name=\"username\""))?;

    let response = fetch(&app, "POST /logout HTTP/1.1", &cookie, "");
    check("a logout removes the cookie", response.contains("set-cookie: session=; Path=/"))?;
    let response = fetch(&app, "GET / HTTP/1.1", &"x".repeat(BUFFER), "");
    check("a head over the buffer is a 400", response.starts_with("HTTP/1.1 400 "))?;

    let app = handlers::app(layer(0).ok_or("a second layer can be built")?);
    let page = fetch(&app, "GET / HTTP/1.1", &cookie, "");
    check("without a clock, the cookie gives the login form", page.contains("name=\"username\""))?;
    let response = fetch(&app, "POST / HTTP/1.1", "", "username=susan&password=wax");
    check("without a clock, a login fails", response.starts_with("HTTP/1.1 500 "))?;
    check("without a clock, a login sets no cookie", !response.contains("set-cookie"))
}

fn layer(now: u64) -> Option<SessionLayer> {
    let sealer = Sealer::builder(Secret::new([7; 32]).ok()?)
        .cookie(CookieSpec::insecure_http())
        .max_token_bytes(BUFFER - 1024)
        .build();
    Some(SessionLayer::new(sealer.ok()?, move || UnixTime::from_secs(now)))
}

fn fetch(app: &Router<impl PathRouter>, line: &str, cookie: &str, body: &str) -> String {
    let length = body.len();
    let request = format!(
        "{line}\r\nhost: board\r\ncookie: {cookie}\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    String::from_utf8_lossy(&exchange(app, BUFFER, request.as_bytes())).into_owned()
}

fn cookie(response: &str) -> Option<String> {
    let (_, line) = response.split_once("set-cookie: ")?;
    line.split(';').next().map(String::from)
}
