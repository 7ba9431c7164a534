//! Three tabs that log in with the provider at the same time.

use e2e::{
    browser::{element, text},
    server::Server,
};
use thirtyfour::{WebDriver, error::WebDriverResult};

use crate::page::{click, open, send, shows};

pub async fn three_tabs(browser: &WebDriver, server: &Server) -> WebDriverResult<()> {
    let mut tabs = vec![browser.window().await?];
    for _ in 0..2 {
        tabs.push(browser.new_tab().await?);
    }
    for tab in &tabs {
        browser.switch_to_window(tab.clone()).await?;
        open(browser, server, "/login").await?;
        click(browser, "form[action='/login-with/start'] button").await?;
        shows(browser, "h1", "The provider").await?;
    }
    // The last attempt ends first, and each has a cookie of its own.
    for (tab, name) in tabs.iter().zip(["ada", "grace", "edsger"]).rev() {
        browser.switch_to_window(tab.clone()).await?;
        send(browser, &[("user", name)]).await?;
        shows(browser, "h1", &format!("{name} (provider)")).await?;
    }
    let cookies = browser.get_all_cookies().await?;
    let [cookie] = &*cookies else { panic!("the session only, not {cookies:?}") };
    assert_eq!(cookie.name, "__Host-session");

    // One browser has one session: the other tabs show its user from now on.
    for tab in tabs {
        browser.switch_to_window(tab).await?;
        open(browser, server, "/").await?;
        shows(browser, "h1", "ada (provider)").await?;
    }
    // An attempt that this browser has not started is refused.
    open(browser, server, "/login-with/callback?state=AAAAAAAAAAAAAAAAAAAAAA&code=A").await?;
    assert_eq!(text(browser, "[role=alert]").await?, "This login attempt is over.");
    element(browser, ".aside a").await?.click().await?;
    shows(browser, "h1", "ada (provider)").await
}
