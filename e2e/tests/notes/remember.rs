//! "Remember me": whether the session survives the end of the browser.

use std::{path::Path, sync::Arc};

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

/// Runs the checks in a browser with a profile that can have been used before.
async fn visit<F>(driver: &Driver, profile: &Path, checks: impl FnOnce(WebDriver) -> F)
where
    F: Future<Output = WebDriverResult<()>> + Send + 'static,
{
    let browser = driver.browser(profile).await.expect("a browser");
    // In its own task, so that the browser is closed if a check fails.
    let result = tokio::spawn(checks(browser.clone())).await;
    browser.quit().await.expect("the browser closes");
    result.expect("every check holds").expect("the browser runs the commands");
}

pub async fn restarts(engine: Engine, server: Server) {
    let (driver, server) = (Driver::start(engine), Arc::new(server));
    let profile = tempfile::tempdir().expect("a new profile");
    let at = server.clone();
    visit(&driver, profile.path(), |browser| async move {
        open(&browser, &at, "/signup").await?;
        send(&browser, &[("username", "susan"), ("password", PASSWORD)]).await?;
        click(&browser, "form[action='/logout'] button").await?;
        assert!(!log_in(&browser, &at, false).await?, "a cookie without a time");
        Ok(())
    })
    .await;
    let at = server.clone();
    visit(&driver, profile.path(), |browser| async move {
        open(&browser, &at, "/").await?;
        assert_eq!(text(&browser, "h1").await?, "Log in");
        assert!(log_in(&browser, &at, true).await?, "a cookie with a time");
        Ok(())
    })
    .await;
    visit(&driver, profile.path(), |browser| async move {
        open(&browser, &server, "/").await?;
        shows(&browser, "h1", "susan").await
    })
    .await;
}
