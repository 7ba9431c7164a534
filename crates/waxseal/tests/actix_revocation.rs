//! Revocation: an unknown status is a 503, and the response head waits for the acknowledgement.

mod support;

use std::{
    cell::RefCell,
    future::{Future, pending},
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, Waker},
};

use actix_web::{
    App, Error, HttpMessage as _, HttpRequest, HttpResponse,
    body::{BoxBody, EitherBody},
    dev::{Service as _, ServiceFactory, ServiceRequest, ServiceResponse},
    error::ErrorImATeapot,
    http::{
        StatusCode,
        header::{COOKIE, HeaderMap, HeaderValue},
    },
    middleware::{Next, from_fn},
    test::{TestRequest, call_service, init_service, read_body, try_call_service},
    web,
};
use support::{
    Admin, Log,
    actix::{admin, get, names, run, values},
    list::{List, Woken},
};
use waxseal::{Rejection, SaveError, Sealer, Secret, Session, SessionError, SessionLayer};

fn sessions(list: &List) -> SessionLayer {
    let builder = Sealer::builder(Secret::new([7; 32]).unwrap()).revocations(list.clone());
    SessionLayer::new(builder.build().unwrap())
}

thread_local! {
    static KEPT: RefCell<Option<Session>> = const { RefCell::new(None) };
}

/// Runs the operation that the path of the request names.
async fn handler(session: Session, request: HttpRequest) -> Result<HttpResponse, Error> {
    match request.path() {
        "/login" => session.log_in("42")?,
        "/renew" => session.renew()?,
        "/others" => session.revoke_others()?,
        "/unsaved" => session.insert("a", 1)?,
        "/logout" | "/fail" | "/pend" => session.delete().unwrap(),
        _ => {}
    }
    if request.path() == "/save" {
        session.save()?;
    }
    KEPT.set(Some(session));
    match request.path() {
        "/fail" => return Err(ErrorImATeapot("short and stout")),
        "/pend" => pending().await,
        _ => {}
    }
    Ok(HttpResponse::Created().append_header(("x-own", "own")).body("logged out"))
}

fn app(
    list: &List,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<EitherBody<BoxBody>>,
        Error = Error,
        InitError = (),
    > + use<>,
> {
    App::new().wrap(sessions(list)).default_service(web::to(handler))
}

/// Creates a session, and returns a request with its cookie.
async fn with_session(list: &List, path: &str) -> TestRequest {
    let response = call_service(&init_service(app(list)).await, get("/login").to_request()).await;
    let line = response.headers().get("set-cookie").unwrap().to_str().unwrap();
    get(path).insert_header((COOKIE, line.split(';').next().unwrap()))
}

/// Polls once.
fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Checks the headers of an empty 503 that removes the cookie.
#[track_caller]
fn removes(headers: &HeaderMap) {
    assert_eq!(values(headers, "vary"), ["Cookie"]);
    assert_eq!(values(headers, "cache-control"), ["private"]);
    let [line] = &*values(headers, "set-cookie") else { panic!("one line") };
    assert!(line.starts_with("__Host-session=; ") && line.contains("; Max-Age=0; "), "{line}");
    let others = headers.keys().filter(|name| {
        !["vary", "cache-control", "set-cookie", "content-type"].contains(&name.as_str())
    });
    assert_eq!(others.count(), 0, "no header of the handler: {headers:?}");
}

#[test]
fn an_unknown_status_is_an_empty_503_that_keeps_the_cookie() {
    run(async {
        let list = List::default();
        let request = with_session(&list, "/save").await;
        KEPT.take();
        list.known().unknown = true;
        let (log, _guard) = Log::start();
        let response = call_service(&init_service(app(&list)).await, request.to_request()).await;
        assert!(KEPT.take().is_none(), "no handler gets the session");
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(values(response.headers(), "vary"), ["Cookie"]);
        assert_eq!(values(response.headers(), "cache-control"), ["private"]);
        assert!(response.headers().get("set-cookie").is_none());
        assert_eq!(read_body(response).await.len(), 0);
        assert!(!log.text().contains("ERROR"), "{}", log.text());

        // A user without a session cannot log in.
        let response =
            call_service(&init_service(app(&list)).await, get("/login").to_request()).await;
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(response.headers().get("set-cookie").is_none());
        assert!(!log.text().contains("ERROR"), "{}", log.text());
    });
}

#[test]
fn the_response_head_waits_for_the_acknowledgement() {
    run(async {
        for (path, status) in [("/logout", 201), ("/renew", 201), ("/fail", 418)] {
            let list = List::default();
            let request = with_session(&list, path).await.to_request();
            let app = init_service(app(&list)).await;
            let mut response = pin!(app.call(request));
            let woken = Arc::new(Woken::default());
            let waker = Waker::from(Arc::clone(&woken));
            let mut context = Context::from_waker(&waker);
            assert!(response.as_mut().poll(&mut context).is_pending());
            // In memory, the session is already revoked.
            assert_eq!(list.revoked().len(), 1);
            assert!(
                matches!(KEPT.take().unwrap().save(), Err(SessionError::Save(SaveError::Finished))),
                "the head is made"
            );
            assert!(response.as_mut().poll(&mut context).is_pending() && !woken.yet());

            list.acknowledges(Ok(()));
            assert!(woken.yet());
            let Poll::Ready(Ok(response)) = response.poll(&mut context) else {
                panic!("the response is ready")
            };
            assert_eq!(response.status().as_u16(), status, "{path}");
            assert_eq!(names(response.headers()), ["__Host-session"]);
            assert_eq!(response.headers().contains_key("x-own"), path != "/fail");
            assert_eq!(list.revoked().len(), 1, "revoked once");
        }
    });
}

#[test]
fn a_response_without_a_revocation_does_not_wait() {
    run(async {
        let list = List::default();
        for path in ["/read", "/save", "/unsaved"] {
            let request = with_session(&list, path).await.to_request();
            let app = init_service(app(&list)).await;
            assert!(poll(pin!(app.call(request))).is_ready());
        }
        let app = init_service(app(&list)).await;
        assert!(poll(pin!(app.call(get("/logout").to_request()))).is_ready());
        assert!(list.revoked().is_empty());
    });
}

#[test]
fn a_failed_acknowledgement_is_an_empty_503_that_removes_the_cookie() {
    run(async {
        for path in ["/logout", "/renew", "/others", "/fail"] {
            let list = List::default();
            let request = with_session(&list, path).await.to_request();
            list.acknowledges(Err("the disk is full"));
            let (log, _guard) = Log::start();
            // Not an error, which the middleware around this one could not log.
            let response = call_service(&init_service(app(&list)).await, request).await;
            assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE, "{path}");
            removes(response.headers());
            assert_eq!(read_body(response).await.len(), 0);

            assert_eq!(log.text().matches("ERROR").count(), 1, "{}", log.text());
            assert!(log.text().contains("the disk is full"), "{}", log.text());
            assert!(list.revoked().iter().all(|id| !log.text().contains(id)), "{}", log.text());
        }
    });
}

