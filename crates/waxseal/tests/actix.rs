//! The parts that only the actix-web integration has: middlewares, scopes, errors and tasks.

mod support;

use std::{cell::RefCell, rc::Rc, task::Poll};

use actix_web::{
    App, Error, HttpRequest, HttpResponse, Responder,
    body::{BoxBody, MessageBody},
    dev::{Response, Service as _, ServiceRequest, ServiceResponse},
    error::ErrorImATeapot,
    http::StatusCode,
    middleware::{Next, from_fn},
    rt,
    test::{call_service, init_service, read_body, try_call_service},
    web,
};
use futures_util::FutureExt as _;
use support::{
    Admin, Log,
    actix::{admin, get, names, run, sealer, set_cookies, values},
    admin_sealer,
};
use waxseal::{Main, SaveError, Session, SessionError, SessionLayer};

fn sessions() -> SessionLayer {
    SessionLayer::new(sealer())
}

async fn saves(session: Session) -> Result<&'static str, SessionError> {
    session.save()?;
    Ok("saved")
}

#[test]
fn a_missing_middleware_is_an_empty_500_and_is_logged() {
    run(async {
        let (log, _guard) = Log::start();
        let app = init_service(App::new().route("/", web::get().to(saves))).await;
        let response = call_service(&app, get("/").to_request()).await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(read_body(response).await.len(), 0);
        let lines = log.text();
        assert_eq!(lines.matches("ERROR").count(), 1, "{lines}");
        assert!(lines.contains("no session layer wraps this route"), "{lines}");
    });
}

/// A fallback for missing pages: actix-web keeps the extensions of the request.
#[test]
fn a_second_call_of_the_application_has_a_session_of_its_own() {
    async fn again(
        request: ServiceRequest,
        next: Next<impl MessageBody + 'static>,
    ) -> Result<ServiceResponse<impl MessageBody>, Error> {
        let response = next.call(request).await?;
        let (request, _) = response.into_parts();
        next.call(ServiceRequest::from_request(request)).await
    }
    for opens in [false, true] {
        run(async {
            let handler = move |session: Session, request: HttpRequest| async move {
                if request.headers().contains_key("x-first") {
                    return Ok("never");
                }
                session.save()?;
                Ok::<_, SessionError>("saved")
            };
            let calls = Rc::new(RefCell::new(0));
            let first = Rc::clone(&calls);
            // The first call of the application opens the session, or does not.
            let counts = move |request: ServiceRequest, next: Next<BoxBody>| {
                *first.borrow_mut() += 1;
                let is_first = *first.borrow() == 1;
                async move {
                    if is_first {
                        let (request, _) = request.into_parts();
                        if opens {
                            Session::of(&request).unwrap();
                        }
                        let response = HttpResponse::NotFound().finish();
                        return Ok(ServiceResponse::new(request, response));
                    }
                    next.call(request).await
                }
            };
            let app = App::new()
                .wrap(from_fn(counts))
                .wrap(sessions())
                .wrap(from_fn(again))
                .route("/", web::get().to(handler));
            let response = call_service(&init_service(app).await, get("/").to_request()).await;
            assert_eq!(response.status(), StatusCode::OK);
            assert_eq!(values(response.headers(), "vary"), ["Cookie"]);
            assert_eq!(set_cookies(&response).len(), 1);
            assert_eq!(*calls.borrow(), 2);
        });
    }
}

#[test]
fn the_error_of_a_scope_with_another_marker_names_the_one_that_is_missing() {
    run(async {
        async fn admin_saves(session: Session<Admin>) -> Result<&'static str, SessionError> {
            session.save()?;
            Ok("saved")
        }
        let (log, _guard) = Log::start();
        let app = App::new()
            .service(web::scope("/a").wrap(admin()).route("/main", web::get().to(saves)))
            .service(web::scope("/b").wrap(sessions()).route("/admin", web::get().to(admin_saves)));
        let app = init_service(app).await;
        for path in ["/a/main", "/b/admin"] {
            let response = call_service(&app, get(path).to_request()).await;
            assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
            assert!(set_cookies(&response).is_empty());
        }
        let text = log.text();
        assert!(text.contains("no session layer wraps this route"), "{text}");
        assert!(text.contains(r#"no session layer whose sealer has the marker "admin""#), "{text}");
    });
}

#[test]
fn an_error_of_the_session_is_an_empty_500_and_sends_no_cookie() {
    run(async {
        async fn too_large(session: Session) -> Result<&'static str, SessionError> {
            session.insert("a", "x".repeat(3050))?;
            session.save()?;
            Ok("")
        }
        let (log, _guard) = Log::start();
        let app = App::new().wrap(sessions()).route("/", web::get().to(too_large));
        let response = call_service(&init_service(app).await, get("/").to_request()).await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert!(set_cookies(&response).is_empty());
        assert!(log.text().contains("the limit is 4096"), "{}", log.text());
        assert!(!log.text().contains("xxxx"), "{}", log.text());
    });
}

