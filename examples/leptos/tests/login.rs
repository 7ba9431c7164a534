//! The page and the server functions, over HTTP and without WebAssembly.

use std::{net::SocketAddr, thread, time::Duration};

use axum::Router;
use login_leptos::{app, app_without_page};
use ureq::{Agent, http};
use waxseal::{BuildError, Secret};

fn start() -> String {
    start_with(app)
}

/// Starts an application in a thread that ends with the tests. Returns its URL.
fn start_with(app: fn(Secret) -> Result<Router, BuildError>) -> String {
    let listener = std::net::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)));
    let listener = listener.expect("a listener");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async {
            listener.set_nonblocking(true).expect("a listener");
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
            let app = app(Secret::new([7; 32]).expect("a secret")).expect("an application");
            axum::serve(listener, app).await
        })
    });
    url
}

struct Response {
    status: u16,
    headers: http::HeaderMap,
    body: String,
}

impl Response {
    /// The cookie that the response sets, as a browser sends it.
    fn cookie(&self) -> Option<&str> {
        let line = self.headers.get("set-cookie")?.to_str().expect("ASCII");
        line.split(';').next()
    }
}

fn send(method: &str, url: &str, form: &str, headers: &[(&str, &str)]) -> Response {
    let config = Agent::config_builder()
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_mins(1)))
        .build();
    // The headers of a browser that submits a form.
    let request = http::Request::builder()
        .method(method)
        .uri(url)
        .header("accept", "text/html")
        .header("referer", url)
        .header("content-type", "application/x-www-form-urlencoded");
    let request =
        headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let request = request.body(form.to_owned()).expect("a request");
    let response = Agent::from(config).run(request).expect("a response");
    let (head, mut body) = response.into_parts();
    let body = body.read_to_string().expect("text");
    Response { status: head.status.as_u16(), headers: head.headers, body }
}

fn get(url: &str, cookie: &str) -> Response {
    send("GET", url, "", &[("cookie", cookie)])
}

/// The action of the form in the page whose text contains `name`.
fn action(page: &str, name: &str) -> String {
    let actions = page.split("action=\"").skip(1).filter_map(|rest| rest.split('"').next());
    let mut actions = actions.filter(|action| action.contains(name));
    actions.next().unwrap_or_else(|| panic!("no form for {name} in {page}")).to_owned()
}

#[test]
fn the_forms_log_in_and_out_without_webassembly() {
    let url = start();
    let page = get(&url, "");
    assert_eq!(page.status, 200);
    assert!(
        page.body.contains("Not logged in") && page.body.contains("No orders"),
        "{}",
        page.body
    );
    assert_eq!(page.headers["vary"], "Cookie");

    let log_in = format!("{url}{}", action(&page.body, "log-in"));
    let wrong = send("POST", &log_in, "username=susan&password=honey", &[]);
    assert_eq!((wrong.status, wrong.cookie()), (302, None));
    let right = send("POST", &log_in, "username=susan&password=wax", &[]);
    assert_eq!(
        (right.status, &right.headers["location"]),
        (302, &http::HeaderValue::from_static("/"))
    );
    let cookie = right.cookie().expect("a cookie");
    assert!(cookie.starts_with("__Host-session="), "{cookie}");

    let page = get(&url, cookie);
    assert!(page.body.contains("Hello <b>susan"), "{}", page.body);
    assert!(page.body.contains("2 orders of susan"), "{}", page.body);
    let user = send("POST", &format!("{url}/api/user"), "", &[("cookie", cookie), ("accept", "x")]);
    assert!(user.body.contains("susan"), "{}", user.body);

    let log_out = format!("{url}{}", action(&page.body, "log-out"));
    let out = send("POST", &log_out, "", &[("cookie", cookie)]);
    assert_eq!((out.status, out.cookie()), (302, Some("__Host-session=")));
}

#[test]
fn the_page_streams() {
    let page = get(&start(), "");
    let part = |text: &str| page.body.find(text).unwrap_or_else(|| panic!("{text}: {}", page.body));
    // The first part has a place for the second one, which comes after the end of the document.
    assert!(part("Your orders are loading") < part("</html>"));
    assert!(part("</html>") < part("No orders"));
}

#[test]
fn a_session_that_is_used_while_the_page_streams_is_an_error() {
    for (url, error) in [
        (start(), "the response head is complete; save or delete the session earlier"),
        (start_with(app_without_page), "error running server function: Finished"),
    ] {
        let page = get(&format!("{url}/late"), "");
        assert_eq!((page.status, page.cookie()), (200, None), "the head is sent before the error");
        assert!(page.body.contains("The session is loading"), "{}", page.body);
        assert!(page.body.contains(error), "{}", page.body);
    }
}

#[test]
fn a_form_of_another_site_is_refused() {
    let url = format!("{}/api/log-in", start());
    let form = "username=susan&password=wax";
    let other = send("POST", &url, form, &[("sec-fetch-site", "cross-site")]);
    assert_eq!((other.status, other.cookie()), (403, None));
}
