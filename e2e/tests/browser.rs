//! The example `login` in real browsers of two engines.

use std::process::Command;

use e2e::{
    another_site::another_site,
    browser::{Driver, Engine, arrives, element, screenshot, text},
    mint::Mint,
    program::example,
    server::{Format, Server},
};
use thirtyfour::{WebDriver, error::WebDriverResult};

/// Logs in, reloads, checks the cookie, and logs out.
async fn a_user_logs_in_reloads_and_logs_out(
    browser: &WebDriver,
    server: &Server,
    name: &str,
) -> WebDriverResult<()> {
    // Over http, a browser keeps a Secure cookie only for `localhost`.
    browser.goto(server.url.replace("127.0.0.1", "localhost")).await?;
    assert_eq!(text(browser, "h1").await?, "Log in");
    screenshot(browser, &format!("{name}-form.png")).await?;

    fill(browser, "Søren <b>", "wrong").await?;
    assert!(text(browser, "[role=alert]").await?.contains("wrong"));
    screenshot(browser, &format!("{name}-wrong.png")).await?;
    fill(browser, "Søren <b>", "wax").await?;
    assert_eq!(text(browser, "h1 b").await?, "Søren <b>");
    browser.refresh().await?;
    assert_eq!(text(browser, "h1").await?, "Hello Søren <b>!");

    let cookies = browser.get_all_cookies().await?;
    let [cookie] = &*cookies else { panic!("one cookie, not {cookies:?}") };
    assert_eq!(cookie.name, server.mint.cookie);
    assert_eq!(cookie.http_only, Some(true));
    assert_eq!(cookie.secure, Some(server.format() == Format::Waxseal));
    assert_eq!(cookie.path.as_deref(), Some("/"));
    let seen = browser.execute("return document.cookie", vec![]).await?;
    assert_eq!(seen.json(), "", "scripts cannot read the cookie");

    element(browser, "summary").await?.click().await?;
    assert!(text(browser, "details").await?.contains(server.mint.cookie));
    screenshot(browser, &format!("{name}-cookie.png")).await?;

    element(browser, "#logout").await?.click().await?;
    element(browser, "#login").await?;
    assert_eq!(text(browser, "h1").await?, "Log in");
    assert!(browser.get_all_cookies().await?.is_empty());
    Ok(())
}

async fn a_user_logs_in_and_out(engine: Engine) {
    let login = example("login");
    let driver = Driver::start(engine);
    for (format, mint, name) in [
        (Format::Waxseal, Mint::waxseal(), "waxseal"),
        (Format::Waxseal, Mint::encrypted(), "encrypted"),
        (Format::Microdot, Mint::microdot(), "microdot"),
    ] {
        let server = Server::start_minted(&mut Command::new(&login), format, mint);
        let profile = tempfile::tempdir().expect("a new profile");
        let browser = driver.browser(profile.path()).await.expect("a browser");
        // In its own task, so that the browser is closed if a check fails.
        let checks = tokio::spawn({
            let browser = browser.clone();
            let name = format!("{name}-{}", engine.name());
            async move { a_user_logs_in_reloads_and_logs_out(&browser, &server, &name).await }
        });
        let result = checks.await;
        browser.quit().await.expect("the browser closes");
        result.expect("every check holds").expect("the browser runs the commands");
    }
}

/// Fills the form and sends it.
async fn fill(browser: &WebDriver, name: &str, password: &str) -> WebDriverResult<()> {
    element(browser, "input[name=username]").await?.send_keys(name).await?;
    element(browser, "input[name=password]").await?.send_keys(password).await?;
    element(browser, "#login").await?.click().await
}

async fn logs_in(browser: &WebDriver, server: &Server, name: &str) -> WebDriverResult<()> {
    browser.goto(server.url.replace("127.0.0.1", "localhost")).await?;
    fill(browser, name, "wax").await?;
    assert_eq!(text(browser, "h1 b").await?, name);
    Ok(())
}

/// A logout everywhere in one browser logs the user out in another.
async fn a_user_logs_out_everywhere(engine: Engine) {
    let place = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(example("login"));
    command.env("REVOCATIONS", format!("sqlite:{}", place.path().join("revoked").display()));
    let server = Server::start(&mut command, Format::Waxseal);
    let drivers = [(); 2].map(|()| Driver::start(engine));
    let profiles = [(); 2].map(|()| tempfile::tempdir().expect("a new profile"));
    let laptop = drivers[0].browser(profiles[0].path()).await.expect("a browser");
    let phone = drivers[1].browser(profiles[1].path()).await.expect("another");
    // In its own task, so that the browsers are closed if a check fails.
    let checks = tokio::spawn({
        let (laptop, phone) = (laptop.clone(), phone.clone());
        async move {
            logs_in(&laptop, &server, "susan").await?;
            logs_in(&phone, &server, "susan").await?;
            screenshot(&laptop, &format!("everywhere-{}.png", engine.name())).await?;
            element(&laptop, "#everywhere").await?.click().await?;
            element(&laptop, "#login").await?;
            phone.refresh().await?;
            assert_eq!(text(&phone, "h1").await?, "Log in");
            // The user can log in again.
            logs_in(&phone, &server, "susan").await
        }
    });
    let result = checks.await;
    laptop.quit().await.expect("the browser closes");
    phone.quit().await.expect("the browser closes");
    result.expect("every check holds").expect("the browsers run the commands");
}

/// S-L13: a form on another site neither logs the user out nor logs in another user.
async fn the_form_of_another_site_is_refused(engine: Engine) {
    let server = Server::start(&mut Command::new(example("login")), Format::Waxseal);
    let home = server.url.replace("127.0.0.1", "localhost");
    let site = another_site(format!(
        r#"<form id="in" method="post" action="{home}/"><input name="username" value="mallory">
           <input name="password" value="wax"></form>
           <form id="out" method="post" action="{home}/logout"></form>
           <button id="login" onclick="document.forms[0].submit()">login</button>
           <button id="logout" onclick="document.forms[1].submit()">logout</button>"#
    ));
    let driver = Driver::start(engine);
    let profile = tempfile::tempdir().expect("a new profile");
    let browser = driver.browser(profile.path()).await.expect("a browser");
    let checks = tokio::spawn({
        let browser = browser.clone();
        async move {
            logs_in(&browser, &server, "susan").await?;
            for button in ["#login", "#logout"] {
                browser.goto(&site).await?;
                element(&browser, button).await?.click().await?;
                arrives(&browser, &home).await?;
                browser.goto(&home).await?;
                assert_eq!(text(&browser, "h1 b").await?, "susan", "{button}");
            }
            WebDriverResult::Ok(())
        }
    });
    let result = checks.await;
    browser.quit().await.expect("the browser closes");
    result.expect("every check holds").expect("the browser runs the commands");
}

#[tokio::test]
async fn chromium_logs_in_and_out() {
    a_user_logs_in_and_out(Engine::Chromium).await;
}

#[tokio::test]
async fn firefox_logs_in_and_out() {
    a_user_logs_in_and_out(Engine::Firefox).await;
}

#[tokio::test]
async fn chromium_logs_out_everywhere() {
    a_user_logs_out_everywhere(Engine::Chromium).await;
}

#[tokio::test]
async fn firefox_logs_out_everywhere() {
    a_user_logs_out_everywhere(Engine::Firefox).await;
}

#[tokio::test]
async fn another_site_is_refused_in_chromium() {
    the_form_of_another_site_is_refused(Engine::Chromium).await;
}

#[tokio::test]
async fn another_site_is_refused_in_firefox() {
    the_form_of_another_site_is_refused(Engine::Firefox).await;
}
