//! The server under test for actix-web.

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer, Resource,
    http::StatusCode,
    web::{self, Bytes, Form, Html, Redirect},
};
use e2e::serve::{self, Fallible};
use waxseal::{Session, SessionError, SessionLayer};

#[derive(serde::Deserialize)]
struct Login {
    username: String,
}

async fn index(session: Session) -> Result<Html, SessionError> {
    Ok(Html::new(serve::page(session.get::<String>("username")?.as_deref())))
}

async fn login(session: Session, form: Form<Login>) -> Result<Redirect, SessionError> {
    if !serve::is_microdot() {
        session.log_in(&form.username)?;
    }
    session.insert("username", &form.username)?;
    session.save()?;
    Ok(Redirect::to("/").see_other())
}

async fn logout(session: Session) -> Result<Redirect, SessionError> {
    session.delete()?;
    Ok(Redirect::to("/").see_other())
}

async fn script(request: HttpRequest, body: Bytes) -> HttpResponse {
    let answer = serve::script(&body, || Ok(Session::of(&request)?));
    answer.wait().await;
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::BAD_REQUEST);
    let mut response = HttpResponse::build(status);
    for header in answer.headers {
        response.append_header(header);
    }
    response.body(answer.body)
}

#[actix_web::main]
async fn main() -> Fallible<()> {
    let sessions = SessionLayer::new(serve::sealer()?);
    let app = move || {
        App::new()
            .wrap(sessions.clone())
            .service(Resource::new("/").get(index).post(login))
            .service(Resource::new("/logout").post(logout))
            .route("/script", web::post().to(script))
    };
    let server = HttpServer::new(app).workers(2).bind("127.0.0.1:0")?;
    for address in server.addrs() {
        println!("http://{address}");
    }
    Ok(server.run().await?)
}
