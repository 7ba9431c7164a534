//! "Remember me": whether the session survives the end of the browser.

use e2e::{
    browser::{Driver, Engine, element, text},
    server::Server,
};
use thirtyfour::{WebDriver, error::WebDriverResult};

use crate::{
    PASSWORD,
    page::{click, open, send, shows},
};

/// Logs in, and returns whether the browser keeps the cookie when it closes.
async fn log_in(browser: &WebDriver, server: &Server, remember: bool) -> WebDriverResult<bool> {
    open(browser, server, "/login").await?;
    if remember {
        element(browser, "[name=remember]").await?.click().await?;
    }
    send(browser, &[("username", "susan"), ("password", PASSWORD)]).await?;
    shows(browser, "h1", "susan").await?;
    let cookie = browser.get_named_cookie("__Host-session").await?;
    Ok(cookie.expiry.is_some())
}

pub async fn a_restart(engine: Engine, server: Server) -> WebDriverResult<()> {
    let driver = Driver::start(engine);
    let profile = tempfile::tempdir().expect("a new profile");
    let browser = driver.browser(profile.path()).await?;
    open(&browser, &server, "/signup").await?;
    send(&browser, &[("username", "susan"), ("password", PASSWORD)]).await?;
    click(&browser, "form[action='/logout'] button").await?;
    assert!(!log_in(&browser, &server, false).await?, "a cookie without a time");
    browser.quit().await?;

    let browser = driver.browser(profile.path()).await?;
    open(&browser, &server, "/").await?;
    assert_eq!(text(&browser, "h1").await?, "Log in");
    assert!(log_in(&browser, &server, true).await?, "a cookie with a time");
    browser.quit().await?;

    let browser = driver.browser(profile.path()).await?;
    open(&browser, &server, "/").await?;
    shows(&browser, "h1", "susan").await?;
    browser.quit().await
}
