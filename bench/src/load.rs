//! The load on a server: connections that each send the next request when the response arrives.

use std::{
    cell::Cell,
    net::SocketAddr,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

const CONNECTIONS: usize = 32;

/// Sends one `GET` of `path`. Returns the head and the body of the response.
pub(crate) fn get(server: SocketAddr, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    runtime().block_on(async {
        let mut connection = Connection::to(server).await;
        let len = connection.ask(request.as_bytes()).await;
        String::from_utf8(connection.buffer[..len].to_vec()).expect("text")
    })
}

/// Requests of `path` per second, with the `cookie`.
pub(crate) fn run(server: SocketAddr, path: &str, cookie: &str, time: Duration) -> f64 {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\n\r\n");
    let (answered, start) = (Cell::new(0_u32), Instant::now());
    let ask = || async {
        let mut connection = Connection::to(server).await;
        while start.elapsed() < time {
            connection.ask(request.as_bytes()).await;
            answered.set(answered.get() + 1);
        }
    };
    runtime().block_on(join_all((0..CONNECTIONS).map(|_| ask())));
    f64::from(answered.get()) / start.elapsed().as_secs_f64()
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

struct Connection {
    server: SocketAddr,
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    async fn to(server: SocketAddr) -> Self {
        Self { server, stream: connect(server).await, buffer: vec![0; 16_384] }
    }

    /// Sends a request and reads the whole response. Returns its length.
    async fn ask(&mut self, request: &[u8]) -> usize {
        self.stream.write_all(request).await.expect("the server takes a request");
        let mut len = 0;
        loop {
            let read = self.stream.read(&mut self.buffer[len..]).await.expect("a response");
            len += read;
            match whole(&self.buffer[..len]) {
                Some(Answer { len, closes }) if !closes => return len,
                // An HTTP/1.0 server sends one response per connection.
                Some(_) => {
                    self.stream = connect(self.server).await;
                    return len;
                }
                None => assert_ne!(read, 0, "the server has disconnected"),
            }
        }
    }
}

async fn connect(server: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(server).await.expect("the server listens");
    stream.set_nodelay(true).expect("a socket");
    stream
}

struct Answer {
    len: usize,
    closes: bool,
}

/// Parses the response if it is complete. Panics unless it is a success.
fn whole(bytes: &[u8]) -> Option<Answer> {
    let mut headers = [httparse::EMPTY_HEADER; 16];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(head) = response.parse(bytes).expect("HTTP") else {
        return None;
    };
    assert_eq!(response.code, Some(200), "{:?}", String::from_utf8_lossy(bytes));
    let value = |name: &str| {
        let header = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
        header.map(|header| std::str::from_utf8(header.value).expect("text"))
    };
    let body = value("content-length").map_or(0, |len| len.parse().expect("a length"));
    let closes = response.version == Some(0) || value("connection") == Some("close");
    (bytes.len() >= head + body).then_some(Answer { len: head + body, closes })
}
