//! Logins and logouts of one browser, and what becomes of its bindings.

use e2e::{browser::has_cookie, https::Exchange};

use super::{
    site::{Jar, REFRESH, REGISTER, Site},
    user::{User, is_proof, proof_name, supported, with_browser},
};

/// `renew` and `revoke_others` leave the session bound.
#[tokio::test]
async fn a_session_with_another_id_stays_bound() {
    supported().await;
    with_browser(Site::start().await, async move |user| {
        let site = user.site.clone();
        user.log_in_bound("susan", 1).await?;
        let elsewhere = Jar::set_by(&site.log_in("susan").await.headers);
        for path in ["/renew", "/revoke-others", "/renew"] {
            let before = user.cookies().await?;
            assert_eq!(user.post(path).await?.0, 200, "{path}");
            assert_eq!(user.visit().await?, "susan, bound", "{path}");
            assert_eq!(user.visit_without_proof().await?, "susan, bound", "{path}");
            assert_eq!(site.who(&before).await, "nobody, Revoked", "{path}");
        }
        assert_eq!(site.who(&elsewhere).await, "nobody, Revoked");
        assert_eq!(site.exchanges(REGISTER).len(), 1);
        Ok(())
    })
    .await;
}

/// Each login has a proof cookie, which the browser keeps for ten minutes.
#[tokio::test]
async fn many_logins_within_minutes_are_bound() {
    supported().await;
    with_browser(Site::start().await, async move |user| {
        for number in 1..=7 {
            user.log_in("susan").await?;
            let registration = user.site.https.answered(REGISTER, number).await;
            let registration = registration.expect("a registration");
            assert!(has_cookie(&user.browser(), &proof_name(&registration)).await?);
            assert_eq!(user.visit().await?, "susan, bound", "login {number}");
        }
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_logout_ends_all_copies_and_the_next_login_is_bound() {
    supported().await;
    with_browser(Site::start().await, async move |user| {
        let site = user.site.clone();
        let first = user.log_in_bound("susan", 1).await?;
        let unbound = site.exchanges("POST /login").remove(0);
        let copies = [user.cookies().await?, Jar::set_by(&unbound.response_headers)];
        assert_eq!(site.who(&copies[0]).await, "susan, bound");
        assert_eq!(user.post("/logout").await?.0, 200);
        for copy in &copies {
            assert_eq!(site.who(copy).await, "nobody, Revoked");
        }
        assert_eq!(user.visit().await?, "nobody");
        // The browser still has the older binding, which harms nobody.
        assert_eq!(user.visit_without_proof().await?, "nobody");
        let second = user.log_in_bound("susan", 2).await?;
        assert_ne!(proof_name(&first), proof_name(&second), "each login has a key");
        assert_eq!(user.visit_without_proof().await?, "susan, bound");
        for copy in &copies {
            assert_eq!(site.who(copy).await, "nobody, Revoked");
        }
        Ok(())
    })
    .await;
}

/// The session identifiers for which the browser has refreshed, and the statuses.
fn refreshes(user: &User) -> Vec<(String, u16)> {
    let refresh = |exchange: Exchange| {
        let identifier = exchange.sent("sec-secure-session-id").expect("an identifier").to_owned();
        (identifier, exchange.status.as_u16())
    };
    user.site.exchanges(REFRESH).into_iter().map(refresh).collect()
}

#[tokio::test]
async fn another_user_of_the_browser_gets_another_binding() {
    supported().await;
    with_browser(Site::start().await, async move |user| {
        let site = user.site.clone();
        user.log_in_bound("susan", 1).await?;
        let copy = user.cookies().await?;
        let (older, _) = refreshes(&user).pop().expect("a refresh");
        user.log_in_bound("mallory", 2).await?;
        assert_eq!(site.who(&copy).await, "nobody, Revoked");

        // The older binding ends when its proof expires.
        for _ in 0..3 {
            assert_eq!(user.visit_without_proof().await?, "mallory, bound");
        }
        let mut of_older = site.exchanges(REFRESH);
        of_older.retain(|exchange| exchange.sent("sec-secure-session-id") == Some(&older));
        let last = of_older.pop().expect("a refresh");
        assert_eq!(last.status, 200);
        assert!(last.response_headers.contains_key("content-type"), "it ends: {last:?}");
        assert!(!last.response_headers.contains_key("set-cookie"), "{last:?}");
        let names = user.cookies().await?.0.into_keys().filter(|name| is_proof(name));
        assert_eq!(names.count(), 1);
        Ok(())
    })
    .await;
}

/// The browser forgets its binding and keeps its cookies.
#[tokio::test]
async fn a_user_with_a_cleared_storage_logs_in_again() {
    supported().await;
    with_browser(Site::start().await, async move |user| {
        user.log_in_bound("susan", 1).await?;
        assert_eq!(user.post("/clear-storage").await?.0, 200);
        assert_eq!(user.visit().await?, "susan, bound", "the proof cookie is still good");
        let before = refreshes(&user).len();
        assert_eq!(user.visit_without_proof().await?, "nobody, ProofMissing");
        assert_eq!(refreshes(&user).len(), before, "the browser has lost the binding");
        assert_eq!(user.post("/count").await?.0, 401);
        assert_eq!(user.post("/save").await?.0, 401);
        // A page that saves before the login, as with a CSRF token.
        user.browser().goto(format!("{}/saving", user.site.https.url())).await?;
        assert_eq!(user.shown().await?, "nobody, ProofMissing");
        assert_eq!(user.post("/save").await?.0, 200);
        user.log_in_bound("susan", 2).await?;
        assert_eq!(user.visit_without_proof().await?, "susan, bound");
        Ok(())
    })
    .await;
}

/// The browser proves that it holds its key before a page can save, also right after its start.
#[tokio::test]
async fn a_page_that_saves_does_not_end_a_bound_session() {
    supported().await;
    with_browser(Site::start().await, async move |user| {
        user.log_in_bound("susan", 1).await?;
        let saving = format!("{}/saving", user.site.https.url());
        for restarts in [false, true, true] {
            user.expire_proofs().await?;
            if restarts {
                user.restart_browser().await?;
            }
            user.browser().goto(&saving).await?;
            assert_eq!(user.shown().await?, "susan, bound", "a restart: {restarts}");
        }
        Ok(())
    })
    .await;
}
