//! Data, and the cookie that it is in.

use axum::{Router, http::StatusCode, routing::get};
use waxseal::{CookieSpec, SessionLayer};

use super::{app, app_that, handler};
use crate::{
    SessionManagerLayer,
    support::{Browser, named, sealer, sealer_of},
    tower_sessions::Session,
};

#[tokio::test]
async fn a_request_that_stores_nothing_sets_no_cookie() {
    let app = app_that(sealer(), async |session| {
        session.get::<u8>("foo").await.unwrap();
        session.cycle_id().await.unwrap();
        session.clear().await;
    });
    let mut browser = Browser::of(&app);
    for path in ["/", "/get", "/do"] {
        assert!(browser.get(path).await.set_cookie.is_empty(), "{path}");
    }
}

#[tokio::test]
async fn data_is_in_the_only_cookie() {
    let mut browser = Browser::of(&app(sealer(), |routes| routes));
    let answer = browser.get("/insert").await;
    let [line] = &answer.set_cookie[..] else { panic!("{answer:?}") };
    assert!(line.starts_with("__Host-session=ey"), "{line}");
    assert!(line.contains("; Path=/; Max-Age=604800; Secure; HttpOnly; SameSite=Lax"), "{line}");
    assert_eq!(browser.read("/get").await, "Some(Number(42))");
}

#[tokio::test]
async fn the_sealer_configures_the_cookie() {
    let cases = [
        (named().same_site_strict(), "SameSite=Strict", true),
        (named().insecure_same_site_none(), "SameSite=None", true),
        (named().insecure_allow_scripts(), "HttpOnly", false),
        (named().insecure_http(), "Secure", false),
        (named().path("/app"), "Path=/app", true),
        (named().domain("example.com"), "Domain=example.com", true),
        (named().until_browser_closes(), "Max-Age", false),
    ];
    for (spec, attribute, has_it) in cases {
        let answer = Browser::of(&app(sealer_of(spec), |routes| routes)).get("/insert").await;
        let line = &answer.set_cookie[0];
        assert!(line.starts_with("sid="), "{line}");
        assert_eq!(line.contains(attribute), has_it, "{line}");
    }
}

#[tokio::test]
async fn the_same_value_is_no_change() {
    let mut browser = Browser::of(&app(sealer(), |routes| routes));
    assert_eq!(browser.get("/insert").await.set_cookie.len(), 1);
    assert_eq!(browser.get("/insert").await.set_cookie.len(), 0);
}

#[tokio::test]
async fn a_cookie_that_is_no_session_is_not_accepted() {
    for cookie in ["__Host-session=AAAAAAAAAAAAAAAAAAAAAA", "__Host-session=malformed"] {
        let mut browser = Browser::of(&app(sealer(), |routes| routes));
        browser.cookie = Some(cookie.into());
        assert_eq!(browser.read("/id").await, "");
        // A server with a newer key may accept it, so it stays in the browser.
        assert!(browser.get("/").await.set_cookie.is_empty());
        browser.get("/insert").await;
        assert_ne!(browser.cookie.as_deref(), Some(cookie));
        assert_eq!(browser.read("/get").await, "Some(Number(42))");
    }
}

#[tokio::test]
async fn the_last_value_can_be_removed() {
    let app = app_that(sealer(), async |session| {
        assert_eq!(session.remove::<u8>("foo").await.unwrap(), Some(42));
    });
    let mut browser = Browser::of(&app);
    browser.get("/insert").await;
    let id = browser.read("/id").await;
    assert_eq!(browser.get("/do").await.set_cookie.len(), 1);
    assert_eq!(browser.read("/get").await, "None");
    assert_eq!(browser.read("/id").await, id);
}

#[tokio::test]
async fn clear_keeps_the_session() {
    let app = app_that(sealer(), async |session| {
        // Also before the record was loaded.
        session.clear().await;
        assert!(!session.is_empty().await);
    });
    let mut browser = Browser::of(&app);
    browser.get("/insert").await;
    let id = browser.read("/id").await;
    browser.get("/do").await;
    assert_eq!(browser.read("/get").await, "None");
    assert_eq!(browser.read("/id").await, id);
}

