//! The layer with plain tower, for any request body and any service.

mod support;

use std::time::Duration;
use std::{convert::Infallible, sync::Mutex};

use http::{Request, Response};
use support::{
    Admin, Log, NOW, admin_sealer, clock, get, sealer, set_cookies, values, with_cookie,
};
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use waxseal::{
    CookieSpec, Rejection, SaveError, Sealer, Secret, Session, SessionError, SessionLayer,
    SharedSealer, UnixTime,
};

/// Calls a handler behind the layer.
async fn call<R>(
    request: Request<String>,
    handler: impl FnOnce(Request<String>) -> R + Clone,
) -> (Option<R>, Response<String>)
where
    R: Send + 'static,
{
    let result = Mutex::new(None);
    let service = service_fn(|request| {
        *result.lock().unwrap() = Some(handler.clone()(request));
        async { Ok::<_, Infallible>(Response::<String>::default()) }
    });
    let service = SessionLayer::new(sealer()).clock(clock).layer(service);
    let response = service.oneshot(request).await.unwrap();
    (result.into_inner().unwrap(), response)
}

#[tokio::test]
async fn an_untouched_session_changes_no_response() {
    let (log, _guard) = Log::start();
    let (_, response) = call(with_cookie("/", "__Host-session=malformed"), drop).await;
    assert!(response.headers().is_empty(), "{:?}", response.headers());
    assert_eq!(log.text(), "");
}

#[tokio::test]
async fn a_read_session_varies_with_the_cookie() {
    let (_, response) = call(get("/"), |request| drop(Session::of(&request).unwrap())).await;
    assert_eq!(values(response.headers(), "vary"), ["Cookie"]);
    assert_eq!(values(response.headers(), "cache-control"), ["private"]);
    assert_eq!(response.headers().len(), 2);
}

#[tokio::test]
async fn all_users_of_a_request_share_the_session() {
    let (_, response) = call(get("/"), |request| {
        let first: Session = Session::of(&request).unwrap();
        let second: Session = Session::of(&request).unwrap();
        first.insert("a", 1).unwrap();
        assert_eq!(second.get("a").unwrap(), Some(1));
        second.clone().save().unwrap();
    })
    .await;
    let [cookie] = &*set_cookies(&response) else { panic!("one cookie") };
    let (keys, _) = call(with_cookie("/", cookie), |request| {
        let session = Session::of(&request).unwrap();
        assert!(!session.is_new());
        session.keys()
    })
    .await;
    assert_eq!(keys.unwrap(), ["a"]);
}

#[tokio::test]
async fn every_session_has_its_own_id() {
    let save = |request: Request<String>| Session::of(&request).unwrap().save().unwrap();
    let (_, one) = call(get("/"), save).await;
    let (_, other) = call(get("/"), save).await;
    assert_ne!(set_cookies(&one), set_cookies(&other));
}

/// A gateway reads the session and passes the request on. The server behind it sets the cookie, and
/// the gateway's own refresh must not follow.
#[tokio::test]
async fn a_refresh_does_not_follow_a_later_change_of_the_session() {
    let later = || UnixTime::from_secs(NOW + 5 * 24 * 3600);
    let sessions = || SessionLayer::new(sealer()).clock(later);
    let (_, first) = call(get("/"), |request| Session::of(&request)?.log_in("42")).await;
    let cookie = set_cookies(&first).remove(0);
    let gateway = sessions().layer(service_fn(async |request: Request<String>| {
        let user = Session::of(&request)?.require_user()?;
        assert_eq!(user, "42");
        // Over the network, the request has no extensions.
        let path = request.uri().path().to_owned();
        let passed = with_cookie(&path, request.headers()["cookie"].to_str().unwrap());
        let server = sessions().layer(service_fn(async |request: Request<String>| {
            let session: Session = Session::of(&request)?;
            match request.uri().path() {
                "/logout" => session.delete()?,
                "/cart" => session.log_in("7")?,
                _ => {}
            }
            let other = Response::builder().header("set-cookie", "x__Host-session=1, __Host-s=2");
            Ok::<_, SessionError>(other.body(String::new()).unwrap())
        }));
        server.oneshot(passed).await
    }));
    for (path, user) in [("/logout", None), ("/cart", Some("7")), ("/read", Some("42"))] {
        let response = gateway.clone().oneshot(with_cookie(path, &cookie)).await.unwrap();
        let lines = set_cookies(&response);
        let lines: Vec<_> =
            lines.iter().filter_map(|line| line.strip_prefix("__Host-session=")).collect();
        let [token] = lines[..] else { panic!("{path}: {lines:?}") };
        let claims = sealer().verify(token.as_bytes(), later()).ok();
        let expected = user.map(|user| format!("\"sub\":\"{user}\""));
        assert_eq!(claims.is_some(), expected.is_some(), "{path}");
        assert!(claims.is_none_or(|claims| claims.contains(&expected.unwrap())), "{path}");
    }
}

