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
    if !request.is_from_same_origin() {
        return Ok(Response::new("403 Forbidden"));
    }
    match request.line.as_str() {
        "GET / HTTP/1.1" => return Ok(html(session.get("username")?)),
        "POST / HTTP/1.1" => {
            let [username, password] = ["username", "password"].map(|name| request.field(name));
            let Some(user_id) = verify_password(&username, &password) else {
                return Ok(Response::new("403 Forbidden"));
            };
            session.log_in(&user_id)?; // a new session, saved at once
            session.insert("username", username)?; // the name for display
            session.save()?;
        }
        "POST /logout HTTP/1.1" => session.delete()?,
        _ => return Ok(Response::new("404 Not Found")),
    }
    Ok(Response::new("303 See Other").with("location", "/"))
}

/// Stands for the application's user database, which stores hashes of passwords (argon2).
/// Returns the stable ID of the user.
fn verify_password(username: &str, password: &str) -> Option<String> {
    let exists = matches!(username.chars().count(), 1..=64);
    (exists && password == "wax").then(|| username.to_owned())
}

#[derive(Default)]
struct Request {
    line: String,
    host: Vec<u8>,
    origin: Option<Vec<u8>>,
    sec_fetch_site: Option<Vec<u8>>,
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
        None => r#"Any name, and the password wax: <form method=post><input name="username">
            <input name="password" type="password"><button>Log in</button></form>"#
            .into(),
    };
    Response { body, ..Response::new("200 OK").with("content-type", "text/html; charset=utf-8") }
}

impl Request {
    /// A field of the form.
    fn field(&self, name: &str) -> String {
        let field = form_urlencoded::parse(&self.body).find(|(known, _)| known == name);
        field.map(|(_, value)| value.into_owned()).unwrap_or_default()
    }

    /// False for the form of another site (CSRF). Browsers send `Sec-Fetch-Site`; older ones,
    /// and browsers over plain http, send only `Origin`.
    fn is_from_same_origin(&self) -> bool {
        match (&self.sec_fetch_site, &self.origin) {
            _ if self.line.starts_with("GET ") => true,
            (Some(site), _) => [&b"same-origin"[..], b"none"].contains(&&**site),
            (None, Some(origin)) => origin.split(|byte| *byte == b'/').nth(2) == Some(&self.host),
            (None, None) => true, // not a browser
        }
    }
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
        match &*name.to_ascii_lowercase() {
            b"cookie" => request.cookies.push(value.into()),
            b"content-length" => length = std::str::from_utf8(value)?.parse()?,
            b"host" => request.host = value.into(),
            b"origin" => request.origin = Some(value.into()),
            b"sec-fetch-site" => request.sec_fetch_site = Some(value.into()),
            _ => {}
        }
    }
    reader.take(length).read_to_end(&mut request.body)?;
    Ok(request)
}
