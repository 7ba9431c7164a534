//! The application without a network: each test has a folder, a clock and browsers of its own.

use std::{collections::BTreeMap, time::Duration};

use axum::{
    Router,
    body::{Body, Bytes},
    http::{Method, Request, StatusCode, header},
    response::Response,
};
use http_body_util::{BodyExt as _, channel::Channel};
use metrics_exporter_prometheus::PrometheusBuilder;
use notes::{app::App, config::Config, database::Device, keys::Keys, operations};
use tower::ServiceExt as _;
use waxseal::{
    SessionRef, UnixTime,
    test_util::{self, TestClock},
};
use waxseal_revocation::Store;

struct Server {
    app: App,
    router: Router,
    clock: TestClock,
    folder: tempfile::TempDir,
}

impl Server {
    fn start(encrypted: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let revocations = Store::sqlite(data.join("revocations.db"));
        let app = App::open(&Config { data, revocations, encrypted, port: 0, operations_port: 0 })
            .unwrap();
        let clock = TestClock::new(UnixTime::now());
        let router = app.clone().router_with_clock(clock.source());
        Self { app, router, clock, folder }
    }
}

/// A browser with a cookie jar.
struct Browser<'s> {
    server: &'s Server,
    jar: BTreeMap<String, String>,
}

struct Page {
    status: StatusCode,
    location: String,
    html: String,
    headers: header::HeaderMap,
}

impl Page {
    async fn of(response: Response) -> Self {
        let (head, body) = response.into_parts();
        let location = head.headers.get(header::LOCATION).map_or("", |to| to.to_str().unwrap());
        let body = body.collect().await.unwrap().to_bytes();
        Self {
            status: head.status,
            location: location.into(),
            html: String::from_utf8(body.to_vec()).unwrap(),
            headers: head.headers,
        }
    }
}

type Held = http_body_util::channel::Sender<Bytes>;

impl<'s> Browser<'s> {
    /// Logs in with the provider, and returns its last page.
    async fn log_in_with_provider(&mut self, form: &str, name: &str) -> Page {
        let page = self.post("/login-with/start", form).await;
        let query = page.location.strip_prefix("/provider?").unwrap().to_owned();
        let page = self.post("/provider", &format!("{query}&user={name}")).await;
        self.get(&page.location).await
    }

    fn new(server: &'s Server) -> Self {
        Self { server, jar: BTreeMap::new() }
    }

    async fn signed_up(server: &'s Server, name: &str) -> Self {
        let mut browser = Self::new(server);
        let page = browser.post("/signup", &account(name, PASSWORD)).await;
        assert_eq!((page.status, &*page.location), (StatusCode::SEE_OTHER, "/"));
        browser
    }

    async fn logged_in(server: &'s Server, name: &str) -> Self {
        let mut browser = Self::new(server);
        let page = browser.post("/login", &account(name, PASSWORD)).await;
        assert_eq!((page.status, &*page.location), (StatusCode::SEE_OTHER, "/"));
        browser
    }

