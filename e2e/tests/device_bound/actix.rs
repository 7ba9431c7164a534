//! Device binding on actix-web, over HTTP, with a device in software.

use std::{sync::mpsc, time::Duration};

use actix_web::{App, HttpServer, dev::ServerHandle, rt::System, web};
use e2e::{
    client::{Client, Jar, Response},
    device::{Challenge, Device, Registration},
};
use serde_json::Value;
use waxseal::{Session, SessionError, SessionLayer, UnixTime, test_util::TestClock};

use super::{
    WINDOW,
    site::{COOKIE, REFRESH, REGISTER, binding, memory, secret},
};

async fn who(session: Session) -> String {
    let bound = if session.binding().is_some() { "bound" } else { "unbound" };
    session.user().map_or_else(|| "nobody".into(), |user| format!("{user}, {bound}"))
}

async fn log_in(session: Session) -> Result<&'static str, SessionError> {
    session.log_in("susan")?;
    Ok("")
}

async fn save(session: Session) -> Result<&'static str, SessionError> {
    session.save()?;
    Ok("")
}

/// A server, which stops when this value is dropped.
struct Server {
    url: String,
    handle: ServerHandle,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Server {
    fn start(clock: &TestClock) -> Self {
        let sealer = binding(secret(7), &memory()).build().expect("a sealer");
        let sessions = SessionLayer::new(sealer).clock(clock.source());
        let (sender, started) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            let app = move || {
                App::new()
                    .wrap(sessions.clone())
                    .route("/", web::get().to(who))
                    .route("/saving", web::get().to(save))
                    .route("/login", web::post().to(log_in))
            };
            System::new().block_on(async move {
                let server = HttpServer::new(app).workers(1).disable_signals();
                let server = server.bind("127.0.0.1:0").expect("a port");
                let url = format!("http://{}", server.addrs()[0]);
                let server = server.run();
                let _ = sender.send((url, server.handle()));
                server.await.expect("the server runs");
            });
        });
        let (url, handle) = started.recv().expect("the server starts");
        Self { url, handle, thread: Some(thread) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The message is sent at once; the future only waits for the end.
        drop(self.handle.stop(false));
        let _ = self.thread.take().map(std::thread::JoinHandle::join);
    }
}

fn who_is(client: &Client, jar: &Jar) -> String {
    client.get("/", &jar.cookies()).body
}

fn path(request: &str) -> &str {
    request.strip_prefix("POST ").expect("a POST")
}

fn header<'r>(response: &'r Response, name: &str) -> &'r str {
    response.values(name).first().copied().unwrap_or_default()
}

#[test]
fn actix_registers_and_refreshes() {
    let clock = TestClock::new(UnixTime::now());
    let server = Server::start(&clock);
    let client = Client::at(&server.url);
    let post = |path: &str, jar: &Jar, headers: &[(&str, &str)]| {
        client.form_with(path, "", &jar.cookies(), headers)
    };
    let device = Device::numbered(1);
    let mut jar = Jar::default();
    let login = post("/login", &jar, &[]);
    jar.take(&login);
    let unbound = jar.clone();
    assert_eq!(who_is(&client, &jar), "susan, unbound");

    let offer = Registration::parse(header(&login, "secure-session-registration"));
    let offer = offer.expect("an offer");
    let proof = device.registration(&offer.challenge).sign();
    let registered = post(&offer.path, &jar, &[("secure-session-response", &proof)]);
    assert_eq!((&*offer.path, registered.status), (path(REGISTER), 200), "{registered:?}");
    assert_eq!(header(&registered, "cache-control"), "no-store");
    assert_eq!(header(&registered, "content-type"), "application/json");
    jar.take(&registered);
    assert_eq!(who_is(&client, &jar), "susan, bound");

    // A thief has until the proof expires.
    let stolen = jar.clone();
    clock.advance(WINDOW);
    for copy in [&stolen, &unbound] {
        assert_eq!(who_is(&client, copy), "nobody");
    }
    let session = [format!("{COOKIE}={}", stolen.value(COOKIE).expect("a session"))];
    let page = client.get_with(
        "/",
        &session,
        &[("sec-fetch-mode", "navigate"), ("sec-fetch-site", "cross-site")],
    );
    assert_eq!(page.status, 401);
    assert!(page.body.contains("http-equiv=\"refresh\""), "{page:?}");

    let config: Value = serde_json::from_str(&registered.body).expect("JSON");
    let identifier = config["session_identifier"].as_str().expect("text");
    let refresh = |proof: &str| {
        let headers = [("sec-secure-session-id", identifier), ("secure-session-response", proof)];
        post(path(REFRESH), &stolen, &headers)
    };
    let challenged = post(path(REFRESH), &jar, &[("sec-secure-session-id", identifier)]);
    assert_eq!(challenged.status, 403, "{challenged:?}");
    let challenge = Challenge::parse(header(&challenged, "secure-session-challenge"));
    let challenge = challenge.expect("a challenge").challenge;
    let refused = refresh(&Device::numbered(2).refresh(&challenge).sign());
    assert_eq!((refused.status, refused.values("set-cookie")), (403, vec![]));
    let refreshed = refresh(&device.refresh(&challenge).sign());
    assert_eq!(refreshed.status, 200, "{refreshed:?}");
    assert!(refreshed.set_cookies(COOKIE).is_empty());
    jar.take(&refreshed);
    assert_eq!(who_is(&client, &jar), "susan, bound");
    assert_eq!(who_is(&client, &stolen), "nobody");
    clock.advance(Duration::from_mins(1));
    assert_eq!(refresh(&device.refresh(&challenge).sign()).status, 403);

    // A page that the user opens can save if the browser has lost its key.
    let saving = |site| {
        let headers = [("sec-fetch-mode", "navigate"), ("sec-fetch-site", site)];
        client.get_with("/saving", &session, &headers)
    };
    assert_eq!(client.get_with("/saving", &session, &[]).status, 401);
    assert_eq!(saving("none").set_cookies(COOKIE).len(), 1);
}
