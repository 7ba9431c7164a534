//! Revocation: the sealer checks the list, revokes sessions, and changes the response.

mod support;

use std::{
    future::Future as _,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard},
    task::{Context, Poll, Waker},
    time::Duration,
};

use support::{Headers, MICRODOT_KEY, Minter, NOW, SECRET, alive, b64, finish, now, own, secret};
use waxseal_core::{
    Acknowledgement, BuildError, CookieSpec, NotDurable, OpenSession, Outcome, Rejection,
    RevocationStatus, Revocations, SaveError, Sealer, SealerBuilder, SessionRef, UnixTime,
};

const DAY: u64 = 86_400;
const ISSUED: u64 = NOW - 3600;

/// A revocation list that the test controls and that records all calls.
#[derive(Clone, Debug, Default)]
struct List(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    /// The IDs of sessions that other requests have revoked.
    revoked_elsewhere: Vec<String>,
    /// The IDs of sessions with an unknown status.
    unknown: Vec<String>,
    /// Sessions issued earlier are revoked.
    cutoff: u64,
    /// Whether no session can be issued.
    refuses: bool,
    checked: Vec<(Option<String>, Option<String>, u64)>,
    issued: Vec<Option<String>>,
    /// The revocations of this request.
    revoked: Vec<(SessionRef, UnixTime)>,
    /// The number of awaited acknowledgements.
    awaited: usize,
    /// Whether acknowledgements fail.
    fails: bool,
}

impl List {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap()
    }

    /// Another request revokes a session.
    fn revoked_by_another(&self, sid: &str) {
        self.known().revoked_elsewhere.push(sid.into());
    }

    /// The sessions that this request has revoked.
    fn revoked(&self) -> Vec<SessionRef> {
        self.known().revoked.iter().map(|(session, _)| session.clone()).collect()
    }
}

impl Revocations for List {
    fn absolute_timeout(&self) -> Duration {
        Duration::from_secs(30 * DAY)
    }

    fn status(
        &self,
        sid: Option<&str>,
        sub: Option<&str>,
        issued_at: UnixTime,
    ) -> RevocationStatus {
        let mut known = self.known();
        known.checked.push((sid.map(String::from), sub.map(String::from), issued_at.as_secs()));
        let among = |ids: &[String]| sid.is_some_and(|sid| ids.iter().any(|id| id == sid));
        if among(&known.unknown) {
            RevocationStatus::Unknown
        } else if among(&known.revoked_elsewhere) || issued_at.as_secs() < known.cutoff {
            RevocationStatus::Revoked
        } else {
            RevocationStatus::Good
        }
    }

    fn issued_at(&self, user: Option<&str>, now: UnixTime) -> Option<UnixTime> {
        let mut known = self.known();
        known.issued.push(user.map(String::from));
        (!known.refuses).then(|| now.max(UnixTime::from_secs(known.cutoff)))
    }

    fn revoke(&self, session: SessionRef, now: UnixTime) -> Acknowledgement {
        self.known().revoked.push((session, now));
        let list = self.clone();
        Acknowledgement::new(async move {
            let mut known = list.known();
            known.awaited += 1;
            if known.fails { Err(NotDurable::new("the test fails it")) } else { Ok(()) }
        })
    }
}

fn builder(list: &List) -> SealerBuilder {
    Sealer::builder(secret()).revocations(list.clone())
}

fn under(list: &List) -> Sealer {
    builder(list).build().unwrap()
}

/// The ID of every new session.
fn new_id() -> String {
    b64([9; 16])
}

fn cookie(members: &str) -> String {
    format!("__Host-session={}", Minter::own().token(alive(members)))
}

