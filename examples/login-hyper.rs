//! A login page on plain hyper. The layer works with any `tower::Service` of `http` requests.
//!
//! ```text
//! export SESSION_SECRET="$(openssl rand -base64 32)"
//! cargo run -p examples --example login-hyper    # then open http://localhost:3000
//! ```

use std::convert::Infallible;

use examples::{Failure, Login, page, sealer, serve};
use http_body_util::{BodyExt as _, Limited};
use hyper::{Method, Request, Response, StatusCode, body::Incoming, header};
use tower::{ServiceBuilder, service_fn};
use tower_http::csrf::CsrfLayer;
use waxseal::{Session, SessionLayer};

async fn login(request: Request<Incoming>) -> Result<Response<String>, Failure> {
    let session = Session::of(&request)?;
    match (request.method(), request.uri().path()) {
        (&Method::GET, "/") => {
            let page = page(session.get("username")?)?;
            let html = (header::CONTENT_TYPE, "text/html; charset=utf-8");
            return Ok(Response::builder().header(html.0, html.1).body(page)?);
        }
        (&Method::POST, "/") => {
            let form = Limited::new(request.into_body(), 64 * 1024).collect().await?.to_bytes();
            if !serde_urlencoded::from_bytes::<Login>(&form)?.log_in(&session)? {
                let refused = Response::builder().status(StatusCode::FORBIDDEN);
                return Ok(refused.body("This name or password is wrong.".into())?);
            }
        }
        (&Method::POST, "/logout") => session.delete()?,
        _ => return Ok(Response::builder().status(StatusCode::NOT_FOUND).body(String::new())?),
    }
    let home = Response::builder().status(StatusCode::SEE_OTHER).header(header::LOCATION, "/");
    Ok(home.body(String::new())?)
}

/// Turns an error into a response, because hyper closes the connection on an error.
async fn answer(request: Request<Incoming>) -> Result<Response<String>, Infallible> {
    Ok(login(request).await.unwrap_or_else(|error| {
        eprintln!("{error}");
        let mut response = Response::default();
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        response
    }))
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let service = ServiceBuilder::new()
        .layer(CsrfLayer::new()) // refuses the forms of other sites
        .layer(SessionLayer::new(sealer()?))
        .service(service_fn(answer));
    match serve(service).await? {}
}