#[test]
fn an_untouched_session_changes_no_response() {
    run(async {
        let app = App::new().wrap(sessions()).route("/", web::get().to(HttpResponse::Ok));
        let app = init_service(app).await;
        for path in ["/", "/nowhere"] {
            assert_eq!(call_service(&app, get(path).to_request()).await.headers().len(), 0);
        }
    });
}

#[test]
fn middleware_and_handler_share_the_session() {
    run(async {
        async fn counts(
            session: Session,
            request: ServiceRequest,
            next: Next<BoxBody>,
        ) -> Result<ServiceResponse, Error> {
            session.insert("visits", 1).unwrap();
            let response = next.call(request).await?;
            assert_eq!(session.get("seen").unwrap(), Some(true));
            session.save().unwrap();
            Ok(response)
        }
        async fn handler(session: Session) -> impl Responder {
            assert_eq!(session.get("visits").unwrap(), Some(1));
            session.insert("seen", true).unwrap();
            HttpResponse::Ok()
                .append_header(("vary", "accept-encoding"))
                .append_header(("vary", "origin"))
                .append_header(("cache-control", "max-age=60"))
                .append_header(("cdn-cache-control", "max-age=60"))
                .append_header(("set-cookie", "own=1"))
                .finish()
        }
        let app =
            App::new().wrap(from_fn(counts)).wrap(sessions()).route("/", web::get().to(handler));
        let response = call_service(&init_service(app).await, get("/").to_request()).await;
        assert_eq!(set_cookies(&response), ["own", "__Host-session"]);
        assert_eq!(values(response.headers(), "vary"), ["accept-encoding, origin, Cookie"]);
        assert_eq!(values(response.headers(), "cache-control"), ["private, max-age=60"]);
        assert!(!response.headers().contains_key("cdn-cache-control"));
    });
}

async fn saves_both(user: Session, admin: Session<Admin>) -> Result<&'static str, SessionError> {
    user.save()?;
    admin.save()?;
    Ok("")
}

#[test]
fn two_markers_are_two_sessions() {
    run(async {
        let app = App::new().wrap(admin()).wrap(sessions()).route("/", web::get().to(saves_both));
        let response = call_service(&init_service(app).await, get("/").to_request()).await;
        assert_eq!(set_cookies(&response), ["__Host-admin", "__Host-session"]);
    });
}

#[test]
fn a_nested_middleware_has_no_second_effect() {
    run(async {
        let sessions = sessions();
        let inner = web::scope("/b").wrap(sessions.clone()).route("/c", web::get().to(saves_both));
        let outer = web::scope("/a").wrap(admin()).wrap(sessions.clone()).service(inner);
        let app = init_service(App::new().wrap(sessions).service(outer)).await;
        let response = call_service(&app, get("/a/b/c").to_request()).await;
        assert_eq!(set_cookies(&response), ["__Host-admin", "__Host-session"]);
    });
}

/// The inner middleware would have no effect, although it may be stricter.
#[test]
fn a_second_middleware_with_the_same_cookie_is_an_error_that_names_both() {
    run(async {
        let (log, _guard) = Log::start();
        let (outer, outer_line) = (SessionLayer::new(sealer()), line!());
        let (inner, inner_line) = (SessionLayer::new(sealer()), line!());
        let scope = web::scope("/a").wrap(inner).route("/b", web::get().to(saves));
        let app = init_service(App::new().wrap(outer).service(scope)).await;
        let response = call_service(&app, get("/a/b").to_request()).await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        for line in [outer_line, inner_line] {
            assert!(log.text().contains(&format!("tests/actix.rs:{line}:")), "{}", log.text());
        }
    });
}

#[test]
fn two_markers_on_one_cookie_are_an_error() {
    run(async {
        let (log, _guard) = Log::start();
        let app = App::new()
            .wrap(SessionLayer::new(admin_sealer()))
            .wrap(sessions())
            .route("/", web::get().to(saves_both));
        let response = call_service(&init_service(app).await, get("/").to_request()).await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert!(response.headers().get("set-cookie").is_none());
        assert!(log.text().contains("__Host-session"), "{}", log.text());
    });
}