#[tokio::test]
async fn debug_does_not_show_the_cookie_of_a_response() {
    let (_, response) = call(get("/"), |request| Session::of(&request)?.save()).await;
    assert!(response.headers()["set-cookie"].is_sensitive());
    let shown = format!("{response:?}");
    assert!(shown.contains("Sensitive") && !shown.contains("__Host-session"), "{shown}");
}

#[test]
fn the_error_for_a_missing_secret_names_the_variable() {
    let error = Secret::from_env("WAXSEAL_NO_SUCH_VARIABLE").unwrap_err();
    assert!(error.to_string().contains("WAXSEAL_NO_SUCH_VARIABLE"), "{error}");
}

#[tokio::test]
async fn the_error_for_a_missing_layer_names_the_layer() {
    let error = Session::of(&get::<String>("/")).unwrap_err();
    assert!(matches!(error, SessionError::MissingLayer { .. }));
    let text = error.to_string();
    assert!(text.contains("no session layer wraps this route"), "{text}");
}

#[tokio::test]
async fn saving_after_the_response_head_is_an_error() {
    let (session, response) = call(get("/"), |request| Session::of(&request).unwrap()).await;
    assert!(set_cookies(&response).is_empty());
    let error = session.unwrap().save().unwrap_err();
    assert!(matches!(error, SessionError::Save(SaveError::Finished)));
    assert!(error.to_string().contains("response head"));
}

#[tokio::test]
async fn opening_a_session_after_the_response_head_is_an_error() {
    let (request, _) = call(get("/"), |request| request).await;
    let error = Session::of(&request.unwrap()).unwrap_err();
    assert!(matches!(error, SessionError::Finished));
}

#[tokio::test]
async fn a_cancelled_or_failed_request_closes_the_session() {
    let kept = Mutex::new(None::<Session>);
    let service = service_fn(|request: Request<String>| {
        *kept.lock().unwrap() = Some(Session::of(&request).unwrap());
        let fails = request.uri().path() == "/fails";
        async move {
            if fails {
                return Err("failed");
            }
            std::future::pending::<Result<Response<String>, _>>().await
        }
    });
    let mut service = SessionLayer::new(sealer()).layer(service);

    let pending = service.call(get("/"));
    kept.lock().unwrap().as_ref().unwrap().save().unwrap();
    drop(pending);
    assert!(matches!(
        kept.lock().unwrap().as_ref().unwrap().save(),
        Err(SessionError::Save(SaveError::Finished))
    ));

    let mut failing = Box::pin(service.call(get("/fails")));
    assert_eq!((&mut failing).await.unwrap_err(), "failed");
    // The session is finished, although the future still exists.
    assert!(matches!(
        kept.lock().unwrap().as_ref().unwrap().save(),
        Err(SessionError::Save(SaveError::Finished))
    ));
}

#[tokio::test]
async fn a_rejection_is_reported_and_logged_without_the_token() {
    let (log, _guard) = Log::start();
    let (rejection, response) =
        call(with_cookie("/", "__Host-session=secret.malformed"), |request| {
            Session::of(&request).unwrap().rejection()
        })
        .await;
    assert_eq!(rejection.unwrap(), Some(Rejection::Malformed));
    assert!(set_cookies(&response).is_empty());
    assert!(log.text().contains("malformed"), "{}", log.text());
    assert!(!log.text().contains("secret.malformed"), "{}", log.text());
}

#[tokio::test]
async fn unsaved_changes_cause_a_warning() {
    let (log, _guard) = Log::start();
    call(get("/"), |request| {
        Session::of(&request).unwrap().insert("a", 1).unwrap();
    })
    .await;
    assert!(log.text().contains("WARN"), "{}", log.text());
    assert!(log.text().contains("not saved: call save() after"), "{}", log.text());
}

fn admin_layer() -> SessionLayer {
    let spec = CookieSpec::builder("__Host-admin").build().unwrap();
    let sealer = Sealer::builder(Secret::new([7; 32]).unwrap()).marker::<Admin>().cookie(spec);
    SessionLayer::new(sealer.build().unwrap())
}

/// Saves both sessions, and sets a cookie of the application.
async fn saves_both(request: Request<String>) -> Result<Response<String>, Infallible> {
    let (main, admin) = (Session::of(&request), Session::<Admin>::of_marked(&request));
    main.unwrap().save().unwrap();
    admin.unwrap().save().unwrap();
    Ok(Response::builder().header("set-cookie", "own=1").body(String::new()).unwrap())
}

