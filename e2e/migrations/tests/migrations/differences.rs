//! What is different on purpose. The pages `docs/from-*.md` state each of these facts.

use actix_session::{SessionMiddleware, config::PersistentSession, storage::CookieSessionStore};
use actix_web::{App, HttpServer, cookie, web};
use tower_sessions::{MemoryStore, SessionStore as _};
use waxseal::{Sealer, UnixTime, test_util};

use crate::{client::Browser, servers};

fn logged_in(url: &str, username: &str) -> Browser {
    let mut browser = Browser::at(url);
    assert_eq!(browser.log_in(username, "wax").status, 303);
    browser
}

/// Whether a server accepts a copy of the cookies after their owner has logged out.
fn accepts_a_copy(url: &str) -> bool {
    let mut browser = logged_in(url, "susan");
    let mut copy = browser.clone();
    assert_eq!(copy.page(), "Hello susan, 0 items in your cart");
    browser.post("/logout");
    copy.page() == "Hello susan, 0 items in your cart"
}

#[test]
fn a_copy_of_the_cookie_after_a_logout() {
    assert!(!accepts_a_copy(&servers::tower_sessions_::before(MemoryStore::default())));
    assert!(accepts_a_copy(&servers::actix_session_::before()));
    assert!(accepts_a_copy(&servers::axum_extra_::before()));
    assert!(!accepts_a_copy(&servers::after_axum()));
    assert!(!accepts_a_copy(&servers::after_actix()));
}

/// The page of a user who logs in over the session of another one.
fn page_of_the_second_user(url: &str) -> String {
    let mut browser = logged_in(url, "susan");
    browser.post("/items");
    assert_eq!(browser.log_in("david", "wax").status, 303);
    browser.page()
}

#[test]
fn the_cart_of_the_previous_user() {
    for url in [
        servers::tower_sessions_::before(MemoryStore::default()),
        servers::actix_session_::before(),
        servers::axum_extra_::before(),
    ] {
        assert_eq!(page_of_the_second_user(&url), "Hello david, 1 items in your cart");
    }
    for url in [servers::after_axum(), servers::after_actix()] {
        assert_eq!(page_of_the_second_user(&url), "Hello david, 0 items in your cart");
    }
}

#[test]
fn the_attributes_of_the_cookies() {
    let attributes = |url: &str| {
        let lines = Browser::at(url).log_in("susan", "wax").lines;
        let [line] = &lines[..] else { panic!("one line, not {lines:?}") };
        let mut parts: Vec<_> = line.split("; ").map(str::to_owned).collect();
        parts[0] = parts[0].split('=').next().unwrap_or_default().to_owned();
        parts[1..].sort();
        parts.join("; ")
    };
    let week = "Max-Age=604800";
    assert_eq!(
        attributes(&servers::tower_sessions_::before(MemoryStore::default())),
        format!("id; HttpOnly; {week}; Path=/; SameSite=Strict; Secure")
    );
    assert_eq!(
        attributes(&servers::actix_session_::before()),
        format!("id; HttpOnly; {week}; Path=/; SameSite=Lax; Secure")
    );
    assert_eq!(
        attributes(&servers::axum_extra_::before()),
        "user; HttpOnly; Path=/; SameSite=Lax; Secure"
    );
    for url in [servers::after_axum(), servers::after_actix()] {
        assert_eq!(
            attributes(&url),
            format!("__Host-session; HttpOnly; {week}; Path=/; SameSite=Lax; Secure")
        );
    }
}

/// `Expiry::OnInactivity` counts from the last change of the session, not from the last request.
#[tokio::test]
async fn tower_sessions_extends_no_session_that_is_only_read() {
    let store = MemoryStore::default();
    let url = servers::tower_sessions_::before(store.clone());
    let mut browser = logged_in(&url, "susan");
    let id = browser.cookies["id"].parse().expect("a session ID");
    let end = || async { store.load(&id).await.expect("a store").expect("a record").expiry_date };
    let before = end().await;
    assert_eq!(browser.get().lines, [""; 0]);
    assert_eq!(end().await, before);
    browser.post("/items");
    assert!(end().await > before);
}

/// The cookie contains no time, so the server accepts one that the browser has dropped.
#[test]
fn actix_session_with_the_session_in_the_cookie_does_not_expire_on_the_server() {
    let key = cookie::Key::from(servers::SECRET);
    let url = servers::actix(move |listener| {
        let lifetime = PersistentSession::default().session_ttl(cookie::time::Duration::ZERO);
        let app = move || {
            let sessions = SessionMiddleware::builder(CookieSessionStore::default(), key.clone())
                .session_lifecycle(lifetime.clone())
                .build();
            App::new().wrap(sessions).route("/", web::post().to(log_in))
        };
        HttpServer::new(app).workers(1).listen(listener).expect("a listener").run()
    });
    let mut browser = Browser::at(&url);
    let [line] = &browser.log_in("", "").lines[..] else { panic!("one line") };
    assert!(line.contains("Max-Age=0") && browser.cookies.is_empty(), "{line}");

    let (name, value) = line.split(';').next().unwrap_or_default().split_once('=').expect("a pair");
    let mut copy = browser.moved_to(&servers::actix_session_::before());
    copy.cookies.insert(name.into(), value.into());
    assert_eq!(copy.page(), "Hello susan, 0 items in your cart");
}

async fn log_in(session: actix_session::Session) -> Result<web::Redirect, actix_web::Error> {
    session.insert("user", "susan")?;
    Ok(web::Redirect::to("/").see_other())
}

#[test]
fn a_jar_of_axum_extra_has_no_time_and_no_name_in_its_signature() {
    let url = servers::axum_extra_::before();
    let mut browser = logged_in(&url, "susan");
    // The same bytes at every login: no server can tell an old one from a new one.
    assert_eq!(logged_in(&url, "susan").cookies, browser.cookies);

    // A value that the server has signed for one cookie is accepted as another one.
    browser.post("/items");
    let mut forger = Browser::at(&url);
    forger.cookies.insert("user".into(), browser.cookies["items"].clone());
    assert_eq!(forger.page(), "Hello 1, 0 items in your cart");
}

#[test]
fn waxseal_expires_and_refreshes_on_the_server() {
    let list = servers::revocations();
    let url = servers::after_axum_with(list.clone());
    let sealer = Sealer::builder(servers::secret()).revocations(list).build().expect("a sealer");
    let session_of = |days: u32| {
        let time = UnixTime::from_secs(UnixTime::now().as_secs() - u64::from(days) * 86_400);
        let pair = test_util::cookie(&sealer, time, |session| Ok(session.log_in("susan")?));
        let pair = pair.expect("a cookie");
        let (name, value) = pair.split_once('=').expect("a pair");
        let mut browser = Browser::at(&url);
        browser.cookies.insert(name.into(), value.into());
        browser.get()
    };
    let fresh = session_of(1);
    assert_eq!((&*fresh.body, fresh.lines.len()), ("Hello susan, 0 items in your cart", 0));
    let half = session_of(4);
    assert_eq!((&*half.body, half.lines.len()), ("Hello susan, 0 items in your cart", 1));
    let old = session_of(8);
    assert_eq!(old.body, "Not logged in, 0 items in your cart");
}
