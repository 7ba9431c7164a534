//! Parallel requests, links of other sites, and browsers without device binding.

use std::time::Duration;

use axum::{Router, response::Html};
use e2e::{
    another_site::another_site,
    browser::{element, fetch},
    device::arguments,
    https::HttpsServer,
};
use thirtyfour::error::WebDriverResult;

use super::{
    WINDOW,
    site::{REFRESH, REGISTER, Site},
    user::{User, supported, with_arguments, with_browser},
};

#[tokio::test]
async fn parallel_requests_wait_for_one_refresh() {
    supported().await;
    with_browser(Site::start().await, async move |user| {
        user.log_in_bound("susan", 1).await?;
        let before = user.site.exchanges(REFRESH).len();
        user.expire_proofs().await?;
        // The last proof is too old, too.
        user.site.clock.advance(Duration::from_mins(1));
        let responses = fetch(&user.browser(), &["/who"; 8]).await?;
        assert_eq!(responses, vec![(200, "susan, bound".to_owned()); 8]);
        let statuses: Vec<_> =
            user.site.exchanges(REFRESH)[before..].iter().map(|it| it.status.as_u16()).collect();
        assert_eq!(statuses, [403, 200]);
        Ok(())
    })
    .await;
}

/// Follows a link of another site without the proof cookie. Returns the user that the page shows.
async fn follow(user: &User, other: &str) -> WebDriverResult<String> {
    user.expire_proofs().await?;
    // The last proof is too old, too.
    user.site.clock.advance(Duration::from_mins(1));
    let browser = user.browser();
    browser.goto(other).await?;
    element(&browser, "#link").await?.click().await?;
    user.shown().await
}

/// The requests since this number of them, with their statuses.
fn requests_since(user: &User, before: usize) -> Vec<(String, u16)> {
    let mut exchanges = user.site.https.exchanges().split_off(before);
    exchanges.retain(|exchange| exchange.request != "GET /favicon.ico");
    exchanges.into_iter().map(|it| (it.request, it.status.as_u16())).collect()
}

fn expected(requests: &[(&str, u16)]) -> Vec<(String, u16)> {
    requests.iter().map(|(request, status)| ((*request).to_owned(), *status)).collect()
}

