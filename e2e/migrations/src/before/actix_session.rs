//! The application on actix-session, with its sessions in cookies.

use std::{io, net::TcpListener};

use actix_session::{
    Session, SessionMiddleware, config::PersistentSession, storage::CookieSessionStore,
};
use actix_web::{
    App, Error, HttpServer,
    cookie::{Key, time::Duration},
    dev::Server,
    error::ErrorForbidden,
    web,
};

use crate::users::{Login, page};

async fn index(session: Session) -> Result<String, Error> {
    let items = session.get("items")?.unwrap_or_default();
    let user: Option<String> = session.get("user")?;
    Ok(page(user.as_deref(), items))
}

async fn login(session: Session, form: web::Form<Login>) -> Result<web::Redirect, Error> {
    let user = form.verify().ok_or_else(|| ErrorForbidden("this name or password is wrong"))?;
    session.renew();
    session.insert("user", user)?;
    Ok(web::Redirect::to("/").see_other())
}

async fn add_item(session: Session) -> Result<web::Redirect, Error> {
    let items: u32 = session.get("items")?.unwrap_or_default();
    session.insert("items", items.saturating_add(1))?;
    Ok(web::Redirect::to("/").see_other())
}

async fn logout(session: Session) -> Result<web::Redirect, Error> {
    session.purge();
    Ok(web::Redirect::to("/").see_other())
}

fn routes(app: &mut web::ServiceConfig) {
    app.route("/", web::get().to(index))
        .route("/", web::post().to(login))
        .route("/items", web::post().to(add_item))
        .route("/logout", web::post().to(logout));
}

/// The server of the application.
///
/// # Errors
///
/// If the listener cannot be used.
pub fn serve(listener: TcpListener, key: Key) -> io::Result<Server> {
    let lifetime = PersistentSession::default().session_ttl(Duration::days(7));
    let sessions = move || {
        SessionMiddleware::builder(CookieSessionStore::default(), key.clone())
            .session_lifecycle(lifetime.clone())
            .build()
    };
    let app = move || App::new().wrap(sessions()).configure(routes);
    Ok(HttpServer::new(app).workers(1).listen(listener)?.run())
}
