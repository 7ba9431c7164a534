//! A login page on warp.
//!
//! ```text
//! export SESSION_SECRET="$(openssl rand -base64 32)"
//! cargo run -p examples --example login-warp    # then open http://localhost:3000
//! ```

#![expect(clippy::needless_pass_by_value, reason = "warp passes arguments by value")]

use examples::{Failure, Login, page, sealer, serve};
use tower::ServiceBuilder;
use tower_http::csrf::CsrfLayer;
use warp::{
    Filter, Reply,
    http::{Request, StatusCode, Uri},
    redirect::see_other,
    reply,
    reply::Response,
};
use waxseal::{Session, SessionLayer};

fn index(session: Session) -> Result<Response, Failure> {
    Ok(reply::html(page(session.get("username")?)?).into_response())
}

fn login(session: Session, form: Login) -> Result<Response, Failure> {
    if form.log_in(&session)? {
        Ok(see_other(Uri::from_static("/")).into_response())
    } else {
        Ok(StatusCode::FORBIDDEN.into_response())
    }
}

fn logout(session: Session) -> Result<Response, Failure> {
    session.delete()?;
    Ok(see_other(Uri::from_static("/")).into_response())
}

/// Adds the session to the extensions of the request, because filters can read an extension but not
/// the whole request. This opens the session of every request, so put cacheable routes outside this
/// service.
fn with_session<B>(mut request: Request<B>) -> Request<B> {
    match Session::of(&request) {
        Ok(session) => {
            request.extensions_mut().insert(session);
        }
        Err(error) => eprintln!("{error}"),
    }
    request
}

fn or_500(result: Result<Response, Failure>) -> Response {
    result.unwrap_or_else(|error| {
        eprintln!("{error}");
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    })
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let session = warp::ext::get::<Session>;
    let home = warp::path::end();
    let form = || warp::body::content_length_limit(64 * 1024).and(warp::body::form());
    let routes = home.and(warp::get()).and(session()).map(index).map(or_500);
    let routes = routes
        .or(home.and(warp::post()).and(session()).and(form()).map(login).map(or_500))
        .or(warp::path!("logout").and(warp::post()).and(session()).map(logout).map(or_500));
    let service = ServiceBuilder::new()
        .layer(CsrfLayer::new()) // refuses the forms of other sites
        .layer(SessionLayer::new(sealer()?))
        .map_request(with_session)
        .service(warp::service(routes));
    match serve(service).await? {}
}