#[tokio::test]
async fn load_discards_changes() {
    let app = app_that(sealer(), async |session| {
        session.insert("foo", 43).await.unwrap();
        session.insert("other", 1).await.unwrap();
        session.load().await.unwrap();
        assert_eq!(session.get::<u8>("foo").await.unwrap(), Some(42));
    });
    let mut browser = Browser::of(&app);
    browser.get("/insert").await;
    browser.read("/do").await;
    assert_eq!(browser.read("/get").await, "Some(Number(42))");
}

#[tokio::test]
async fn all_clones_change_one_session() {
    let app = app_that(sealer(), async |session| {
        let tasks = (0..20).map(|number| {
            let session = session.clone();
            tokio::spawn(async move {
                session.insert(&format!("key{number}"), number).await.unwrap();
                session.save().await.unwrap();
                session.id().unwrap()
            })
        });
        for task in tasks.collect::<Vec<_>>() {
            let id = task.await.unwrap();
            assert_eq!(Some(id), session.id());
        }
    });
    let app = app.merge(Router::new());
    let mut browser = Browser::of(&app);
    assert_eq!(browser.get("/do").await.set_cookie.len(), 1);
    let check = super::app_that(sealer(), async |session| {
        for number in 0..20 {
            let value: Option<i32> = session.get(&format!("key{number}")).await.unwrap();
            assert_eq!(value, Some(number));
        }
    });
    browser.copied_to(&check).read("/do").await;
}

/// An application can move to waxseal's session one handler at a time.
#[tokio::test]
async fn handlers_can_use_waxseals_session_beside_it() {
    let mixed = |of_tower: Session, of_waxseal: waxseal::Session| async move {
        // The record was read before, and has another value.
        of_tower.get_value("waxseal").await.unwrap();
        of_tower.insert("tower", 1).await.unwrap();
        of_waxseal.insert("waxseal", 2).unwrap();
        of_waxseal.save().unwrap();
    };
    let app = app(sealer(), |routes| {
        routes
            .route("/do", get(mixed))
            .route(
                "/data",
                get(async |session: waxseal::Session| {
                    let data: serde_json::Value = session.data().unwrap();
                    data.to_string()
                }),
            )
            .route(
                "/waxseal-only",
                get(async |of_tower: Session, of_waxseal: waxseal::Session| {
                    of_tower.get_value("waxseal").await.unwrap();
                    of_waxseal.insert("waxseal", 3).unwrap();
                    of_tower.save().await.unwrap();
                }),
            )
            .route(
                "/remove",
                handler(async |session| {
                    session.remove_value("waxseal").await.unwrap();
                }),
            )
    });
    let mut browser = Browser::of(&app);
    browser.get("/do").await;
    assert_eq!(browser.read("/data").await, r#"{"tower":1,"waxseal":2}"#);
    browser.get("/waxseal-only").await;
    assert_eq!(browser.read("/data").await, r#"{"tower":1,"waxseal":3}"#);
    browser.get("/remove").await;
    assert_eq!(browser.read("/data").await, r#"{"tower":1}"#);
}

#[tokio::test]
async fn any_tower_service_has_a_session() {
    use axum::{
        body::Body,
        http::{Request, Response},
    };
    use tower::{Layer, ServiceExt, service_fn};

    let service = service_fn(async |request: Request<Body>| {
        let session = request.extensions().get::<Session>().unwrap();
        session.insert("foo", 42).await.unwrap();
        Ok::<_, std::convert::Infallible>(Response::new(Body::empty()))
    });
    let service = SessionLayer::new(sealer()).layer(SessionManagerLayer::new().layer(service));
    let response = service.oneshot(Request::new(Body::empty())).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let name = CookieSpec::builder("__Host-session").build().unwrap();
    let line = response.headers()["set-cookie"].to_str().unwrap();
    assert!(line.starts_with(name.name()));
}