#[test]
fn a_saved_session_is_sent_with_the_error_of_a_handler() {
    run(async {
        async fn fails(session: Session) -> Result<&'static str, Error> {
            session.save()?;
            Err(ErrorImATeapot("short and stout"))
        }
        let app = App::new().wrap(sessions()).route("/", web::get().to(fails));
        let response = call_service(&init_service(app).await, get("/").to_request()).await;
        assert_eq!(response.status(), StatusCode::IM_A_TEAPOT);
        assert_eq!(set_cookies(&response), ["__Host-session"]);
    });
}

#[test]
fn a_saved_session_is_sent_when_an_extractor_fails() {
    run(async {
        async fn never(_: Session, _: web::Query<(u8,)>) -> &'static str {
            "unreachable"
        }
        async fn saves(
            session: Session,
            request: ServiceRequest,
            next: Next<impl MessageBody>,
        ) -> Result<ServiceResponse<impl MessageBody>, Error> {
            session.save()?;
            next.call(request).await
        }
        let app = App::new().wrap(from_fn(saves)).wrap(sessions()).route("/", web::get().to(never));
        let response = call_service(&init_service(app).await, get("/?a=b").to_request()).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        assert_eq!(set_cookies(&response), ["__Host-session"]);
    });
}

/// actix-web turns such an error into a response outside all middlewares.
#[test]
fn a_saved_session_is_sent_when_a_middleware_fails() {
    run(async {
        thread_local! {
            static KEPT: RefCell<Option<Session>> = const { RefCell::new(None) };
        }
        async fn fails(
            session: Session,
            admin: Session<Admin>,
            _: ServiceRequest,
            _: Next<BoxBody>,
        ) -> Result<ServiceResponse, Error> {
            session.save()?;
            admin.delete()?;
            KEPT.set(Some(session));
            Err(SessionError::Finished.into())
        }
        let app = App::new().wrap(from_fn(fails)).wrap(admin()).wrap(sessions());
        let error =
            try_call_service(&init_service(app).await, get("/").to_request()).await.unwrap_err();
        assert!(error.as_error::<SessionError>().is_some(), "the error stays the same");
        assert!(matches!(
            KEPT.take().unwrap().save(),
            Err(SessionError::Save(SaveError::Finished))
        ));
        for _ in 0..2 {
            let response = error.error_response();
            assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
            assert_eq!(names(response.headers()), ["__Host-admin", "__Host-session"]);
            assert_eq!(values(response.headers(), "vary"), ["Cookie"]);
            assert_eq!(values(response.headers(), "cache-control"), ["private"]);
        }
        let sent = Response::<BoxBody>::from(error); // as the dispatcher does
        assert_eq!(names(sent.headers()).len(), 2);
    });
}

#[test]
fn an_error_without_a_session_stays_unchanged() {
    run(async {
        async fn fails(_: ServiceRequest, _: Next<BoxBody>) -> Result<ServiceResponse, Error> {
            Err(ErrorImATeapot(""))
        }
        let app = App::new().wrap(from_fn(fails)).wrap(sessions());
        let error =
            try_call_service(&init_service(app).await, get("/").to_request()).await.unwrap_err();
        assert!(!error.error_response().headers().contains_key("vary"));
    });
}

#[test]
fn saving_and_deleting_in_a_streaming_body_are_errors() {
    run(async {
        async fn streams(session: Session) -> HttpResponse {
            let said = Rc::new(RefCell::new(false));
            HttpResponse::Ok().streaming(futures_util::stream::poll_fn(move |_| {
                if said.replace(true) {
                    return Poll::Ready(None);
                }
                session.delete().unwrap_err();
                let text =
                    session.save().map_or_else(|error| error.to_string(), |()| "saved".into());
                Poll::Ready(Some(Ok::<_, Error>(text.into())))
            }))
        }
        let app = App::new().wrap(sessions()).route("/", web::get().to(streams));
        let response = call_service(&init_service(app).await, get("/").to_request()).await;
        assert!(set_cookies(&response).is_empty());
        let body = read_body(response).await;
        assert!(String::from_utf8_lossy(&body).contains("response head"), "{body:?}");
    });
}

