//! Revocation: an unknown status is a 503, and the response head waits for the acknowledgement.

mod support;

use std::{
    cell::RefCell,
    future::{Future, pending},
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, Waker},
};

use axum::{Router, body::Body, response::IntoResponse as _, routing::get as route};
use http::{Request, Response, StatusCode};
use support::{
    Admin, Log, clock, get,
    list::{List, Woken},
    sealer, set_cookies, values, with_cookie,
};
use tower::{Layer as _, Service as _, ServiceBuilder, ServiceExt as _, service_fn};
use waxseal::{
    CookieSpec, Main, Marker, Rejection, SaveError, Sealer, SealerBuilder, Secret, Session,
    SessionError, SessionLayer,
};

type Handler = fn(&Session);

fn builder(list: &List) -> SealerBuilder {
    Sealer::builder(Secret::new([7; 32]).unwrap()).revocations(list.clone())
}

fn layer(list: &List) -> SessionLayer {
    SessionLayer::new(builder(list).build().unwrap()).clock(clock)
}

/// The response to a request with this cookie.
fn respond(
    list: &List,
    cookie: &str,
    handler: Handler,
) -> impl Future<Output = Result<Response<String>, SessionError>> {
    let service = service_fn(move |request: Request<String>| async move {
        handler(&Session::of(&request)?);
        let made = Response::builder().status(201).header("x-own", "own");
        Ok(made.header("set-cookie", "own=1").body(String::from("logged out")).unwrap())
    });
    layer(list).layer(service).oneshot(with_cookie("/", cookie))
}

/// The cookie of a session.
async fn cookie(list: &List) -> String {
    let response = respond(list, "a=b", |session| {
        session.log_in("42").unwrap();
    });
    set_cookies(&response.await.unwrap()).pop().unwrap()
}

fn logs_out(session: &Session) {
    session.delete().unwrap();
}

fn renews(session: &Session) {
    session.renew().unwrap();
}

fn revokes_others(session: &Session) {
    session.revoke_others().unwrap();
}

/// Why the cookie of a session is rejected.
fn rejection(list: &List, cookie: &str) -> Option<Rejection> {
    let token = cookie.split_once('=').unwrap().1;
    builder(list).build().unwrap().verify(token.as_bytes(), clock()).err()
}

/// Polls once.
fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[tokio::test]
async fn an_unknown_status_is_an_empty_503_that_keeps_the_cookie() {
    async fn never(_: Session) -> &'static str {
        unreachable!()
    }
    let list = List::default();
    let cookie = cookie(&list).await;
    list.known().unknown = true;
    let (log, _guard) = Log::start();
    let app = Router::new().route("/", route(never)).layer(layer(&list));
    for _ in 0..3 {
        let response = app.clone().oneshot(with_cookie::<Body>("/", &cookie)).await.unwrap();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(values(response.headers(), "vary"), ["Cookie"]);
        assert_eq!(values(response.headers(), "cache-control"), ["private"]);
        assert!(set_cookies(&response).is_empty());
        let body = axum::body::to_bytes(response.into_body(), 1000).await.unwrap();
        assert_eq!(body.len(), 0);
    }
    // One warning for all requests: the list logs its own errors.
    assert_eq!(log.text().matches("WARN").count(), 1, "{}", log.text());
    assert!(!log.text().contains("ERROR"), "{}", log.text());
}

#[tokio::test]
async fn opening_a_session_with_an_unknown_status_is_always_an_error() {
    let list = List::default();
    let cookie = cookie(&list).await;
    list.known().unknown = true;
    let service = service_fn(async |request: Request<String>| {
        for _ in 0..2 {
            let error = Session::<Main>::of(&request).map(drop).unwrap_err();
            assert!(matches!(error, SessionError::RevocationUnknown) && error.is_temporary());
        }
        Ok::<_, SessionError>(Response::<String>::default())
    });
    let response = layer(&list).layer(service).oneshot(with_cookie("/", &cookie)).await.unwrap();
    assert!(set_cookies(&response).is_empty());
}

/// A user without a session can use the site, and cannot log in.
#[tokio::test]
async fn no_session_is_issued_while_the_list_is_unavailable() {
    let list = List::default();
    list.known().unknown = true;
    let (log, _guard) = Log::start();
    let response = respond(&list, "a=b", |session| {
        assert_eq!(session.rejection(), None);
        let error = session.save().unwrap_err();
        assert!(matches!(error, SessionError::Save(SaveError::RevocationUnknown)));
        assert_eq!(error.into_response().status(), StatusCode::SERVICE_UNAVAILABLE);
    });
    assert_eq!(set_cookies(&response.await.unwrap()), ["own=1"]);
    assert!(!log.text().contains("ERROR"), "{}", log.text());
}

