//! The pages and the server functions.

mod functions;
mod pages;

use axum::{
    Router,
    extract::Request,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use leptos::prelude::{LeptosOptions, provide_context};
use leptos_axum::{
    LeptosRoutes as _, generate_route_list, handle_server_fns, render_app_to_stream,
    render_app_to_stream_with_context,
};
use tower_http::csrf::CsrfLayer;
use waxseal::{BuildError, Sealer, Secret, Session, SessionLayer};

use crate::pages::{App, Late, User, document};

/// Asks for the session before the page streams: the response head, with the cookie, is sent
/// before the last part of the page is complete.
async fn page(session: Session, request: Request) -> Response {
    let user = User(session.user());
    let render = render_app_to_stream_with_context(move || provide_context(user.clone()), document);
    render(request).await.into_response()
}

/// The application.
///
/// # Errors
///
/// If the configuration of the sessions is wrong.
pub fn app(secret: Secret) -> Result<Router, BuildError> {
    let sealer = Sealer::builder(secret).build()?;
    let options = LeptosOptions::builder().output_name("login-leptos").build();
    Ok(Router::new()
        .route("/api/{*function}", post(handle_server_fns))
        .leptos_routes_with_handler(generate_route_list(App), get(page))
        .layer(SessionLayer::new(sealer))
        .layer(CsrfLayer::new()) // refuses the forms of other sites
        .with_state(options))
}

/// The wrong way, for the test: nothing asks for the session before the page streams.
///
/// # Errors
///
/// If the configuration of the sessions is wrong.
pub fn app_without_page(secret: Secret) -> Result<Router, BuildError> {
    let sealer = Sealer::builder(secret).build()?;
    let router = Router::new().route("/late", get(render_app_to_stream(Late)));
    Ok(router.layer(SessionLayer::new(sealer)))
}
