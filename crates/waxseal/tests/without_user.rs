//! S-M6: with a revocation list, a session without a user is a warning, once a process. The
//! file has one test, because the process does.

mod support;

use std::convert::Infallible;

use http::{Request, Response};
use support::{Log, clock, get, list::List, sealer};
use tower::{Layer as _, ServiceExt as _, service_fn};
use waxseal::{Sealer, Secret, Session, SessionLayer};

async fn saves(sealer: Sealer, user: Option<&'static str>) {
    let service = service_fn(move |request: Request<String>| async move {
        let session = Session::of(&request).unwrap();
        match user {
            Some(user) => session.log_in(user).unwrap(),
            None => session.save().unwrap(),
        }
        Ok::<_, Infallible>(Response::<String>::default())
    });
    SessionLayer::new(sealer).clock(clock).layer(service).oneshot(get("/")).await.unwrap();
}

#[tokio::test]
async fn a_session_without_a_user_is_one_warning() {
    let listed = || {
        let builder = Sealer::builder(Secret::new([7; 32]).unwrap());
        builder.revocations(List::default()).build().unwrap()
    };
    let (log, _guard) = Log::start();
    let warnings = || log.text().matches("a session without a user was saved").count();
    saves(listed(), Some("42")).await;
    saves(sealer(), None).await;
    assert_eq!(warnings(), 0, "{}", log.text());
    for _ in 0..3 {
        saves(listed(), None).await;
    }
    assert_eq!(warnings(), 1, "{}", log.text());
}