#[tokio::test]
async fn the_response_head_waits_for_the_acknowledgement() {
    for handler in [logs_out, renews] as [Handler; 2] {
        let list = List::default();
        let cookie = cookie(&list).await;
        let mut response = pin!(respond(&list, &cookie, handler));
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(Arc::clone(&woken));
        let mut context = Context::from_waker(&waker);
        assert!(response.as_mut().poll(&mut context).is_pending());
        // In memory, the session is already revoked.
        assert_eq!(list.revoked().len(), 1);
        assert!(response.as_mut().poll(&mut context).is_pending() && !woken.yet());

        list.acknowledges(Ok(()));
        assert!(woken.yet());
        let Poll::Ready(Ok(response)) = response.poll(&mut context) else {
            panic!("the response is ready")
        };
        assert_eq!((response.status().as_u16(), &**response.body()), (201, "logged out"));
        assert_eq!(set_cookies(&response).len(), 2);
        assert_eq!(list.revoked().len(), 1, "revoked once");
    }
}

#[tokio::test]
async fn a_response_without_a_revocation_does_not_wait() {
    let list = List::default();
    let cookie = cookie(&list).await;
    for handler in [
        |_: &Session| (),
        |session: &Session| session.save().unwrap(),
        |session: &Session| session.insert("unsaved", 1).unwrap(),
    ] as [Handler; 3]
    {
        assert!(poll(pin!(respond(&list, &cookie, handler))).is_ready());
    }
    assert!(poll(pin!(respond(&list, "a=b", logs_out))).is_ready());
    assert!(list.revoked().is_empty());
}

#[tokio::test]
async fn a_failed_acknowledgement_is_an_empty_503_that_removes_the_cookie() {
    for handler in [logs_out, renews, revokes_others] as [Handler; 3] {
        let list = List::default();
        let cookie = cookie(&list).await;
        list.acknowledges(Err("the disk is full"));
        let (log, _guard) = Log::start();
        let response = respond(&list, &cookie, handler).await.unwrap();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.body(), "");
        assert_eq!(values(response.headers(), "vary"), ["Cookie"]);
        assert_eq!(values(response.headers(), "cache-control"), ["private"]);
        let [own, line] = &*values(response.headers(), "set-cookie") else { panic!("two lines") };
        assert!(line.starts_with("__Host-session=; ") && line.contains("; Max-Age=0; "), "{line}");
        assert_eq!(own, "own=1");
        assert_eq!(response.headers().len(), 4, "no header of the handler but its cookie");

        assert_eq!(log.text().matches("ERROR").count(), 1, "{}", log.text());
        assert!(log.text().contains("the disk is full"), "{}", log.text());
        assert!(list.revoked().iter().all(|id| !log.text().contains(id)), "{}", log.text());
    }
}

#[tokio::test]
async fn a_session_is_rejected_as_soon_as_it_is_revoked() {
    let list = List::default();
    let cookie = cookie(&list).await;
    let waits = pin!(respond(&list, &cookie, logs_out));
    assert!(poll(waits).is_pending());
    let replayed = respond(&list, &cookie, |session| {
        assert_eq!(session.rejection(), Some(Rejection::Revoked));
        assert_eq!(session.user(), None);
    });
    assert_eq!(set_cookies(&replayed.await.unwrap()), ["own=1"]);
}

#[tokio::test]
async fn a_session_revoked_by_another_request_is_not_sent_and_is_logged() {
    let list = List::default();
    let cookie = cookie(&list).await;
    let (log, _guard) = Log::start();
    let mut service = layer(&list).layer(service_fn(async |request: Request<String>| {
        renews(&Session::of(&request)?);
        let logout = pin!(respond(&list, &cookie, logs_out));
        assert!(poll(logout).is_pending());
        Ok::<_, SessionError>(Response::<String>::default())
    }));
    let response = service.call(with_cookie("/", &cookie)).await.unwrap();
    assert!(set_cookies(&response).is_empty());
    assert!(log.text().contains("another request has revoked the session"), "{}", log.text());
    assert_eq!(list.revoked().len(), 1);
}

