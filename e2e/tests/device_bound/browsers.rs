//! Parallel requests, links of other sites, and browsers without device binding.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    time::Duration,
};

use e2e::browser::{element, fetch};

use super::{
    WINDOW,
    site::{REFRESH, REGISTER, Site},
    user::{supported, with_arguments, with_browser},
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

/// Serves one page for every request, as another site. Ends with the test.
fn another_site(html: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut head = BufReader::new(&stream).lines().map_while(Result::ok);
            while head.next().is_some_and(|line| !line.is_empty()) {}
            let length = html.len();
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close\r\n\
                 content-length: {length}\r\n\r\n{html}"
            );
        }
    });
    url
}

#[tokio::test]
async fn a_link_of_another_site_ends_on_the_page() {
    supported().await;
    with_browser(Site::start().await, async move |user| {
        user.log_in_bound("susan", 1).await?;
        let link = format!(r#"<a id="link" href="{}">link</a>"#, user.site.https.url());
        let other = another_site(link);
        let before = user.site.https.exchanges().len();
        user.expire_proofs().await?;
        // The last proof is too old, too.
        user.site.clock.advance(Duration::from_mins(1));
        user.browser().goto(&other).await?;
        element(&user.browser(), "#link").await?.click().await?;
        assert_eq!(user.shown().await?, "susan, bound");

        let mut exchanges = user.site.https.exchanges().split_off(before);
        exchanges.retain(|exchange| exchange.request != "GET /favicon.ico");
        let seen: Vec<_> = exchanges
            .iter()
            .map(|exchange| (&*exchange.request, exchange.status.as_u16()))
            .collect();
        let expected = [("GET /", 401), (REFRESH, 403), (REFRESH, 200), ("GET /", 200)];
        assert_eq!(seen, expected);
        assert_eq!(exchanges[0].sent("sec-fetch-site"), Some("cross-site"));
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
