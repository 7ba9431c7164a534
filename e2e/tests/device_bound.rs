//! Device-bound sessions of waxseal in a real Chromium. The browser deletes a proof cookie when a
//! test says so, and the server has the test's clock: no test waits until a proof expires.

use std::time::Duration;

use thirtyfour::error::WebDriverResult;
use waxseal::{Sealer, SealerBuilder};

#[path = "device_bound/actix.rs"]
mod actix;
#[path = "device_bound/application.rs"]
mod application;
#[path = "device_bound/browsers.rs"]
mod browsers;
#[path = "device_bound/logins.rs"]
mod logins;
#[path = "device_bound/markers.rs"]
mod markers;
#[path = "device_bound/registrations.rs"]
mod registrations;
#[path = "device_bound/servers.rs"]
mod servers;
#[path = "device_bound/site.rs"]
mod site;
#[path = "device_bound/thief.rs"]
mod thief;
#[path = "device_bound/user.rs"]
mod user;

use site::{Site, binding, memory, secret};
use user::{User, supported, with_browser};

/// How long a stolen proof cookie works: 10 minutes, and one minute because clocks differ.
const WINDOW: Duration = Duration::from_mins(11);

/// Copies all cookies of a bound browser, and checks that they end on a server with the sealer
/// `later`. The error says which check fails.
async fn copied_cookies_end(
    user: &User,
    later: SealerBuilder,
) -> WebDriverResult<Result<(), String>> {
    let registration = user.log_in_bound("susan", 1).await?;
    let site = &user.site;
    let copy = user.cookies().await?;
    assert!(copy.is_bound(), "{registration:?}");
    let session = copy.session_only();
    // The minutes that remain.
    assert_eq!(site.who(&copy).await, "susan, bound");
    site.serve(later);
    let who = site.who(&session).await;
    if who != "nobody, ProofMissing" {
        return Ok(Err(format!("the session cookie alone: {who}")));
    }
    site.clock.advance(WINDOW);
    let who = site.who(&copy).await;
    if who != "nobody, ProofExpired" {
        return Ok(Err(format!("the copy after the window: {who}")));
    }
    // Nothing is saved over the cookie.
    let answer = site.send("POST /count", &copy, &[]).await;
    let is_refused = answer.status == 401 && answer.sets_no_cookie();
    Ok(if is_refused { Ok(()) } else { Err(format!("a save of the copy: {answer:?}")) })
}

#[tokio::test]
async fn copied_cookies_end_with_their_proof() {
    supported().await;
    let list = memory();
    let site = Site::with(binding(secret(7), &list)).await;
    with_browser(site, async move |user| {
        let later = binding(secret(7), &list);
        assert_eq!(copied_cookies_end(&user, later).await?, Ok(()));
        // The browser of the user goes on.
        assert_eq!(user.visit_without_proof().await?, "susan, bound");
        Ok(())
    })
    .await;
}

/// The checks above notice a server that does not check proofs.
#[tokio::test]
async fn the_checks_fail_without_proofs() {
    supported().await;
    let list = memory();
    let site = Site::with(binding(secret(7), &list)).await;
    with_browser(site, async move |user| {
        let careless = Sealer::builder(secret(7)).revocations(list.clone());
        let problem = copied_cookies_end(&user, careless).await?;
        let expected = "the session cookie alone: susan, unbound";
        assert_eq!(problem, Err(expected.to_owned()));
        Ok(())
    })
    .await;
}