/// The middleware gets the error of an inner middleware. The dispatcher turns it into a response.
#[test]
fn a_failing_middleware_does_not_prevent_the_revocation() {
    run(async {
        async fn fails(
            session: Session,
            _: ServiceRequest,
            _: Next<BoxBody>,
        ) -> Result<ServiceResponse, Error> {
            session.delete().unwrap();
            Err(ErrorImATeapot("short and stout"))
        }
        for recorded in [Ok(()), Err("the disk is full")] {
            let list = List::default();
            let request = with_session(&list, "/").await.to_request();
            let app = init_service(App::new().wrap(from_fn(fails)).wrap(sessions(&list))).await;
            let mut failing = pin!(app.call(request));
            assert!(poll(failing.as_mut()).is_pending());
            assert_eq!(list.revoked().len(), 1);
            list.acknowledges(recorded);
            let Poll::Ready(Err(error)) = poll(failing) else { panic!("the response is ready") };
            let response = error.error_response();
            let unrecorded = recorded.is_err();
            assert_eq!(response.status().as_u16(), if unrecorded { 503 } else { 418 });
            removes(response.headers());
            let body = actix_web::body::to_bytes(response.into_body()).await.unwrap();
            assert_eq!(body.is_empty(), unrecorded);
        }
    });
}

#[test]
fn a_503_keeps_the_cookie_of_an_inner_session_if_a_middleware_fails() {
    run(async {
        async fn fails(
            session: Session,
            admin: Session<Admin>,
            _: ServiceRequest,
            _: Next<BoxBody>,
        ) -> Result<ServiceResponse, Error> {
            session.delete()?;
            admin.save()?;
            Err(ErrorImATeapot("short and stout"))
        }
        let list = List::default();
        let request = with_session(&list, "/").await.to_request();
        list.acknowledges(Err("the disk is full"));
        let app = App::new().wrap(from_fn(fails)).wrap(admin()).wrap(sessions(&list));
        let error = try_call_service(&init_service(app).await, request).await.unwrap_err();
        let response = error.error_response();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(names(response.headers()), ["__Host-admin", "__Host-session"]);
    });
}

