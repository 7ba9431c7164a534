//! S-M2: no arrangement of routers, cookie names and paths makes a session of one marker
//! readable as another's.

mod support;

use axum::{Router, routing::get};
use http::{Request, StatusCode};
use support::{Admin, Log, admin_sealer, sealer, set_cookies, with_cookie};
use tower::ServiceExt as _;
use waxseal::{Main, Sealer, Secret, Session, SessionError, SessionLayer, SharedSealer};

/// `GET …/login?susan` for the main session, the user otherwise.
async fn main_session(session: Session, uri: http::Uri) -> Result<String, SessionError> {
    if let Some(user) = uri.query() {
        session.log_in(user)?;
    }
    Ok(session.user().unwrap_or_else(|| "nobody".into()))
}

async fn admin_session(session: Session<Admin>, uri: http::Uri) -> Result<String, SessionError> {
    if let Some(user) = uri.query() {
        session.log_in(user)?;
    }
    Ok(session.user().unwrap_or_else(|| "nobody".into()))
}

/// The status, the text and the cookies of a response.
async fn call(app: &Router, path: &str, cookie: &str) -> (StatusCode, String, Vec<String>) {
    let request: Request<axum::body::Body> = with_cookie(path, cookie);
    let response = app.clone().oneshot(request).await.unwrap();
    let (status, cookies) = (response.status(), set_cookies(&response));
    let body = axum::body::to_bytes(response.into_body(), 1000).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap(), cookies)
}

fn routes() -> (Router, Router) {
    (
        Router::new().route("/main", get(main_session)),
        Router::new().route("/admin", get(admin_session)),
    )
}

/// Both sessions have the name `__Host-session`, one secret and one path.
fn arrangements() -> Vec<(&'static str, Router)> {
    let (user_layer, admin_layer) =
        (SessionLayer::new(sealer()), SessionLayer::new(admin_sealer()));
    let (user, admin) = routes();
    let merged = user.layer(user_layer.clone()).merge(admin.layer(admin_layer.clone()));
    let (user, admin) = routes();
    let merged_other_way = admin.layer(admin_layer.clone()).merge(user.layer(user_layer.clone()));
    let (user, admin) = routes();
    let nested = Router::new()
        .nest("/a", user.layer(user_layer.clone()))
        .nest("/b", admin.layer(admin_layer.clone()));
    let (user, admin) = routes();
    let inside = user.layer(user_layer).nest("/a/b", admin.layer(admin_layer));
    vec![("", merged), ("", merged_other_way), ("/a /b", nested), (" /a/b", inside)]
}

#[tokio::test]
async fn a_session_of_one_marker_is_never_that_of_another() {
    for (prefixes, app) in arrangements() {
        let (main, admin) = prefixes.split_once(' ').unwrap_or_default();
        let (main, admin) = (format!("{main}/main"), format!("{admin}/admin"));
        for (from, to) in [(&main, &admin), (&admin, &main)] {
            let (status, _, cookies) = call(&app, &format!("{from}?mallory"), "").await;
            assert_eq!((status, cookies.len()), (StatusCode::OK, 1), "{from}");
            let cookie = cookies[0].as_str();
            assert_eq!(call(&app, from, cookie).await.1, "mallory", "{from}");
            assert_eq!(call(&app, to, cookie).await.1, "nobody", "{from} as {to}");
        }
    }
}

/// One layer around both would let a handler of one marker take the session of the other.
#[tokio::test]
async fn a_handler_without_a_layer_of_its_marker_is_an_error() {
    let (log, _guard) = Log::start();
    let (user, admin) = routes();
    let app = user.merge(admin).layer(SessionLayer::new(sealer()));
    let (status, _, cookies) = call(&app, "/main?susan", "").await;
    assert_eq!(status, StatusCode::OK);
    let (status, text, _) = call(&app, "/admin", &cookies[0]).await;
    assert_eq!((status, text.as_str()), (StatusCode::INTERNAL_SERVER_ERROR, ""));
    let text = log.text();
    assert!(text.contains(r#"no session layer whose sealer has the marker "admin""#), "{text}");
}

/// A sealer of another marker in place of the first would change what handlers read.
#[tokio::test]
async fn a_sealer_of_another_marker_does_not_replace_the_first() {
    let shared = SharedSealer::new(sealer());
    let (user, _) = routes();
    let app = user.layer(SessionLayer::new(shared.clone()));
    shared.replace(admin_sealer());
    let (status, ..) = call(&app, "/main", "").await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    shared.replace(sealer());
    assert_eq!(call(&app, "/main", "").await.0, StatusCode::OK);
}

/// S-L14.
#[tokio::test]
async fn two_applications_with_one_secret_are_two_sessions() {
    let app = |application: Option<&str>| {
        let builder = Sealer::builder(Secret::new([7; 32]).unwrap()).marker::<Main>();
        let builder = match application {
            Some(name) => builder.application(name),
            None => builder,
        };
        routes().0.layer(SessionLayer::new(builder.build().unwrap()))
    };
    let (shop, blog, unnamed) = (app(Some("shop")), app(Some("blog")), app(None));
    let cookie = call(&shop, "/main?susan", "").await.2.remove(0);
    assert_eq!(call(&shop, "/main", &cookie).await.1, "susan");
    assert_eq!(call(&blog, "/main", &cookie).await.1, "nobody");
    assert_eq!(call(&unnamed, "/main", &cookie).await.1, "nobody");
}
