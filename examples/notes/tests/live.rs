//! The WebSocket of the application, over a connection.

use std::time::Duration;

use notes::{app::App, config::Config};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use waxseal::{
    UnixTime,
    test_util::{self, TestClock},
};
use waxseal_revocation::Store;

/// The first bytes of a frame that closes a socket for `code`.
fn close(code: u16) -> [u8; 2] {
    code.to_be_bytes()
}

/// Asks for a WebSocket, and returns the response's status.
async fn connect(port: u16, headers: &str) -> (TcpStream, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let request = format!(
        "GET /live HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n{headers}\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let status = String::from_utf8(head).unwrap().split(' ').nth(1).unwrap().to_owned();
    (stream, status)
}

/// The first byte and the payload of a short frame.
async fn frame(socket: &mut TcpStream) -> (u8, Vec<u8>) {
    let opcode = socket.read_u8().await.unwrap();
    let mut payload = vec![0; socket.read_u8().await.unwrap().into()];
    assert!(payload.len() < 126);
    socket.read_exact(&mut payload).await.unwrap();
    (opcode, payload)
}

#[tokio::test]
async fn a_socket_is_for_pages_of_this_application_and_ends_with_its_session() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let revocations = Store::sqlite(data.join("revocations.db"));
    let config = Config { data, revocations, encrypted: false, port: 0, operations_port: 0 };
    let app = App::open(&config).unwrap();
    let clock = TestClock::new(UnixTime::now());
    app.database.add_user("susan", Some("1"), None).unwrap();
    let sealer = app.keys.main.current();
    let cookie = test_util::cookie(&sealer, clock.now(), |session| Ok(session.log_in("1")?));
    let cookie = format!("cookie: {}\r\n", cookie.unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(axum::serve(listener, app.router_with_clock(clock.source())).into_future());

    assert_eq!(connect(port, "").await.1, "303", "without a session");
    for foreign in ["origin: http://evil.example", "origin: null", "sec-fetch-site: same-site"] {
        let status = connect(port, &format!("{cookie}{foreign}\r\n")).await.1;
        assert_eq!(status, "403", "{foreign}");
    }
    // The session ends after 7 days without activity, which is a second later.
    clock.advance(Duration::from_secs(7 * 24 * 60 * 60 - 1));
    let own = format!("{cookie}origin: http://localhost\r\nsec-fetch-site: same-origin\r\n");
    let (mut socket, status) = connect(port, &own).await;
    assert_eq!(status, "101");
    let (opcode, _) = frame(&mut socket).await;
    assert_eq!(opcode, 0x81, "the notes");
    let ended = tokio::time::timeout(Duration::from_secs(60), frame(&mut socket));
    let (opcode, payload) = ended.await.expect("the socket closes");
    assert_eq!((opcode, &payload[..2]), (0x88, &close(1008)[..]), "closed for its policy");
}
