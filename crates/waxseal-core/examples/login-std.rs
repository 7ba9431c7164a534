//! A login page without a framework, on `std::net`: the pattern of an integration.
//!
//! ```text
//! export SESSION_SECRET="$(openssl rand -base64 32)"
//! cargo run --example login-std                # then open http://localhost:3000
//! cargo run --example login-std -- --microdot  # with Microdot's cookie
//! ```

use std::{
    env,
    error::Error,
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    thread,
    time::SystemTime,
};

use waxseal_core::{OpenSession, RandomError, Sealer, Secret, Unavailable, UnixTime};

type Fallible<T> = Result<T, Box<dyn Error>>;

/// All that an integration does.
fn answer(sealer: &Sealer, request: &Request) -> Response {
    let cookies = request.cookies.iter().map(Vec::as_slice);
    let mut session = match OpenSession::open(sealer, cookies, now()) {
        Ok(session) => session.with_randomness(random),
        Err(error) => return unavailable(error),
    };
    let mut response = page(&mut session, request).unwrap_or_else(|error| {
        eprintln!("{error}");
        Response::new("500 Internal Server Error")
    });
    match pollster::block_on(session.finish()) {
        Ok(changes) => changes.apply(&mut response.headers),
        Err(error) => return unavailable(error),
    }
    response
}

/// The revocation list cannot be trusted, or the logout is not durable.
fn unavailable(error: Unavailable) -> Response {
    eprintln!("{error}");
    let mut response = Response::new("503 Service Unavailable");
    error.changes.apply(&mut response.headers);
    response
}

fn page(session: &mut OpenSession<&Sealer>, request: &Request) -> Fallible<Response> {
    match request.line.as_str() {
        "GET / HTTP/1.1" => return Ok(html(session.get("username")?)),
        "POST / HTTP/1.1" => {
            session.renew(); // a new session at every change of privilege
            session.insert("username", username(&request.body))?;
            session.save()?; // without it, nothing is sent
        }
        "POST /logout HTTP/1.1" => session.delete()?,
        _ => return Ok(Response::new("404 Not Found")),
    }
    Ok(Response::new("303 See Other").with("location", "/"))
}

#[derive(Default)]
struct Request {
    line: String,
    /// The values of the `Cookie` headers, as raw bytes.
    cookies: Vec<Vec<u8>>,
    body: Vec<u8>,
}

struct Response {
    status: &'static str,
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Response {
    const fn new(status: &'static str) -> Self {
        Self { status, headers: Vec::new(), body: String::new() }
    }

    fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// Returns the seconds since 1970, or 0 if the clock shows an earlier time: it was never set.
fn now() -> UnixTime {
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    UnixTime::from_secs(since_1970.unwrap_or_default().as_secs())
}

fn random() -> Result<[u8; 16], RandomError> {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits).map_err(|_| RandomError)?;
    Ok(bits)
}

fn html(username: Option<String>) -> Response {
    let body = match username {
        Some(name) => {
            let name = name.replace('&', "&amp;").replace('<', "&lt;");
            format!(
                "Hello <b>{name}</b>! \
                 <form method=post action=/logout><button>Log out</button></form>"
            )
        }
        None => r#"<form method=post><input name="username"><button>Log in</button></form>"#.into(),
    };
    Response { body, ..Response::new("200 OK").with("content-type", "text/html; charset=utf-8") }
}

fn username(form: &[u8]) -> String {
    let field = form_urlencoded::parse(form).find(|(name, _)| name == "username");
    field.map(|(_, value)| value.into_owned()).unwrap_or_default()
}

fn main() -> Fallible<()> {
    let secret = env::var("SESSION_SECRET").map_err(|error| format!("SESSION_SECRET: {error}"))?;
    let sealer = if env::args().any(|argument| argument == "--microdot") {
        Sealer::microdot(secret)?
    } else {
        Sealer::builder(Secret::new(secret)?).build()?
    };
    let port = env::var("PORT").unwrap_or_else(|_| "3000".into());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}"))?;
    println!("Open http://localhost:{}", listener.local_addr()?.port());
    thread::scope(|scope| {
        for stream in listener.incoming() {
            scope.spawn(|| {
                if let Err(error) = stream.map_err(Into::into).and_then(|it| serve(&sealer, &it)) {
                    eprintln!("{error}");
                }
            });
        }
    });
    Ok(())
}

/// Serves one request and closes the connection.
fn serve(sealer: &Sealer, mut stream: &TcpStream) -> Fallible<()> {
    let Response { status, headers, body } = answer(sealer, &read(stream)?);
    write!(stream, "HTTP/1.1 {status}\r\nconnection: close\r\n")?;
    for (name, value) in headers {
        write!(stream, "{name}: {value}\r\n")?;
    }
    Ok(write!(stream, "content-length: {}\r\n\r\n{body}", body.len())?)
}

fn read(stream: &TcpStream) -> Fallible<Request> {
    const LARGEST: u64 = 64 << 10;
    let mut reader = BufReader::new(stream.take(LARGEST));
    let mut line = || -> io::Result<Vec<u8>> {
        let mut line = Vec::new();
        reader.read_until(b'\n', &mut line)?;
        Ok(line.trim_ascii_end().into())
    };
    let mut request = Request { line: String::from_utf8(line()?)?, ..Request::default() };
    let mut length = 0;
    loop {
        let header = line()?;
        let Some(colon) = header.iter().position(|&byte| byte == b':') else { break };
        let (name, value) = (&header[..colon], header[colon + 1..].trim_ascii());
        if name.eq_ignore_ascii_case(b"cookie") {
            request.cookies.push(value.into());
        } else if name.eq_ignore_ascii_case(b"content-length") {
            length = std::str::from_utf8(value)?.parse()?;
        }
    }
    reader.take(length).read_to_end(&mut request.body)?;
    Ok(request)
}
