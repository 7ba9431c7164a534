//! Commands on a page of the application.

use e2e::{
    browser::{Engine, element, screenshot},
    server::Server,
};
use thirtyfour::{
    By, WebDriver, WebElement, error::WebDriverResult, extensions::query::ElementQueryable as _,
};

/// Opens a page of the server.
pub async fn open(browser: &WebDriver, server: &Server, path: &str) -> WebDriverResult<()> {
    // Over http, a browser keeps a Secure cookie only for `localhost`.
    browser.goto(server.url.replace("127.0.0.1", "localhost") + path).await
}

/// Fills the fields of the page's first form, and sends it.
pub async fn send(browser: &WebDriver, fields: &[(&str, &str)]) -> WebDriverResult<()> {
    for (name, value) in fields {
        element(browser, &format!("[name={name}]")).await?.send_keys(*value).await?;
    }
    click(browser, "main form button").await
}

/// Clicks, and waits for the next page: the click returns before the browser leaves this one.
pub async fn click(browser: &WebDriver, css: &str) -> WebDriverResult<()> {
    browser.execute("document.body.dataset.old = ''", vec![]).await?;
    element(browser, css).await?.click().await?;
    element(browser, "body:not([data-old])").await.map(drop)
}

/// Waits until an element contains the text.
pub async fn shows(browser: &WebDriver, css: &str, expected: &str) -> WebDriverResult<()> {
    let description = format!("with the text {expected:?}");
    let expected = expected.to_owned();
    let element =
        browser.query(By::Css(css)).desc(&description).with_filter(move |element: WebElement| {
            let expected = expected.clone();
            // An error means that the page has changed: then the query looks again.
            async move { Ok(element.text().await.is_ok_and(|text| text.contains(&expected))) }
        });
    element.first().await.map(drop)
}

/// Light and dark, wide and narrow.
pub async fn pictures(engine: Engine, browser: &WebDriver, name: &str) -> WebDriverResult<()> {
    for (width, scheme) in [(1000, "light"), (1000, "dark"), (500, "light")] {
        engine.prefer(browser, scheme).await?;
        browser.set_window_rect(0, 0, width, 900).await?;
        let overflow = browser
            .execute("return document.documentElement.scrollWidth > innerWidth", vec![])
            .await?;
        assert_eq!(overflow.json(), false, "{name} fits into {width} pixels");
        let file = format!("notes-{name}-{width}-{scheme}-{}.png", engine.name());
        screenshot(browser, &file).await?;
    }
    browser.set_window_rect(0, 0, 1000, 900).await
}
