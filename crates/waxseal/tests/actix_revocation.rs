//! Sessions that end before their time: what the middleware makes of an unknown
//! standing, and a response head that waits for the log.

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
    body::BoxBody,
    dev::{Service as _, ServiceFactory, ServiceRequest, ServiceResponse},
    error::ErrorImATeapot,
    http::{
        StatusCode,
        header::{COOKIE, HeaderMap},
    },
    middleware::{Next, from_fn},
    test::{TestRequest, call_service, init_service, read_body, try_call_service},
    web,
};
use support::{
    Log,
    actix::{get, names, run, values},
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

/// Does what the request's path says.
async fn handler(session: Session, request: HttpRequest) -> Result<HttpResponse, Error> {
    match request.path() {
        "/login" => session.set_user("42"),
        "/renew" | "/unsaved" => session.renew(),
        "/logout" | "/fail" | "/pend" => session.delete().unwrap(),
        _ => {}
    }
    if matches!(request.path(), "/login" | "/renew" | "/save") {
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
        Response = ServiceResponse,
        Error = Error,
        InitError = (),
    > + use<>,
> {
    App::new().wrap(sessions(list)).default_service(web::to(handler))
}

/// A request with the cookie of a session that it makes first.
async fn known(list: &List, path: &str) -> TestRequest {
    let response = call_service(&init_service(app(list)).await, get("/login").to_request()).await;
    let line = response.headers().get("set-cookie").unwrap().to_str().unwrap();
    get(path).insert_header((COOKIE, line.split(';').next().unwrap()))
}

/// Polls once.
fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// An empty 503 that removes the cookie has these and no others.
#[track_caller]
fn removes(headers: &HeaderMap) {
    assert_eq!(values(headers, "vary"), ["Cookie"]);
    assert_eq!(values(headers, "cache-control"), ["private"]);
    let [line] = &*values(headers, "set-cookie") else { panic!("one line") };
    assert!(line.starts_with("__Host-session=; ") && line.contains("; Max-Age=0; "), "{line}");
    let others = headers.keys().filter(|name| {
        !["vary", "cache-control", "set-cookie", "content-type"].contains(&name.as_str())
    });
    assert_eq!(others.count(), 0, "nothing of the handler's response: {headers:?}");
}

#[test]
fn an_unknown_standing_is_an_empty_503_that_leaves_the_cookie_alone() {
    run(async {
        let list = List::default();
        let request = known(&list, "/save").await;
        KEPT.take();
        list.known().unknown = true;
        let (log, _guard) = Log::start();
        let response = call_service(&init_service(app(&list)).await, request.to_request()).await;
        assert!(KEPT.take().is_none(), "no handler has it");
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(values(response.headers(), "vary"), ["Cookie"]);
        assert_eq!(values(response.headers(), "cache-control"), ["private"]);
        assert!(response.headers().get("set-cookie").is_none());
        assert_eq!(read_body(response).await.len(), 0);
        assert!(!log.text().contains("ERROR"), "{}", log.text());

        // Who has no session cannot log in.
        let response =
            call_service(&init_service(app(&list)).await, get("/login").to_request()).await;
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(response.headers().get("set-cookie").is_none());
        assert!(!log.text().contains("ERROR"), "{}", log.text());
    });
}

#[test]
fn the_head_waits_until_the_log_has_it() {
    run(async {
        for (path, status) in [("/logout", 201), ("/renew", 201), ("/fail", 418)] {
            let list = List::default();
            let request = known(&list, path).await.to_request();
            let app = init_service(app(&list)).await;
            let mut response = pin!(app.call(request));
            let woken = Arc::new(Woken::default());
            let waker = Waker::from(Arc::clone(&woken));
            let mut context = Context::from_waker(&waker);
            assert!(response.as_mut().poll(&mut context).is_pending());
            // In memory it has ended already.
            assert_eq!(list.revoked().len(), 1);
            assert!(
                matches!(KEPT.take().unwrap().save(), Err(SessionError::Save(SaveError::Finished))),
                "the head is made"
            );
            assert!(response.as_mut().poll(&mut context).is_pending() && !woken.yet());

            list.acknowledges(Ok(()));
            assert!(woken.yet());
            let Poll::Ready(Ok(response)) = response.poll(&mut context) else {
                panic!("it is made")
            };
            assert_eq!(response.status().as_u16(), status, "{path}");
            assert_eq!(names(response.headers()), ["__Host-session"]);
            assert_eq!(response.headers().contains_key("x-own"), path != "/fail");
            assert_eq!(list.revoked().len(), 1, "once");
        }
    });
}

#[test]
fn what_ends_nothing_waits_for_nothing() {
    run(async {
        let list = List::default();
        for path in ["/read", "/save", "/unsaved"] {
            let request = known(&list, path).await.to_request();
            let app = init_service(app(&list)).await;
            assert!(poll(pin!(app.call(request))).is_ready());
        }
        let app = init_service(app(&list)).await;
        assert!(poll(pin!(app.call(get("/logout").to_request()))).is_ready());
        assert!(list.revoked().is_empty());
    });
}

#[test]
fn what_the_log_has_not_taken_is_an_empty_503_that_removes_the_cookie() {
    run(async {
        for path in ["/logout", "/renew", "/fail"] {
            let list = List::default();
            let request = known(&list, path).await.to_request();
            list.acknowledges(Err("the disk is full"));
            let (log, _guard) = Log::start();
            let app = init_service(app(&list)).await;
            // It becomes a response further out, as the dispatcher makes it.
            let error = try_call_service(&app, request).await.unwrap_err();
            let response = error.error_response();
            assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE, "{path}");
            removes(response.headers());
            assert_eq!(actix_web::body::to_bytes(response.into_body()).await.unwrap().len(), 0);

            assert_eq!(log.text().matches("ERROR").count(), 1, "{}", log.text());
            assert!(log.text().contains("the disk is full"), "{}", log.text());
            assert!(!log.text().contains(&list.revoked()[0]), "{}", log.text());
        }
    });
}

/// Such an error comes to the middleware as one and becomes a response at the
/// very outside.
#[test]
fn a_middleware_that_fails_has_ended_the_session() {
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
            let request = known(&list, "/").await.to_request();
            let app = init_service(App::new().wrap(from_fn(fails)).wrap(sessions(&list))).await;
            let mut failing = pin!(app.call(request));
            assert!(poll(failing.as_mut()).is_pending());
            assert_eq!(list.revoked().len(), 1);
            list.acknowledges(recorded);
            let Poll::Ready(Err(error)) = poll(failing) else { panic!("it is made") };
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
fn a_request_that_is_cancelled_has_ended_nothing() {
    run(async {
        let list = List::default();
        let request = known(&list, "/pend").await.to_request();
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
fn a_request_that_goes_while_it_waits_has_ended_its_session() {
    run(async {
        let list = List::default();
        let request = known(&list, "/logout").await.to_request();
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
fn who_logs_out_is_out_at_once() {
    run(async {
        let list = List::default();
        let logout = known(&list, "/logout").await.to_request();
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
