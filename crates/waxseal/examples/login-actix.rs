//! A login page on actix-web.
//!
//! ```text
//! export SESSION_SECRET="$(openssl rand -base64 32)"
//! cargo run -p waxseal --features actix --example login-actix  # then open http://localhost:3000
//! ```
//!
//! With `-- --microdot` it uses Microdot's cookie.

use std::{env, error::Error};

use actix_web::{
    App, Error as ActixError, HttpServer,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    error::ErrorForbidden,
    http::header,
    middleware::{Next, from_fn},
    rt, web,
};
use waxseal::{Sealer, Secret, Session, SessionError, SessionLayer};

#[derive(serde::Deserialize)]
struct Login {
    username: String,
    password: String,
}

/// Stands for the application's user database, which stores hashes of passwords (argon2).
/// Returns the stable ID of the user.
fn verify_password(username: &str, password: &str) -> Option<String> {
    let exists = matches!(username.chars().count(), 1..=64);
    (exists && password == "wax").then(|| username.to_owned())
}

/// Refuses the forms of other sites (CSRF). Browsers send `Sec-Fetch-Site`; older ones, and
/// browsers over plain http, send only `Origin`.
async fn same_origin(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, ActixError> {
    let header = |name: &str| request.headers().get(name).map(|value| value.as_bytes());
    let allowed = match (header("sec-fetch-site"), header("origin")) {
        _ if request.method().is_safe() => true,
        (Some(site), _) => [&b"same-origin"[..], b"none"].contains(&site),
        (None, Some(origin)) => {
            let host = header(header::HOST.as_str()).unwrap_or_default();
            origin.split(|byte| *byte == b'/').nth(2) == Some(host)
        }
        (None, None) => true, // not a browser
    };
    if allowed { next.call(request).await } else { Err(ErrorForbidden("from another site")) }
}

async fn index(session: Session) -> Result<web::Html, SessionError> {
    Ok(web::Html::new(match session.get::<String>("username")? {
        Some(name) => format!(
            r#"Hello <b>{}</b>! <form method="post" action="/logout"><button>Log out</button></form>"#,
            escaped(&name)
        ),
        None => r#"Any name, and the password wax: <form method="post"><input name="username">
            <input name="password" type="password"><button>Log in</button></form>"#
            .into(),
    }))
}

async fn login(session: Session, form: web::Form<Login>) -> Result<web::Redirect, ActixError> {
    let user_id = verify_password(&form.username, &form.password);
    let user_id = user_id.ok_or_else(|| ErrorForbidden("this name or password is wrong"))?;
    session.log_in(&user_id)?; // a new session, saved at once
    session.insert("username", &form.username)?; // the name for display
    session.save()?;
    Ok(web::Redirect::to("/").see_other())
}

async fn logout(session: Session) -> Result<web::Redirect, SessionError> {
    session.delete()?;
    Ok(web::Redirect::to("/").see_other())
}

/// Escapes text for HTML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn main() -> Result<(), Box<dyn Error>> {
    rt::System::new().block_on(serve()) // or `#[actix_web::main]`
}

async fn serve() -> Result<(), Box<dyn Error>> {
    let sealer = if env::args().any(|argument| argument == "--microdot") {
        Sealer::microdot(env::var("SESSION_SECRET")?)?
    } else {
        Sealer::builder(Secret::from_env("SESSION_SECRET")?).build()?
    };
    let sessions = SessionLayer::new(sealer); // shared by all workers
    let app = move || {
        App::new()
            .wrap(sessions.clone())
            .wrap(from_fn(same_origin))
            .route("/", web::get().to(index))
            .route("/", web::post().to(login))
            .route("/logout", web::post().to(logout))
    };
    let port = env::var("PORT").map_or(Ok(3000), |port| port.parse())?;
    let server = HttpServer::new(app).bind(("127.0.0.1", port))?;
    for address in server.addrs() {
        // `localhost`, because browsers keep a Secure cookie for it over http.
        println!("Open http://localhost:{}", address.port());
    }
    Ok(server.run().await?)
}
