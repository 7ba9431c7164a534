//! The examples `events` and `live-actix`: a stream of events ends when its session is revoked.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    process::Command,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use e2e::{
    client::{Client, Jar},
    program::feature_example,
    server::{Format, Server},
    visitor::{log_in_at, log_out},
};

/// Far more than a revocation takes, because the machine may be busy.
const LIMIT: Duration = Duration::from_secs(5);

fn start(example: &'static str, store: Option<&str>) -> Server {
    let mut command = Command::new(feature_example(example));
    command.env_remove("REVOCATIONS").envs(store.map(|store| ("REVOCATIONS", store)));
    Server::start(&mut command, Format::Waxseal)
}

fn log_in(client: &Client, name: &str) -> Jar {
    log_in_at(client, "/login", name)
}

/// A response to `GET /events` that has not ended.
struct Events {
    stream: TcpStream,
    received: String,
}

impl Events {
    fn open(server: &Server, cookies: &[String]) -> Self {
        let address = server.url.strip_prefix("http://").expect("an address");
        let mut stream = TcpStream::connect(address).expect("a connection");
        stream.set_read_timeout(Some(LIMIT)).expect("a timeout");
        let cookies = cookies.iter().map(|cookie| format!("cookie: {cookie}\r\n"));
        let cookies = cookies.collect::<String>();
        let request = format!("GET /events HTTP/1.1\r\nhost: {address}\r\n{cookies}\r\n");
        stream.write_all(request.as_bytes()).expect("a request");
        let mut events = Self { stream, received: String::new() };
        events.read_until("data: hello susan\n\n");
        let head = events.received.to_ascii_lowercase();
        assert!(head.starts_with("http/1.1 200 "), "{head}");
        assert!(head.contains("content-type: text/event-stream\r\n"), "{head}");
        assert!(head.contains("\r\nvary: cookie\r\n"), "{head}");
        events
    }

    fn read_until(&mut self, text: &str) {
        let mut buffer = [0; 4096];
        while !self.received.contains(text) {
            let length = self.stream.read(&mut buffer).expect("the text within the limit");
            assert_ne!(length, 0, "the connection ends after {}", self.received);
            self.received.push_str(&String::from_utf8_lossy(&buffer[..length]));
        }
    }

    /// Asserts that the response ends without another event.
    fn ends(mut self) {
        let seen = self.received.len();
        self.read_until("\r\n0\r\n\r\n");
        assert_eq!(self.received[seen..].trim(), "0");
    }

    /// Asserts that the response has not ended.
    fn is_open(&mut self) {
        self.stream.set_nonblocking(true).expect("a stream");
        let error = self.stream.read(&mut [0; 1]).expect_err("no byte");
        assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
        self.stream.set_nonblocking(false).expect("a stream");
    }
}

fn a_logout_ends_the_events_of_the_session(example: &'static str) {
    let server = start(example, None);
    let client = Client::of(&server);
    let (mine, other) = (log_in(&client, "susan"), log_in(&client, "susan"));
    let [first, second, mut another] =
        [&mine, &mine, &other].map(|jar| Events::open(&server, &jar.cookies()));
    assert_eq!(log_out(&client, &mine).status, 303);
    first.ends();
    second.ends();
    another.is_open();
    assert_eq!(log_out(&client, &other).status, 303);
    another.ends();
    // The browser connects again, and this response stops it.
    assert_eq!(client.get("/events", &mine.cookies()).status, 401);
    assert_eq!(client.get("/events", &[""; 0]).status, 401);
}

/// One of three attempts, because the machine may be busy.
fn the_events_end_within_a_second(example: &'static str) {
    let server = start(example, None);
    let client = Client::of(&server);
    let attempts = [(); 3].map(|()| {
        let jar = log_in(&client, "susan");
        let events = Events::open(&server, &jar.cookies());
        let start = Instant::now();
        assert_eq!(log_out(&client, &jar).status, 303);
        events.ends();
        start.elapsed()
    });
    println!("{example}: {attempts:?} after a logout");
    assert!(attempts.iter().any(|time| *time < Duration::from_secs(1)), "{attempts:?}");
}

fn a_logout_on_another_server_ends_the_events(example: &'static str) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = format!("sqlite:{}", folder.path().join("sessions.db").display());
    let servers = [start(example, Some(&store)), start(example, Some(&store))];
    let [one, two] = [0, 1].map(|index| Client::of(&servers[index]));
    let jar = log_in(&one, "susan");
    let events = Events::open(&servers[0], &jar.cookies());
    assert_eq!(log_out(&two, &jar).status, 303);
    events.ends();
}

fn the_events_of_an_expired_session_end(example: &'static str) {
    let server = start(example, None);
    // The list of the server is new: it revokes sessions with an earlier stamp.
    let stamp = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time").as_millis();
    let claims = format!(r#""sid":"AAAAAAAAAAAAAAAAAAAAAQ","sub":"susan","wx_rev":{stamp}"#);
    let soon = server.mint.between(-3600, 2, &claims);
    Events::open(&server, &[server.mint.pair(&soon)]).ends();
}

/// Runs every test on an example.
macro_rules! on {
    ($framework:ident, $example:literal, $($test:ident)*) => {
        mod $framework {$(
            #[test]
            fn $test() {
                super::$test($example);
            }
        )*}
    };
    ($framework:ident, $example:literal) => {
        on!($framework, $example, a_logout_ends_the_events_of_the_session
            the_events_end_within_a_second
            a_logout_on_another_server_ends_the_events
            the_events_of_an_expired_session_end);
    };
}

on!(axum, "events");
on!(actix, "live-actix");
