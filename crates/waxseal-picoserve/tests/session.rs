//! The integration through its public API, with requests and responses as bytes.

extern crate alloc;

mod support;

use std::{
    cell::{Cell, RefCell},
    future::pending,
    pin::pin,
    rc::Rc,
    task::{Context, Waker},
};

use picoserve::{
    Config, Router, Server,
    extract::FromRequestParts,
    io::Write,
    request::RequestParts,
    response::Content,
    routing::{PathRouter, get},
};
use support::exchange;
use waxseal_picoserve::{
    CookieSpec, RandomError, Rejection, SaveError, Sealer, Secret, Session, SessionError,
    SessionLayer, UnixTime, WithSession,
};

const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);
const BUFFER: usize = 2048;

fn sealer() -> Sealer {
    let secret = Secret::new([7; 32]).unwrap();
    Sealer::builder(secret)
        .cookie(CookieSpec::insecure_http())
        .max_token_bytes(BUFFER - 1024)
        .build()
        .unwrap()
}

fn layer() -> SessionLayer {
    SessionLayer::new(sealer(), || NOW)
}

struct Response {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Response {
    fn values(&self, name: &str) -> Vec<&str> {
        let of_name = self.headers.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name));
        of_name.map(|(_, value)| &**value).collect()
    }

    /// The cookie, as the browser sends it back.
    fn cookie(&self) -> &str {
        let [line] = *self.values("set-cookie") else { panic!("one line: {:?}", self.headers) };
        line.split(';').next().unwrap()
    }
}

fn fetch(app: &Router<impl PathRouter>, cookies: &[&str]) -> Response {
    let mut request = String::from("GET / HTTP/1.1\r\nhost: board\r\n");
    for cookie in cookies {
        request.extend(["Cookie: ", cookie, "\r\n"]);
    }
    request.push_str("\r\n");
    let answer = String::from_utf8(exchange(app, BUFFER, request.as_bytes())).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let (status, headers) = head.split_once("\r\n").unwrap();
    Response {
        status: status.split(' ').nth(1).unwrap().parse().unwrap(),
        headers: headers
            .lines()
            .map(|line| line.split_once(": ").unwrap())
            .map(|(name, value)| (name.into(), value.into()))
            .collect(),
        body: body.into(),
    }
}

async fn count(session: Session) -> Result<String, SessionError> {
    let count = session.get::<u32>("count")?.unwrap_or(0) + 1;
    session.insert("count", count)?;
    session.save()?;
    Ok(count.to_string())
}

fn counter(layer: SessionLayer) -> Router<impl PathRouter> {
    Router::new().route("/", get(count)).layer(layer)
}

#[test]
fn a_session_round_trips() {
    let app = counter(layer());
    let first = fetch(&app, &[]);
    assert_eq!((first.status, &*first.body), (200, "1"));
    assert_eq!(first.values("vary"), ["Cookie"]);
    assert_eq!(first.values("cache-control"), ["private"]);
    assert!(first.values("set-cookie")[0].ends_with("; Max-Age=604800; HttpOnly; SameSite=Lax"));
    let second = fetch(&app, &[first.cookie()]);
    assert_eq!(second.body, "2");
    // Several headers, and a malformed session cookie before the valid one.
    let third = fetch(&app, &["theme=dark", "session=malformed; a=b", second.cookie()]);
    assert_eq!(third.body, "3");
}

#[test]
fn an_untouched_session_changes_no_response() {
    let opened = Rc::new(Cell::new(0));
    let clock = Rc::clone(&opened);
    let layer = SessionLayer::new(sealer(), move || {
        clock.set(clock.get() + 1);
        NOW
    });
    let app = Router::new().route("/", get(async || "hello")).layer(layer);
    let cookie = fetch(&counter(self::layer()), &[]).cookie().to_owned();
    let response = fetch(&app, &[&cookie]);
    assert_eq!(response.body, "hello");
    for name in ["vary", "cache-control", "set-cookie"] {
        assert_eq!(response.values(name), [""; 0], "{name}");
    }
    assert_eq!(opened.get(), 0, "no session is opened");
}

