//! A password login with messages, after axum-login's example `sqlite`.

use std::error::Error;

use axum::{Router, http::StatusCode, routing::get};
use axum_login::login_required;
use axum_login_on_waxseal::{
    serve,
    users::{AuthSession, Backend},
    web,
};
use axum_messages::Messages;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let routes = Router::new()
        .route("/", get(home))
        .route_layer(login_required!(Backend, login_url = "/login"))
        .merge(web::routes());
    serve(routes).await
}

async fn home(session: AuthSession, messages: Messages) -> Result<String, StatusCode> {
    let user = session.user.ok_or(StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok(format!("{}home of {}", web::shown(messages), user.name))
}