#[tokio::test]
async fn two_markers_are_two_sessions() {
    let service = ServiceBuilder::new()
        .layer(SessionLayer::new(sealer()))
        .layer(admin_layer())
        .service(service_fn(saves_both));
    let response = service.oneshot(get("/")).await.unwrap();
    let names: Vec<_> = set_cookies(&response)
        .iter()
        .map(|pair| pair.split_once('=').unwrap().0.to_owned())
        .collect();
    assert_eq!(names, ["own", "__Host-admin", "__Host-session"]);
}

#[tokio::test]
async fn the_same_layer_twice_has_no_second_effect() {
    let layer = SessionLayer::new(sealer());
    let service = ServiceBuilder::new()
        .layer(layer.clone())
        .layer(admin_layer())
        .layer(layer)
        .service(service_fn(saves_both));
    let response = service.oneshot(get("/")).await.unwrap();
    assert_eq!(set_cookies(&response).len(), 3);
}

/// The inner layer would have no effect, although it may be stricter.
#[tokio::test]
async fn a_second_layer_with_the_same_cookie_is_an_error_that_names_both() {
    let strict =
        Sealer::builder(Secret::new([7; 32]).unwrap()).idle_timeout(Duration::from_secs(60));
    let (outer, outer_line) = (SessionLayer::new(sealer()), line!());
    let (inner, inner_line) = (SessionLayer::new(strict.build().unwrap()).clock(clock), line!());
    let service = ServiceBuilder::new().layer(outer).layer(inner).service(service_fn(
        async |request: Request<String>| {
            let error = Session::of(&request).unwrap_err();
            assert!(matches!(error, SessionError::SameCookie { .. }));
            Ok::<_, Infallible>(Response::new(error.to_string()))
        },
    ));
    let text = service.oneshot(get("/")).await.unwrap().into_body();
    assert!(text.contains("\"__Host-session\""), "{text}");
    for line in [outer_line, inner_line] {
        assert!(text.contains(&format!("tests/tower.rs:{line}:")), "{text}");
    }
}

#[tokio::test]
async fn a_panic_does_not_break_the_session() {
    let (session, _) = call(get("/"), |request| {
        let session = Session::of(&request).unwrap();
        session.insert("a", 1).unwrap();
        let other = session.clone();
        std::thread::spawn(move || {
            let _ = other.get::<Panics>("a");
        })
        .join()
        .unwrap_err();
        session.insert("b", 1).unwrap();
        session.save().unwrap();
        session
    })
    .await;
    assert_eq!(session.unwrap().keys(), ["a", "b"]);
}

/// A value that uses the session while it is serialized.
struct Nested(Session);

impl serde::Serialize for Nested {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let visits = self.0.get::<u32>("visits").unwrap().unwrap_or_default();
        serde::Serialize::serialize(
            &std::collections::BTreeMap::from([("visits", visits)]),
            serializer,
        )
    }
}

/// The test runs in its own thread, because a regression would deadlock.
#[tokio::test]
async fn a_value_is_serialized_before_the_session_is_locked() {
    let (session, _) = call(get("/"), |request| Session::of(&request).unwrap()).await;
    let session = session.unwrap();
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        session.insert("visits", 2).unwrap();
        session.insert("nested", Nested(session.clone())).unwrap();
        session.set_data(Nested(session.clone())).unwrap();
        sender.send(session.keys()).unwrap();
    });
    let keys = receiver.recv_timeout(Duration::from_secs(60)).expect("no deadlock");
    assert_eq!(keys, ["visits"]);
}

struct Panics;

impl<'de> serde::Deserialize<'de> for Panics {
    fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        panic!("a value that panics while the session is locked")
    }
}

#[tokio::test]
async fn two_markers_on_one_cookie_are_an_error() {
    let service = ServiceBuilder::new()
        .layer(SessionLayer::new(sealer()))
        .layer(SessionLayer::new(admin_sealer()))
        .service(service_fn(async |request: Request<String>| {
            for error in [
                Session::of(&request).map(drop).unwrap_err(),
                Session::<Admin>::of_marked(&request).map(drop).unwrap_err(),
            ] {
                assert!(matches!(error, SessionError::SameCookie { .. }));
                assert!(error.to_string().contains("__Host-session"), "{error}");
            }
            Ok::<_, Infallible>(Response::<String>::default())
        }));
    assert!(service.oneshot(get("/")).await.unwrap().headers().is_empty());
}

