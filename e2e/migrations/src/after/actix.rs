//! The application on waxseal.

use std::{error, net::TcpListener};

use actix_web::{App, Error, HttpServer, dev::Server, error::ErrorForbidden, web};
use waxseal::{Sealer, Secret, Session, SessionError, SessionLayer};
use waxseal_revocation::RevocationList;

use crate::users::{Login, page};

async fn index(session: Session) -> Result<String, SessionError> {
    let items = session.get("items")?.unwrap_or_default();
    let user = session.user();
    Ok(page(user.as_deref(), items))
}

async fn login(session: Session, form: web::Form<Login>) -> Result<web::Redirect, Error> {
    let user = form.verify().ok_or_else(|| ErrorForbidden("this name or password is wrong"))?;
    session.log_in(&user)?;
    Ok(web::Redirect::to("/").see_other())
}

async fn add_item(session: Session) -> Result<web::Redirect, SessionError> {
    let items: u32 = session.get("items")?.unwrap_or_default();
    session.insert("items", items.saturating_add(1))?;
    session.save()?;
    Ok(web::Redirect::to("/").see_other())
}

async fn logout(session: Session) -> Result<web::Redirect, SessionError> {
    session.delete()?;
    Ok(web::Redirect::to("/").see_other())
}

pub(crate) fn routes(app: &mut web::ServiceConfig) {
    app.route("/", web::get().to(index))
        .route("/", web::post().to(login))
        .route("/items", web::post().to(add_item))
        .route("/logout", web::post().to(logout));
}

/// The server of the application.
///
/// # Errors
///
/// If the listener cannot be used, or if the configuration of the sessions is wrong.
pub fn serve(
    listener: TcpListener,
    secret: Secret,
    revocations: RevocationList,
) -> Result<Server, Box<dyn error::Error>> {
    let sealer = Sealer::builder(secret).revocations(revocations).build()?;
    let sessions = SessionLayer::new(sealer);
    let app = move || App::new().wrap(sessions.clone()).configure(routes);
    Ok(HttpServer::new(app).workers(1).listen(listener)?.run())
}
