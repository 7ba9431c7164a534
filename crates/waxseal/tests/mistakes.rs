//! Mistakes that look like a login or a logout that does nothing: the log names the fix.

mod support;

use std::convert::Infallible;

use http::{Request, Response, request::Builder};
use support::{Log, clock, get, sealer, set_cookies};
use tower::{Layer as _, Service, ServiceExt as _, service_fn};
use waxseal::{CookieSpec, Sealer, Secret, Session, SessionLayer};

const FIX: &str = "use https, http://localhost (except in Safari), or CookieSpec::insecure_http()";

fn application(
    sealer: Sealer,
) -> impl Service<Request<String>, Response = Response<String>, Error = Infallible> {
    let handler = async |request: Request<String>| {
        let session = Session::of(&request).unwrap();
        match request.uri().path() {
            "/login" => session.log_in("42").unwrap(),
            "/logout" => session.delete().unwrap(),
            _ => assert!(session.user().is_none()),
        }
        Ok(Response::default())
    };
    SessionLayer::new(sealer).clock(clock).layer(service_fn(handler))
}

/// `main` prints the error that it returns with `Debug`.
#[test]
fn a_missing_and_a_short_secret_name_the_fix() {
    let missing = format!("{:?}", Secret::from_env("WAXSEAL_NO_SUCH_VARIABLE").unwrap_err());
    assert!(missing.starts_with("the environment variable WAXSEAL_NO"), "{missing}");
    let short = format!("{:?}", Secret::new("short").unwrap_err());
    assert!(short.starts_with("the secret has 5 bytes"), "{short}");
    for error in [missing, short] {
        assert!(error.contains("`openssl rand -base64 32`"), "{error}");
    }
}

fn post(path: &str, origin: &str) -> Builder {
    Request::post(path).header("origin", origin)
}

#[tokio::test]
async fn a_secure_cookie_over_http_is_one_warning() {
    let (log, _guard) = Log::start();
    let mut application = application(sealer());
    let mut send = async |request: Builder| {
        application.call(request.body(String::new()).unwrap()).await.unwrap();
        log.text().matches(FIX).count()
    };
    // A request that no warning deserves, or that could be a false alarm.
    for quiet in [
        Request::post("/login"),
        Request::get("/login").header("origin", "http://192.168.1.5:3000"),
        post("/read", "http://192.168.1.5:3000"),
        post("/logout", "http://192.168.1.5:3000"),
        post("/login", "https://192.168.1.5"),
        post("/login", "http://localhost:3000"),
        post("/login", "http://192.168.1.5:3000").header("sec-fetch-site", "cross-site"),
    ] {
        let description = format!("{quiet:?}");
        assert_eq!(send(quiet).await, 0, "{description}: {}", log.text());
    }
    for _ in 0..2 {
        assert_eq!(send(post("/login", "http://192.168.1.5:3000")).await, 1, "{}", log.text());
    }
    assert_eq!(log.text().matches("WARN").count(), 1);
    assert!(log.text().contains("origin=\"http://192.168.1.5:3000\""), "{}", log.text());
}

#[tokio::test]
async fn a_cookie_for_http_is_no_warning() {
    let (log, _guard) = Log::start();
    let sealer = Sealer::builder(Secret::new([7; 32]).unwrap());
    let sealer = sealer.cookie(CookieSpec::insecure_http()).build().unwrap();
    let login = post("/login", "http://192.168.1.5:3000").body(String::new()).unwrap();
    let response = application(sealer).oneshot(login).await.unwrap();
    assert_eq!(set_cookies(&response).len(), 1);
    assert_eq!(log.text(), "");
}

#[cfg(feature = "actix")]
#[test]
fn actix_warns_as_well() {
    use actix_web::{
        App,
        test::{TestRequest, call_service, init_service},
        web,
    };

    async fn login(session: Session) -> Result<&'static str, waxseal::SessionError> {
        session.log_in("42")?;
        Ok("")
    }
    support::actix::run(async {
        let (log, _guard) = Log::start();
        let app = App::new().wrap(SessionLayer::new(sealer())).route("/", web::post().to(login));
        let app = init_service(app).await;
        for _ in 0..2 {
            let login = TestRequest::post().insert_header(("origin", "http://192.168.1.5:3000"));
            call_service(&app, login.to_request()).await;
        }
        assert_eq!(log.text().matches(FIX).count(), 1, "{}", log.text());
    });
}

/// It is right in other places, so it is no warning.
#[tokio::test]
async fn clearing_the_data_of_a_user_is_logged_for_debugging() {
    for (user, expected) in [(true, 1), (false, 0)] {
        let (log, _guard) = Log::start();
        let service = service_fn(async |request: Request<String>| {
            let session = Session::of(&request).unwrap();
            if user {
                session.log_in("42").unwrap();
            }
            session.clear_data();
            session.save().unwrap();
            Ok::<_, Infallible>(Response::<String>::default())
        });
        SessionLayer::new(sealer()).clock(clock).layer(service).oneshot(get("/")).await.unwrap();
        let text = log.text();
        assert_eq!(text.matches("DEBUG").count(), expected, "{text}");
        assert_eq!(text.matches("not the user; delete() logs out").count(), expected, "{text}");
        assert!(!text.contains("WARN"), "{text}");
    }
}