#[tokio::test]
async fn deleting_after_the_response_head_is_an_error() {
    let (session, _) = call(get("/"), |request| Session::of(&request).unwrap()).await;
    let error = session.unwrap().delete().unwrap_err();
    assert!(matches!(error, SessionError::Save(SaveError::Finished)));
}

#[tokio::test]
async fn warnings_about_bad_signatures_are_rate_limited() {
    let (log, _guard) = Log::start();
    let save = |request: Request<String>| Session::of(&request).unwrap().save();
    let (_, response) = call(get("/"), save).await;
    let good = &set_cookies(&response)[0];
    let (message, _) = good.rsplit_once('.').unwrap();
    let forged = format!("{message}.{}", "A".repeat(43));
    let service = service_fn(async |request: Request<String>| {
        drop(Session::of(&request).unwrap());
        Ok::<_, Infallible>(Response::<String>::default())
    });
    let mut service = SessionLayer::new(sealer()).clock(clock).layer(service);
    for _ in 0..50 {
        service.call(with_cookie("/", &forged)).await.unwrap();
    }
    assert_eq!(log.text().matches("WARN").count(), 1, "{}", log.text());
    assert_eq!(log.text().matches("DEBUG").count(), 49);
    assert!(!log.text().contains("eyJ"), "{}", log.text());
}

#[tokio::test]
async fn a_request_keeps_its_sealer() {
    let other = || Sealer::builder(Secret::new([8; 32]).unwrap()).build().unwrap();
    let shared = SharedSealer::new(sealer());
    let service = service_fn(async |request: Request<String>| {
        let session = Session::of(&request).unwrap();
        shared.replace(other());
        session.insert("a", 1).unwrap();
        session.save().unwrap();
        Ok::<_, Infallible>(Response::<String>::default())
    });
    let mut service = SessionLayer::new(shared.clone()).clock(clock).layer(service);
    let opens = |sealer: Sealer, cookie: &str| {
        sealer.verify(cookie.split_once('=').unwrap().1.as_bytes(), clock()).err()
    };
    let first = service.call(get("/")).await.unwrap();
    assert_eq!(opens(sealer(), &set_cookies(&first)[0]), None);
    let second = service.call(get("/")).await.unwrap();
    assert_eq!(opens(other(), &set_cookies(&second)[0]), None);
}

#[tokio::test]
async fn a_session_is_sealed_by_the_sealer_that_opened_it() {
    let other = || {
        let spec = CookieSpec::builder("other").build().unwrap();
        Sealer::builder(Secret::new([7; 32]).unwrap()).cookie(spec).build().unwrap()
    };
    let shared = SharedSealer::new(sealer());
    let service = service_fn(async |request: Request<String>| {
        let session = Session::of(&request).unwrap();
        shared.replace(other());
        session.delete().unwrap();
        Ok::<_, Infallible>(Response::<String>::default())
    });
    let service = SessionLayer::new(shared.clone()).layer(service);
    assert_eq!(set_cookies(&service.oneshot(get("/")).await.unwrap()), ["__Host-session="]);
}

/// Reads a session under another secret than the layer's. Returns the log.
async fn read_under(accepted: bool, len: usize) -> String {
    let new = || Sealer::builder(Secret::new([8; 32]).unwrap());
    let save = move |request: Request<String>| {
        let session = Session::of(&request).unwrap();
        session.insert("a", "x".repeat(len)).unwrap();
        session.save().unwrap();
    };
    let (_, response) = call(get("/"), save).await;
    let layer = if accepted { new().fallback_secret(Secret::new([7; 32]).unwrap()) } else { new() };
    let layer = SessionLayer::new(layer.max_token_bytes(1000).build().unwrap()).clock(clock);

    let (log, _guard) = Log::start();
    let service = layer.layer(service_fn(async |request: Request<String>| {
        drop(Session::of(&request).unwrap());
        Ok::<_, Infallible>(Response::<String>::default())
    }));
    let response = service.oneshot(with_cookie("/", &set_cookies(&response)[0])).await.unwrap();
    assert_eq!(set_cookies(&response).len(), usize::from(accepted && len < 500));
    log.text()
}

#[tokio::test]
async fn an_unknown_key_and_a_failed_refresh_cause_warnings() {
    assert_eq!(read_under(true, 1).await, "");
    let unknown = read_under(false, 1).await;
    assert!(unknown.contains("WARN") && unknown.contains("unknown-key"), "{unknown}");
    let mut too_large = String::new();
    for len in (600..700).rev().step_by(3) {
        too_large += &read_under(true, len).await;
    }
    assert!(
        too_large.contains("WARN") && too_large.contains("could not be refreshed"),
        "{too_large}"
    );
}
