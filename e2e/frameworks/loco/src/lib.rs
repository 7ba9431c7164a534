//! Sessions in an application on Loco.

use async_trait::async_trait;
use loco_rs::{
    Error, Result,
    app::{AppContext, Initializer},
    controller::Routes,
    prelude::get,
};
use tower_http::csrf::CsrfLayer;
use waxseal::{Sealer, Secret, Session, SessionError, SessionLayer};

/// The sessions of the application: an element of the vector that `Hooks::initializers` returns.
#[derive(Debug)]
pub struct Sessions;

#[async_trait]
impl Initializer for Sessions {
    fn name(&self) -> String {
        "sessions".into()
    }

    async fn after_routes(&self, router: axum::Router, _: &AppContext) -> Result<axum::Router> {
        let secret = Secret::from_env("SESSION_SECRET").map_err(Error::msg)?;
        let sealer = Sealer::builder(secret).build().map_err(Error::msg)?;
        // `CsrfLayer` refuses the forms of other sites.
        Ok(router.layer(SessionLayer::new(sealer)).layer(CsrfLayer::new()))
    }
}

async fn current(session: Session) -> Result<String, SessionError> {
    session.require_user()
}

/// The routes of a controller.
#[must_use]
pub fn routes() -> Routes {
    Routes::new().prefix("user").add("/", get(current))
}
