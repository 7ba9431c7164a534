//! Attacks on device-bound sessions, and races of the true browser: over two servers that share a
//! list, a list that is full, lost or unavailable, and planted cookies.

use std::{
    collections::BTreeMap,
    future::ready,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use axum::{
    Extension, Router,
    http::StatusCode,
    routing::{get, post},
};
use waxseal::{
    Acknowledgement, DeviceBinding, NotDurable, Recorded, Revocation, RevocationStatus,
    Revocations, Sealer, Secret, Session, SessionError, SessionLayer, SessionRef, SessionView,
    Target, UnixTime, test_util::TestClock,
};
use waxseal_revocation::RevocationList;

#[allow(dead_code)]
mod device;
use device::{Browser, parameter};

/// The headers of a link from another site.
const FROM_ANOTHER_SITE: [(&str, &str); 2] =
    [("sec-fetch-mode", "navigate"), ("sec-fetch-site", "cross-site")];

const LATE: Duration = Duration::from_secs(70);

/// A store as `waxseal-revocation` has it, and the copies of the servers, which a test updates.
#[derive(Default, Debug, Clone)]
struct Entries {
    ids: BTreeMap<String, Option<String>>,
    cutoffs: BTreeMap<String, u64>,
    stamp: u64,
    is_full: bool,
}

impl Entries {
    fn is_revoked(&self, session: SessionView<'_>) -> bool {
        session.id.is_some_and(|id| self.ids.contains_key(id))
            || session.user.is_some_and(|user| session.stamp < self.cutoff(user))
    }

    fn cutoff(&self, user: &str) -> u64 {
        self.cutoffs.get(user).copied().unwrap_or(0)
    }

    fn cut_off(&mut self, user: &str, cutoff: u64) {
        self.cutoffs.insert(user.into(), cutoff);
        self.ids.retain(|_, of| of.as_deref() != Some(user));
    }

    /// `waxseal-revocation`'s `record`.
    fn record(&mut self, revocation: &Revocation) -> Recorded {
        let successor = revocation.successor.as_ref();
        let was_revoked = successor.is_some_and(|next| {
            self.is_revoked(next.session.view())
                || next.also.as_ref().is_some_and(|id| self.ids.contains_key(id))
        });
        let nothing =
            Recorded { stamp: self.stamp, was_revoked, is_cutoff: false, is_revoked: true };
        if was_revoked && successor.is_some_and(|next| next.must_be_good) {
            return nothing;
        }
        let mut is_cutoff = true;
        match &revocation.target {
            Target::User(user) => {
                self.stamp += 1;
                self.cut_off(user, self.stamp);
            }
            Target::Session(session) | Target::OnlySession(session)
                if self.is_revoked(session.view()) =>
            {
                return nothing;
            }
            Target::OnlySession(_) if self.is_full => {
                return Recorded { is_revoked: false, ..nothing };
            }
            Target::Session(SessionRef { user: Some(user), .. }) if self.is_full => {
                self.stamp += 1;
                self.cut_off(user, self.stamp);
            }
            Target::Session(session) | Target::OnlySession(session) => {
                self.stamp += 1;
                self.ids.insert(session.id.clone(), session.user.clone());
                is_cutoff = false;
            }
        }
        Recorded { stamp: self.stamp, is_cutoff, ..nothing }
    }
}

/// One server's list over the store.
#[derive(Debug, Clone, Default)]
struct List {
    store: Arc<Mutex<Entries>>,
    copy: Arc<Mutex<Entries>>,
    is_unknown: Arc<AtomicBool>,
    /// The store records, and the acknowledgement is lost.
    loses_answers: Arc<AtomicBool>,
}

impl List {
    fn of(store: &Arc<Mutex<Entries>>) -> Self {
        Self { store: Arc::clone(store), ..Self::default() }
    }

    /// The server has read the store.
    fn sync(&self) {
        *self.copy.lock().unwrap() = self.store.lock().unwrap().clone();
    }
}

impl Revocations for List {
    fn absolute_timeout(&self) -> Duration {
        Duration::from_secs(400 * 86400)
    }

    fn stamp(&self) -> Option<u64> {
        Some(self.copy.lock().unwrap().stamp)
    }

    fn status(&self, session: SessionView<'_>) -> RevocationStatus {
        if self.copy.lock().unwrap().is_revoked(session) {
            RevocationStatus::Revoked
        } else if self.is_unknown.load(SeqCst) {
            RevocationStatus::Unknown
        } else {
            RevocationStatus::Good
        }
    }

    fn revoke(&self, revocation: Revocation) -> Acknowledgement {
        let recorded = self.store.lock().unwrap().record(&revocation);
        let mut copy = self.copy.lock().unwrap();
        if let Target::Session(session) = &revocation.target
            && !copy.is_revoked(session.view())
            && !copy.is_full
            && revocation.successor.is_none_or(|next| !next.must_be_good)
        {
            copy.ids.insert(session.id.clone(), session.user.clone());
        }
        let answer = if self.loses_answers.load(SeqCst) {
            Err(NotDurable::new("the connection broke"))
        } else {
            Ok(recorded)
        };
        Acknowledgement::new(ready(answer))
    }
}

async fn whoami(session: Session) -> String {
    let bound = if session.binding().is_some() { "bound" } else { "unbound" };
    session.user().map_or_else(|| "nobody".into(), |user| format!("{user}, {bound}"))
}

async fn log_in(session: Session) -> Result<(), SessionError> {
    session.log_in("susan")
}

async fn log_out(session: Session) -> Result<(), SessionError> {
    session.delete()
}

async fn renew(session: Session) -> Result<(), SessionError> {
    session.require_user()?;
    session.renew()
}

async fn confirm(session: Session) -> Result<(), SessionError> {
    session.confirm_user()
}

async fn revoke_others(session: Session) -> Result<(), SessionError> {
    session.require_user()?;
    session.revoke_others()
}

async fn count(session: Session) -> Result<String, SessionError> {
    let count = session.get::<u32>("count")?.unwrap_or(0) + 1;
    session.insert("count", count)?;
    session.save()?;
    Ok(count.to_string())
}

/// The list loses the contact to its store during the request.
async fn count_in_an_outage(
    session: Session,
    Extension(is_unknown): Extension<Arc<AtomicBool>>,
) -> Result<String, SessionError> {
    session.require_user()?;
    is_unknown.store(true, SeqCst);
    session.insert("count", 1)?;
    session.save()?;
    Ok("saved".into())
}

fn router() -> Router {
    Router::new()
        .route("/", get(whoami))
        .route("/login", post(log_in))
        .route("/logout", post(log_out))
        .route("/renew", post(renew))
        .route("/confirm", post(confirm))
        .route("/revoke-others", post(revoke_others))
        .route("/count", post(count))
        .route("/page", get(count))
        .route("/count-in-an-outage", post(count_in_an_outage))
}

fn app(list: impl Revocations + 'static, clock: &TestClock) -> Router {
    let sealer = Sealer::builder(Secret::new([7; 32]).unwrap())
        .revocations(list)
        .device_bound(DeviceBinding::default())
        .build()
        .unwrap();
    router().layer(SessionLayer::new(sealer).clock(clock.source()))
}

fn clock() -> TestClock {
    TestClock::new(UnixTime::now())
}

async fn logged_in(app: &Router, key: u8) -> (Browser, String) {
    let mut browser = Browser::new(app, key);
    let answer = browser.send("POST", "/login", &[]).await;
    let offer = answer.header("secure-session-registration").unwrap().to_owned();
    (browser, offer)
}

async fn bound(app: &Router, key: u8) -> Browser {
    let (mut browser, offer) = logged_in(app, key).await;
    assert_eq!(browser.register(&offer).await.status, StatusCode::OK);
    assert_eq!(browser.get("/").await.body, "susan, bound");
    browser
}

/// F1. The cutoff drops the record of the registration, and gives the copy a stamp that is not
/// below the cutoff.
#[tokio::test]
async fn revoke_others_does_not_keep_the_copy_from_before_the_registration_alive() {
    let (clock, list) = (clock(), List::default());
    let app = app(list.clone(), &clock);
    let (mut browser, offer) = logged_in(&app, 1).await;
    let mut thief = browser.clone();
    assert_eq!(browser.register(&offer).await.status, StatusCode::OK);
    thief.send("POST", "/revoke-others", &[]).await;
    list.sync();
    assert_eq!(browser.get("/").await.body, "susan, bound");
    clock.advance(LATE);
    assert_ne!(thief.get("/").await.body, "susan, unbound");
    clock.advance(Duration::from_secs(3 * 86400));
    assert_ne!(thief.get("/").await.body, "susan, unbound");
}

/// F1 with the store of waxseal-revocation, whose entries have full seconds: a server that reads
/// the store after the cutoff.
#[tokio::test]
async fn revoke_others_does_not_keep_the_copy_alive_with_the_real_store() {
    let (clock, folder) = (clock(), tempfile::tempdir().unwrap());
    let open = || {
        let store = waxseal_revocation::Store::sqlite(folder.path().join("list.db"));
        RevocationList::builder(store).open().unwrap()
    };
    let app_one = app(open(), &clock);
    let (mut browser, offer) = logged_in(&app_one, 1).await;
    let mut thief = browser.clone();
    assert_eq!(browser.register(&offer).await.status, StatusCode::OK);
    tokio::time::sleep(Duration::from_millis(1500)).await;
    thief.send("POST", "/revoke-others", &[]).await;
    thief.app = app(open(), &clock);
    clock.advance(LATE);
    assert_ne!(thief.get("/").await.body, "susan, unbound");
}

/// F2. A registration must be refused if its session is revoked, also if a full list records a
/// cutoff in place of the registration.
#[tokio::test]
async fn a_registration_does_not_bring_a_session_back_that_another_server_has_revoked() {
    let (clock, store) = (clock(), Arc::default());
    let [one, two] = [List::of(&store), List::of(&store)];
    let [app_one, app_two] = [app(one.clone(), &clock), app(two.clone(), &clock)];
    let (mut browser, offer) = logged_in(&app_one, 1).await;
    let mut copy = browser.clone();
    assert_eq!(browser.send("POST", "/logout", &[]).await.status, StatusCode::OK);
    // The second server has not read the logout yet. The list is full by now.
    store.lock().unwrap().is_full = true;
    copy.app = app_two;
    copy.register(&offer).await;
    one.sync();
    two.sync();
    assert_eq!(copy.get("/").await.body, "nobody");
}

/// F3. A renewal that loses against the registration at another server revokes the session.
#[tokio::test]
async fn a_renewal_that_races_the_registration_at_another_server_does_not_log_out() {
    let (clock, store) = (clock(), Arc::default());
    let [one, two] = [List::of(&store), List::of(&store)];
    let [app_one, app_two] = [app(one.clone(), &clock), app(two.clone(), &clock)];
    let (mut browser, offer) = logged_in(&app_one, 1).await;
    let mut racing = browser.clone();
    racing.app = app_two;
    assert_eq!(browser.register(&offer).await.status, StatusCode::OK);
    let answer = racing.send("POST", "/renew", &[]).await;
    assert!(answer.sets_no_cookie(), "{answer:?}");
    one.sync();
    two.sync();
    assert_eq!(browser.get("/").await.body, "susan, bound");
}

/// F4. With a full list, or 1 000 entries of the user, the record of the first append is a cutoff
/// that revokes the successor of the second.
#[tokio::test]
async fn a_renewal_soon_after_the_login_works_when_the_list_is_full() {
    let (clock, list) = (clock(), List::default());
    list.store.lock().unwrap().is_full = true;
    list.sync();
    let app = app(list.clone(), &clock);
    let (mut browser, _) = logged_in(&app, 1).await;
    let answer = browser.send("POST", "/renew", &[]).await;
    assert!(!answer.sets_no_cookie(), "{answer:?}");
    list.sync();
    assert_eq!(browser.get("/").await.body, "susan, unbound");
}

/// A thousand revoked sessions of the user.
async fn fill(list: &RevocationList) {
    for number in 0..1000 {
        let session = SessionRef {
            id: format!("session {number}"),
            user: Some("susan".into()),
            issued_at: UnixTime::now(),
            stamp: Revocations::stamp(list).unwrap(),
        };
        let _ = list.revoke(Revocation { target: Target::Session(session), successor: None }).await;
    }
}

/// F4 with the list of waxseal-revocation.
#[tokio::test]
async fn a_renewal_soon_after_the_login_works_for_a_user_with_a_thousand_entries() {
    let (clock, list) = (clock(), RevocationList::memory().unwrap());
    let app = app(list.clone(), &clock);
    fill(&list).await;
    let (mut browser, _) = logged_in(&app, 1).await;
    let answer = browser.send("POST", "/renew", &[]).await;
    assert!(!answer.sets_no_cookie(), "{answer:?}");
    assert_eq!(browser.get("/").await.body, "susan, unbound");
}

/// F5. Five logins within ten minutes: the browser sends the oldest proof cookies first.
#[tokio::test]
async fn the_proof_cookies_of_earlier_logins_do_not_hide_the_newest() {
    let (clock, list) = (clock(), RevocationList::memory().unwrap());
    let app = app(list, &clock);
    // In this jar the order is that of the names: the last login has the last name.
    let mut logins = Vec::new();
    for key in 1..=5 {
        logins.push(bound(&app, key).await);
    }
    logins.sort_by_key(Browser::proof_cookie);
    let mut newest = logins.pop().unwrap();
    for earlier in logins {
        let name = earlier.proof_cookie();
        newest.jar.insert(name.clone(), earlier.jar[&name].clone());
    }
    assert_eq!(newest.get("/").await.body, "susan, bound");
}

/// F5. Planted cookies that are no tokens.
#[tokio::test]
async fn planted_proof_cookies_do_not_lock_out() {
    let (clock, list) = (clock(), RevocationList::memory().unwrap());
    let mut browser = bound(&app(list, &clock), 1).await;
    for name in ["", "-", "--", "---"] {
        browser.jar.insert(format!("__Host-session-bound-{name}"), "x".into());
    }
    assert_eq!(browser.get("/").await.body, "susan, bound");
}

/// F6. An unbound session of any browser, when the list becomes unknown during a request.
#[tokio::test]
async fn an_outage_of_the_list_during_a_request_is_no_revocation() {
    let (clock, list) = (clock(), List::default());
    let app = app(list.clone(), &clock).layer(Extension(Arc::clone(&list.is_unknown)));
    let (mut browser, _) = logged_in(&app, 1).await;
    browser.app = app;
    clock.advance(LATE);
    let answer = browser.send("POST", "/count-in-an-outage", &[]).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert!(!answer.sets_no_cookie());
}

/// F7. The page after the login saves while the browser registers its key.
#[tokio::test]
async fn the_registration_keeps_what_another_response_has_saved() {
    let (clock, list) = (clock(), RevocationList::memory().unwrap());
    let app = app(list, &clock);
    let (mut browser, offer) = logged_in(&app, 1).await;
    // The request of the registration is on its way.
    let mut registering = browser.clone();
    assert_eq!(browser.send("POST", "/count", &[]).await.body, "1");
    let answer = registering.register(&offer).await;
    browser.store(&answer);
    assert_eq!(browser.send("POST", "/count", &[]).await.body, "2");
    clock.advance(LATE);
    assert_eq!(browser.get("/").await.body, "susan, bound");
}

/// F8. A response that raced the registration has replaced the bound cookie, and the next request
/// is a link from another site an hour later.
#[tokio::test]
async fn a_raced_cookie_without_a_proof_is_asked_for_one_and_not_overwritten() {
    let (clock, list) = (clock(), RevocationList::memory().unwrap());
    let app = app(list, &clock);
    let (mut browser, offer) = logged_in(&app, 1).await;
    let mut racing = browser.clone();
    browser.register(&offer).await;
    let answer = racing.send("POST", "/count", &[]).await;
    browser.store(&answer);
    let proof = browser.proof_cookie();
    browser.jar.remove(&proof);
    clock.advance(Duration::from_secs(3600));
    let answer = browser.send("GET", "/", &FROM_ANOTHER_SITE).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{answer:?}");
    let answer = browser.send("POST", "/count", &[]).await;
    assert!(answer.sets_no_cookie(), "{answer:?}");
    browser.refresh().await;
    assert_eq!(browser.get("/").await.body, "susan, bound");
}

/// F9. The clock of the computer was set back after the proof: the browser still sends the proof
/// cookie, so it does not prove again.
#[tokio::test]
async fn an_expired_proof_cookie_that_the_browser_still_has_is_removed() {
    let (clock, list) = (clock(), RevocationList::memory().unwrap());
    let mut browser = bound(&app(list, &clock), 1).await;
    clock.advance(Duration::from_secs(700));
    let proof = browser.proof_cookie();
    let answer = browser.send("GET", "/", &FROM_ANOTHER_SITE).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{answer:?}");
    assert!(!browser.jar.contains_key(&proof));

    // The page loads itself again. A proof cookie that is not of this session is left alone.
    browser.refresh().await;
    let from_the_page = [("sec-fetch-mode", "navigate"), ("sec-fetch-site", "same-origin")];
    clock.advance(Duration::from_secs(700));
    let answer = browser.send("GET", "/", &from_the_page).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{answer:?}");
    assert!(!browser.jar.contains_key(&proof));
    let other = bound(&browser.app, 2).await;
    browser.jar.insert(other.proof_cookie(), other.jar[&other.proof_cookie()].clone());
    let answer = browser.send("GET", "/", &from_the_page).await;
    assert_eq!((answer.status, &*answer.body), (StatusCode::OK, "nobody"), "{answer:?}");
}

/// F11. The path of the cookie is a prefix of the text, and not of the path.
#[test]
fn a_path_that_gets_no_cookie_is_an_error() {
    let build = |path: &str| {
        let spec = waxseal::CookieSpec::builder("__Secure-session").path("/app").build().unwrap();
        Sealer::builder(Secret::new([7; 32]).unwrap())
            .cookie(spec)
            .revocations(List::default())
            .device_bound(DeviceBinding::default().path(path))
            .build()
    };
    assert!(build("/app/device").is_ok());
    assert!(build("/application").is_err());
}

/// A body that is not axum's, such as that of a compression layer under the session layer.
#[derive(Default)]
struct OtherBody(#[allow(dead_code)] axum::body::Body);

/// F12. The registration is recorded, and its response cannot be written.
#[tokio::test]
async fn a_body_that_cannot_be_written_does_not_end_the_session() {
    use axum::{body::Body, http::Request, http::Response};
    use tower::{Layer as _, Service as _, ServiceExt as _, service_fn};

    let (clock, list) = (clock(), RevocationList::memory().unwrap());
    let axum = app(list.clone(), &clock);
    let sealer = Sealer::builder(Secret::new([7; 32]).unwrap())
        .revocations(list)
        .device_bound(DeviceBinding::default())
        .build()
        .unwrap();
    let layer = SessionLayer::new(sealer).clock(clock.source());
    let handler = service_fn(|request: Request<Body>| async move {
        let session = Session::of(&request).unwrap();
        session.log_in("susan").unwrap();
        Ok::<_, std::convert::Infallible>(Response::new(OtherBody::default()))
    });
    let mut service = layer.layer(handler);
    let service = service.ready().await.unwrap();
    let request = Request::post("/login").body(Body::empty()).unwrap();
    let answer = service.call(request).await.unwrap();
    let line = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
    let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
    let mut browser = Browser::new(&axum, 1);
    browser.jar.insert(name.into(), value.into());
    if let Some(offer) = answer.headers().get("secure-session-registration") {
        let offer = offer.to_str().unwrap();
        let proof = browser.registration_proof(&parameter(offer, "challenge"));
        let request = Request::post(parameter(offer, "path"))
            .header("cookie", format!("{name}={value}"))
            .header("secure-session-response", proof)
            .body(Body::empty())
            .unwrap();
        let answer = service.call(request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(!answer.headers().contains_key("set-cookie"));
    }
    clock.advance(LATE);
    assert_eq!(browser.get("/").await.body, "susan, unbound");
}

/// A browser with a key refreshes before it loads a page, so one without a proof cookie has no key.
/// A login page that saves, here a counter, must work in it.
#[tokio::test]
async fn a_page_that_saves_works_in_a_browser_without_its_key() {
    let (clock, list) = (clock(), RevocationList::memory().unwrap());
    let mut browser = bound(&app(list, &clock), 1).await;
    clock.advance(LATE);
    browser.jar.remove(&browser.proof_cookie());
    let by_user = [("sec-fetch-mode", "navigate"), ("sec-fetch-site", "none")];
    for kept in [
        &[][..],
        &by_user[..1],
        &[("sec-fetch-mode", "cors"), ("sec-fetch-site", "same-origin")],
        // The browser keeps its key.
        &[by_user[0], by_user[1], ("secure-session-skipped", "unreachable")],
        &[by_user[0], by_user[1], ("sec-purpose", "prefetch;prerender")],
    ] {
        let answer = browser.send("GET", "/page", kept).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{kept:?}");
        assert!(answer.sets_no_cookie(), "{kept:?}");
    }
    let before = browser.clone();
    let answer = browser.send("GET", "/page", &by_user).await;
    assert_eq!(answer.body, "1", "{answer:?}");
    assert_ne!(before.jar["__Host-session"], browser.jar["__Host-session"]);
    assert_eq!(browser.send("POST", "/count", &[]).await.body, "2");
    let answer = browser.send("POST", "/login", &[]).await;
    assert!(answer.header("secure-session-registration").is_some());

    // A valid proof cookie is no lost key.
    let mut browser = bound(&before.app, 2).await;
    assert_eq!(browser.send("GET", "/page", &by_user).await.body, "1");
    assert_eq!(browser.get("/").await.body, "susan, bound");
}

/// F17. Two links of another site, opened in two tabs.
#[tokio::test]
async fn each_of_two_tabs_is_asked_for_a_proof() {
    let (clock, list) = (clock(), RevocationList::memory().unwrap());
    let mut browser = bound(&app(list, &clock), 1).await;
    clock.advance(Duration::from_secs(70));
    browser.jar.remove(&browser.proof_cookie());
    for path in ["/?tab=1", "/?tab=2"] {
        let answer = browser.send("GET", path, &FROM_ANOTHER_SITE).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path}");
    }
}

/// A cutoff in place of the record would revoke the session itself, so the list records nothing.
#[tokio::test]
async fn a_registration_without_room_in_the_list_leaves_the_session_unbound() {
    let (clock, list) = (clock(), List::default());
    let app = app(list.clone(), &clock);
    let mut older = bound(&app, 2).await;
    list.store.lock().unwrap().is_full = true;
    list.sync();
    let (mut browser, offer) = logged_in(&app, 1).await;
    let answer = browser.register(&offer).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(answer.sets_no_cookie());
    list.sync();
    clock.advance(LATE);
    assert_eq!(browser.get("/").await.body, "susan, unbound");
    assert_eq!(older.get("/").await.body, "susan, bound");
}

/// The same with the list of waxseal-revocation, in which a logout of such a user makes room.
#[tokio::test]
async fn the_login_after_a_logout_is_bound_for_a_user_with_a_thousand_entries() {
    let (clock, list) = (clock(), RevocationList::memory().unwrap());
    fill(&list).await;
    let app = app(list, &clock);
    let (mut browser, offer) = logged_in(&app, 1).await;
    assert_eq!(browser.register(&offer).await.status, StatusCode::BAD_REQUEST);
    clock.advance(LATE);
    assert_eq!(browser.get("/").await.body, "susan, unbound");
    assert_eq!(browser.send("POST", "/logout", &[]).await.status, StatusCode::OK);
    bound(&app, 1).await;
}

/// Holds: two servers that register at once; the second key is refused.
#[tokio::test]
async fn the_second_of_two_registrations_at_two_servers_is_refused() {
    let (clock, store) = (clock(), Arc::default());
    let [one, two] = [List::of(&store), List::of(&store)];
    let (mut browser, offer) = logged_in(&app(one, &clock), 1).await;
    let mut thief = Browser { key: Browser::new(&browser.app, 9).key, ..browser.clone() };
    thief.app = app(two, &clock);
    assert_eq!(browser.register(&offer).await.status, StatusCode::OK);
    let answer = thief.register(&offer).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(answer.sets_no_cookie());
}

/// Holds: tokens of another marker or application are no tokens.
#[tokio::test]
async fn a_proof_of_another_application_is_none() {
    let (clock, list) = (clock(), RevocationList::memory().unwrap());
    let mut browser = bound(&app(list.clone(), &clock), 1).await;
    let sealer = Sealer::builder(Secret::new([7; 32]).unwrap())
        .application("other")
        .revocations(list)
        .device_bound(DeviceBinding::default())
        .build()
        .unwrap();
    let other = router().layer(SessionLayer::new(sealer).clock(clock.source()));
    let mut others = bound(&other, 1).await;
    assert_eq!(others.proof_cookie(), browser.proof_cookie(), "the key is the same");
    let (challenge, name) = (browser.challenge().await, browser.proof_cookie());
    let identifier = browser.identifier();
    let proof = others.refresh_proof(&challenge);
    let answer = others.prove(&proof).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "a challenge of another application");
    let headers = [("sec-secure-session-id", &*identifier)];
    let answer = others.send("POST", &others.refresh_url(), &headers).await;
    assert!(answer.body.contains("\"continue\":false"), "{answer:?}");
    browser.jar.insert(name.clone(), others.jar[&name].clone());
    clock.advance(Duration::from_secs(70));
    assert_eq!(browser.get("/").await.body, "nobody");
}

/// Without a revocation list, only the session cookie says that the session is bound, so the first
/// response to a request with both cookies names the key in it.
#[tokio::test]
async fn without_a_list_the_cookie_of_a_bound_browser_needs_its_proof() {
    let clock = clock();
    let sealer = Sealer::builder(Secret::new([7; 32]).unwrap())
        .device_bound(DeviceBinding::default().dangerous_without_revocations())
        .build()
        .unwrap();
    let app = router().layer(SessionLayer::new(sealer).clock(clock.source()));
    let mut browser = bound(&app, 1).await;
    // The browser is used for two days: each request has a proof.
    for _ in 0..2 {
        clock.advance(Duration::from_secs(86400));
        assert_eq!(browser.refresh().await.status, StatusCode::OK);
        assert_eq!(browser.get("/").await.body, "susan, bound");
    }
    // Malware copies the cookies, and uses them an hour later.
    let mut thief = browser.clone();
    clock.advance(Duration::from_secs(3600));
    assert_eq!(thief.get("/").await.body, "nobody");
    thief.jar.remove(&browser.proof_cookie());
    assert_eq!(thief.get("/").await.body, "nobody");
}

/// An attacker with the login response registers first. The next login or logout of the user, whose
/// browser has no key, ends the attacker's session.
#[tokio::test]
async fn a_login_or_a_logout_ends_the_session_of_an_attacker_who_registered_first() {
    for (path, user_then) in [("/logout", "nobody"), ("/login", "susan, unbound")] {
        let (clock, list) = (clock(), RevocationList::memory().unwrap());
        let (mut user, offer) = logged_in(&app(list, &clock), 1).await;
        let mut thief = Browser { key: Browser::new(&user.app, 9).key, ..user.clone() };
        assert_eq!(thief.register(&offer).await.status, StatusCode::OK);
        clock.advance(LATE);
        assert_eq!(user.get("/").await.body, "nobody");
        assert_eq!(user.send("POST", path, &[]).await.status, StatusCode::OK);
        assert_eq!(user.get("/").await.body, user_then);
        clock.advance(Duration::from_secs(3600));
        assert_eq!(thief.refresh().await.status, StatusCode::OK);
        assert_eq!(thief.get("/").await.body, "nobody");
    }
}

/// The cookie of a login page that saves takes the place of the attacker's.
#[tokio::test]
async fn a_page_that_saves_ends_the_session_of_an_attacker_who_registered_first() {
    let (clock, list) = (clock(), RevocationList::memory().unwrap());
    let (mut user, offer) = logged_in(&app(list, &clock), 1).await;
    let mut thief = Browser { key: Browser::new(&user.app, 9).key, ..user.clone() };
    assert_eq!(thief.register(&offer).await.status, StatusCode::OK);
    clock.advance(LATE);
    let headers = [("sec-fetch-mode", "navigate"), ("sec-fetch-site", "same-origin")];
    // A page that only reads revokes nothing.
    assert_eq!(user.send("GET", "/", &headers).await.body, "nobody");
    assert_eq!(thief.refresh().await.status, StatusCode::OK);
    assert_eq!(thief.get("/").await.body, "susan, bound");
    clock.advance(LATE);
    assert_eq!(user.send("GET", "/page", &headers).await.body, "1");
    assert_eq!(user.send("POST", "/login", &[]).await.status, StatusCode::OK);
    thief.refresh().await;
    assert_eq!(thief.get("/").await.body, "nobody");
}

/// The second phase of a roll-out of encryption, while some servers still run the first.
#[tokio::test]
async fn a_browser_registers_at_a_server_of_the_other_phase() {
    let (clock, list) = (clock(), RevocationList::memory().unwrap());
    let secret = || Secret::new([7; 32]).unwrap();
    let until = UnixTime::from_secs(UnixTime::now().as_secs() + 86400);
    let app = |builder: waxseal::SealerBuilder| {
        let builder = builder.revocations(list.clone()).device_bound(DeviceBinding::default());
        let layer = SessionLayer::new(builder.build().unwrap()).clock(clock.source());
        router().layer(layer)
    };
    let signs = app(Sealer::builder(secret()).also_accept_encrypted());
    let encrypts = app(Sealer::builder(secret()).encrypted().also_accept_signed(until));
    for (one, other) in [(&signs, &encrypts), (&encrypts, &signs)] {
        let (mut browser, offer) = logged_in(one, 1).await;
        browser.app = other.clone();
        assert_eq!(browser.get("/").await.body, "susan, unbound");
        let answer = browser.register(&offer).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        assert_eq!(browser.get("/").await.body, "susan, bound");
    }
}

/// Holds: only a `GET` from the same origin, or of the user, may save.
#[tokio::test]
async fn only_a_page_of_the_same_origin_saves_in_a_browser_without_its_key() {
    let (clock, list) = (clock(), RevocationList::memory().unwrap());
    let mut browser = bound(&app(list, &clock), 1).await;
    clock.advance(LATE);
    browser.jar.remove(&browser.proof_cookie());
    let from = |site| [("sec-fetch-mode", "navigate"), ("sec-fetch-site", site)];
    for (method, path, site) in [
        ("GET", "/page", "same-site"),
        ("GET", "/page", "cross-site"),
        ("GET", "/page", "unknown"),
        ("POST", "/count", "same-origin"),
        ("POST", "/count", "none"),
    ] {
        let answer = browser.send(method, path, &from(site)).await;
        assert!(answer.sets_no_cookie(), "{method} {site} {answer:?}");
    }
    assert_eq!(browser.send("GET", "/page", &from("same-origin")).await.body, "1");
}

/// Holds: each kind of token has its own keys. A session identifier, which lives for 30 days, is no
/// proof cookie.
#[tokio::test]
async fn a_token_of_one_kind_is_none_of_another() {
    let (clock, list) = (clock(), RevocationList::memory().unwrap());
    let app = app(list, &clock);
    let (mut other, offer) = logged_in(&app, 2).await;
    let mut browser = bound(&app, 1).await;
    let name = browser.proof_cookie();
    let (session, proof_cookie) =
        (browser.jar["__Host-session"].clone(), browser.jar[&name].clone());
    let (identifier, refresh_url) = (browser.identifier(), browser.refresh_url());
    let refresh = browser.challenge().await;
    let register = parameter(&offer, "challenge");

    // As the challenge of a registration.
    for token in [&session, &proof_cookie, &identifier, &refresh] {
        let answer = other
            .register(&format!(r#"path="{}";challenge="{token}""#, parameter(&offer, "path")))
            .await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    }
    // As the challenge of a refresh.
    for token in [&session, &proof_cookie, &identifier, &register] {
        let answer = browser.prove(&browser.refresh_proof(token)).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        assert!(answer.sets_no_cookie());
    }
    // As the session identifier.
    for token in [&session, &proof_cookie, &refresh, &register] {
        let answer = browser.send("POST", &refresh_url, &[("sec-secure-session-id", token)]).await;
        assert!(answer.body.contains("\"continue\":false"), "{answer:?}");
    }
    // As the proof cookie, and as the session.
    clock.advance(Duration::from_secs(700));
    for token in [&session, &identifier, &refresh, &register] {
        let mut thief = browser.clone();
        thief.jar.insert(name.clone(), token.clone());
        assert_eq!(thief.get("/").await.body, "nobody");
        if *token != session {
            thief.jar.insert("__Host-session".into(), token.clone());
            assert_eq!(thief.get("/").await.body, "nobody");
        }
    }
}
