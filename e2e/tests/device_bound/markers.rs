//! Two sessions of one application: each has its own cookies and its own key.

use axum::{
    Router,
    response::Html,
    routing::{get, post},
};
use e2e::{
    browser::{delete_cookie, has_cookie},
    https::HttpsServer,
};
use waxseal::{CookieSpec, DeviceBinding, Marker, Sealer, Session, SessionError, SessionLayer};
use waxseal_revocation::RevocationList;

use super::{
    site::{Jar, REFRESH, REGISTER, Site, memory, secret},
    user::{supported, with_browser},
};

struct Admin;

impl Marker for Admin {
    const PURPOSE: &'static str = "admin";
}

const ADMIN_REGISTER: &str = "POST /admin/device/register";

async fn page(session: Session, admin: Session<Admin>) -> Html<String> {
    let bound = [session.binding().is_some(), admin.binding().is_some()];
    Html(format!("<p id=\"who\">{:?} {:?} {bound:?}", session.user(), admin.user()))
}

async fn log_in(session: Session) -> Result<(), SessionError> {
    session.log_in("susan")
}

async fn log_in_admin(session: Session<Admin>) -> Result<(), SessionError> {
    session.log_in("root")
}

fn serve(https: &HttpsServer, list: &RevocationList) {
    let main = Sealer::builder(secret(7)).revocations(list.clone());
    let main = main.device_bound(DeviceBinding::default()).build().expect("a sealer");
    // With another cookie and path, and encrypted.
    let cookie = CookieSpec::builder("__Host-admin").build().expect("a cookie");
    let admin = Sealer::builder(secret(8)).marker::<Admin>().cookie(cookie).encrypted();
    let admin = admin.revocations(list.clone());
    let binding = DeviceBinding::default().path("/admin/device");
    let admin = admin.device_bound(binding).build().expect("a sealer");
    let routes = Router::new()
        .route("/", get(page))
        .route("/login", post(log_in))
        .route("/admin/login", post(log_in_admin));
    https.replace(routes.layer(SessionLayer::new(main)).layer(SessionLayer::new(admin)));
}

#[tokio::test]
async fn each_session_has_its_key() {
    supported().await;
    let site = Site::start().await;
    serve(&site.https, &memory());
    with_browser(site, async move |user| {
        let https = &user.site.https;
        assert_eq!(user.visit().await?, "None None [false, false]");
        let mut names = vec![];
        for (login, register) in [("/login", REGISTER), ("/admin/login", ADMIN_REGISTER)] {
            assert_eq!(user.post(login).await?.0, 200);
            let registration = https.answered(register, 1).await.expect("a registration");
            let cookies = Jar::set_by(&registration.response_headers);
            let name = cookies.0.into_keys().find(|name| name.contains("-bound-"));
            names.push(name.expect("a proof cookie"));
            assert!(has_cookie(&user.browser(), &names[names.len() - 1]).await?);
        }
        let both = r#"Some("susan") Some("root") [true, true]"#;
        assert_eq!(user.visit().await?, both);
        for name in &names {
            // The browser can have stored the cookies before it stores the session.
            let mut is_refreshed = false;
            for _ in 0..20 {
                delete_cookie(&user.browser(), name).await?;
                is_refreshed = user.fetch("/").await?.1.contains("[true, true]");
                if is_refreshed {
                    break;
                }
            }
            assert!(is_refreshed, "without {name}");
        }
        for name in &names {
            delete_cookie(&user.browser(), name).await?;
        }
        assert_eq!(user.visit().await?, both, "without both");
        for request in [REFRESH, "POST /admin/device/refresh"] {
            let refreshes = user.site.exchanges(request);
            let good = refreshes.iter().filter(|refresh| refresh.status == 200);
            assert_eq!(good.count(), 2, "{request}");
        }
        Ok(())
    })
    .await;
}
