//! A page of another site, which the user opens while logged in.

use e2e::{
    another_site::another_site,
    browser::{arrives, element},
    server::Server,
};
use thirtyfour::{WebDriver, error::WebDriverResult};

use crate::{
    PASSWORD,
    page::{open, send, shows},
};

/// It can neither send forms of the user, nor read the notes over a WebSocket.
pub async fn another_site_can_do_nothing(
    browser: &WebDriver,
    server: &Server,
) -> WebDriverResult<()> {
    let home = server.url.replace("127.0.0.1", "localhost");
    let socket = home.replace("http", "ws");
    let site = another_site(format!(
        r#"<form id="write" method="post" action="{home}/"><input name="text" value="mallory"></form>
           <form id="in" method="post" action="{home}/signup"><input name="username" value="mallory">
           <input name="password" value="mallory's"></form>
           <form id="out" method="post" action="{home}/logout"></form>
           <form id="all" method="post" action="{home}/devices/end-all"></form>
           <p></p>
           <script>
             const socket = new WebSocket("{socket}/live")
             const say = text => document.querySelector("p").textContent = text
             socket.onopen = () => say("open")
             socket.onerror = () => say("refused")
           </script>"#
    ));
    open(browser, server, "/signup").await?;
    send(browser, &[("username", "susan"), ("password", PASSWORD)]).await?;
    shows(browser, "#state", "Other windows").await?;
    for form in ["write", "in", "out", "all"] {
        browser.goto(&site).await?;
        shows(browser, "p", "refused").await?;
        browser.execute(format!("document.querySelector('#{form}').submit()"), vec![]).await?;
        arrives(browser, &home).await?;
        open(browser, server, "/").await?;
        shows(browser, "h1", "susan").await?;
        element(browser, "#notes .empty").await?;
    }
    // A link of another site works: the cookie is SameSite=Lax.
    browser.goto(&site).await?;
    browser.execute(format!("location.href = '{home}'"), vec![]).await?;
    shows(browser, "h1", "susan").await
}