/// Otherwise a logout whose response becomes a 503 would leave them in the browser.
#[test]
fn a_503_keeps_the_cookies_of_an_inner_session_and_of_the_handler() {
    run(async {
        async fn both(
            session: Session,
            admin: Session<Admin>,
            request: HttpRequest,
        ) -> Result<HttpResponse, Error> {
            if request.path() == "/logout" {
                session.delete()?;
                admin.delete()?;
            } else {
                session.save()?;
                admin.save()?;
            }
            if request.path() == "/logout" && request.query_string() == "fails" {
                return Err(ErrorImATeapot("short and stout"));
            }
            Ok(HttpResponse::Ok().append_header(("set-cookie", "own=1")).finish())
        }
        let list = List::default();
        let app = App::new().wrap(admin()).wrap(sessions(&list)).default_service(web::to(both));
        let app = init_service(app).await;
        let response = call_service(&app, get("/").to_request()).await;
        let cookies: Vec<_> = values(response.headers(), "set-cookie")
            .iter()
            .map(|line| line.split(';').next().unwrap().to_owned())
            .collect();
        list.acknowledges(Err("the disk is full"));
        for (path, own) in [("/logout", &["own"][..]), ("/logout?fails", &[])] {
            let request = get(path).insert_header((COOKIE, cookies.join("; ")));
            let response = call_service(&app, request.to_request()).await;
            assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
            let expected = [own, &["__Host-admin", "__Host-session"]].concat();
            assert_eq!(names(response.headers()), expected);
        }
    });
}

#[test]
fn a_cancelled_request_revokes_nothing() {
    run(async {
        let list = List::default();
        let request = with_session(&list, "/pend").await.to_request();
        let app = init_service(app(&list)).await;
        {
            let cancelled = pin!(app.call(request));
            assert!(poll(cancelled).is_pending());
        }
        assert!(matches!(
            KEPT.take().unwrap().save(),
            Err(SessionError::Save(SaveError::Finished))
        ));
        assert!(list.revoked().is_empty());
    });
}

#[test]
fn a_request_cancelled_while_it_waits_has_revoked_its_session() {
    run(async {
        let list = List::default();
        let request = with_session(&list, "/logout").await.to_request();
        let app = init_service(app(&list)).await;
        {
            let waits = pin!(app.call(request));
            assert!(poll(waits).is_pending());
        }
        list.acknowledges(Ok(()));
        let session = KEPT.take().unwrap();
        session.delete().unwrap_err();
        assert!(matches!(session.save(), Err(SessionError::Save(SaveError::Finished))));
        assert_eq!(list.revoked().len(), 1);
    });
}

#[test]
fn a_session_is_rejected_as_soon_as_it_is_revoked() {
    run(async {
        let list = List::default();
        let logout = with_session(&list, "/logout").await.to_request();
        let copy = logout.headers().get(COOKIE).unwrap().clone();
        let app = init_service(app(&list)).await;
        let waits = pin!(app.call(logout));
        assert!(poll(waits).is_pending());
        let replayed = get("/read").insert_header((COOKIE, copy)).to_request();
        let response = call_service(&app, replayed).await;
        assert!(response.headers().get("set-cookie").is_none());
        assert_eq!(KEPT.take().unwrap().rejection(), Some(Rejection::Revoked));
    });
}

#[test]
fn revoke_others_keeps_only_the_session_in_the_response() {
    run(async {
        let list = List::default();
        let app = init_service(app(&list)).await;
        let rejection = async |cookie: &HeaderValue| {
            let request = get("/read").insert_header((COOKIE, cookie)).to_request();
            call_service(&app, request).await;
            KEPT.take().unwrap().rejection()
        };
        let request = with_session(&list, "/others").await.to_request();
        let own = request.headers().get(COOKIE).unwrap().clone();
        let other = with_session(&list, "/read").await.to_request();
        let other = other.headers().get(COOKIE).unwrap().clone();
        let mut response = pin!(app.call(request));
        assert!(poll(response.as_mut()).is_pending());
        list.acknowledges(Ok(()));
        let Poll::Ready(Ok(response)) = poll(response) else { panic!("the response is ready") };
        assert_eq!(rejection(response.headers().get("set-cookie").unwrap()).await, None);
        for revoked in [own, other] {
            assert_eq!(rejection(&revoked).await, Some(Rejection::Revoked));
        }
        assert_eq!(list.known().cutoffs, [("42".into(), 1)]);
    });
}

#[test]
fn revoke_others_without_a_user_is_a_401() {
    run(async {
        let list = List::default();
        let app = init_service(app(&list)).await;
        let response = call_service(&app, get("/others").to_request()).await;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        assert!(response.headers().get("set-cookie").is_none());
    });
}
