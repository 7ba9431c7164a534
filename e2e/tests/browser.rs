//! A real browser at the example `login`. `CHROMIUM` and `CHROMEDRIVER` are the
//! programs, found on the PATH where they are not set; the screenshots go to
//! the folder that `SCREENSHOTS` names, if it is set.

use std::{
    env, fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use e2e::{
    example::example,
    server::{Dialect, Server},
};
use fantoccini::{Client, ClientBuilder, Locator};
use serde_json::{Value, json};

/// Chromedriver, which ends with the test.
struct Driver {
    child: Child,
    url: String,
}

impl Driver {
    fn start() -> Self {
        let program = env::var("CHROMEDRIVER").unwrap_or_else(|_| "chromedriver".into());
        let mut child = Command::new(program)
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver starts");
        let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let port = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| {
                line.split_once("successfully on port ")
                    .map(|(_, port)| port.trim_end_matches('.').to_owned())
            })
            .expect("chromedriver says where it listens");
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, url: format!("http://127.0.0.1:{port}") }
    }

    async fn browser(&self, profile: &Path) -> Client {
        let mut options = json!({
            "args": [
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--window-size=1000,1250",
                format!("--user-data-dir={}", profile.display()),
            ],
        });
        if let Ok(chromium) = env::var("CHROMIUM") {
            options["binary"] = chromium.into();
        }
        let Value::Object(capabilities) = json!({"goog:chromeOptions": options}) else {
            unreachable!("an object");
        };
        let mut builder =
            ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new());
        builder.capabilities(capabilities).connect(&self.url).await.expect("a browser")
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn text(browser: &Client, selector: &str) -> String {
    let element = browser.wait().for_element(Locator::Css(selector)).await;
    element.expect(selector).text().await.expect("its text")
}

async fn click(browser: &Client, selector: &str) {
    let element = browser.wait().for_element(Locator::Css(selector)).await;
    element.expect(selector).click().await.expect("a click");
}

async fn screenshot(browser: &Client, name: &str) {
    if let Ok(folder) = env::var("SCREENSHOTS") {
        fs::create_dir_all(&folder).expect("the folder for screenshots");
        let png = browser.screenshot().await.expect("a screenshot");
        fs::write(Path::new(&folder).join(name), png).expect("it is written");
    }
}

/// Logs in, reloads, looks at the cookie, logs out.
async fn login_reload_logout(browser: &Client, server: &Server, name: &str) {
    // `localhost`: only there does a browser keep a Secure cookie over http.
    let url = server.url.replace("127.0.0.1", "localhost");
    browser.goto(&url).await.expect("the page");
    assert_eq!(text(browser, "h1").await, "Log in");
    screenshot(browser, &format!("{name}-form.png")).await;

    let field = browser.find(Locator::Css("input[name=username]")).await.expect("the field");
    field.send_keys("Søren <b>").await.expect("typing");
    click(browser, "#login").await;
    assert_eq!(text(browser, "h1 b").await, "Søren <b>");
    browser.refresh().await.expect("a reload");
    assert_eq!(text(browser, "h1").await, "Hello Søren <b>!");

    let cookies = browser.get_all_cookies().await.expect("the cookies");
    let [cookie] = &*cookies else { panic!("one cookie, not {cookies:?}") };
    assert_eq!(cookie.name(), server.mint.cookie);
    assert_eq!(cookie.http_only(), Some(true));
    assert_eq!(cookie.secure(), Some(server.dialect() == Dialect::Waxseal));
    assert_eq!(cookie.path(), Some("/"));
    let seen = browser.execute("return document.cookie", vec![]).await.expect("a script");
    assert_eq!(seen, "", "no script sees the cookie");

    click(browser, "summary").await;
    assert!(text(browser, "details").await.contains(server.mint.cookie));
    screenshot(browser, &format!("{name}-cookie.png")).await;

    click(browser, "#logout").await;
    assert_eq!(text(browser, "h1").await, "Log in");
    assert!(browser.get_all_cookies().await.expect("the cookies").is_empty());
}

#[tokio::test]
async fn a_person_logs_in_and_out() {
    let login = example("login");
    let driver = Driver::start();
    for (dialect, name) in [(Dialect::Waxseal, "waxseal"), (Dialect::Microdot, "microdot")] {
        let server = Server::start(&mut Command::new(&login), dialect);
        let profile = tempfile::tempdir().expect("a new profile");
        let browser = driver.browser(profile.path()).await;
        // A task of its own, so that the browser is closed if a check fails.
        let checks = tokio::spawn({
            let browser = browser.clone();
            async move { login_reload_logout(&browser, &server, name).await }
        });
        let result = checks.await;
        browser.close().await.expect("the browser closes");
        result.expect("every check holds");
    }
}
