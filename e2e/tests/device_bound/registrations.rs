//! Registrations beside other requests, and after a login that begins at another site.

use std::time::Duration;

use e2e::{
    another_site::another_site,
    browser::{element, fetch, has_cookie},
    https::Exchange,
};
use thirtyfour::error::WebDriverResult;

use super::{
    application::opened,
    site::{Jar, REGISTER, Site},
    user::{User, proof_name, supported, with_browser},
};

const TWO_LOGINS: &str = "
    const done = arguments[0];
    const body = new URLSearchParams({user: 'susan'});
    const log_in = () => fetch('/login', {method: 'POST', body});
    Promise.all([log_in(), log_in()]).then(() => done(null));";

/// The second login replaces the session of the first one in both tabs.
#[tokio::test]
async fn two_tabs_log_in() {
    supported().await;
    with_browser(Site::start().await, async move |user| {
        let browser = user.browser();
        let first = browser.window().await?;
        user.log_in_bound("susan", 1).await?;
        browser.switch_to_window(browser.new_tab().await?).await?;
        user.log_in_bound("susan", 2).await?;
        browser.switch_to_window(first).await?;
        assert_eq!(user.visit_without_proof().await?, "susan, bound");
        Ok(())
    })
    .await;
}

/// A user clicks twice. The session of the last login is bound.
#[tokio::test]
async fn two_logins_at_once_leave_one_session() {
    supported().await;
    with_browser(Site::start().await, async move |user| {
        for _ in 0..5 {
            user.visit().await?;
            user.browser().execute_async(TWO_LOGINS, vec![]).await?;
            becomes_bound(&user).await?;
        }
        Ok(())
    })
    .await;
}

/// A request, with the sessions of its cookie and of the cookie that its response sets.
fn history(exchange: &Exchange) -> String {
    let presented = exchange.sent("cookie").map(Jar::sent).unwrap_or_default();
    let set = Jar::set_by(&exchange.response_headers);
    let [presented, set] = [presented, set].map(|jar| jar.session());
    format!("{} {} {presented} -> {set}", exchange.request, exchange.status.as_u16())
}

/// Waits until the session is bound, however many registrations that takes.
async fn becomes_bound(user: &User) -> WebDriverResult<()> {
    let logins = user.site.exchanges("POST /login").len();
    user.site.https.answered(REGISTER, logins).await.expect("a registration for each login");
    let mut who = String::new();
    for _ in 0..20 {
        who = user.visit().await?;
        if who == "susan, bound" {
            return Ok(());
        }
    }
    let history: Vec<_> = user.site.https.exchanges().iter().map(history).collect();
    panic!("after {logins} logins: {who}\n{}", history.join("\n"))
}

/// The server has bound the first session when the second login replaces it. The response to the
/// registration arrives last.
#[tokio::test]
async fn a_registration_does_not_undo_a_later_login() {
    supported().await;
    with_browser(Site::start().await, async move |user| {
        let gates = &user.site.gates;
        gates.first_response.send_replace(false);
        user.log_in("susan").await?;
        let registered = gates.registered.subscribe().wait_for(|number| *number == 1).await.is_ok();
        assert!(registered);
        user.log_in("susan").await?;
        // The response to the second registration, then the first one.
        user.site.https.answered(REGISTER, 1).await.expect("the second registration");
        gates.first_response.send_replace(true);
        user.site.https.answered(REGISTER, 2).await.expect("the first registration");
        becomes_bound(&user).await
    })
    .await;
}

/// A request begins before the registration, and saves the session after it.
#[tokio::test]
async fn a_save_that_races_the_registration_is_healed() {
    supported().await;
    with_browser(Site::start().await, async move |user| {
        let (site, browser) = (user.site.clone(), user.browser());
        site.gates.registrations.send_replace(false);
        user.log_in("susan").await?;
        let start = "window.saved = fetch('/held-count', {method: 'POST'})";
        browser
            .execute(&format!("{start}.then(response => response.status); return 0;"), vec![])
            .await?;
        opened(&site.gates.is_held).await;
        site.gates.registrations.send_replace(true);
        let registration = site.https.answered(REGISTER, 1).await.expect("a registration");
        assert_eq!(registration.status, 200);
        assert!(has_cookie(&browser, &proof_name(&registration)).await?);

        site.gates.saves.send_replace(true);
        let script = "window.saved.then(arguments[0]);";
        assert_eq!(browser.execute_async(script, vec![]).await?.json(), 200);
        let overwritten = user.cookies().await?;
        assert!(!overwritten.is_bound(), "only a later save names the key");

        assert_eq!(fetch(&browser, &["/who"]).await?, [(200, "susan, bound".to_owned())]);
        assert_eq!(user.post("/count").await?, (200, "2".into()), "the save is kept");
        assert!(user.cookies().await?.is_bound());
        assert_eq!(user.visit_without_proof().await?, "susan, bound");
        // The copy from between ends.
        site.clock.advance(Duration::from_secs(70));
        assert_eq!(site.who(&overwritten.session_only()).await, "nobody, ProofMissing");
        Ok(())
    })
    .await;
}

/// The login is a request that begins at another site. The browser sends no `SameSite` cookies
/// with the registration then, but it stores those that the registration sets.
#[tokio::test]
async fn a_login_at_an_identity_provider_is_bound() {
    supported().await;
    with_browser(Site::start().await, async move |user| {
        let url = format!("{}/callback", user.site.https.url());
        let provider = another_site(format!(r#"<a id="link" href="{url}">log in</a>"#));
        user.browser().goto(&provider).await?;
        element(&user.browser(), "#link").await?.click().await?;
        assert!(user.shown().await?.starts_with("susan, "));
        let registration = user.registered(1).await?;
        assert_eq!(registration.sent("cookie"), None, "the browser sends no cookie");
        assert_eq!(user.visit_without_proof().await?, "susan, bound");
        Ok(())
    })
    .await;
}