/// For a request that begins at another site, the browser does not prove anything.
#[tokio::test]
async fn a_link_of_another_site_ends_on_the_page() {
    supported().await;
    with_browser(Site::start().await, async move |user| {
        user.log_in_bound("susan", 1).await?;
        let url = format!("{}/?state=a%20b", user.site.https.url());
        let other = another_site(format!(r#"<a id="link" href="{url}">link</a>"#));
        let before = user.site.https.exchanges().len();
        assert_eq!(follow(&user, &other).await?, "susan, bound");
        assert_eq!(user.browser().current_url().await?.as_str(), url);
        let with_page = [("GET /", 401), (REFRESH, 403), (REFRESH, 200), ("GET /", 200)];
        assert_eq!(requests_since(&user, before), expected(&with_page));
        let pages = user.site.exchanges("GET /");
        let sites = pages.iter().rev().take(2).map(|page| page.sent("sec-fetch-site"));
        assert_eq!(sites.collect::<Vec<_>>(), [Some("same-origin"), Some("cross-site")]);
        Ok(())
    })
    .await;
}

/// Another origin is another site for the browser, although cookies go there.
#[tokio::test]
async fn a_link_of_another_port_ends_on_the_page() {
    supported().await;
    let site = Site::start().await;
    let link = format!(r#"<a id="link" href="{}">link</a>"#, site.https.url());
    let other = Router::new().fallback(async || Html(link));
    let other = HttpsServer::start(other).await;
    let [features, certificate] = arguments(&site.https);
    let others = other.chromium_argument();
    let (_, others) = others.split_once('=').expect("a list with one entry");
    with_arguments(site, vec![features, format!("{certificate},{others}")], async move |user| {
        user.log_in_bound("susan", 1).await?;
        assert_eq!(follow(&user, other.url()).await?, "susan, bound");
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_link_with_a_fragment_ends_on_the_page() {
    supported().await;
    with_browser(Site::start().await, async move |user| {
        user.log_in_bound("susan", 1).await?;
        let url = format!("{}/#here", user.site.https.url());
        let other = another_site(format!(r#"<a id="link" href="{url}">link</a>"#));
        assert_eq!(follow(&user, &other).await?, "susan, bound");
        // The server does not know the fragment.
        let page = format!("{}/", user.site.https.url());
        assert_eq!(user.browser().current_url().await?.as_str(), page);
        Ok(())
    })
    .await;
}

/// The second link is followed before the browser has proved anything for the first one.
#[tokio::test]
async fn two_links_of_another_site_end_on_the_page() {
    supported().await;
    with_browser(Site::start().await, async move |user| {
        user.log_in_bound("susan", 1).await?;
        let url = user.site.https.url();
        let other = another_site(format!(
            r#"<p id="link" onclick="for (let i = 0; i < 4; i++) window.open('{url}/?tab=' + i)">links"#
        ));
        user.expire_proofs().await?;
        user.site.clock.advance(Duration::from_mins(1));
        let browser = user.browser();
        browser.goto(&other).await?;
        element(&browser, "#link").await?.click().await?;
        let main = browser.window().await?;
        let windows = browser.windows().await?;
        assert_eq!(windows.len(), 5);
        for window in windows.into_iter().filter(|window| *window != main) {
            browser.switch_to_window(window).await?;
            assert_eq!(user.shown().await?, "susan, bound");
        }
        Ok(())
    })
    .await;
}

/// Scripts, `WebSocket` and `EventSource`, and requests with a body.
#[tokio::test]
async fn every_request_of_the_page_waits_for_the_proof() {
    supported().await;
    with_browser(Site::start().await, async move |user| {
        user.log_in_bound("susan", 1).await?;
        user.expire_proofs().await?;
        assert_eq!(user.post("/count").await?, (200, "1".into()));
        let sockets = [("new WebSocket", "wss:"), ("new EventSource", "https:")];
        for (number, (open, scheme)) in sockets.into_iter().enumerate() {
            user.expire_proofs().await?;
            let url = user.site.https.url().replace("https:", scheme);
            // The answer is no WebSocket and no stream of events.
            let script =
                format!("const [done] = arguments; {open}('{url}/seen').onerror = () => done(0);");
            user.browser().execute_async(&script, vec![]).await?;
            let seen = user.site.https.answered("GET /seen", number + 1).await.expect("a request");
            assert_eq!(seen.response_headers["x-who"], "susan, bound", "{open}");
        }
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn without_device_binding_in_the_browser_all_works() {
    supported().await;
    let site = Site::start().await;
    let arguments = vec![site.https.chromium_argument()];
    with_arguments(site, arguments, async move |user| {
        let site = user.site.clone();
        user.log_in("susan").await?;
        for path in ["/count", "/renew", "/revoke-others", "/count"] {
            assert_eq!(user.post(path).await?.0, 200, "{path}");
            assert_eq!(user.visit().await?, "susan, unbound", "{path}");
            site.clock.advance(WINDOW);
        }
        assert_eq!(user.post("/count").await?, (200, "3".into()));
        let copy = user.cookies().await?;
        assert_eq!(copy, copy.session_only());
        assert_eq!(user.post("/logout").await?.0, 200);
        assert_eq!(user.visit().await?, "nobody");
        assert_eq!(site.who(&copy).await, "nobody, Revoked");
        user.log_in("susan").await?;
        assert_eq!(user.visit().await?, "susan, unbound");
        for request in [REGISTER, REFRESH] {
            assert!(site.exchanges(request).is_empty(), "{request}");
        }
        Ok(())
    })
    .await;
}
