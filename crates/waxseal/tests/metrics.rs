//! The counters.

mod support;

use std::convert::Infallible;

use http::{Request, Response};
use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use support::{get, list::List, sealer, set_cookies, with_cookie};
use tower::{Layer, ServiceExt, service_fn};
use waxseal::{Main, Sealer, Secret, Session, SessionLayer};

async fn handler(request: Request<String>) -> Result<Response<String>, Infallible> {
    let session = || Session::<Main>::of(&request).unwrap();
    match request.uri().path() {
        "/save" => session().save().unwrap(),
        "/delete" => session().delete().unwrap(),
        "/read" => drop(session()),
        _ => {}
    }
    Ok(Response::default())
}

/// The response to a request to `/delete` with a session that the list has no room for.
async fn deletes_without_room() {
    let list = List::default();
    list.acknowledges(Ok(()));
    list.known().is_full = true;
    let builder = Sealer::builder(Secret::new([7; 32]).unwrap()).revocations(list);
    let layer = SessionLayer::new(builder.build().unwrap());
    let saved = layer.layer(service_fn(handler)).oneshot(get("/save")).await.unwrap();
    let request = with_cookie("/delete", &set_cookies(&saved)[0]);
    layer.layer(service_fn(handler)).oneshot(request).await.unwrap();
}

/// Responses that are a 503: the logout is not durable, and then the list cannot be trusted.
async fn unavailable() {
    let list = List::default();
    list.acknowledges(Ok(()));
    let builder = Sealer::builder(Secret::new([7; 32]).unwrap()).revocations(list.clone());
    let layer = SessionLayer::new(builder.build().unwrap());
    let saved = layer.layer(service_fn(handler)).oneshot(get("/save")).await.unwrap();
    let cookie = set_cookies(&saved).remove(0);
    list.acknowledges(Err("disk full"));
    let request = with_cookie("/delete", &cookie);
    layer.layer(service_fn(handler)).oneshot(request).await.unwrap();
    list.known().unknown = true;
    let asks = service_fn(async |request: Request<String>| {
        Session::<Main>::of(&request).unwrap_err();
        Ok::<_, Infallible>(Response::<String>::default())
    });
    layer.layer(asks).oneshot(with_cookie("/", &cookie)).await.unwrap();
}

#[test]
fn sessions_and_rejections_are_counted() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, || {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for request in [
            get("/untouched"),
            get("/read"),
            get("/save"),
            get("/save"),
            get("/delete"),
            with_cookie("/read", "__Host-session=malformed"),
        ] {
            let service = SessionLayer::new(sealer()).layer(service_fn(handler));
            runtime.block_on(service.oneshot(request)).unwrap();
        }
        runtime.block_on(deletes_without_room());
        runtime.block_on(unavailable());
    });
    let mut counted: Vec<_> = snapshotter
        .snapshot()
        .into_vec()
        .into_iter()
        .map(|(key, _, _, value)| {
            let labels: Vec<_> = key.key().labels().map(|label| label.value().to_owned()).collect();
            let DebugValue::Counter(count) = value else { panic!("counters only") };
            format!("{} {} {count}", key.key().name(), labels.join(" "))
        })
        .collect();
    counted.sort();
    assert_eq!(
        counted,
        [
            "waxseal_not_revoked_total __Host-session 1",
            "waxseal_rejections_total __Host-session malformed 1",
            "waxseal_rejections_total __Host-session revocation-unknown 1",
            "waxseal_sessions_total __Host-session deleted 2",
            "waxseal_sessions_total __Host-session read 2",
            "waxseal_sessions_total __Host-session saved 4",
            "waxseal_sessions_total __Host-session unavailable 2",
        ]
    );
}
