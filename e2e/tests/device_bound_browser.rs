//! Device-bound sessions in a real browser.

use e2e::{
    browser::{Driver, Engine, delete_cookie, fetch, has_cookie},
    device::{COOKIE, DeviceServer, arguments, probe},
    https::Exchange,
};
use thirtyfour::{WebDriver, error::WebDriverResult};

/// The other tests of this file need what this one tests.
#[tokio::test]
async fn chromium_supports_device_bound_sessions() {
    let driver = Driver::start(Engine::Chromium);
    probe(&driver).await.unwrap_or_else(|problem| panic!("{problem}"));
}

fn refreshes(server: &DeviceServer) -> Vec<Exchange> {
    let exchanges = server.https().exchanges().into_iter();
    exchanges.filter(|exchange| exchange.request == "POST /refresh").collect()
}

async fn the_browser_refreshes(browser: &WebDriver, server: &DeviceServer) -> WebDriverResult<()> {
    assert_eq!(server.register_and_refresh(browser, 1).await?, None);
    let first = refreshes(server);
    let statuses = |exchanges: &[Exchange]| {
        exchanges.iter().map(|exchange| exchange.status.as_u16()).collect::<Vec<_>>()
    };
    assert_eq!(statuses(&first), [403, 200], "no proof, and then one");
    let proofs = |exchanges: &[Exchange]| {
        let sent =
            |exchange: &Exchange| exchange.sent("secure-session-response").map(str::to_owned);
        exchanges.iter().map(sent).collect::<Vec<_>>()
    };
    let used = proofs(&first)[1].clone();
    assert_eq!(proofs(&first), [None, used.clone()]);

    // Requests at the same time wait for one refresh.
    delete_cookie(browser, COOKIE).await?;
    let responses = fetch(browser, &["/", "/", "/", "/"]).await?;
    assert_eq!(responses, vec![(200, "bound".to_owned()); 4]);
    assert!(has_cookie(browser, COOKIE).await?);

    // A refresh begins with the last proof, however old it is: a server must answer a challenge
    // that has expired with a new one.
    let second = refreshes(server).split_off(first.len());
    assert_eq!(statuses(&second), [403, 200]);
    assert_eq!(proofs(&second)[0], used);
    assert_ne!(proofs(&second)[1], used);
    for exchange in refreshes(server) {
        assert_eq!(exchange.sent("sec-secure-session-id"), Some("session-1"), "without quotes");
        assert_eq!(exchange.sent("origin"), Some(server.https().url()));
        assert_eq!(exchange.sent("sec-fetch-site"), Some("same-origin"));
    }
    Ok(())
}

async fn the_session_survives(browser: &WebDriver, server: &DeviceServer) -> WebDriverResult<()> {
    assert_eq!(server.register_and_refresh(browser, 1).await?, None);
    delete_cookie(browser, COOKIE).await?;
    server.set_outage(true);
    assert_eq!(fetch(browser, &["/page"]).await?, [(503, String::new())]);
    let page = server.https().answered("GET /page", 1).await.expect("the page");
    let skipped = r#"server_error;session_identifier="session-1""#;
    assert_eq!(page.sent("secure-session-skipped"), Some(skipped));
    server.set_outage(false);
    assert_eq!(fetch(browser, &["/"]).await?, [(200, "bound".to_owned())]);
    Ok(())
}

/// Runs the checks in a new browser.
async fn with_browser<F>(checks: impl FnOnce(WebDriver, DeviceServer) -> F)
where
    F: Future<Output = WebDriverResult<()>> + Send + 'static,
{
    let driver = Driver::start(Engine::Chromium);
    probe(&driver).await.unwrap_or_else(|problem| panic!("{problem}"));
    let server = DeviceServer::start().await;
    let profile = tempfile::tempdir().expect("a new profile");
    let browser = driver.browser_with(profile.path(), &arguments(server.https())).await;
    let browser = browser.expect("a browser");
    // In its own task, so that the browser is closed if a check fails.
    let result = tokio::spawn(checks(browser.clone(), server)).await;
    browser.quit().await.expect("the browser closes");
    result.expect("every check holds").expect("the browser runs the commands");
}

#[tokio::test]
async fn a_refresh_begins_with_the_last_proof() {
    with_browser(|browser, server| async move { the_browser_refreshes(&browser, &server).await })
        .await;
}

/// A 503 leaves the session in the browser; a 4xx ends it.
#[tokio::test]
async fn an_outage_does_not_end_the_session() {
    with_browser(|browser, server| async move { the_session_survives(&browser, &server).await })
        .await;
}
