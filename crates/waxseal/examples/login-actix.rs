//! A login page on actix-web.
//!
//! ```text
//! export SESSION_SECRET="$(openssl rand -base64 32)"
//! cargo run -p waxseal --features actix --example login-actix  # then open http://localhost:3000
//! ```
//!
//! With `-- --microdot` it uses Microdot's cookie.

use std::{env, error::Error};

use actix_web::{App, HttpServer, rt, web};
use waxseal::{Sealer, Secret, Session, SessionError, SessionLayer};

#[derive(serde::Deserialize)]
struct Login {
    username: String,
}

async fn index(session: Session) -> Result<web::Html, SessionError> {
    Ok(web::Html::new(match session.get::<String>("username")? {
        Some(name) => format!(
            r#"Hello <b>{}</b>! <form method="post" action="/logout"><button>Log out</button></form>"#,
            escaped(&name)
        ),
        None => {
            r#"<form method="post"><input name="username"><button>Log in</button></form>"#.into()
        }
    }))
}

async fn login(session: Session, form: web::Form<Login>) -> Result<web::Redirect, SessionError> {
    session.renew(); // a new session at every change of privilege
    session.insert("username", &form.username)?;
    session.save()?; // without it, no cookie is sent
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
