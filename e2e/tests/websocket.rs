//! The examples `websocket` and `live-actix`: a socket closes when its session is revoked.

use std::{
    io::ErrorKind,
    net::TcpStream,
    process::Command,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use e2e::{
    client::{Client, Jar},
    program::feature_example,
    server::{Format, Server},
    visitor::{log_in_at, log_out},
};
use tungstenite::{
    Error, Message, WebSocket, client::IntoClientRequest as _, handshake::HandshakeError,
    protocol::frame::coding::CloseCode,
};

/// Far more than a revocation takes, because the machine may be busy.
const LIMIT: Duration = Duration::from_secs(5);

const NO_HEADERS: [(&str, &str); 0] = [];

type Socket = WebSocket<TcpStream>;

fn start(example: &'static str, store: Option<&str>) -> Server {
    let mut command = Command::new(feature_example(example));
    command.env_remove("REVOCATIONS").envs(store.map(|store| ("REVOCATIONS", store)));
    Server::start(&mut command, Format::Waxseal)
}

fn log_in(client: &Client, name: &str) -> Jar {
    log_in_at(client, "/login", name)
}

/// Opens a socket. Returns the status code if the server refuses.
fn connect(server: &Server, jar: &Jar, headers: &[(&'static str, &str)]) -> Result<Socket, u16> {
    let address = server.url.strip_prefix("http://").expect("an address");
    let mut request = format!("ws://{address}/socket").into_client_request().expect("a request");
    let cookies = jar.cookies();
    let cookies = cookies.iter().map(|cookie| ("cookie", &**cookie));
    for (name, value) in cookies.chain(headers.iter().copied()) {
        request.headers_mut().append(name, value.parse().expect("a header"));
    }
    let stream = TcpStream::connect(address).expect("a connection");
    stream.set_read_timeout(Some(LIMIT)).expect("a timeout");
    match tungstenite::client(request, stream) {
        Ok((socket, _)) => Ok(socket),
        Err(HandshakeError::Failure(Error::Http(response))) => Err(response.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

/// Asserts that the server answers on the socket.
fn answers(socket: &mut Socket) {
    socket.send(Message::text("hello")).expect("the socket is open");
    assert_eq!(socket.read().expect("an answer"), Message::text("hello"));
}

/// Asserts that the server closes the socket.
fn closes(mut socket: Socket) {
    match socket.read().expect("a close frame within the limit") {
        Message::Close(Some(frame)) => {
            assert_eq!((frame.code, frame.reason.as_str()), (CloseCode::Policy, "session over"));
        }
        message => panic!("not a close frame: {message:?}"),
    }
    let error = socket.read().expect_err("the end of the connection");
    let timed_out = |error: &std::io::Error| {
        matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
    };
    assert!(!matches!(&error, Error::Io(error) if timed_out(error)), "{error}");
}

fn a_logout_closes_the_sockets_of_the_session(example: &'static str) {
    let server = start(example, None);
    let client = Client::of(&server);
    let (mine, other) = (log_in(&client, "susan"), log_in(&client, "susan"));
    let mut sockets = [&mine, &mine, &other].map(|jar| connect(&server, jar, &NO_HEADERS).unwrap());
    sockets.iter_mut().for_each(answers);

    assert_eq!(log_out(&client, &mine).status, 303);
    let [first, second, mut other] = sockets;
    closes(first);
    closes(second);
    answers(&mut other);
    assert_eq!(connect(&server, &mine, &NO_HEADERS).err(), Some(401));
}

fn a_logout_on_another_server_closes_the_socket(example: &'static str) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = format!("sqlite:{}", folder.path().join("sessions.db").display());
    let servers = [start(example, Some(&store)), start(example, Some(&store))];
    let [one, two] = [0, 1].map(|index| Client::of(&servers[index]));
    let jar = log_in(&one, "susan");
    let mut socket = connect(&servers[0], &jar, &NO_HEADERS).unwrap();
    answers(&mut socket);
    assert_eq!(log_out(&two, &jar).status, 303);
    closes(socket);
}

fn a_new_session_id_closes_the_socket_of_the_old_one(example: &'static str) {
    let server = start(example, None);
    let client = Client::of(&server);
    let jar = log_in(&client, "susan");
    let socket = connect(&server, &jar, &NO_HEADERS).unwrap();
    let again = client.form("/login", "username=susan&password=wax", &jar.cookies());
    assert_eq!(again.status, 303);
    closes(socket);
}

fn the_socket_of_an_expired_session_closes(example: &'static str) {
    let server = start(example, None);
    // The list of the server is new: it revokes sessions with an earlier stamp.
    let stamp = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time").as_millis();
    let claims = format!(r#""sid":"AAAAAAAAAAAAAAAAAAAAAQ","sub":"susan","wx_rev":{stamp}"#);
    let soon = server.mint.between(-3600, 2, &claims);
    let cookie = server.mint.pair(&soon);
    let jar = Jar::default();
    let socket = connect(&server, &jar, &[("cookie", &cookie)]).unwrap();
    closes(socket);
}

fn another_origin_opens_no_socket(example: &'static str) {
    let server = start(example, None);
    let jar = log_in(&Client::of(&server), "susan");
    let of = |origin: &str| connect(&server, &jar, &[("origin", origin)]).map(drop);
    assert_eq!(of(&server.url), Ok(()));
    for origin in ["http://example.com", "null", "http://localhost", "http://"] {
        assert_eq!(of(origin), Err(403), "{origin}");
    }
    assert_eq!(connect(&server, &Jar::default(), &NO_HEADERS).err(), Some(401));
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
        on!($framework, $example, a_logout_closes_the_sockets_of_the_session
            a_logout_on_another_server_closes_the_socket
            a_new_session_id_closes_the_socket_of_the_old_one
            the_socket_of_an_expired_session_closes
            another_origin_opens_no_socket);
    };
}

on!(axum, "websocket");
on!(actix, "live-actix");
