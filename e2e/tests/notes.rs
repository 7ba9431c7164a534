//! The application `notes` in two browsers, which are two devices of one user.

use std::{path::Path, process::Command};

use e2e::{
    browser::{Driver, element, screenshot, text},
    program::notes,
    server::{Format, Server},
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use thirtyfour::{
    By, WebDriver, WebElement, error::WebDriverResult, extensions::query::ElementQueryable as _,
};

const PASSWORD: &str = "correct horse";

fn start(data: &Path) -> Server {
    let mut command = Command::new(notes());
    command.env("DATA", data).env("OPERATIONS_PORT", "0").env_remove("REVOCATIONS");
    Server::start(&mut command, Format::Waxseal)
}

/// Opens a page of the server.
async fn open(browser: &WebDriver, server: &Server, path: &str) -> WebDriverResult<()> {
    // Over http, a browser keeps a Secure cookie only for `localhost`.
    browser.goto(server.url.replace("127.0.0.1", "localhost") + path).await
}

/// Fills the fields of the page's first form, and sends it.
async fn send(browser: &WebDriver, fields: &[(&str, &str)]) -> WebDriverResult<()> {
    for (name, value) in fields {
        element(browser, &format!("[name={name}]")).await?.send_keys(*value).await?;
    }
    click(browser, "main form button").await
}

/// Clicks, and waits for the next page: the click returns before the browser leaves this one.
async fn click(browser: &WebDriver, css: &str) -> WebDriverResult<()> {
    browser.execute("document.body.dataset.old = ''", vec![]).await?;
    element(browser, css).await?.click().await?;
    element(browser, "body:not([data-old])").await.map(drop)
}

/// Waits until an element contains the text.
async fn shows(browser: &WebDriver, css: &str, expected: &str) -> WebDriverResult<()> {
    let expected = expected.to_owned();
    let element = browser.query(By::Css(css)).with_filter(move |element: WebElement| {
        let expected = expected.clone();
        // An error means that the page has changed: then the query looks again.
        async move { Ok(element.text().await.is_ok_and(|text| text.contains(&expected))) }
    });
    element.first().await.map(drop)
}

/// Light and dark, wide and narrow.
async fn pictures(browser: &WebDriver, name: &str) -> WebDriverResult<()> {
    for (width, scheme) in [(1000, "light"), (1000, "dark"), (500, "light")] {
        let script = format!("document.documentElement.style.colorScheme = '{scheme}'");
        browser.execute(script, vec![]).await?;
        browser.set_window_rect(0, 0, width, 900).await?;
        let overflow = browser
            .execute("return document.documentElement.scrollWidth > innerWidth", vec![])
            .await?;
        assert_eq!(overflow.json(), false, "{name} fits into {width} pixels");
        screenshot(browser, &format!("notes-{name}-{width}-{scheme}.png")).await?;
    }
    browser.set_window_rect(0, 0, 1000, 900).await
}

async fn two_devices(
    laptop: &WebDriver,
    phone: &WebDriver,
    mut server: Server,
    data: &Path,
) -> WebDriverResult<()> {
    open(laptop, &server, "/").await?;
    assert_eq!(text(laptop, "h1").await?, "Log in");
    pictures(laptop, "login").await?;
    open(laptop, &server, "/signup").await?;
    send(laptop, &[("username", "Søren <b>"), ("password", PASSWORD)]).await?;
    shows(laptop, ".flash", "Welcome").await?;
    send(laptop, &[("text", "Buy milk\nand <b>bread</b>")]).await?;
    shows(laptop, "#notes li p", "and <b>bread</b>").await?;
    pictures(laptop, "notes").await?;

    // The phone shows a note of the laptop at once, without a reload.
    open(phone, &server, "/login").await?;
    send(phone, &[("username", "søren <b>"), ("password", "wrong horse")]).await?;
    shows(phone, "[role=alert]", "wrong").await?;
    pictures(phone, "wrong").await?;
    // The form keeps no input. SQLite's NOCASE knows ASCII only.
    send(phone, &[("username", "Søren <B>"), ("password", PASSWORD)]).await?;
    shows(phone, ".flash", "You are logged in").await?;
    send(laptop, &[("text", "from the laptop")]).await?;
    shows(phone, "#notes li p", "from the laptop").await?;

    // The laptop logs the phone out, which sees it without a reload, too.
    open(laptop, &server, "/devices").await?;
    shows(laptop, ".rows", "this device").await?;
    pictures(laptop, "devices").await?;
    click(laptop, ".rows button").await?;
    shows(laptop, ".flash", "logged out").await?;
    shows(phone, "#state", "You are logged out").await?;
    screenshot(phone, "notes-revoked.png").await?;
    assert_eq!(phone.query(By::Css("#notes li")).nowait().all_from_selector().await?.len(), 0);
    open(phone, &server, "/").await?;
    assert_eq!(text(phone, "h1").await?, "Log in");

    // Login with the provider.
    click(phone, "form[action='/login-with/start'] button").await?;
    shows(phone, "h1", "The provider").await?;
    pictures(phone, "provider").await?;
    send(phone, &[("user", "ada")]).await?;
    shows(phone, "h1", "ada (provider)").await?;
    open(phone, &server, "/confirm?then=/devices").await?;
    pictures(phone, "confirm").await?;
    click(phone, "main form button").await?;
    send(phone, &[("user", "ada")]).await?;
    shows(phone, "h1", "Your devices").await?;
    open(phone, &server, "/").await?;

    open(laptop, &server, "/admin").await?;
    pictures(laptop, "enter").await?;
    send(laptop, &[("password", PASSWORD)]).await?;
    shows(laptop, ".rows", "administrator").await?;
    pictures(laptop, "admin").await?;
    click(laptop, "form[action='/admin/rotate'] button").await?;
    open(laptop, &server, "/password").await?;
    pictures(laptop, "password").await?;
    send(laptop, &[("password", "another horse")]).await?;
    shows(laptop, ".flash", "Your password is changed").await?;

    // A stop closes the sockets. Both sessions live on in the next process.
    let id = server.id().try_into().expect("a process ID");
    kill(Pid::from_raw(id), Signal::SIGTERM).expect("the server can be stopped");
    shows(phone, "#state", "The connection is closed").await?;
    assert_eq!(server.wait(), Some(0), "a clean end");
    let server = start(data);
    for (browser, name) in [(laptop, "Søren"), (phone, "ada")] {
        open(browser, &server, "/").await?;
        shows(browser, "h1", name).await?;
    }
    click(laptop, "form[action='/logout'] button").await?;
    shows(laptop, "h1", "Log in").await
}

#[tokio::test]
async fn a_user_with_two_devices() {
    let data = tempfile::tempdir().expect("a folder");
    let server = start(data.path());
    let driver = Driver::start();
    let profiles = [(); 2].map(|()| tempfile::tempdir().expect("a new profile"));
    let laptop = driver.browser(profiles[0].path()).await.expect("a browser");
    let phone = driver.browser(profiles[1].path()).await.expect("another");
    // In its own task, so that the browsers are closed if a check fails.
    let checks = tokio::spawn({
        let (laptop, phone, data) = (laptop.clone(), phone.clone(), data.path().to_owned());
        async move { two_devices(&laptop, &phone, server, &data).await }
    });
    let result = checks.await;
    laptop.quit().await.expect("the browser closes");
    phone.quit().await.expect("the browser closes");
    result.expect("every check holds").expect("the browsers run the commands");
}