#[tokio::test]
async fn revoke_others_keeps_only_the_session_in_the_response() {
    let list = List::default();
    let (own, other) = (cookie(&list).await, cookie(&list).await);
    let mut response = pin!(respond(&list, &own, revokes_others));
    assert!(poll(response.as_mut()).is_pending());
    // In memory, the sessions are already revoked.
    assert_eq!(rejection(&list, &other), Some(Rejection::Revoked));
    list.acknowledges(Ok(()));
    let Poll::Ready(Ok(response)) = poll(response) else { panic!("the response is ready") };
    let [_, new] = &*set_cookies(&response) else { panic!("two cookies") };
    assert_eq!(rejection(&list, new), None);
    for revoked in [&own, &other] {
        assert_eq!(rejection(&list, revoked), Some(Rejection::Revoked));
    }
    assert_eq!(list.known().cutoffs, [("42".into(), 1)]);
}

#[tokio::test]
async fn saving_a_revoked_session_is_a_401() {
    let list = List::default();
    let cookie = cookie(&list).await;
    let (log, _guard) = Log::start();
    let mut service = layer(&list).layer(service_fn(async |request: Request<String>| {
        let session: Session = Session::of(&request)?;
        let logout = pin!(respond(&list, &cookie, logs_out));
        assert!(poll(logout).is_pending());
        let error = session.save().unwrap_err();
        assert!(matches!(error, SessionError::Save(SaveError::Revoked)) && !error.is_temporary());
        let response = error.into_response();
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        Ok::<_, SessionError>(Response::<String>::default())
    }));
    let response = service.call(with_cookie("/", &cookie)).await.unwrap();
    assert!(set_cookies(&response).is_empty());
    assert!(log.text().contains("ask the user to log in"), "{}", log.text());
    assert!(!log.text().contains("ERROR"), "{}", log.text());
}

#[tokio::test]
async fn revoke_others_without_a_list_is_a_500() {
    let service = service_fn(async |request: Request<String>| {
        let session: Session = Session::of(&request)?;
        session.log_in("42")?;
        let error = session.revoke_others().unwrap_err();
        assert!(matches!(error, SessionError::Save(SaveError::NoRevocations)));
        assert_eq!(error.into_response().status(), StatusCode::INTERNAL_SERVER_ERROR);
        Ok::<_, SessionError>(Response::<String>::default())
    });
    let (log, _guard) = Log::start();
    SessionLayer::new(sealer()).clock(clock).layer(service).oneshot(get("/")).await.unwrap();
    assert!(log.text().contains("ERROR"), "{}", log.text());
}

/// Any client can log such sessions out.
#[tokio::test]
async fn a_session_that_the_list_has_no_room_for_is_one_warning_in_ten_seconds() {
    let list = List::default();
    list.acknowledges(Ok(()));
    let response = respond(&list, "a=b", |session| session.save().unwrap()).await.unwrap();
    let cookie = set_cookies(&response).pop().unwrap();
    list.known().is_full = true;
    let (log, _guard) = Log::start();
    let layer = layer(&list);
    for _ in 0..5 {
        let service = service_fn(async |request: Request<String>| {
            logs_out(&Session::of(&request)?);
            Ok::<_, SessionError>(Response::<String>::default())
        });
        layer.layer(service).oneshot(with_cookie("/", &cookie)).await.unwrap();
    }
    let warnings = log.text().matches("accepted until it expires").count();
    assert_eq!((warnings, log.text().matches("WARN").count()), (1, 1), "{}", log.text());
}

thread_local! {
    static KEPT: RefCell<Option<Session>> = const { RefCell::new(None) };
}

#[tokio::test]
async fn a_request_without_a_response_revokes_nothing() {
    let list = List::default();
    let cookie = cookie(&list).await;
    let service = service_fn(async |request: Request<String>| {
        let session: Session = Session::of(&request).unwrap();
        session.delete().unwrap();
        KEPT.set(Some(session));
        if request.uri().path() == "/fails" {
            return Err("failed");
        }
        pending::<Result<Response<String>, _>>().await
    });
    let mut service = layer(&list).layer(service);

    {
        let cancelled = pin!(service.call(with_cookie("/", &cookie)));
        assert!(poll(cancelled).is_pending());
    }
    assert!(matches!(KEPT.take().unwrap().save(), Err(SessionError::Save(SaveError::Finished))));

    let mut failing = pin!(service.call(with_cookie("/fails", &cookie)));
    assert_eq!(failing.as_mut().await.unwrap_err(), "failed");
    assert!(matches!(KEPT.take().unwrap().save(), Err(SessionError::Save(SaveError::Finished))));
    assert!(list.revoked().is_empty());
}