    async fn get(&mut self, path: &str) -> Page {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    async fn post(&mut self, path: &str, form: &str) -> Page {
        let request = Request::post(path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin");
        self.send(request.body(Body::from(form.to_owned())).unwrap()).await
    }

    /// Sends all but the body, which the caller sends later.
    async fn hold(&self, path: &str) -> (Held, tokio::task::JoinHandle<Page>) {
        let (held, body) = Channel::new(1);
        let request = Request::post(path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::COOKIE, self.cookies());
        let response = self.server.router.clone().oneshot(request.body(Body::new(body)).unwrap());
        let response = tokio::spawn(async { Page::of(response.await.unwrap()).await });
        // On a runtime with one thread, the request now waits for its body.
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        (held, response)
    }

    fn cookies(&self) -> String {
        let cookies: Vec<_> =
            self.jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
        cookies.join("; ")
    }

    async fn send(&mut self, mut request: Request<Body>) -> Page {
        request.headers_mut().insert(header::COOKIE, self.cookies().parse().unwrap());
        let page = Page::of(self.server.router.clone().oneshot(request).await.unwrap()).await;
        for line in page.headers.get_all(header::SET_COOKIE) {
            let line = line.to_str().unwrap();
            let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
            if line.contains("Max-Age=0") {
                self.jar.remove(name);
            } else {
                self.jar.insert(name.into(), value.into());
            }
        }
        page
    }

    async fn is_logged_in(&mut self) -> bool {
        self.get("/").await.status == StatusCode::OK
    }
}

const PASSWORD: &str = "correct horse";

fn account(name: &str, password: &str) -> String {
    format!("username={name}&password={password}").replace(' ', "+")
}

#[tokio::test]
async fn a_user_signs_up_writes_and_logs_out() {
    for encrypted in [false, true] {
        let server = Server::start(encrypted);
        let mut susan = Browser::signed_up(&server, "susan").await;
        let page = susan.get("/").await;
        assert!(page.html.contains("Welcome!"), "{}", page.html);
        assert_eq!(page.headers["cache-control"], "no-store");
        assert!(!susan.get("/").await.html.contains("Welcome!"), "the message is shown once");
        susan.post("/", "text=<b>milk</b>").await;
        assert!(susan.get("/").await.html.contains("&#60;b&#62;milk"));

        let stolen = susan.jar.clone();
        assert_eq!(susan.post("/logout", "").await.location, "/login");
        assert!(susan.jar.is_empty());
        susan.jar = stolen;
        assert!(!susan.is_logged_in().await, "a copy of the cookie is worthless");

        let mut browser = Browser::new(&server);
        for (name, password) in [("susan", "wrong horse"), ("nobody", PASSWORD), ("susan", "")] {
            let page = browser.post("/login", &account(name, password)).await;
            assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
        }
        let page = browser.post("/signup", &account("Susan", "another horse")).await;
        assert_eq!(page.status, StatusCode::CONFLICT, "names differ in more than case");
    }
}

/// A test that needs a session and no login: the cookie of the user 1, made by test-util.
#[tokio::test]
async fn another_user_cannot_remove_a_note() {
    let server = Server::start(false);
    let mut susan = Browser::signed_up(&server, "susan").await;
    susan.post("/", "text=milk").await;
    Browser::signed_up(&server, "bob").await;
    let mut bob = Browser::new(&server);
    let sealer = server.app.keys.main.current();
    let cookie = test_util::cookie(&sealer, server.clock.now(), |session| Ok(session.log_in("2")?));
    let cookie = cookie.unwrap();
    let (name, value) = cookie.split_once('=').unwrap();
    bob.jar.insert(name.into(), value.into());
    assert!(bob.get("/").await.html.contains("bob’s notes"));
    bob.post("/notes/remove", "note=1").await;
    assert!(susan.get("/").await.html.contains("milk"));
    susan.post("/notes/remove", "note=1").await;
    assert!(!susan.get("/").await.html.contains("milk"));
}

#[tokio::test]
async fn without_remember_me_a_session_is_short() {
    let server = Server::start(false);
    Browser::signed_up(&server, "susan").await;
    let mut short = Browser::logged_in(&server, "susan").await;
    let mut long = Browser::new(&server);
    long.post("/login", &(account("susan", PASSWORD) + "&remember=on")).await;
    server.clock.advance(Duration::from_secs(31 * 60));
    assert!(!short.is_logged_in().await);
    assert!(long.is_logged_in().await);
}

#[tokio::test]
async fn each_device_can_be_logged_out() {
    let server = Server::start(false);
    let mut laptop = Browser::signed_up(&server, "susan").await;
    let mut others = Vec::new();
    for _ in 0..3 {
        let mut other = Browser::logged_in(&server, "susan").await;
        assert!(other.is_logged_in().await);
        others.push(other);
    }
    let list = laptop.get("/devices").await.html;
    assert_eq!(list.matches("last seen").count(), 3, "{list}");
    assert!(list.contains("this device"));
    let id = list.split_once("name=\"session\" value=\"").unwrap().1.split_once('"').unwrap().0;

    // Nobody else can end it.
    let mut bob = Browser::signed_up(&server, "bob").await;
    bob.post("/devices/end", &format!("session={id}")).await;
    assert_eq!(laptop.get("/devices").await.html.matches("last seen").count(), 3);

    laptop.post("/devices/end", &format!("session={id}")).await;
    assert_eq!(laptop.get("/devices").await.html.matches("last seen").count(), 2);
    let mut alive = 0;
    for other in &mut others {
        alive += usize::from(other.is_logged_in().await);
    }
    assert_eq!(alive, 2, "exactly one device");

    laptop.post("/devices/end-others", "").await;
    let list = laptop.get("/devices").await.html;
    assert!(list.contains("this device") && !list.contains("last seen"), "{list}");
    for other in &mut others {
        assert!(!other.is_logged_in().await);
    }
    let stolen = laptop.jar.clone();
    assert_eq!(laptop.post("/devices/end-all", "").await.location, "/login");
    laptop.jar = stolen;
    assert!(!laptop.is_logged_in().await);
}

#[tokio::test]
async fn a_new_password_needs_the_old_one_and_ends_the_other_sessions() {
    let server = Server::start(false);
    let mut susan = Browser::signed_up(&server, "susan").await;
    let mut thief = Browser::new(&server);
    thief.jar = susan.jar.clone();
    server.clock.advance(Duration::from_secs(11 * 60));
    assert_eq!(thief.get("/password").await.location, "/confirm?then=/password");
    let page = thief.post("/password", "password=thief's horse").await;
    assert_eq!(page.location, "/confirm?then=/password");
    let page = thief.post("/confirm", "password=wrong&then=/password").await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);

    let page = susan.post("/confirm", "password=correct+horse&then=/password").await;
    assert_eq!(page.location, "/password");
    assert_eq!(susan.post("/password", "password=short").await.status, 422);
    assert_eq!(susan.post("/password", "password=another+horse").await.location, "/");
    assert!(susan.is_logged_in().await);
    assert!(!thief.is_logged_in().await);
    let page = thief.post("/login", &account("susan", PASSWORD)).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    let page = susan.post("/confirm", "password=another+horse&then=https://evil.example").await;
    assert_eq!(page.location, "/", "only to a page of this application");
}

#[tokio::test]
async fn the_admin_area_has_a_session_of_its_own() {
    let server = Server::start(false);
    let mut admin = Browser::signed_up(&server, "susan").await; // the first user
    let mut bob = Browser::signed_up(&server, "bob").await;
    assert_eq!(bob.get("/admin").await.status, StatusCode::NOT_FOUND);
    assert_eq!(bob.post("/admin", "password=correct+horse").await.status, StatusCode::NOT_FOUND);
    bob.jar.insert("__Host-admin".into(), bob.jar["__Host-session"].clone());
    assert_eq!(bob.get("/admin").await.status, StatusCode::NOT_FOUND);

    let lock = "user=2&is_locked=true";
    admin.post("/admin/lock", lock).await;
    assert!(bob.is_logged_in().await, "the main session is not enough");
    assert_eq!(admin.post("/admin", "password=wrong").await.status, 422);
    assert_eq!(admin.post("/admin", "password=correct+horse").await.location, "/admin");
    assert!(admin.get("/admin").await.html.contains("Lock and log out"));
    server.clock.advance(Duration::from_secs(11 * 60));
    assert!(admin.get("/admin").await.html.contains("Enter"), "it ends after 10 idle minutes");
    admin.post("/admin", "password=correct+horse").await;

    // A new secret logs nobody out.
    let old = admin.jar["__Host-session"].clone();
    admin.post("/admin/rotate", "").await;
    assert!(admin.is_logged_in().await && bob.is_logged_in().await);
    let new = Browser::logged_in(&server, "bob").await.jar["__Host-session"].clone();
    assert_ne!(old.split('.').next(), new.split('.').next(), "the header names another key");

    admin.post("/admin/lock", lock).await;
    assert!(!bob.is_logged_in().await);
    assert_eq!(bob.post("/login", &account("bob", PASSWORD)).await.status, 422);
    admin.post("/admin/leave", "").await;
    assert!(admin.get("/admin").await.html.contains("Enter"));
    admin.post("/admin", "password=correct+horse").await;
    admin.post("/logout", "").await;
    assert!(admin.jar.is_empty(), "a logout ends both sessions: {:?}", admin.jar.keys());
}

#[tokio::test]
async fn three_tabs_log_in_with_the_provider_at_once() {
    let server = Server::start(false);
    let mut browser = Browser::new(&server);
    let mut codes = Vec::new();
    for _ in 0..3 {
        let page = browser.post("/login-with/start", "").await;
        let query = page.location.strip_prefix("/provider?").unwrap().to_owned();
        let page = browser.post("/provider", &format!("{query}&user=ada")).await;
        assert!(page.location.starts_with("/login-with/callback?state="), "{}", page.location);
        codes.push(page.location);
    }
    let mut other = Browser::new(&server);
    assert_eq!(other.get(&codes[0]).await.status, StatusCode::FORBIDDEN, "login CSRF");
    for code in &codes[..1] {
        assert_eq!(
            browser.get(code).await.location,
            "/",
            "a failed attempt elsewhere spoils nothing"
        );
    }
    for code in &codes[1..] {
        assert_eq!(browser.get(code).await.location, "/");
        assert!(browser.get("/").await.html.contains("ada (provider)"));
    }
    assert_eq!(browser.get(&codes[1]).await.status, StatusCode::FORBIDDEN, "each code once");
    assert_eq!(
        browser.jar.len(),
        1,
        "the cookies of the attempts are gone: {:?}",
        browser.jar.keys()
    );
    let page = browser.get("/login-with/callback?state=a;b&code=c").await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn requests_of_other_sites_are_refused() {
    let server = Server::start(false);
    let mut susan = Browser::signed_up(&server, "susan").await;
    for path in ["/", "/login", "/logout", "/devices/end-all", "/login-with/start"] {
        let request = Request::builder().method(Method::POST).uri(path);
        let request = request.header("sec-fetch-site", "cross-site").body(Body::from("text=spam"));
        assert_eq!(susan.send(request.unwrap()).await.status, StatusCode::FORBIDDEN, "{path}");
    }
    assert!(susan.is_logged_in().await);
}

#[tokio::test]
async fn a_load_balancer_sees_the_state() {
    let server = Server::start(false);
    let metrics = PrometheusBuilder::new().build_recorder();
    let router = operations::router(server.app.list.clone(), metrics.handle());
    metrics::with_local_recorder(&metrics, || metrics::counter!("notes_test_total").increment(3));
    for (path, expected) in
        [("/health", "alive"), ("/ready", "ready"), ("/metrics", "notes_test_total 3")]
    {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert!(String::from_utf8_lossy(&body).contains(expected), "{path}: {body:?}");
    }
    // Nothing of it is in reach of users.
    let mut susan = Browser::signed_up(&server, "susan").await;
    for path in ["/health", "/ready", "/metrics"] {
        assert_eq!(susan.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

/// A thief with a copy of the cookie sends the body of a form after the owner has ended the
/// session.
#[tokio::test]
async fn a_held_request_cannot_use_a_session_that_has_ended() {
    let server = Server::start(false);
    let mut susan = Browser::signed_up(&server, "susan").await;
    Browser::signed_up(&server, "bob").await;
    susan.post("/admin", "password=correct+horse").await;
    let mut held = Vec::new();
    for (path, form) in [
        ("/password", "password=thiefs+horse"),
        ("/", "text=spam"),
        ("/admin/lock", "user=2&is_locked=true"),
    ] {
        let (body, response) = susan.hold(path).await;
        held.push((path, form, body, response));
    }
    susan.post("/devices/end-all", "").await;
    for (path, form, mut body, response) in held {
        body.send_data(Bytes::from_static(form.as_bytes())).await.unwrap();
        drop(body);
        assert_eq!(response.await.unwrap().location, "/login", "{path}");
    }
    let mut susan = Browser::logged_in(&server, "susan").await;
    assert!(!susan.get("/").await.html.contains("spam"));
    Browser::logged_in(&server, "bob").await;
}

/// A request whose session was opened before another change of the password.
#[test]
fn an_old_password_cannot_undo_a_new_one() {
    let server = Server::start(false);
    let user = server.app.database.add_user("susan", Some("1"), None).unwrap().unwrap();
    let set = |old, new| server.app.database.set_password(user.id, old, new).unwrap();
    assert!(set(Some("1"), "2"));
    assert!(!set(Some("1"), "3") && !set(None, "3"));
    server.app.database.set_locked(user.id, true).unwrap();
    assert!(!set(Some("2"), "3"));
}

#[test]
fn secrets_are_rotated_one_after_the_other() {
    let server = Server::start(false);
    let file = server.folder.path().join("data/secrets");
    let read = || std::fs::read_to_string(&file).unwrap().lines().count();
    std::thread::scope(|threads| {
        let rotations: Vec<_> =
            (0..8).map(|_| threads.spawn(|| server.app.keys.rotate().unwrap())).collect();
        while !rotations.iter().all(|it| it.is_finished()) {
            assert!(read() > 0, "a reader never sees an empty file");
        }
    });
    assert_eq!(read(), 9, "no secret is lost");
    server.app.keys.rotate().unwrap();
    let error = server.app.keys.rotate().unwrap_err().to_string();
    assert!(error.contains("remove those that are older than 30 days"), "{error}");
    #[cfg(unix)]
    for path in [file.as_path(), file.parent().unwrap()] {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = path.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "others can read {}", path.display());
    }
}

#[tokio::test]
async fn the_provider_names_neither_an_administrator_nor_another_user() {
    let server = Server::start(false);
    let mut browser = Browser::new(&server);
    for name in ["zed", "ZED"] {
        assert_eq!(browser.log_in_with_provider("", name).await.location, "/", "{name}");
        assert!(browser.get("/").await.html.contains(&format!("{name} (provider)")));
    }
    assert_eq!(browser.get("/admin").await.status, StatusCode::NOT_FOUND);
    let page = Browser::new(&server).post("/signup", &account("vic (provider)", PASSWORD)).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    let mut susan = Browser::signed_up(&server, "susan").await;
    assert!(susan.get("/admin").await.html.contains("Enter"));
}

#[tokio::test]
async fn a_user_of_the_provider_confirms_with_the_provider() {
    let server = Server::start(false);
    let (mut laptop, mut phone) = (Browser::new(&server), Browser::new(&server));
    laptop.log_in_with_provider("", "ada").await;
    phone.log_in_with_provider("", "ada").await;
    assert!(laptop.get("/password").await.html.contains("You have no password here"));
    server.clock.advance(Duration::from_secs(11 * 60));
    let page = laptop.post("/devices/end-others", "").await;
    assert_eq!(page.location, "/confirm?then=/devices");
    let page = laptop.get(&page.location).await.html;
    assert!(page.contains("name=\"then\" value=\"/devices\""), "{page}");
    assert!(page.contains("/login-with/start") && !page.contains("type=\"password\""), "{page}");

    let page = laptop.log_in_with_provider("then=/devices", "ada").await;
    assert_eq!(page.location, "/devices");
    assert_eq!(laptop.post("/devices/end-others", "").await.location, "/devices");
    assert!(laptop.is_logged_in().await && !phone.is_logged_in().await);
    let page = laptop.log_in_with_provider("then=//evil.example", "ada").await;
    assert_eq!(page.location, "/", "only to a page of this application");
}

/// The store records nothing, because another process holds its lock.
#[tokio::test]
async fn a_store_that_records_nothing_is_a_503_and_a_sign_up_can_be_sent_again() {
    let server = Server::start(false);
    let mut laptop = Browser::signed_up(&server, "susan").await;
    let mut phone = Browser::logged_in(&server, "susan").await;
    let mut shared = Browser::logged_in(&server, "susan").await;
    phone.get("/").await;
    let list = laptop.get("/devices").await.html;
    let device = list.split_once("name=\"session\" value=\"").unwrap().1.split_once('"').unwrap().0;
    let device = format!("session={device}");
    let lock =
        rusqlite::Connection::open(server.folder.path().join("data/revocations.db")).unwrap();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();

    let bob = account("bob", PASSWORD);
    let (ended, ended_all, signed_up) = tokio::join!(
        laptop.post("/devices/end", &device),
        phone.post("/devices/end-all", ""),
        // A new session replaces the one of susan.
        shared.post("/signup", &bob),
    );
    for page in [&ended, &ended_all, &signed_up] {
        assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    }
    assert!(ended.html.contains("Try again soon"), "{}", ended.html);
    assert!(phone.jar.is_empty(), "this browser is logged out in any case");

    lock.execute_batch("ROLLBACK").unwrap();
    let page = Browser::new(&server).post("/signup", &account("bob", "another horse")).await;
    assert_eq!(page.status, StatusCode::CONFLICT);
    let mut bob = Browser::signed_up(&server, "bob").await;
    assert!(bob.get("/").await.html.contains("bob’s notes"));
    assert_eq!(server.app.database.users().unwrap().len(), 2);
}

/// Between the statement that locks an account and the revocation of its sessions.
#[tokio::test]
async fn a_locked_account_cannot_be_used() {
    let server = Server::start(false);
    let mut susan = Browser::signed_up(&server, "susan").await;
    susan.post("/admin", "password=correct+horse").await;
    susan.post("/admin/lock", "user=1&is_locked=true").await;
    assert!(susan.is_logged_in().await, "an administrator cannot lock herself out");
    let mut bob = Browser::signed_up(&server, "bob").await;
    let mut ada = Browser::new(&server);
    ada.log_in_with_provider("", "ada").await;
    for (browser, user) in [(&mut bob, 2), (&mut ada, 3)] {
        assert!(browser.is_logged_in().await);
        server.app.database.set_locked(user, true).unwrap();
        assert!(!browser.is_logged_in().await);
    }
    assert_eq!(ada.log_in_with_provider("", "ada").await.status, StatusCode::FORBIDDEN);
    for path in ["/login", "/signup"] {
        let page = Browser::new(&server).post(path, &account("bob", PASSWORD)).await;
        assert!(page.status.is_client_error(), "{path}: {}", page.status);
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_is_neither_endless_nor_large() {
    let server = Server::start(false);
    let browser = Browser::new(&server);
    let (held, response) = browser.hold("/login").await;
    // The time passes at once, because nothing else happens.
    let response = tokio::time::timeout(Duration::from_secs(60), response).await;
    assert_eq!(response.expect("a response").unwrap().status, StatusCode::REQUEST_TIMEOUT);
    drop(held);
    let large = "x".repeat(64 * 1024 + 1);
    assert_eq!(Browser::new(&server).post("/login", &large).await.status, 413);
}

#[test]
fn devices_of_sessions_that_have_expired_are_forgotten() {
    const MONTH: u64 = 30 * 24 * 60 * 60;
    let server = Server::start(false);
    let user = server.app.database.add_user("susan", Some("1"), None).unwrap().unwrap().id;
    let see = |id: &str, at: u64| {
        let at = UnixTime::from_secs(at);
        let session = SessionRef { id: id.into(), user: None, issued_at: at, stamp: 0 };
        let device = Device { session, browser: String::new(), seen: at };
        server.app.database.see_device(user, &device).unwrap();
        server.app.database.devices(user).unwrap().len()
    };
    assert_eq!([see("a", 1), see("b", MONTH + 1), see("c", MONTH + 2)], [1, 2, 2]);
}

#[test]
fn every_change_of_the_secrets_is_noticed() {
    let server = Server::start(false);
    let keys = &server.app.keys;
    let file = server.folder.path().join("data/secrets");
    let time = file.metadata().unwrap().modified().unwrap();
    for secret in ["a", "b"] {
        std::fs::write(&file, secret.repeat(32)).unwrap();
        std::fs::File::options().write(true).open(&file).unwrap().set_modified(time).unwrap();
        assert!(keys.reload_if_changed().unwrap());
        assert!(!keys.reload_if_changed().unwrap());
    }
    std::fs::write(&file, "too short").unwrap();
    assert!(keys.reload_if_changed().is_err());
    #[cfg(unix)]
    {
        let link = server.folder.path().join("link");
        std::os::unix::fs::symlink("nowhere", &link).unwrap();
        let opened = Keys::open(link.clone(), false, server.app.list.clone());
        assert!(format!("{:#}", opened.unwrap_err()).contains("link: "));
        assert!(!link.exists(), "a link to nowhere is no reason for new secrets");
    }
}
