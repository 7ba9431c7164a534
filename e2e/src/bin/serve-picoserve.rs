//! The server under test for picoserve.

use std::time::{SystemTime, UNIX_EPOCH};

use e2e::serve::{self, Answer, Fallible};
use picoserve::{
    Config, ResponseSent, Router, Server, Timeouts,
    extract::Form,
    io::Read,
    request::Request,
    response::{Connection, IntoResponse, Redirect, Response, ResponseWriter, StatusCode},
    routing::{PathRouter, RequestHandlerService, get, post, post_service},
    time::Duration,
};
use tokio::{net::TcpListener, task::LocalSet};
use waxseal_picoserve::{
    CookieSpec, RandomError, Sealer, Secret, Session, SessionError, SessionLayer, UnixTime,
    WithSession,
};

#[derive(serde::Deserialize)]
struct Login {
    username: String,
}

async fn index(session: Session) -> Result<impl IntoResponse, SessionError> {
    let page = serve::page(session.get::<String>("username")?.as_deref());
    Ok(Response::ok(page).with_content_type("text/html; charset=utf-8"))
}

async fn login(session: Session, Form(form): Form<Login>) -> Result<Redirect, SessionError> {
    if !serve::is_microdot() {
        session.log_in(&form.username)?;
    }
    session.insert("username", form.username)?;
    session.save()?;
    Ok(Redirect::to("/"))
}

async fn logout(session: Session) -> Result<Redirect, SessionError> {
    session.delete()?;
    Ok(Redirect::to("/"))
}

/// Opens the session only if a step of the script needs it. An extractor would always open it.
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
                let session = || Ok(state.session(&request.parts)?);
                let answer = serve::script(&body, session);
                answer.wait().await;
                let reply = Reply(answer);
                reply.write_to(connection, response_writer).await
            }
            Err(error) => error.write_to(connection, response_writer).await,
        }
    }
}

struct Reply(Answer);

impl IntoResponse for Reply {
    async fn write_to<R: Read, W: ResponseWriter<Error = R::Error>>(
        self,
        connection: Connection<'_, R>,
        response_writer: W,
    ) -> Result<ResponseSent, W::Error> {
        let Answer { status, headers, body, .. } = self.0;
        let status = StatusCode::new(status);
        let headers: Vec<_> = headers.iter().map(|(name, value)| (&**name, value)).collect();
        if status.as_u16() == 204 {
            let response = Response::empty(status).with_headers(&*headers);
            return response_writer.write_response(connection, response).await;
        }
        let response = Response::new(status, body).with_headers(&*headers);
        response_writer.write_response(connection, response).await
    }
}

fn sealer() -> Fallible<Sealer> {
    let secret = std::env::var("SESSION_SECRET")?;
    if serve::is_microdot() {
        return Ok(Sealer::microdot(secret)?);
    }
    let mut builder = Sealer::builder(Secret::new(secret)?);
    if std::env::args().any(|argument| argument == "--encrypted") {
        builder = builder.encrypted();
    }
    // With `BEHIND_HTTPS`, the server runs behind a proxy with https.
    if std::env::var_os("BEHIND_HTTPS").is_none() {
        builder = builder.cookie(CookieSpec::insecure_http());
    }
    if let (Ok(key), Ok(since)) = (std::env::var("MICRODOT_KEY"), std::env::var("MICRODOT_SINCE")) {
        builder = builder.dangerous_migrate_weak_microdot(key, UnixTime::from_secs(since.parse()?));
    }
    Ok(builder.build()?)
}

fn clock() -> UnixTime {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixTime::from_secs(since_1970.as_secs())
}

fn random() -> Result<[u8; 16], RandomError> {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits).map_err(|_| RandomError)?;
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
    // As large as the suites need; the buffer of a board is smaller.
    let buffer = std::env::var("BUFFER").map_or(Ok(16 * 1024), |buffer| buffer.parse::<usize>())?;
    // Long timeouts, because the machine may be busy.
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
                // A client that disconnects is not an error.
                drop(Server::new_tokio(app, config, &mut buffer).serve(stream).await);
            });
        }
    };
    LocalSet::new().run_until(serve).await
}
