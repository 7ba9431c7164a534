//! Handlers that share the session of a request beside its response, in many orders of their
//! steps: shuttle chooses which thread runs at each lock. `scripts/interleavings` runs these tests.

use std::{
    sync::Arc,
    task::{Context, Poll, Waker},
};

use shuttle::{check_random, thread};
use waxseal_core::{Outcome, ResponseChanges, SaveError, Sealer, Secret, UnixTime};

use crate::{Session, SessionError, config::Config, finishing::FinishOnce, slot::Slot};

const ORDERS: usize = 3000;
const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

fn config() -> Arc<Config> {
    let sealer = Sealer::builder(Secret::new([7; 32]).unwrap()).build().unwrap();
    Arc::new(Config::new(sealer, || NOW))
}

/// A request, with the end of its response.
fn request(config: &Arc<Config>) -> (Arc<Slot>, FinishOnce) {
    let slot = Slot::place(config, None).expect("one layer");
    (Arc::clone(&slot), FinishOnce::new(Some(slot)))
}

fn finish(end: &mut FinishOnce) -> Option<ResponseChanges> {
    match end.poll_finish(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(changes) => changes.map(|changes| changes.expect("no revocation list")),
        Poll::Pending => panic!("nothing is awaited without a revocation list"),
    }
}

/// The pair of the cookie that a response sets.
fn cookie(changes: &ResponseChanges) -> Option<String> {
    let line = changes.set_cookie_lines().last()?;
    line.split(';').next().map(str::to_owned)
}

fn session(slot: &Arc<Slot>, cookie: Option<&str>) -> Result<Session, SessionError> {
    Slot::session(Some(slot), cookie.map(str::as_bytes))
}

/// The keys of the session in a cookie.
fn keys(config: &Arc<Config>, cookie: &str) -> Vec<String> {
    let (slot, _end) = request(config);
    session(&slot, Some(cookie)).expect("a session").keys()
}

fn save(slot: &Arc<Slot>, cookie: Option<&str>, key: &str) -> Result<(), SessionError> {
    let session = session(slot, cookie)?;
    session.insert(key, 1)?;
    session.save()
}

/// Whether a call came after the end of the response.
const fn is_late(error: &SessionError) -> bool {
    matches!(error, SessionError::Finished | SessionError::Save(SaveError::Finished))
}

#[test]
fn what_a_handler_has_saved_is_in_the_response() {
    check_random(
        || {
            let config = config();
            let (slot, mut end) = request(&config);
            let handlers = ["one", "two"].map(|key| {
                let slot = Arc::clone(&slot);
                thread::spawn(move || (key, save(&slot, None, key)))
            });
            let changes = finish(&mut end);
            let cookie = changes.as_ref().and_then(cookie);
            let sent = cookie.map(|cookie| keys(&config, &cookie)).unwrap_or_default();
            for handler in handlers {
                match handler.join().expect("no panic") {
                    (key, Ok(())) => assert!(sent.iter().any(|sent| sent == key), "{key}"),
                    (_, Err(error)) => assert!(is_late(&error), "{error}"),
                }
            }
        },
        ORDERS,
    );
}

#[test]
fn a_save_beside_a_logout_does_not_bring_the_session_back() {
    check_random(
        || {
            let config = config();
            let (slot, mut end) = request(&config);
            save(&slot, None, "old").expect("it is open");
            let presented = finish(&mut end).as_ref().and_then(cookie).expect("a cookie");

            let (slot, mut end) = request(&config);
            let [out, other] = [(); 2].map(|()| (Arc::clone(&slot), presented.clone()));
            let logout = thread::spawn(move || session(&out.0, Some(&out.1))?.delete());
            let other = thread::spawn(move || save(&other.0, Some(&other.1), "new"));
            let changes = finish(&mut end);
            let is_deleted = logout.join().expect("no panic").is_ok();
            let _ = other.join().expect("no panic");
            if is_deleted {
                let changes = changes.expect("the logout has opened the session");
                match changes.outcome() {
                    Outcome::Deleted => {}
                    Outcome::Saved => {
                        let cookie = cookie(&changes).expect("a cookie");
                        let keys = keys(&config, &cookie);
                        assert!(!keys.iter().any(|key| key == "old"), "{keys:?}");
                    }
                    outcome => panic!("{outcome:?}"),
                }
            }
        },
        ORDERS,
    );
}

/// The request is cancelled: a handler must not believe that it has saved.
#[test]
fn no_save_succeeds_after_a_cancellation() {
    check_random(
        || {
            let config = config();
            let (slot, end) = request(&config);
            let handlers = ["one", "two"].map(|key| {
                let slot = Arc::clone(&slot);
                thread::spawn(move || drop(save(&slot, None, key)))
            });
            drop(end);
            assert!(is_late(&save(&slot, None, "late").expect_err("no response")));
            for handler in handlers {
                handler.join().expect("no panic");
            }
            assert!(is_late(&save(&slot, None, "late").expect_err("no response")));
        },
        ORDERS,
    );
}
