//! Pages that need permissions, after axum-login's example `permissions`.

use std::error::Error;

use axum::{Router, routing::get};
use axum_login::{login_required, permission_required};
use axum_login_on_waxseal::{serve, users::Backend, web};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let home = Router::new().route("/", get(async || "home")).route_layer(login_required!(Backend));
    let read = Router::new()
        .route("/read", get(async || "read"))
        .route_layer(permission_required!(Backend, login_url = "/login", "read"));
    let edit = Router::new()
        .route("/edit", get(async || "edit"))
        .route_layer(permission_required!(Backend, "read", "edit"));
    let routes = home.merge(read).merge(edit).merge(web::routes());
    serve(routes).await
}
