//! What a bound session outlives: servers, keys and the browser come and go.

use thirtyfour::error::WebDriverResult;
use waxseal_revocation::{RevocationList, Store};

use super::{
    WINDOW,
    site::{REFRESH, Site, binding, memory, secret},
    user::{User, supported, with_browser},
};

/// The number of requests to the refresh route in which the browser gave a proof.
fn refreshes(user: &User) -> usize {
    let exchanges = user.site.exchanges(REFRESH).into_iter();
    exchanges.filter(|exchange| exchange.status == 200).count()
}

/// The proof expires, and the next page has refreshed it.
async fn goes_on(user: &User, what: &str) -> WebDriverResult<()> {
    let before = refreshes(user);
    assert_eq!(user.visit_without_proof().await?, "susan, bound", "{what}");
    assert_eq!(refreshes(user), before + 1, "{what}");
    Ok(())
}

#[tokio::test]
async fn the_browser_goes_on() {
    supported().await;
    let folder = tempfile::tempdir().expect("a folder");
    let open = |path: &str| {
        let store = Store::sqlite(folder.path().join(path));
        RevocationList::builder(store).open().expect("a list")
    };
    let [first, second] = [(); 2].map(|()| open("revoked"));
    let site = Site::with(binding(secret(7), &first)).await;
    with_browser(site, async move |user| {
        let site = user.site.clone();
        user.log_in_bound("susan", 1).await?;
        goes_on(&user, "the first server").await?;
        // As after a night.
        site.clock.advance(WINDOW * 60);
        goes_on(&user, "after hours").await?;

        site.serve(binding(secret(7), &second));
        goes_on(&user, "a second server").await?;
        site.serve(binding(secret(7), &first));
        goes_on(&user, "the first server again").await?;

        let rotated = |list| binding(secret(8), list).fallback_secret(secret(7));
        site.serve(rotated(&first));
        goes_on(&user, "a rotation").await?;
        assert_eq!(user.post("/count").await?, (200, "1".into()));
        goes_on(&user, "a save after the rotation").await?;
        site.serve(binding(secret(7), &first).fallback_secret(secret(8)));
        goes_on(&user, "a server that seals with the older key").await?;

        user.expire_proofs().await?;
        user.restart_browser().await?;
        let before = refreshes(&user);
        assert_eq!(user.visit().await?, "susan, bound", "a restart of the browser");
        assert_eq!(refreshes(&user), before + 1, "a restart of the browser");
        goes_on(&user, "after the restart").await?;
        Ok(())
    })
    .await;
}

/// The browser forgets the binding that the server cannot know any more, and binds the next login.
#[tokio::test]
async fn a_user_logs_in_again_after_the_secret_was_lost() {
    supported().await;
    let list = memory();
    let site = Site::with(binding(secret(7), &list)).await;
    with_browser(site, async move |user| {
        user.log_in_bound("susan", 1).await?;
        user.site.serve(binding(secret(9), &list));
        assert_eq!(user.visit_without_proof().await?, "nobody, UnknownKey");
        let before = user.site.exchanges(REFRESH).len();
        assert_eq!(user.visit_without_proof().await?, "nobody, UnknownKey");
        assert_eq!(user.site.exchanges(REFRESH).len(), before, "the binding has ended");
        user.log_in_bound("susan", 2).await?;
        goes_on(&user, "the next login").await
    })
    .await;
}
