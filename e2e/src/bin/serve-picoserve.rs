//! The server under test for the picoserve face.

use std::{
    error::Error,
    time::{SystemTime, UNIX_EPOCH},
};

use picoserve::{
    Config, ResponseSent, Router, Server, Timeouts,
    extract::Form,
    io::Read,
    request::Request,
    response::{Connection, IntoResponse, Redirect, Response, ResponseWriter, StatusCode},
    routing::{PathRouter, RequestHandlerService, get, post, post_service},
    time::Duration,
};
use serde_json::{Map, Value, json};
use tokio::{net::TcpListener, task::LocalSet};
use waxseal_core::{Handle, Share};
use waxseal_picoserve::{
    CookieSpec, SaveError, Sealer, Secret, Session, SessionError, SessionLayer, UnixTime,
    WithSession,
};

type Fallible<T> = Result<T, Box<dyn Error>>;

#[derive(serde::Deserialize)]
struct Login {
    username: String,
}

async fn index(session: Session) -> Result<impl IntoResponse, SessionError> {
    let page = match session.get::<String>("username")? {
        // Not escaped: the suites send only letters here.
        Some(name) => format!("Hello <b>{name}</b>!"),
        None => r#"<form method="post"><input name="username"></form>"#.into(),
    };
    Ok(Response::ok(page).with_content_type("text/html; charset=utf-8"))
}

async fn login(session: Session, Form(form): Form<Login>) -> Result<Redirect, SessionError> {
    session.renew();
    session.insert("username", form.username)?;
    session.save()?;
    Ok(Redirect::to("/"))
}

async fn logout(session: Session) -> Redirect {
    session.delete();
    Redirect::to("/")
}

/// Asks for the session only where a step of the script does: a handler's
/// arguments would have opened it before.
struct Script;

impl RequestHandlerService<WithSession> for Script {
    async fn call_request_handler_service<R: Read, W: ResponseWriter<Error = R::Error>>(
        &self,
        state: &WithSession,
        (): (),
        mut request: Request<'_, R>,
        response_writer: W,
    ) -> Result<ResponseSent, W::Error> {
        let body = request.body_connection.body().read_all().await.map(|body| body.to_vec());
        let connection = request.body_connection.finalize().await?;
        match body {
            Ok(body) => {
                let reply = Reply::to(&body, || state.session(&request.parts));
                reply.write_to(connection, response_writer).await
            }
            Err(error) => error.write_to(connection, response_writer).await,
        }
    }
}

struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Reply {
    fn to(script: &[u8], session: impl Fn() -> Session) -> Self {
        let mut reply = Self { status: 200, headers: Vec::new(), body: String::new() };
        match reply.run(script, session) {
            Ok(seen) => reply.body = seen.to_string(),
            Err(error) => (reply.status, reply.body) = (500, error.to_string()),
        }
        reply
    }

    fn run(&mut self, script: &[u8], session: impl Fn() -> Session) -> Fallible<Value> {
        let mut seen = Value::Null;
        for line in std::str::from_utf8(script)?.lines() {
            match line.split_once(' ') {
                Some(("header", header)) => {
                    let (name, value) = header.split_once(": ").ok_or("no colon")?;
                    self.headers.push((name.into(), value.into()));
                }
                Some(("status", status)) => self.status = status.parse()?,
                _ => seen = step(&session(), line)?.unwrap_or(seen),
            }
        }
        Ok(seen)
    }
}

impl IntoResponse for Reply {
    async fn write_to<R: Read, W: ResponseWriter<Error = R::Error>>(
        self,
        connection: Connection<'_, R>,
        response_writer: W,
    ) -> Result<ResponseSent, W::Error> {
        let status = StatusCode::new(self.status);
        let headers: Vec<_> = self.headers.iter().map(|(name, value)| (&**name, value)).collect();
        if self.status == 204 {
            let response = Response::empty(status).with_headers(&*headers);
            return response_writer.write_response(connection, response).await;
        }
        let response = Response::new(status, self.body).with_headers(&*headers);
        response_writer.write_response(connection, response).await
    }
}

/// Does one step of the session; what it saw, if it looks.
fn step<S: Share>(session: &Handle<S>, line: &str) -> Fallible<Option<Value>> {
    let (step, rest) = line.split_once(' ').unwrap_or((line, ""));
    match step {
        "read" => return Ok(Some(session.data::<Map<String, Value>>()?.into())),
        "state" => {
            return Ok(Some(json!({
                "new": session.is_new(),
                "user": session.user(),
                "started": session.started_at().map(|time| time.as_secs()),
                "expires": session.expires_at().map(|time| time.as_secs()),
                "rejection": session.rejection().map(|rejection| rejection.as_str()),
            })));
        }
        "write" => session.set_data(serde_json::from_str::<Value>(rest)?)?,
        "insert" => {
            let (name, value) = rest.split_once(' ').ok_or("insert NAME JSON")?;
            session.insert(name, serde_json::from_str::<Value>(value)?)?;
        }
        "user" => session.set_user(rest),
        "remember" => session.set_remember(rest.parse()?),
        "save" => session.save()?,
        "delete" => session.delete(),
        "renew" => session.renew(),
        _ => return Err(format!("no such step: {step}").into()),
    }
    Ok(None)
}

fn sealer() -> Fallible<Sealer> {
    let secret = std::env::var("SESSION_SECRET")?;
    if std::env::args().any(|argument| argument == "--microdot") {
        return Ok(Sealer::microdot(secret)?);
    }
    let mut builder = Sealer::builder(Secret::new(secret)?).cookie(CookieSpec::insecure_http());
    if let (Ok(key), Ok(since)) = (std::env::var("MICRODOT_KEY"), std::env::var("MICRODOT_SINCE")) {
        builder = builder.dangerous_accept_weak_microdot(key, UnixTime::from_secs(since.parse()?));
    }
    Ok(builder.build()?)
}

fn clock() -> UnixTime {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixTime::from_secs(since_1970.as_secs())
}

fn random() -> Result<[u8; 16], SaveError> {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits).map_err(|_| SaveError::NoRandomness)?;
    Ok(bits)
}

fn app(layer: SessionLayer) -> Router<impl PathRouter> {
    Router::new()
        .route("/", get(index).post(login))
        .route("/logout", post(logout))
        .route("/script", post_service(Script))
        .layer(layer)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Fallible<()> {
    // As large as the suites need it; a board's is smaller.
    let buffer = std::env::var("BUFFER").map_or(Ok(16 * 1024), |buffer| buffer.parse::<usize>())?;
    // The machine may be busy.
    let patient = Duration::from_secs(60);
    let config = Config::new(Timeouts {
        start_read_request: patient,
        persistent_start_read_request: patient,
        read_request: patient,
        write: patient,
    });
    let app = app(SessionLayer::new(sealer()?, clock).randomness(random));
    let (app, config) = (&*Box::leak(Box::new(app)), &*Box::leak(Box::new(config)));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}", listener.local_addr()?);
    let serve = async {
        loop {
            let (stream, _) = listener.accept().await?;
            tokio::task::spawn_local(async move {
                let mut buffer = vec![0; buffer];
                // A client that goes away is no matter of ours.
                drop(Server::new_tokio(app, config, &mut buffer).serve(stream).await);
            });
        }
    };
    LocalSet::new().run_until(serve).await
}