/// The session `old` of the user 42.
fn old() -> String {
    cookie(r#""sid":"old","sub":"42","a":1"#)
}

fn session_ref(sid: &str, sub: Option<&str>, issued_at: u64) -> SessionRef {
    SessionRef {
        id: sid.into(),
        user: sub.map(String::from),
        issued_at: UnixTime::from_secs(issued_at),
    }
}

struct Response {
    headers: Headers,
    outcome: Outcome,
    refresh_error: Option<SaveError>,
}

/// One request on a platform with randomness.
fn request<R>(
    sealer: &Sealer,
    cookies: &[&str],
    handler: impl FnOnce(&mut OpenSession<&Sealer>) -> R,
) -> (R, Response) {
    let headers = cookies.iter().map(|header| header.as_bytes());
    let session = OpenSession::open(sealer, headers, now()).unwrap();
    answer(session.with_randomness(|| Ok([9; 16])), handler)
}

/// Checks the response to a request if the status of its session is unknown.
fn refused(sealer: &Sealer, cookies: &[&str]) {
    let headers = cookies.iter().map(|header| header.as_bytes());
    let unavailable = OpenSession::open(sealer, headers, now()).unwrap_err();
    assert!(unavailable.to_string().contains("respond with 503"), "{unavailable}");
    let mut response = Headers::default();
    unavailable.changes.apply(&mut response);
    // The cookie stays, and no shared cache stores the response.
    assert!(response.sets_none());
    assert_eq!(response.0.len(), 2, "{response:?}");
}

fn answer<R>(
    mut session: OpenSession<&Sealer>,
    handler: impl FnOnce(&mut OpenSession<&Sealer>) -> R,
) -> (R, Response) {
    let result = handler(&mut session);
    let changes = finish(&mut session).unwrap();
    let (outcome, refresh_error) = (changes.outcome(), changes.refresh_error().cloned());
    let mut headers = Headers::default();
    changes.apply(&mut headers);
    (result, Response { headers, outcome, refresh_error })
}

fn rejection(sealer: &Sealer, cookies: &[&str]) -> Option<Rejection> {
    request(sealer, cookies, |session| session.rejection()).0
}

#[test]
fn a_contradictory_configuration_cannot_be_built() {
    let build = |change: fn(SealerBuilder) -> SealerBuilder| {
        change(builder(&List::default())).build().map(drop)
    };
    let days = |days| Duration::from_secs(days * DAY);
    assert_eq!(build(|builder| builder), Ok(()));
    let error = build(|builder| builder.absolute_timeout(None)).unwrap_err();
    assert_eq!(error, BuildError::RevocationsNeedAbsoluteTimeout);
    let limit = 30 * DAY;
    let (longer, as_long) = (Some(days(30) + Duration::from_secs(1)), Some(days(30)));
    let absolute = |limit| builder(&List::default()).absolute_timeout(limit).build().map(drop);
    assert_eq!(absolute(longer), Err(BuildError::RevocationsTooShort { limit }));
    assert_eq!(absolute(as_long), Ok(()));
    assert!(absolute(longer).unwrap_err().to_string().contains("2592000 seconds"));

    let microdot = |builder: SealerBuilder| builder.dangerous_migrate_weak_microdot("key", now());
    let error = microdot(builder(&List::default())).build().map(drop).unwrap_err();
    assert_eq!(error, BuildError::MicrodotHasNoSid);
    assert!(error.to_string().contains("dangerous_accept_without_sid"), "{error}");
    let accepting = microdot(builder(&List::default())).dangerous_accept_without_sid();
    assert!(accepting.build().is_ok());
}

#[test]
fn a_revoked_session_is_rejected_and_empty() {
    let list = List::default();
    let data = |session: &mut OpenSession<&Sealer>| {
        (session.rejection(), session.keys(), session.user(), session.is_new())
    };
    let (good, _) = request(&under(&list), &[&old()], data);
    assert_eq!(good, (None, vec!["a".into()], Some("42".into()), false));
    list.revoked_by_another("old");
    let (seen, response) = request(&under(&list), &[&old()], data);
    assert_eq!(seen, (Some(Rejection::Revoked), vec![], None, true));
    // The cookie of a revoked session stays until its Max-Age, like that of an expired one.
    assert!(response.headers.sets_none());
    assert_eq!(response.outcome, Outcome::Read);
    // The user can log in again.
    let ((), response) = request(&under(&list), &[&old()], |session| session.save().unwrap());
    assert!(response.headers.claims().contains(&new_id()));
    assert!(list.revoked().is_empty());
}

#[test]
fn the_list_is_checked_last_with_the_id_the_user_and_the_issue_time() {
    let list = List::default();
    let minter = Minter::own();
    let expired = minter.token(format!(r#"{{"iat":{ISSUED},"exp":{NOW},"sid":"old"}}"#));
    let forged = minter.token(alive(r#""sid":"old""#)).replacen('.', ".e", 1);
    for token in [&*expired, &*forged, "malformed"] {
        assert!(rejection(&under(&list), &[&format!("__Host-session={token}")]).is_some());
    }
    assert!(list.known().checked.is_empty());

    assert_eq!(rejection(&under(&list), &[&cookie(r#""sid":"s""#)]), None);
    assert_eq!(rejection(&under(&list), &[&old()]), None);
    let expected =
        [(Some("s".into()), None, ISSUED), (Some("old".into()), Some("42".into()), ISSUED)];
    assert_eq!(list.known().checked, expected);
}

#[test]
fn a_session_with_an_unknown_status_cannot_be_opened() {
    let list = List::default();
    list.known().unknown.push("old".into());
    refused(&under(&list), &[&old()]);
    assert!(list.known().issued.is_empty());
}

#[test]
fn no_session_is_issued_while_the_list_is_unavailable() {
    let list = List::default();
    list.known().refuses = true;
    let (saved, response) = request(&under(&list), &[], |session| session.save());
    assert_eq!(saved, Err(SaveError::RevocationUnknown));
    assert!(response.headers.sets_none());
    // An open session stays valid: it was checked when it was opened.
    let (saved, _) = request(&under(&list), &[&old()], |session| session.save());
    assert_eq!(saved, Ok(()));
}

#[test]
fn a_session_without_an_id_is_rejected_or_gets_one() {
    let list = List::default();
    let without_id = cookie(r#""sub":"42","a":1"#);
    assert_eq!(rejection(&under(&list), &[&without_id]), Some(Rejection::NoSid));
    assert!(list.known().checked.is_empty());

    let accepting = builder(&list).dangerous_accept_without_sid().build().unwrap();
    let (seen, response) = request(&accepting, &[&without_id], |session| session.rejection());
    assert_eq!((seen, response.outcome), (None, Outcome::Refreshed));
    assert_eq!(list.known().checked[0], (None, Some("42".into()), ISSUED));
    let exp = NOW + 6 * DAY;
    let with_id =
        format!(r#"{{"iat":{ISSUED},"exp":{exp},"sid":"{}","sub":"42","a":1}}"#, new_id());
    assert_eq!(response.headers.claims(), with_id);

    // A save adds an ID, too. The next request keeps it.
    let ((), response) = request(&accepting, &[&without_id], |session| session.save().unwrap());
    assert!(response.headers.claims().contains(&format!(r#""sid":"{}""#, new_id())));
    let with_id = format!("__Host-session={}", response.headers.token());
    let ((), response) = request(&accepting, &[&with_id], |_| ());
    assert_eq!(response.outcome, Outcome::Read);
    let ((), _) = request(&accepting, &[&with_id], |session| session.delete().unwrap());
    assert_eq!(list.known().awaited, 1);
    assert_eq!(list.revoked(), [session_ref(&new_id(), Some("42"), ISSUED)]);
}

/// Without an ID, only a cutoff can revoke the session.
#[test]
fn deleting_a_session_without_an_id_only_removes_the_cookie() {
    let list = List::default();
    let accepting = builder(&list).dangerous_accept_without_sid().build().unwrap();
    for handler in [
        |session: &mut OpenSession<&Sealer>| session.delete().unwrap(),
        |session: &mut OpenSession<&Sealer>| {
            session.save().unwrap();
            session.delete().unwrap();
        },
        |session: &mut OpenSession<&Sealer>| {
            session.renew().unwrap();
        },
    ] {
        let ((), response) = request(&accepting, &[&cookie(r#""sub":"42""#)], handler);
        assert!(!response.headers.sets_none() && list.known().awaited == 0);
    }
    assert!(list.revoked().is_empty());
    list.known().cutoff = ISSUED + 1;
    assert_eq!(rejection(&accepting, &[&cookie(r#""sub":"42""#)]), Some(Rejection::Revoked));
}

#[test]
fn a_session_of_microdot_is_migrated_and_gets_an_id() {
    let list = List::default();
    let since = NOW - 5 * DAY;
    let sealer = builder(&list)
        .dangerous_migrate_weak_microdot(MICRODOT_KEY, UnixTime::from_secs(since))
        .dangerous_accept_without_sid()
        .build()
        .unwrap();
    let token = Minter::microdot().token(r#"{"sid":"theirs","sub":"theirs","a":1}"#);
    let cookie = format!("session={token}");
    let (seen, response) = request(&sealer, &[&cookie], |session| session.keys());
    assert_eq!(seen, ["a"]);
    // The `sid` and `sub` of its token are ignored.
    assert_eq!(list.known().checked[0], (None, None, since));
    let exp = NOW + 7 * DAY;
    let ours = format!(r#"{{"iat":{since},"exp":{exp},"sid":"{}","a":1}}"#, new_id());
    assert_eq!(response.headers.claims(), ours);
    assert!(response.headers.lines()[0].starts_with("session=; "), "Microdot's cookie is removed");

    list.known().cutoff = since + 1;
    assert_eq!(rejection(&sealer, &[&cookie]), Some(Rejection::Revoked));
}

/// The list gets the decoded text, so that another spelling is not another session.
#[test]
fn ids_and_users_are_decoded() {
    let list = List::default();
    let escaped = cookie(r#""\u0073id":"\u006fld\/\u00e9\"","sub":"\ud83e\udd80\n""#);
    let ((), _) = request(&under(&list), &[&escaped], |session| session.delete().unwrap());
    assert_eq!(list.known().awaited, 1);
    assert_eq!(list.known().checked[0], (Some("old/é\"".into()), Some("🦀\n".into()), ISSUED));
    assert_eq!(list.revoked(), [session_ref("old/é\"", Some("🦀\n"), ISSUED)]);
    list.revoked_by_another("old/é\"");
    assert_eq!(rejection(&under(&list), &[&escaped]), Some(Rejection::Revoked));
}

#[test]
fn an_id_or_user_that_is_not_text_is_rejected() {
    for members in [r#""sid":"s","sub":"\ud83e""#, r#""sid":"\udd80""#] {
        let list = List::default();
        let cookie = cookie(members);
        assert_eq!(rejection(&under(&list), &[&cookie]), Some(Rejection::Claims), "{members}");
        assert!(list.known().checked.is_empty());
        // The rule is the same without a list.
        assert_eq!(rejection(&own(), &[&cookie]), Some(Rejection::Claims), "{members}");
    }
}

#[test]
fn the_list_sets_the_issue_time_of_a_new_session() {
    let list = List::default();
    list.known().cutoff = NOW + 30;
    let ((), response) = request(&under(&list), &[], |session| {
        session.log_in("\u{e9}\"").unwrap();
        session.save().unwrap();
        assert_eq!(session.issued_at(), Some(UnixTime::from_secs(NOW + 30)));
    });
    assert_eq!(list.known().issued, [Some("é\"".into())], "once, with the user");
    let (issued, expires) = (NOW + 30, NOW + 7 * DAY);
    let claims = response.headers.claims();
    assert!(claims.starts_with(&format!(r#"{{"iat":{issued},"exp":{expires},"#)), "{claims}");
    // The session was issued after the cutoff, so it is valid at once.
    let token = format!("__Host-session={}", response.headers.token());
    assert_eq!(rejection(&under(&list), &[&token]), None);
}

#[test]
fn the_list_sets_the_issue_time_of_a_login_and_not_of_a_renewal() {
    let list = List::default();
    let ((), response) = request(&under(&list), &[&old()], |session| {
        session.renew().unwrap();
        list.known().cutoff = NOW + 30;
        session.log_in("43").unwrap();
        list.known().cutoff = 0;
    });
    assert_eq!(list.known().issued, [Some("43".into())]);
    assert!(response.headers.claims().starts_with(&format!(r#"{{"iat":{},"#, NOW + 30)));
}

#[test]
fn every_presented_session_with_a_good_signature_is_revoked_by_a_logout() {
    let previous = CookieSpec::builder("previous").build().unwrap();
    let session = |name: &'static str, iat: u64, exp: u64, id: &str| {
        let claims = format!(r#"{{"iat":{iat},"exp":{exp},"sid":"{id}","sub":"42"}}"#);
        format!("{name}={}", Minter::derived(SECRET, name).token(claims))
    };
    let (own, exp) = ("__Host-session", NOW + DAY);
    let expired = session(own, ISSUED, NOW, "expired");
    // The server's clock is two minutes behind that of the server that issued it.
    let early = session(own, NOW + 120, exp, "early");
    let other = session("previous", ISSUED, exp, "previous");
    let forged = format!("{}x", session(own, ISSUED, exp, "forged"));
    let all = [&*expired, &early, &other, &forged, "__Host-session=malformed"].join("; ");
    let good = format!("{}; {all}; {}", old(), session(own, ISSUED, exp, "second"));
    for (cookies, accepted) in [(all, false), (good, true)] {
        let list = List::default();
        let sealer = builder(&list).previous_cookie(previous.clone()).build().unwrap();
        let ((), response) = request(&sealer, &[&cookies], |session| {
            assert_eq!(session.rejection().is_none(), accepted);
            session.delete().unwrap();
        });
        assert_eq!(response.outcome, Outcome::Deleted);
        let revoked: Vec<_> = list.revoked().into_iter().map(|session| session.id).collect();
        let expected: &[&str] = if accepted {
            &["old", "expired", "early", "second", "previous"]
        } else {
            &["expired", "early", "previous"]
        };
        assert_eq!(revoked, expected);
        assert_eq!(list.known().awaited, expected.len(), "each is acknowledged");

        // A new session after the logout does not undo it, and a repeated cookie counts once.
        let list = List::default();
        let sealer = builder(&list).previous_cookie(previous.clone()).build().unwrap();
        let junk = "__Host-session=malformed; ".repeat(16);
        request(&sealer, &[&format!("{junk}{cookies}; {expired}")], |session| {
            session.delete().unwrap();
            session.log_in("43").unwrap();
        });
        assert_eq!(list.revoked().len(), expected.len());

        // Nothing but a logout revokes them.
        let list = List::default();
        let sealer = builder(&list).previous_cookie(previous.clone()).build().unwrap();
        request(&sealer, &[&cookies], |session| session.log_in("42").unwrap());
        assert_eq!(list.revoked().len(), usize::from(accepted));
    }
}

/// A logout before the clock of a device is set is a logout.
#[test]
fn a_logout_without_a_clock_revokes_the_session() {
    let (list, cookie) = (List::default(), old());
    let sealer = under(&list);
    let time = UnixTime::from_secs(1000);
    let session = OpenSession::open(&sealer, [cookie.as_bytes()], time).unwrap();
    assert_eq!(session.rejection(), Some(Rejection::ClockNotSet));
    answer(session, |session| session.delete().unwrap());
    assert_eq!(list.revoked(), [session_ref("old", Some("42"), ISSUED)]);
}

#[test]
fn one_failed_acknowledgement_of_several_is_an_error() {
    let list = List::default();
    list.known().fails = true;
    let sealer = under(&list);
    let cookies = format!("{}; {}", old(), cookie(r#""sid":"second""#));
    let mut session = OpenSession::open(&sealer, [cookies.as_bytes()], now()).unwrap();
    session.delete().unwrap();
    assert!(finish(&mut session).is_err());
}

#[test]
fn a_saved_session_without_a_user_is_reported() {
    let reported = |sealer: &Sealer, handler: fn(&mut OpenSession<&Sealer>)| {
        let mut session = OpenSession::open(sealer, [], now()).unwrap();
        session = session.with_randomness(|| Ok([9; 16]));
        handler(&mut session);
        finish(&mut session).unwrap().is_saved_without_user()
    };
    let list = List::default();
    assert!(reported(&under(&list), |session| session.save().unwrap()));
    assert!(reported(&under(&list), |session| {
        session.log_in("42").unwrap();
        session.clear_user(&[]).unwrap();
    }));
    assert!(!reported(&under(&list), |session| session.log_in("42").unwrap()));
    assert!(!reported(&under(&list), |session| session.delete().unwrap()));
    assert!(!reported(&under(&list), |_| ()));
    assert!(!reported(&own(), |session| session.save().unwrap()), "without a list");
}

#[test]
fn delete_revokes_the_session_of_the_cookie() {
    let list = List::default();
    let ((), response) = request(&under(&list), &[&old()], |session| session.delete().unwrap());
    assert!(response.headers.cookie().contains("Max-Age=0"));
    assert_eq!((response.outcome, list.known().awaited), (Outcome::Deleted, 1));
    assert_eq!(list.known().revoked, [(session_ref("old", Some("42"), ISSUED), now())]);

    let list = List::default();
    request(&under(&list), &[&cookie(r#""sid":"s""#)], |session| session.delete().unwrap());
    assert_eq!(list.revoked(), [session_ref("s", None, ISSUED)]);
}

/// Checks whether a handler revokes the session of the cookie.
#[track_caller]
fn revokes(expected: bool, handler: impl FnOnce(&mut OpenSession<&Sealer>)) -> Response {
    let list = List::default();
    let ((), response) = request(&under(&list), &[&old()], handler);
    let one = [session_ref("old", Some("42"), ISSUED)];
    assert_eq!(list.revoked(), if expected { &one[..] } else { &[] });
    assert_eq!(list.known().awaited, usize::from(expected));
    response
}

#[test]
fn renew_revokes_the_old_session_id_when_the_new_one_is_sent() {
    let renewed = revokes(true, |session| session.renew().unwrap());
    let claims = renewed.headers.claims();
    // The issue time stays.
    let start = format!(r#"{{"iat":{ISSUED},"exp":{},"sid":"{}","#, NOW + 7 * DAY, new_id());
    assert!(claims.starts_with(&start) && claims.contains(r#""a":1"#), "{claims}");
    assert_eq!(renewed.outcome, Outcome::Saved);

    let renewed = revokes(true, |session| {
        session.save().unwrap();
        session.renew().unwrap();
    });
    assert!(renewed.headers.claims().starts_with(&start), "the session has a new ID");

    // A renewal that fails leaves the session as it is.
    let failed = revokes(false, |session| {
        session.insert("b", "x".repeat(3000)).unwrap();
        assert!(matches!(session.renew(), Err(SaveError::TooLarge { .. })));
    });
    assert!(failed.headers.sets_none());
    let failed = revokes(false, |session| {
        session.save().unwrap();
        session.insert("b", "x".repeat(3000)).unwrap();
        session.renew().unwrap_err();
    });
    assert!(failed.headers.claims().contains(r#""sid":"old""#));

    revokes(false, |session| session.save().unwrap());
    revokes(false, |session| session.insert("b", 1).unwrap());
}

#[test]
fn another_user_revokes_the_session_of_the_previous_user() {
    let response = revokes(true, |session| {
        session.log_in("43").unwrap();
    });
    assert!(response.headers.claims().contains(r#""sub":"43""#));
    revokes(true, |session| {
        session.log_in("43").unwrap();
        session.delete().unwrap();
    });
}

#[test]
fn several_renewals_revoke_the_session_once() {
    revokes(true, |session| {
        session.renew().unwrap();
        session.renew().unwrap();
    });
    revokes(true, |session| {
        session.renew().unwrap();
        session.log_in("43").unwrap();
    });
    // The first save is sent, and the old session is revoked for it.
    let response = revokes(true, |session| {
        session.renew().unwrap();
        session.renew().unwrap();
    });
    assert_eq!(response.outcome, Outcome::Saved);
}

#[test]
fn the_last_of_save_and_delete_wins_and_both_revoke_the_old_session() {
    let created = revokes(true, |session| {
        session.delete().unwrap();
        session.insert("b", 2).unwrap();
        session.save().unwrap();
    });
    let exp = NOW + 7 * DAY;
    let claims = format!(r#"{{"iat":{NOW},"exp":{exp},"sid":"{}","b":2}}"#, new_id());
    assert_eq!(created.headers.claims(), claims);

    for save_first in [false, true] {
        let deleted = revokes(true, |session| {
            if save_first {
                session.save().unwrap();
            }
            session.renew().unwrap();
            session.delete().unwrap();
            session.delete().unwrap();
        });
        assert!(deleted.headers.cookie().contains("Max-Age=0"));
    }
    // A failed save does not undo a logout.
    revokes(true, |session| {
        session.delete().unwrap();
        session.insert("b", "x".repeat(3000)).unwrap();
        session.save().unwrap_err();
    });
}

#[test]
fn a_request_without_a_session_revokes_none() {
    let list = List::default();
    for cookies in [&[][..], &["__Host-session=malformed"]] {
        request(&under(&list), cookies, |session| session.delete().unwrap());
        let ((), response) = request(&under(&list), cookies, |session| {
            session.renew().unwrap();
            session.log_in("42").unwrap();
        });
        assert_eq!((response.outcome, list.known().awaited), (Outcome::Saved, 0));
    }
    assert!(list.revoked().is_empty());
}

#[test]
fn a_request_without_a_response_revokes_nothing() {
    let (list, cookie) = (List::default(), old());
    let sealer = under(&list);
    let mut session = OpenSession::open(&sealer, [cookie.as_bytes()], now()).unwrap();
    session.delete().unwrap();
    session.abandon();
    assert_eq!(session.delete(), Err(SaveError::Finished));
    assert_eq!(session.save(), Err(SaveError::Finished));
    assert_eq!(finish(&mut session).unwrap().outcome(), Outcome::Read);
    drop(session);
    assert!(list.revoked().is_empty());
}

#[test]
fn nothing_after_the_response_head_revokes() {
    let (list, cookie) = (List::default(), old());
    let sealer = under(&list);
    let mut session = OpenSession::open(&sealer, [cookie.as_bytes()], now()).unwrap();
    assert_eq!(finish(&mut session).unwrap().outcome(), Outcome::Read);
    assert_eq!(session.delete(), Err(SaveError::Finished));
    assert_eq!(finish(&mut session).unwrap().outcome(), Outcome::Read);
    assert!(list.revoked().is_empty());
}

/// The cookie of a session that expires so soon that the cookie is refreshed.
fn near() -> String {
    let exp = NOW + DAY;
    let claims = format!(r#"{{"iat":{ISSUED},"exp":{exp},"sid":"old"}}"#);
    format!("__Host-session={}", Minter::own().token(claims))
}

#[test]
fn a_session_revoked_by_another_request_is_not_sent() {
    let renews = |session: &mut OpenSession<&Sealer>| {
        session.renew().unwrap();
    };
    for (cookie, handler) in [
        (old(), (|session| session.save().unwrap()) as fn(&mut OpenSession<&Sealer>)),
        (old(), renews),
        (near(), |_| ()),
        (near(), |session| session.insert("a", 1).unwrap()),
    ] {
        let list = List::default();
        let ((), good) = request(&under(&list), &[&cookie], handler);
        assert!(!good.headers.sets_none(), "without a revocation, the cookie is set");

        let list = List::default();
        let ((), response) = request(&under(&list), &[&cookie], |session| {
            handler(session);
            list.revoked_by_another("old");
        });
        assert!(response.headers.sets_none() && list.known().awaited == 0);
        assert_eq!(response.outcome, Outcome::Revoked);
        assert!(list.revoked().is_empty());
        // The session was read.
        assert_eq!(
            response.headers.0,
            [("vary", "Cookie".into()), ("cache-control", "private".into())]
        );
    }
}

/// A form that is sent twice logs in twice from one session.
#[test]
fn a_login_succeeds_although_the_old_session_is_revoked() {
    let logs_in = |session: &mut OpenSession<&Sealer>| {
        session.log_in("43").unwrap();
    };
    let logs_in_again = |session: &mut OpenSession<&Sealer>| {
        session.delete().unwrap();
        session.save().unwrap();
    };
    for handler in [logs_in as fn(&mut OpenSession<&Sealer>), logs_in_again] {
        let list = List::default();
        let ((), response) = request(&under(&list), &[&old()], |session| {
            list.revoked_by_another("old");
            handler(session);
        });
        assert!(!response.headers.sets_none());
        assert_eq!(response.outcome, Outcome::Saved);
    }
}

#[test]
fn a_session_without_an_id_behind_a_new_cutoff_is_not_sent() {
    let renews = |session: &mut OpenSession<&Sealer>| {
        session.renew().unwrap();
    };
    for handler in
        [(|_| ()) as fn(&mut OpenSession<&Sealer>), |session| session.save().unwrap(), renews]
    {
        let list = List::default();
        let accepting = builder(&list).dangerous_accept_without_sid().build().unwrap();
        let ((), response) = request(&accepting, &[&cookie(r#""sub":"42""#)], |session| {
            list.known().cutoff = ISSUED + 1;
            handler(session);
        });
        assert!(response.headers.sets_none());
        assert_eq!(response.outcome, Outcome::Revoked);
    }
}

#[test]
fn deleting_a_session_revoked_by_another_request_removes_the_cookie() {
    let list = List::default();
    let ((), response) = request(&under(&list), &[&old()], |session| {
        session.delete().unwrap();
        list.revoked_by_another("old");
    });
    assert!(response.headers.cookie().contains("Max-Age=0"));
    assert_eq!(response.outcome, Outcome::Deleted);
}

#[test]
fn a_session_that_is_only_read_is_checked_once() {
    let list = List::default();
    let ((), response) = request(&under(&list), &[&old()], |_| list.revoked_by_another("old"));
    assert_eq!(response.outcome, Outcome::Read);
    assert_eq!(list.known().checked.len(), 1, "the list is not checked again");
}

#[test]
fn of_two_cookies_the_one_that_is_not_revoked_counts() {
    let list = List::default();
    list.revoked_by_another("old");
    let good = cookie(r#""sid":"good","b":1"#);
    for cookies in [format!("{}; {good}", old()), format!("{good}; {}", old())] {
        let (keys, _) = request(&under(&list), &[&cookies], |session| {
            assert_eq!(session.rejection(), None);
            session.keys()
        });
        assert_eq!(keys, ["b"]);
    }
    // It also counts beside a session with an unknown status.
    list.known().unknown.push("old".into());
    assert_eq!(rejection(&under(&list), &[&format!("{}; {good}", old())]), None);
}

/// An empty session in place of one that may be valid would log its user out.
#[test]
fn an_unknown_status_outranks_a_revoked_session() {
    let list = List::default();
    list.revoked_by_another("old");
    list.known().unknown.push("s".into());
    let unknown = cookie(r#""sid":"s""#);
    for cookies in [format!("{}; {unknown}", old()), format!("{unknown}; {}", old())] {
        refused(&under(&list), &[&cookies]);
    }
}

#[test]
fn without_randomness_no_session_gets_an_id() {
    let list = List::default();
    let sealer = builder(&list).dangerous_accept_without_sid().build().unwrap();
    let request =
        |cookies: &[&str], handler: fn(&mut OpenSession<&Sealer>) -> Result<(), SaveError>| {
            let headers = cookies.iter().map(|header| header.as_bytes());
            answer(OpenSession::open(&sealer, headers, now()).unwrap(), handler)
        };
    let (saved, response) = request(&[], |session| session.save());
    assert_eq!(saved, Err(SaveError::NoRandomness));
    assert!(response.headers.sets_none());
    let (saved, _) = request(&[&old()], |session| {
        assert_eq!(session.renew(), Err(SaveError::NoRandomness));
        session.save()
    });
    assert_eq!(saved, Err(SaveError::EarlierFailure));
    assert!(list.known().awaited == 0 && list.revoked().is_empty());
    // A session with an ID keeps it.
    let (saved, response) = request(&[&old()], |session| session.save());
    assert_eq!(saved, Ok(()));
    assert!(response.headers.claims().contains(r#""sid":"old""#));
    // A session without an ID keeps its cookie, and the changes contain the error.
    let (_, response) = request(&[&cookie("")], |_| Ok(()));
    assert!(response.headers.sets_none());
    assert_eq!(response.refresh_error, Some(SaveError::NoRandomness));
}

#[test]
fn verify_checks_the_list() {
    let list = List::default();
    let token = Minter::own().token(alive(r#""sid":"old""#));
    let verify = |token: &str| under(&list).verify(token.as_bytes(), now());
    assert_eq!(verify(&token), Ok(alive(r#""sid":"old""#)));
    assert_eq!(verify(&Minter::own().token(alive(""))), Err(Rejection::NoSid));
    list.revoked_by_another("old");
    assert_eq!(verify(&token), Err(Rejection::Revoked));
    list.known().unknown.push("old".into());
    assert_eq!(verify(&token), Err(Rejection::RevocationUnknown));
}

/// The 503 of a logout that is not durable removes the cookies as the logout does.
#[test]
fn a_failed_acknowledgement_is_an_error_that_removes_every_cookie() {
    let list = List::default();
    let previous = CookieSpec::builder("previous").build().unwrap();
    let elsewhere = CookieSpec::builder("session").path("/old").build().unwrap();
    let spec = CookieSpec::builder("session").build().unwrap();
    let sealer = builder(&list).cookie(spec).previous_cookie(previous).previous_cookie(elsewhere);
    let sealer = sealer.build().unwrap();
    let token = Minter::derived(SECRET, "session").token(alive(r#""sid":"old""#));
    let cookie = format!("session={token}");
    let open = || {
        let session = OpenSession::open(&sealer, [cookie.as_bytes()], now()).unwrap();
        session.with_randomness(|| Ok([9; 16]))
    };
    let mut session = open();
    session.delete().unwrap();
    let mut deleted = Headers::default();
    finish(&mut session).unwrap().apply(&mut deleted);
    assert_eq!(deleted.lines().len(), 3);

    list.known().fails = true;
    let logs_out = |session: &mut OpenSession<&Sealer>| session.delete().unwrap();
    let renews = |session: &mut OpenSession<&Sealer>| {
        session.renew().unwrap();
    };
    for handler in [logs_out as fn(&mut OpenSession<&Sealer>), renews] {
        let mut session = open();
        handler(&mut session);
        let unavailable = finish(&mut session).unwrap_err();
        assert!(unavailable.to_string().contains("the test fails it"), "{unavailable}");
        assert_eq!(unavailable.changes.outcome(), Outcome::Deleted);
        let mut response = Headers::default();
        unavailable.changes.apply(&mut response);
        assert_eq!(response.0, deleted.0);
    }
}

#[test]
fn debug_shows_neither_ids_nor_users() {
    let list = List::default();
    let session = session_ref("old", Some("42"), ISSUED);
    assert_eq!(
        format!("{session:?}"),
        format!("SessionRef {{ issued_at: UnixTime({ISSUED}), .. }}")
    );
    let (sealer, cookie) = (under(&list), old());
    let mut session = OpenSession::open(&sealer, [cookie.as_bytes()], now()).unwrap();
    session.delete().unwrap();
    let shown = format!("{session:?} {:?}", session.finish());
    assert!(!shown.contains("old") && !shown.contains("42"), "{shown}");
}

/// A future that is polled again must not turn the error into a success.
#[test]
fn a_failed_finish_stays_failed() {
    let (list, cookie) = (List::default(), old());
    list.known().fails = true;
    let sealer = under(&list);
    let mut session = OpenSession::open(&sealer, [cookie.as_bytes()], now()).unwrap();
    session.delete().unwrap();
    let mut finish = pin!(session.finish());
    let mut context = Context::from_waker(Waker::noop());
    assert!(matches!(finish.as_mut().poll(&mut context), Poll::Ready(Err(_))));
    assert!(finish.as_mut().poll(&mut context).is_pending());
}

/// Headers of separators must not cost memory, which a microcontroller has little of.
#[test]
fn cookies_of_other_names_are_not_collected() {
    let previous = CookieSpec::builder("previous").build().unwrap();
    let sealer = Sealer::builder(secret()).previous_cookie(previous).build().unwrap();
    let mut header = vec![b';'; 1 << 20];
    header.extend_from_slice(old().as_bytes());
    let session = OpenSession::open(&sealer, [&*header], now()).unwrap();
    assert_eq!(session.user().as_deref(), Some("42"));
}
