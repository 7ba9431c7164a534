//! An actix-web application outside the workspace, over the published packages.

use actix_web::{App, HttpServer, Responder, web};
use waxseal::{Sealer, Secret, Session, SessionError, SessionLayer};

async fn index(session: Session) -> Result<impl Responder, SessionError> {
    let visits = session.get::<u32>("visits")?.unwrap_or_default().saturating_add(1);
    session.insert("visits", visits)?;
    session.save()?;
    Ok(format!("{visits} visits"))
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sealer = Sealer::builder(Secret::from_env("SESSION_SECRET")?).build()?;
    let sessions = SessionLayer::new(sealer);
    let app = move || App::new().wrap(sessions.clone()).route("/", web::get().to(index));
    HttpServer::new(app).bind("127.0.0.1:0")?.run().await?;
    Ok(())
}
