//! The description names the cookie, and the route reads the session.

use axum::{body::Body, http::Request};
use tower::ServiceExt as _;
use waxseal::{Sealer, Secret, SessionLayer};
use with_utoipa::router;

#[test]
fn the_description_names_the_cookie_and_the_route_reads_it() {
    let (router, api) = router().split_for_parts();
    let description = api.to_json().expect("JSON");
    let scheme = r#""session":{"type":"apiKey","in":"cookie","name":"__Host-session"}"#;
    assert!(description.contains(scheme), "{description}");
    assert!(description.contains(r#""security":[{"session":[]}]"#), "{description}");

    let sealer = Sealer::builder(Secret::new([7; 32]).expect("a secret")).build();
    let router = router.layer(SessionLayer::new(sealer.expect("a sealer")));
    let request = Request::get("/user").body(Body::empty()).expect("a request");
    let response = pollster::block_on(router.oneshot(request)).expect("a response");
    assert_eq!(response.status(), 401);
}