async fn state(session: Session) -> String {
    format!("{:?} {:?}", session.rejection(), session.save())
}

#[test]
fn a_clock_that_was_never_set_is_an_error() {
    let cookie = fetch(&counter(layer()), &[]).cookie().to_owned();
    for unset in [0, 946_684_800] {
        let layer = SessionLayer::new(sealer(), move || UnixTime::from_secs(unset));
        let app = Router::new().route("/", get(state)).layer(layer.clone());
        let response = fetch(&app, &[&cookie]);
        let error = SessionError::Save(SaveError::ClockNotSet);
        let expected = (Some(Rejection::ClockNotSet), Err::<(), _>(error));
        assert_eq!(response.body, format!("{:?} {:?}", expected.0, expected.1));
        assert_eq!(response.values("set-cookie"), [""; 0]);
        // A handler that returns the error.
        let response = fetch(&counter(layer), &[&cookie]);
        assert_eq!((response.status, &*response.body), (500, ""));
        assert_eq!(response.values("set-cookie"), [""; 0]);
    }
}

#[test]
fn with_randomness_a_session_has_an_id() {
    let sid = |layer: SessionLayer| {
        let cookie = fetch(&counter(layer), &[]).cookie().to_owned();
        let claims = sealer().verify(cookie.split_once('=').unwrap().1.as_bytes(), NOW).unwrap();
        claims.contains(r#""sid":"AgICAgICAgICAgICAgICAg""#)
    };
    assert!(!sid(layer()));
    assert!(sid(layer().randomness(|| Ok([2; 16]))));
    let app = Router::new().route("/", get(state));
    let app = app.layer(layer().randomness(|| Err(RandomError)));
    assert_eq!(fetch(&app, &[]).body, "None Err(Save(NoRandomness))");
}

#[test]
fn a_session_that_is_too_large_for_the_buffer_is_an_error_of_save() {
    async fn fill(session: Session) -> String {
        session.insert("a", "x".repeat(1000)).unwrap();
        format!("{:?}", session.save())
    }
    let response = fetch(&Router::new().route("/", get(fill)).layer(layer()), &[]);
    assert!(response.body.contains("limit: 1024"), "{}", response.body);
    assert_eq!(response.values("set-cookie"), [""; 0]);
}

#[test]
fn the_largest_session_that_can_be_saved_is_read_back() {
    async fn nearly(session: Session) -> String {
        let was = session.get::<String>("a").unwrap();
        let fits = (0..1000).rev().find(|len| {
            session.insert("a", "x".repeat(*len)).unwrap();
            session.save().is_ok()
        });
        format!("{:?} {}", fits, was.is_some())
    }
    let app = Router::new().route("/", get(nearly)).layer(layer());
    let first = fetch(&app, &[]);
    assert!((1021..=1024).contains(&first.values("set-cookie")[0].len()));
    assert!(fetch(&app, &[first.cookie()]).body.ends_with("true"));
}

/// The headers of the handler stay, and those of the session are added.
#[test]
fn the_headers_of_the_session_are_added() {
    async fn own(session: Session) -> impl picoserve::response::IntoResponse {
        session.delete().unwrap();
        let own = [("Vary", "Origin"), ("Cache-Control", "max-age=60"), ("Set-Cookie", "a=b")];
        (own, "")
    }
    let response = fetch(&Router::new().route("/", get(own)).layer(layer()), &[]);
    assert_eq!(response.values("vary"), ["Origin", "Cookie"]);
    assert_eq!(response.values("cache-control"), ["max-age=60", "private"]);
    let [own, ours] = *response.values("set-cookie") else { panic!("two lines") };
    assert_eq!(own, "a=b");
    assert!(ours.starts_with("session=; Path=/;") && ours.contains("Max-Age=0"), "{ours}");
}

/// A layer or an extractor of the application shares the session with the handler.
#[test]
fn an_extractor_and_the_handler_share_the_session() {
    struct User(String);

    impl<'r> FromRequestParts<'r, WithSession> for User {
        type Rejection = SessionError;

        async fn from_request_parts(
            state: &'r WithSession,
            parts: &RequestParts<'r>,
        ) -> Result<Self, Self::Rejection> {
            let session = state.session(parts)?;
            session.insert("user", "susan")?;
            Ok(Self(session.user().unwrap_or_default()))
        }
    }

    async fn whose(User(user): User, session: Session) -> Result<String, SessionError> {
        Ok(format!("{user}{:?}", session.get::<String>("user")?))
    }
    let response = fetch(&Router::new().route("/", get(whose)).layer(layer()), &[]);
    assert_eq!(response.body, r#"Some("susan")"#);
}

/// The body is written after the head, which is too late for a cookie.
#[test]
fn a_save_after_the_head_is_an_error() {
    struct Late(Session);

    impl Content for Late {
        fn content_type(&self) -> &'static str {
            "text/plain"
        }

        fn content_length(&self) -> usize {
            "Err(Save(Finished))".len()
        }

        async fn write_content<W: Write>(self, mut writer: W) -> Result<(), W::Error> {
            write!(writer, "{:?}", self.0.save()).await
        }
    }

    async fn late(session: Session) -> Late {
        Late(session)
    }
    let response = fetch(&Router::new().route("/", get(late)).layer(layer()), &[]);
    assert_eq!(response.body, "Err(Save(Finished))");
    assert_eq!(response.values("set-cookie"), [""; 0]);
}

/// If the client disconnects or is too slow, the request is dropped without a response.
#[test]
fn a_dropped_request_closes_its_session() {
    let kept = Rc::new(RefCell::new(None));
    let keep = Rc::clone(&kept);
    let app = Router::new()
        .route(
            "/",
            get(async move |session: Session| {
                *keep.borrow_mut() = Some(session);
                pending::<()>().await;
            }),
        )
        .layer(layer());
    {
        let (config, mut buffer, mut answer) = (Config::const_default(), [0; BUFFER], Vec::new());
        let server = Server::custom(&app, support::Never, &config, &mut buffer);
        let socket = support::Memory::new(b"GET / HTTP/1.1\r\n\r\n", &mut answer);
        let mut serving = pin!(server.serve(socket));
        let mut context = Context::from_waker(Waker::noop());
        assert!(serving.as_mut().poll(&mut context).is_pending());
        let session = kept.borrow();
        assert!(session.as_ref().unwrap().save().is_ok());
    }
    assert!(matches!(
        kept.borrow().as_ref().unwrap().save(),
        Err(SessionError::Save(SaveError::Finished))
    ));
}

/// A request head over the buffer never reaches the session.
#[test]
fn a_head_over_the_buffer_is_a_400() {
    let app = counter(layer());
    for (len, status) in [(BUFFER - 60, 200), (BUFFER, 400), (10 * BUFFER, 400)] {
        assert_eq!(fetch(&app, &[&"x".repeat(len)]).status, status, "{len}");
    }
    assert_eq!(fetch(&app, &[]).body, "1");
}

#[test]
fn debug_shows_no_data() {
    let kept = Rc::new(RefCell::new(String::new()));
    let shown = Rc::clone(&kept);
    let app = Router::new()
        .route(
            "/",
            get(async move |session: Session| {
                session.insert("password", "hunter2").unwrap();
                *shown.borrow_mut() = format!("{session:?}");
            }),
        )
        .layer(layer());
    fetch(&app, &[]);
    assert_eq!(*kept.borrow(), "Session { .. }");
    assert!(!format!("{:?}", layer()).contains('7'));
}
