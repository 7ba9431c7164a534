//! Sessions in an API that utoipa describes.

use axum::Json;
use utoipa::{
    Modify, OpenApi,
    openapi::security::{ApiKey, ApiKeyValue, SecurityScheme},
};
use utoipa_axum::{router::OpenApiRouter, routes};
use waxseal::{Session, SessionError};

/// The user of the session.
#[utoipa::path(
    get,
    path = "/user",
    security(("session" = [])),
    responses((status = 200, body = String), (status = 401, description = "nobody is logged in"))
)]
async fn current(session: Session) -> Result<Json<String>, SessionError> {
    Ok(Json(session.require_user()?))
}

/// The description of the API.
#[derive(Debug, OpenApi)]
#[openapi(modifiers(&Cookie))]
pub struct Api;

struct Cookie;

impl Modify for Cookie {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        let cookie = ApiKey::Cookie(ApiKeyValue::new("__Host-session"));
        let components = api.components.get_or_insert_default();
        components.add_security_scheme("session", SecurityScheme::ApiKey(cookie));
    }
}

/// The routes, with their description.
pub fn router() -> OpenApiRouter {
    OpenApiRouter::with_openapi(Api::openapi()).routes(routes!(current))
}
