//! The application on waxseal, while the last sessions of actix-session move.

use std::{error, net::TcpListener};

use actix_session::{SessionExt as _, SessionMiddleware, storage::CookieSessionStore};
use actix_web::{
    App, Error, HttpServer,
    body::MessageBody,
    cookie::Key,
    dev::{Server, ServiceRequest, ServiceResponse},
    middleware::{Next, from_fn},
};
use waxseal::{Sealer, Secret, Session, SessionLayer};
use waxseal_revocation::RevocationList;

use crate::after::actix::routes;

/// Logs the user of an old session in, and removes the old session.
async fn move_session(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let old = request.get_session();
    if let Some(user) = old.get::<String>("user")? {
        let session = Session::of(&request)?;
        if session.user().is_none() {
            session.log_in(&user)?;
            if let Some(items) = old.get::<u32>("items")? {
                session.insert("items", items)?;
                session.save()?;
            }
        }
        // Also if a user is logged in: after a logout, the old session must not log in again.
        old.purge();
    }
    next.call(request).await
}

/// The server of the application, with the middleware that moves the old sessions.
///
/// # Errors
///
/// If the listener cannot be used, or if the configuration of the sessions is wrong.
pub fn serve(
    listener: TcpListener,
    key: Key,
    secret: Secret,
    revocations: RevocationList,
) -> Result<Server, Box<dyn error::Error>> {
    let sealer = Sealer::builder(secret).revocations(revocations).build()?;
    let sessions = SessionLayer::new(sealer);
    let app = move || {
        App::new()
            .wrap(from_fn(move_session))
            .wrap(SessionMiddleware::new(CookieSessionStore::default(), key.clone()))
            .wrap(sessions.clone())
            .configure(routes)
    };
    Ok(HttpServer::new(app).workers(1).listen(listener)?.run())
}
