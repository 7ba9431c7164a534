//! One user with two devices.

use std::path::Path;

use e2e::{
    browser::{Engine, element, text},
    server::Server,
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use thirtyfour::{By, WebDriver, error::WebDriverResult, extensions::query::ElementQueryable as _};

use crate::{
    PASSWORD,
    page::{click, open, pictures, send, shows},
    start,
};

/// Sign-up, notes that both devices show, login with a password and with the provider, the admin
/// area, and a restart of the server.
pub async fn two_devices(
    engine: Engine,
    [laptop, phone]: &[WebDriver; 2],
    mut server: Server,
    data: &Path,
) -> WebDriverResult<()> {
    open(laptop, &server, "/").await?;
    assert_eq!(text(laptop, "h1").await?, "Log in");
    pictures(engine, laptop, "login").await?;
    open(laptop, &server, "/signup").await?;
    send(laptop, &[("username", "Søren <b>"), ("password", PASSWORD)]).await?;
    shows(laptop, ".flash", "Welcome").await?;
    open(laptop, &server, "/").await?;
    let flashes = laptop.query(By::Css(".flash")).nowait().all_from_selector().await?;
    assert!(flashes.is_empty(), "the message is shown once");
    send(laptop, &[("text", "Buy milk\nand <b>bread</b>")]).await?;
    shows(laptop, "#notes li p", "and <b>bread</b>").await?;
    pictures(engine, laptop, "notes").await?;

    // The phone shows a note of the laptop at once, without a reload.
    open(phone, &server, "/login").await?;
    send(phone, &[("username", "søren <b>"), ("password", "wrong horse")]).await?;
    shows(phone, "[role=alert]", "wrong").await?;
    pictures(engine, phone, "wrong").await?;
    // The form keeps no input. SQLite's NOCASE knows ASCII only.
    send(phone, &[("username", "Søren <B>"), ("password", PASSWORD)]).await?;
    shows(phone, ".flash", "You are logged in").await?;
    send(laptop, &[("text", "from the laptop")]).await?;
    shows(phone, "#notes li p", "from the laptop").await?;

    // The laptop logs the phone out, which sees it without a reload, too.
    open(laptop, &server, "/devices").await?;
    shows(laptop, ".rows", "this device").await?;
    pictures(engine, laptop, "devices").await?;
    click(laptop, ".rows button").await?;
    shows(laptop, ".flash", "logged out").await?;
    shows(phone, "#state", "You are logged out").await?;
    pictures(engine, phone, "revoked").await?;
    let left = phone.query(By::Css("#notes li, nav")).nowait().all_from_selector().await?;
    assert!(left.is_empty(), "the notes and the links are gone");
    open(phone, &server, "/").await?;
    assert_eq!(text(phone, "h1").await?, "Log in");

    // Login with the provider.
    click(phone, "form[action='/login-with/start'] button").await?;
    shows(phone, "h1", "The provider").await?;
    pictures(engine, phone, "provider").await?;
    send(phone, &[("user", "ada")]).await?;
    shows(phone, "h1", "ada (provider)").await?;
    open(phone, &server, "/confirm?then=/devices").await?;
    pictures(engine, phone, "confirm").await?;
    click(phone, "main form button").await?;
    send(phone, &[("user", "ada")]).await?;
    shows(phone, "h1", "Your devices").await?;
    open(phone, &server, "/").await?;

    open(laptop, &server, "/admin").await?;
    pictures(engine, laptop, "enter").await?;
    send(laptop, &[("password", PASSWORD)]).await?;
    shows(laptop, ".rows", "administrator").await?;
    pictures(engine, laptop, "admin").await?;
    click(laptop, "form[action='/admin/rotate'] button").await?;
    open(laptop, &server, "/confirm?then=/password").await?;
    send(laptop, &[("password", "wrong horse")]).await?;
    shows(laptop, "[role=alert]", "wrong").await?;
    send(laptop, &[("password", PASSWORD)]).await?;
    shows(laptop, "h1", "Change your password").await?;
    pictures(engine, laptop, "password").await?;
    send(laptop, &[("password", "another horse")]).await?;
    shows(laptop, ".flash", "Your password is changed").await?;

    // The change has logged out every other device of this user only.
    shows(phone, "#state", "Other windows").await?;

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
    open(laptop, &server, "/devices").await?;
    click(laptop, "form[action='/logout'] button").await?;
    shows(laptop, "h1", "Log in").await?;
    // Not even from the browser's cache.
    laptop.back().await?;
    assert_eq!(text(laptop, "h1").await?, "Log in", "the back button shows no page of the user");
    Ok(())
}

/// The user logs out everywhere, and an administrator locks another user.
pub async fn all_devices_end(
    [laptop, phone]: &[WebDriver; 2],
    server: &Server,
) -> WebDriverResult<()> {
    open(laptop, server, "/signup").await?;
    send(laptop, &[("username", "susan"), ("password", PASSWORD)]).await?;
    open(phone, server, "/login").await?;
    send(phone, &[("username", "susan"), ("password", PASSWORD)]).await?;
    shows(phone, "h1", "susan").await?;
    let (first, second) = (laptop.window().await?, laptop.new_tab().await?);
    laptop.switch_to_window(second.clone()).await?;
    open(laptop, server, "/").await?;
    laptop.switch_to_window(first.clone()).await?;
    open(laptop, server, "/devices").await?;
    click(laptop, "form[action='/devices/end-others'] button").await?;
    shows(laptop, ".flash", "Your other devices are logged out").await?;
    shows(phone, "#state", "You are logged out").await?;
    // The other tab of this device goes on, with the cookie of the first one.
    open(laptop, server, "/").await?;
    send(laptop, &[("text", "from the first tab")]).await?;
    laptop.switch_to_window(second).await?;
    shows(laptop, "#notes li p", "from the first tab").await?;
    shows(laptop, "nav", "Devices").await?;
    laptop.close_window().await?;
    laptop.switch_to_window(first).await?;

    element(phone, "#state a").await?.click().await?;
    send(phone, &[("username", "susan"), ("password", PASSWORD)]).await?;
    shows(phone, "h1", "susan").await?;
    open(laptop, server, "/devices").await?;
    click(laptop, "form[action='/devices/end-all'] button").await?;
    assert_eq!(text(laptop, "h1").await?, "Log in");
    shows(phone, "#state", "You are logged out").await?;
    for browser in [laptop, phone] {
        open(browser, server, "/").await?;
        assert_eq!(text(browser, "h1").await?, "Log in");
    }

    // The first user is the administrator.
    open(phone, server, "/signup").await?;
    send(phone, &[("username", "bob"), ("password", PASSWORD)]).await?;
    shows(phone, "h1", "bob").await?;
    send(laptop, &[("username", "susan"), ("password", PASSWORD)]).await?;
    open(laptop, server, "/admin").await?;
    send(laptop, &[("password", PASSWORD)]).await?;
    click(laptop, "form[action='/admin/lock'] button").await?;
    shows(laptop, ".rows", "locked").await?;
    shows(phone, "#state", "You are logged out").await?;
    open(phone, server, "/login").await?;
    send(phone, &[("username", "bob"), ("password", PASSWORD)]).await?;
    shows(phone, "[role=alert]", "wrong").await
}