#[tokio::test]
async fn a_request_cancelled_while_it_waits_has_revoked_its_session() {
    let list = List::default();
    let cookie = cookie(&list).await;
    {
        let response = pin!(respond(&list, &cookie, |session| {
            session.delete().unwrap();
            KEPT.set(Some(session.clone()));
        }));
        assert!(poll(response).is_pending());
        let session = KEPT.take().unwrap();
        assert!(
            matches!(session.save(), Err(SessionError::Save(SaveError::Finished))),
            "the response head is finished"
        );
        session.delete().unwrap_err();
        KEPT.set(Some(session));
    }
    list.acknowledges(Ok(()));
    assert!(matches!(KEPT.take().unwrap().save(), Err(SessionError::Save(SaveError::Finished))));
    assert_eq!(list.revoked().len(), 1);
}

#[tokio::test]
async fn the_response_head_waits_for_the_acknowledgements_of_two_sessions() {
    let (main, admin) = (List::default(), List::default());
    let spec = CookieSpec::builder("__Host-admin").build().unwrap();
    let admin_sealer = builder(&admin).marker::<Admin>().cookie(spec).build().unwrap();
    let mut service = ServiceBuilder::new()
        .layer(layer(&main))
        .layer(SessionLayer::new(admin_sealer).clock(clock))
        .service(service_fn(async |request: Request<String>| {
            let (main, admin) = (Session::of(&request)?, Session::<Admin>::of_marked(&request)?);
            if request.uri().path() == "/logout" {
                main.delete().unwrap();
                admin.delete().unwrap();
            } else {
                main.save()?;
                admin.save()?;
            }
            Ok::<_, SessionError>(Response::<String>::default())
        }));
    let cookies = set_cookies(&service.call(get("/")).await.unwrap()).join("; ");
    let mut response = pin!(service.call(with_cookie("/logout", &cookies)));
    assert!(poll(response.as_mut()).is_pending());
    admin.acknowledges(Ok(()));
    assert!(poll(response.as_mut()).is_pending());
    main.acknowledges(Ok(()));
    let Poll::Ready(Ok(response)) = poll(response) else { panic!("the response is ready") };
    assert_eq!(set_cookies(&response), ["__Host-admin=", "__Host-session="]);
    assert_eq!((main.revoked().len(), admin.revoked().len()), (1, 1));
}

/// Otherwise a logout whose response becomes a 503 would leave them in the browser.
#[tokio::test]
async fn a_503_keeps_the_cookies_of_inner_sessions_and_of_the_handler() {
    let (main, admin, innermost) = (List::default(), List::default(), List::default());
    let marked = |name| CookieSpec::builder(name).build().unwrap();
    let admin_sealer = builder(&admin).marker::<Admin>().cookie(marked("__Host-admin"));
    let inner_sealer = builder(&innermost).marker::<Inner>().cookie(marked("__Host-inner"));
    let mut service = ServiceBuilder::new()
        .layer(layer(&main))
        .layer(SessionLayer::new(admin_sealer.build().unwrap()).clock(clock))
        .layer(SessionLayer::new(inner_sealer.build().unwrap()).clock(clock))
        .service(service_fn(async |request: Request<String>| {
            let (main, inner) = (Session::of(&request)?, Session::<Inner>::of_marked(&request)?);
            let admin = Session::<Admin>::of_marked(&request)?;
            if request.uri().path() == "/logout" {
                main.delete()?;
                admin.delete()?;
                inner.delete()?;
            } else {
                main.save()?;
                admin.save()?;
                inner.save()?;
            }
            let response = Response::builder()
                .header("set-cookie", "own=1")
                .header("secure-session-registration", "of an inner login")
                .header("x-own", "own");
            Ok::<_, SessionError>(response.body(String::new()).unwrap())
        }));
    let response = service.call(get("/")).await.unwrap();
    let cookies = set_cookies(&response);
    assert_eq!(cookies.len(), 4);
    let cookies = cookies.join("; ");
    // Each session around the one that fails adds its cookie to the 503.
    for fails in [&main, &admin, &innermost] {
        for list in [&main, &admin, &innermost] {
            list.acknowledges(Ok(()));
        }
        fails.acknowledges(Err("disk full"));
        let response = service.call(with_cookie("/logout", &cookies)).await.unwrap();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(
            set_cookies(&response),
            ["own=1", "__Host-inner=", "__Host-admin=", "__Host-session="]
        );
        assert!(response.headers().contains_key("secure-session-registration"));
        assert!(!response.headers().contains_key("x-own"));
    }
}

struct Inner;

impl Marker for Inner {
    const PURPOSE: &'static str = "inner";
}