#[test]
fn a_task_that_outlives_its_request_gets_errors() {
    run(async {
        type Told = (Result<(), SessionError>, bool);
        thread_local! {
            static TOLD: RefCell<Option<rt::task::JoinHandle<Told>>> = const { RefCell::new(None) };
        }
        async fn spawns(session: Session, request: HttpRequest) -> &'static str {
            TOLD.set(Some(rt::spawn(async move {
                rt::task::yield_now().await;
                let asks_first = Session::<Admin>::of_marked(&request).unwrap_err();
                (session.save(), matches!(asks_first, SessionError::Finished))
            })));
            "answered"
        }
        let app = App::new().wrap(admin()).wrap(sessions()).route("/", web::get().to(spawns));
        let app = init_service(app).await;
        drop(call_service(&app, get("/").to_request()).await);
        let told = TOLD.take().unwrap().await.unwrap();
        assert!(matches!(told, (Err(SessionError::Save(SaveError::Finished)), true)));
        // The next request is not affected.
        assert!(set_cookies(&call_service(&app, get("/").to_request()).await).is_empty());
    });
}

#[test]
fn a_cancelled_request_closes_its_session() {
    run(async {
        thread_local! {
            static KEPT: RefCell<Option<Session>> = const { RefCell::new(None) };
        }
        async fn waits(session: Session) -> &'static str {
            KEPT.set(Some(session));
            std::future::pending().await
        }
        let app = App::new().wrap(sessions()).route("/", web::get().to(waits));
        let app = init_service(app).await;
        let mut pending = Box::pin(app.call(get("/").to_request()));
        assert!((&mut pending).now_or_never().is_none());
        let session = KEPT.take().unwrap();
        session.save().unwrap();
        drop(pending);
        assert!(matches!(session.save(), Err(SessionError::Save(SaveError::Finished))));
    });
}

#[test]
fn the_session_can_be_used_on_another_thread() {
    run(async {
        async fn blocking(request: HttpRequest) -> Result<String, Error> {
            let session = Session::<Main>::of(&request)?;
            // On another thread, for example for a slow password hash.
            let saved = web::block(move || session.save()).await?;
            saved?;
            Ok("saved".into())
        }
        let app = App::new().wrap(sessions()).route("/", web::get().to(blocking));
        let response = call_service(&init_service(app).await, get("/").to_request()).await;
        assert_eq!(set_cookies(&response), ["__Host-session"]);
    });
}

/// S-M2: neither the order of scopes nor equal names and paths of cookies make a session of
/// one marker that of another.
#[test]
fn a_session_of_one_marker_is_never_that_of_another() {
    async fn main_session(session: Session, request: HttpRequest) -> Result<String, SessionError> {
        if !request.query_string().is_empty() {
            session.log_in(request.query_string())?;
        }
        Ok(session.user().unwrap_or_else(|| "nobody".into()))
    }
    async fn admin_session(
        session: Session<Admin>,
        request: HttpRequest,
    ) -> Result<String, SessionError> {
        if !request.query_string().is_empty() {
            session.log_in(request.query_string())?;
        }
        Ok(session.user().unwrap_or_else(|| "nobody".into()))
    }
    run(async {
        let admin = SessionLayer::new(admin_sealer());
        let main = || web::resource("/main").route(web::get().to(main_session));
        let area = || web::resource("/admin").route(web::get().to(admin_session));
        let beside = App::new()
            .service(web::scope("/a").wrap(sessions()).service(main()))
            .service(web::scope("/b").wrap(admin.clone()).service(area()));
        let inside = App::new()
            .service(web::scope("/b").service(area().wrap(admin)).service(main().wrap(sessions())));
        let (beside, inside) = (init_service(beside).await, init_service(inside).await);
        for (app, main, area) in
            [(&beside, "/a/main", "/b/admin"), (&inside, "/b/main", "/b/admin")]
        {
            for (from, to) in [(main, area), (area, main)] {
                let login = get(&format!("{from}?mallory")).to_request();
                let response = call_service(app, login).await;
                let line = values(response.headers(), "set-cookie").remove(0);
                let cookie = line.split(';').next().unwrap().to_owned();
                for (path, user) in [(from, "mallory"), (to, "nobody")] {
                    let request = get(path).insert_header(("cookie", &*cookie)).to_request();
                    let body = read_body(call_service(app, request).await).await;
                    assert_eq!(body, user, "{from} as {path}");
                }
            }
        }
    });
}

#[test]
fn a_handler_that_needs_a_user_responds_with_401() {
    async fn account(session: Session) -> Result<String, SessionError> {
        session.require_user()
    }
    run(async {
        let (log, _guard) = Log::start();
        let app =
            init_service(App::new().wrap(sessions()).route("/", web::get().to(account))).await;
        let response = call_service(&app, get("/").to_request()).await;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(read_body(response).await.len(), 0);
        assert!(!log.text().contains("ERROR"), "{}", log.text());
    });
}
