//! The application `notes` in real browsers of two engines.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use e2e::{
    browser::{Driver, Engine},
    program::notes,
    server::{Format, Server},
};
use thirtyfour::{WebDriver, error::WebDriverResult};

#[path = "notes/another_site.rs"]
mod another_site;
#[path = "notes/devices.rs"]
mod devices;
#[path = "notes/page.rs"]
mod page;
#[path = "notes/provider.rs"]
mod provider;
#[path = "notes/remember.rs"]
mod remember;

const PASSWORD: &str = "correct horse";

fn start(data: &Path) -> Server {
    let mut command = Command::new(notes());
    command.env("DATA", data).env("OPERATIONS_PORT", "0").env_remove("REVOCATIONS");
    Server::start(&mut command, Format::Waxseal)
}

/// Runs the checks with a new server and new browsers, which are closed if a check fails.
async fn with_browsers<const N: usize, F>(
    engine: Engine,
    checks: impl FnOnce([WebDriver; N], Server, PathBuf) -> F,
) where
    F: Future<Output = WebDriverResult<()>> + Send + 'static,
{
    let data = tempfile::tempdir().expect("a folder");
    let server = start(data.path());
    let drivers = [(); N].map(|()| Driver::start(engine));
    let profiles = [(); N].map(|()| tempfile::tempdir().expect("a new profile"));
    let mut browsers = vec![];
    for (driver, profile) in drivers.iter().zip(&profiles) {
        browsers.push(driver.browser(profile.path()).await.expect("a browser"));
    }
    let all = browsers.clone().try_into().expect("one for each driver");
    // In its own task, so that the browsers are closed if a check fails.
    let result = tokio::spawn(checks(all, server, data.path().to_owned())).await;
    for browser in browsers {
        browser.quit().await.expect("the browser closes");
    }
    result.expect("every check holds").expect("the browsers run the commands");
}

async fn a_user_with_two_devices(engine: Engine) {
    with_browsers(engine, |browsers, server, data| async move {
        devices::two_devices(engine, &browsers, server, &data).await
    })
    .await;
}

async fn all_devices_of_a_user_end(engine: Engine) {
    with_browsers(engine, |browsers, server, _| async move {
        devices::all_devices_end(&browsers, &server).await
    })
    .await;
}

async fn a_user_is_remembered(engine: Engine) {
    let data = tempfile::tempdir().expect("a folder");
    remember::restarts(engine, start(data.path())).await;
}

async fn three_tabs_log_in_with_the_provider(engine: Engine) {
    with_browsers(engine, |[browser], server, _| async move {
        provider::three_tabs(&browser, &server).await
    })
    .await;
}

async fn another_site_can_do_nothing(engine: Engine) {
    with_browsers(engine, |[browser], server, _| async move {
        another_site::another_site_can_do_nothing(&browser, &server).await
    })
    .await;
}

#[tokio::test]
async fn two_devices_in_chromium() {
    a_user_with_two_devices(Engine::Chromium).await;
}

#[tokio::test]
async fn two_devices_in_firefox() {
    a_user_with_two_devices(Engine::Firefox).await;
}

#[tokio::test]
async fn all_devices_end_in_chromium() {
    all_devices_of_a_user_end(Engine::Chromium).await;
}

#[tokio::test]
async fn all_devices_end_in_firefox() {
    all_devices_of_a_user_end(Engine::Firefox).await;
}

#[tokio::test]
async fn remember_me_in_chromium() {
    a_user_is_remembered(Engine::Chromium).await;
}

#[tokio::test]
async fn remember_me_in_firefox() {
    a_user_is_remembered(Engine::Firefox).await;
}

#[tokio::test]
async fn three_tabs_in_chromium() {
    three_tabs_log_in_with_the_provider(Engine::Chromium).await;
}

#[tokio::test]
async fn three_tabs_in_firefox() {
    three_tabs_log_in_with_the_provider(Engine::Firefox).await;
}

#[tokio::test]
async fn another_site_in_chromium() {
    another_site_can_do_nothing(Engine::Chromium).await;
}

#[tokio::test]
async fn another_site_in_firefox() {
    another_site_can_do_nothing(Engine::Firefox).await;
}
