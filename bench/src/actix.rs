//! Whole requests through actix-web, without a socket.

use actix_session::{Session, SessionMiddleware, storage::CookieSessionStore};
use actix_web::{
    App, HttpResponse,
    cookie::Key,
    dev::ServiceResponse,
    test::{TestRequest, init_service},
    web,
};
use futures_util::FutureExt as _;
use waxseal::SessionError;

use crate::{
    ours,
    rounds::Rounds,
    subject::{Data, NOW, SECRET, data},
};

async fn nothing() -> HttpResponse {
    HttpResponse::Ok().finish()
}

async fn read(session: Session) -> HttpResponse {
    drop(session.get::<Data>("data").unwrap().unwrap().username);
    HttpResponse::Ok().finish()
}

async fn login(session: Session) -> HttpResponse {
    session.insert("data", data()).unwrap();
    HttpResponse::Ok().finish()
}

async fn read_ours(session: waxseal::Session) -> Result<HttpResponse, SessionError> {
    drop(session.get::<String>("username")?);
    Ok(HttpResponse::Ok().finish())
}

/// Calls a service with a `Cookie` header. The service must respond without waiting.
macro_rules! request {
    ($app:expr, $cookie:expr) => {{
        let (app, cookie) = ($app, $cookie);
        move || {
            let request =
                TestRequest::get().insert_header(("cookie", cookie.as_str())).to_request();
            let response: ServiceResponse<_> = actix_web::test::call_service(&app, request)
                .now_or_never()
                .expect("the service does not wait");
            assert!(response.status().is_success());
        }
    }};
}

pub(crate) fn add(rounds: &mut Rounds) {
    let bare = App::new().route("/", web::get().to(nothing));
    let bare = init_service(bare).now_or_never().expect("the service does not wait");
    let cookie = ours::cookie(&ours::sealer(), NOW);
    rounds.add("actix", "actix-web: bare", request!(bare, cookie));

    let sessions = waxseal::SessionLayer::new(ours::sealer()).clock(ours::now);
    let app = App::new().wrap(sessions).route("/", web::get().to(read_ours));
    let app = init_service(app).now_or_never().expect("the service does not wait");
    let cookie = ours::cookie(&ours::sealer(), NOW);
    rounds.add("actix", "actix-web: waxseal read", request!(app, cookie));

    let session = SessionMiddleware::new(CookieSessionStore::default(), Key::from(&SECRET));
    let app = App::new()
        .wrap(session)
        .route("/", web::get().to(read))
        .route("/login", web::get().to(login));
    let app = init_service(app).now_or_never().expect("the service does not wait");
    let login = TestRequest::get().uri("/login").to_request();
    let response = actix_web::test::call_service(&app, login)
        .now_or_never()
        .expect("the service does not wait");
    let line = response.headers().get("set-cookie").unwrap().to_str().unwrap();
    let cookie = line.split(';').next().unwrap().to_owned();
    rounds.add("actix", "actix-web: actix-session (cookie store) read", request!(app, cookie));
}
