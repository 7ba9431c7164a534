//! The server under test for the axum face.

use axum::{
    Form, Router,
    body::Bytes,
    extract::Request,
    http::{HeaderName, HeaderValue, StatusCode},
    response::{Html, IntoResponse as _, Redirect, Response},
    routing::{get, post},
};
use serde_json::{Map, Value, json};
use waxseal::{Sealer, Secret, Session, SessionError, SessionLayer, UnixTime};

type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

#[derive(serde::Deserialize)]
struct Login {
    username: String,
}

async fn index(session: Session) -> Result<Html<String>, SessionError> {
    Ok(Html(match session.get::<String>("username")? {
        // Not escaped: the suites send only letters here.
        Some(name) => format!("Hello <b>{name}</b>!"),
        None => r#"<form method="post"><input name="username"></form>"#.into(),
    }))
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

async fn script(request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, 1 << 20).await else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let request = Request::from_parts(parts, ());
    let mut response = Response::default();
    match run(&request, &body, &mut response) {
        Ok(seen) => *response.body_mut() = seen.to_string().into(),
        Err(error) => {
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            *response.body_mut() = error.to_string().into();
        }
    }
    response
}

fn run(request: &Request<()>, body: &Bytes, response: &mut Response) -> Fallible<Value> {
    let mut seen = Value::Null;
    for line in std::str::from_utf8(body)?.lines() {
        let (step, rest) = line.split_once(' ').unwrap_or((line, ""));
        match step {
            "header" => {
                let (name, value) = rest.split_once(": ").ok_or("a header without a colon")?;
                let name = HeaderName::try_from(name)?;
                response.headers_mut().append(name, HeaderValue::try_from(value)?);
                continue;
            }
            "status" => {
                *response.status_mut() = rest.parse()?;
                continue;
            }
            _ => {}
        }
        let session: Session = Session::of(request)?;
        match step {
            "read" => seen = session.data::<Map<String, Value>>()?.into(),
            "state" => {
                seen = json!({
                    "new": session.is_new(),
                    "user": session.user(),
                    "started": session.started_at().map(|time| time.as_secs()),
                    "expires": session.expires_at().map(|time| time.as_secs()),
                    "rejection": session.rejection().map(|rejection| rejection.as_str()),
                });
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
    }
    Ok(seen)
}

#[tokio::main]
async fn main() -> Fallible<()> {
    let sealer = if std::env::args().any(|argument| argument == "--microdot") {
        Sealer::microdot(std::env::var("SESSION_SECRET")?)?
    } else {
        let builder = Sealer::builder(Secret::from_env("SESSION_SECRET")?);
        match (std::env::var("MICRODOT_KEY"), std::env::var("MICRODOT_SINCE")) {
            (Ok(key), Ok(since)) => {
                let since = UnixTime::from_secs(since.parse()?);
                builder.dangerous_accept_weak_microdot(key, since).build()?
            }
            _ => builder.build()?,
        }
    };
    let app = Router::new()
        .route("/", get(index).post(login))
        .route("/logout", post(logout))
        .route("/script", post(script))
        .layer(SessionLayer::new(sealer));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}
