//! Sessions that end before their time: what the sealer asks of a list of
//! them, when it ends one, and what the response then carries.

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
const BEGAN: u64 = NOW - 3600;

/// A list whose answers the test writes, and which remembers what it was asked.
#[derive(Clone, Debug, Default)]
struct List(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    /// The names of sessions that other requests have ended.
    ended: Vec<String>,
    /// The names of sessions of which nothing is known.
    unknown: Vec<String>,
    /// Sessions begun earlier are ended.
    cut: u64,
    /// Whether no session may begin.
    refuses: bool,
    asked: Vec<(Option<String>, Option<String>, u64)>,
    begun: Vec<Option<String>>,
    /// The revocations of this request.
    told: Vec<(SessionRef, UnixTime)>,
    /// How many acknowledgements were awaited.
    awaited: usize,
    /// Whether acknowledgements fail.
    fails: bool,
}

impl List {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap()
    }

    /// Another request ends a session.
    fn ends(&self, sid: &str) {
        self.known().ended.push(sid.into());
    }

    /// What it was told to end.
    fn told(&self) -> Vec<SessionRef> {
        self.known().told.iter().map(|(session, _)| session.clone()).collect()
    }
}

impl Revocations for List {
    fn absolute_timeout(&self) -> Duration {
        Duration::from_secs(30 * DAY)
    }

    fn status(&self, sid: Option<&str>, sub: Option<&str>, begun: UnixTime) -> RevocationStatus {
        let mut known = self.known();
        known.asked.push((sid.map(String::from), sub.map(String::from), begun.as_secs()));
        let named = |names: &[String]| sid.is_some_and(|sid| names.iter().any(|name| name == sid));
        if named(&known.unknown) {
            RevocationStatus::Unknown
        } else if named(&known.ended) || begun.as_secs() < known.cut {
            RevocationStatus::Revoked
        } else {
            RevocationStatus::Good
        }
    }

    fn issued_at(&self, user: Option<&str>, now: UnixTime) -> Option<UnixTime> {
        let mut known = self.known();
        known.begun.push(user.map(String::from));
        (!known.refuses).then(|| now.max(UnixTime::from_secs(known.cut)))
    }

    fn revoke(&self, session: SessionRef, now: UnixTime) -> Acknowledgement {
        self.known().told.push((session, now));
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

/// The name of every new session.
fn new_name() -> String {
    b64([9; 16])
}

fn cookie(members: &str) -> String {
    format!("__Host-session={}", Minter::own().token(alive(members)))
}

/// The session `old` of the user 42.
fn old() -> String {
    cookie(r#""sid":"old","sub":"42","a":1"#)
}

fn ended(sid: &str, sub: Option<&str>, begun: u64) -> SessionRef {
    SessionRef {
        id: sid.into(),
        user: sub.map(String::from),
        issued_at: UnixTime::from_secs(begun),
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

/// What a request gets if the list knows nothing of its session.
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
fn what_makes_no_sense_cannot_be_built() {
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
    let told = microdot(builder(&List::default())).dangerous_accept_without_sid();
    assert!(told.build().is_ok());
}

#[test]
fn one_that_was_ended_is_an_empty_session() {
    let list = List::default();
    let data = |session: &mut OpenSession<&Sealer>| {
        (session.rejection(), session.keys(), session.user(), session.is_new())
    };
    let (good, _) = request(&under(&list), &[&old()], data);
    assert_eq!(good, (None, vec!["a".into()], Some("42".into()), false));
    list.ends("old");
    let (told, response) = request(&under(&list), &[&old()], data);
    assert_eq!(told, (Some(Rejection::Revoked), vec![], None, true));
    // An ended one is left to its Max-Age, as one that has expired.
    assert!(response.headers.sets_none());
    assert_eq!(response.outcome, Outcome::Read);
    // Who logs in again is in.
    let ((), response) = request(&under(&list), &[&old()], |session| session.save().unwrap());
    assert!(response.headers.claims().contains(&new_name()));
    assert!(list.told().is_empty());
}

#[test]
fn the_list_is_asked_last_and_by_name_user_and_beginning() {
    let list = List::default();
    let minter = Minter::own();
    let expired = minter.token(format!(r#"{{"iat":{BEGAN},"exp":{NOW},"sid":"old"}}"#));
    let forged = minter.token(alive(r#""sid":"old""#)).replacen('.', ".e", 1);
    for token in [&*expired, &*forged, "junk"] {
        assert!(rejection(&under(&list), &[&format!("__Host-session={token}")]).is_some());
    }
    assert!(list.known().asked.is_empty());

    assert_eq!(rejection(&under(&list), &[&cookie(r#""sid":"s""#)]), None);
    assert_eq!(rejection(&under(&list), &[&old()]), None);
    let expected =
        [(Some("s".into()), None, BEGAN), (Some("old".into()), Some("42".into()), BEGAN)];
    assert_eq!(list.known().asked, expected);
}

#[test]
fn while_the_status_is_unknown_there_is_no_session() {
    let list = List::default();
    list.known().unknown.push("old".into());
    refused(&under(&list), &[&old()]);
    assert!(list.known().begun.is_empty());
}

#[test]
fn no_session_begins_under_a_list_that_cannot_be_trusted() {
    let list = List::default();
    list.known().refuses = true;
    let (saved, response) = request(&under(&list), &[], |session| session.save());
    assert_eq!(saved, Err(SaveError::RevocationUnknown));
    assert!(response.headers.sets_none());
    // One that has begun goes on: it was judged when it was opened.
    let (saved, _) = request(&under(&list), &[&old()], |session| session.save());
    assert_eq!(saved, Ok(()));
}

#[test]
fn without_a_name_it_is_rejected_or_gets_one() {
    let list = List::default();
    let nameless = cookie(r#""sub":"42","a":1"#);
    assert_eq!(rejection(&under(&list), &[&nameless]), Some(Rejection::NoSid));
    assert!(list.known().asked.is_empty());

    let accepting = builder(&list).dangerous_accept_without_sid().build().unwrap();
    let (told, response) = request(&accepting, &[&nameless], |session| session.rejection());
    assert_eq!((told, response.outcome), (None, Outcome::Refreshed));
    assert_eq!(list.known().asked[0], (None, Some("42".into()), BEGAN));
    let exp = NOW + 6 * DAY;
    let named = format!(r#"{{"iat":{BEGAN},"exp":{exp},"sid":"{}","sub":"42","a":1}}"#, new_name());
    assert_eq!(response.headers.claims(), named);

    // A save gives it one, too; it has it already where it comes back.
    let ((), response) = request(&accepting, &[&nameless], |session| session.save().unwrap());
    assert!(response.headers.claims().contains(&format!(r#""sid":"{}""#, new_name())));
    let named = format!("__Host-session={}", response.headers.token());
    let ((), response) = request(&accepting, &[&named], |_| ());
    assert_eq!(response.outcome, Outcome::Read);
    let ((), _) = request(&accepting, &[&named], |session| session.delete().unwrap());
    assert_eq!(list.known().awaited, 1);
    assert_eq!(list.told(), [ended(&new_name(), Some("42"), BEGAN)]);
}

/// There is no name by which it could end; only what ends all of its user does.
#[test]
fn ending_one_without_a_name_removes_it_from_the_browser_alone() {
    let list = List::default();
    let accepting = builder(&list).dangerous_accept_without_sid().build().unwrap();
    for handler in [
        |session: &mut OpenSession<&Sealer>| session.delete().unwrap(),
        |session: &mut OpenSession<&Sealer>| {
            session.save().unwrap();
            session.delete().unwrap();
        },
        |session: &mut OpenSession<&Sealer>| {
            session.renew();
            session.save().unwrap();
        },
    ] {
        let ((), response) = request(&accepting, &[&cookie(r#""sub":"42""#)], handler);
        assert!(!response.headers.sets_none() && list.known().awaited == 0);
    }
    assert!(list.told().is_empty());
    list.known().cut = BEGAN + 1;
    assert_eq!(rejection(&accepting, &[&cookie(r#""sub":"42""#)]), Some(Rejection::Revoked));
}

#[test]
fn a_session_of_microdot_is_taken_over_under_a_name() {
    let list = List::default();
    let since = NOW - 5 * DAY;
    let sealer = builder(&list)
        .dangerous_migrate_weak_microdot(MICRODOT_KEY, UnixTime::from_secs(since))
        .dangerous_accept_without_sid()
        .build()
        .unwrap();
    let token = Minter::microdot().token(r#"{"sid":"theirs","sub":"theirs","a":1}"#);
    let cookie = format!("session={token}");
    let (told, response) = request(&sealer, &[&cookie], |session| session.keys());
    assert_eq!(told, ["a"]);
    // What its token says of a name and a user says nothing.
    assert_eq!(list.known().asked[0], (None, None, since));
    let exp = NOW + 7 * DAY;
    let ours = format!(r#"{{"iat":{since},"exp":{exp},"sid":"{}","a":1}}"#, new_name());
    assert_eq!(response.headers.claims(), ours);
    assert!(response.headers.lines()[0].starts_with("session=; "), "theirs goes");

    list.known().cut = since + 1;
    assert_eq!(rejection(&sealer, &[&cookie]), Some(Rejection::Revoked));
}

/// One spelling is not another session: the list sees what the JSON means.
#[test]
fn names_are_plain_text() {
    let list = List::default();
    let escaped = cookie(r#""\u0073id":"\u006fld\/\u00e9\"","sub":"\ud83e\udd80\n""#);
    let ((), _) = request(&under(&list), &[&escaped], |session| session.delete().unwrap());
    assert_eq!(list.known().awaited, 1);
    assert_eq!(list.known().asked[0], (Some("old/é\"".into()), Some("🦀\n".into()), BEGAN));
    assert_eq!(list.told(), [ended("old/é\"", Some("🦀\n"), BEGAN)]);
    list.ends("old/é\"");
    assert_eq!(rejection(&under(&list), &[&escaped]), Some(Rejection::Revoked));
}

#[test]
fn a_name_that_is_no_text_is_rejected() {
    for members in [r#""sid":"s","sub":"\ud83e""#, r#""sid":"\udd80""#] {
        let list = List::default();
        let cookie = cookie(members);
        assert_eq!(rejection(&under(&list), &[&cookie]), Some(Rejection::Claims), "{members}");
        assert!(list.known().asked.is_empty());
        // One rule, with a list and without.
        assert_eq!(rejection(&own(), &[&cookie]), Some(Rejection::Claims), "{members}");
    }
}

#[test]
fn the_list_says_when_a_session_begins() {
    let list = List::default();
    list.known().cut = NOW + 30;
    let ((), response) = request(&under(&list), &[], |session| {
        session.set_user("\u{e9}\"");
        session.save().unwrap();
        session.save().unwrap();
        assert_eq!(session.issued_at(), Some(UnixTime::from_secs(NOW + 30)));
    });
    assert_eq!(list.known().begun, [Some("é\"".into())], "once, and for whom");
    let (begins, ends) = (NOW + 30, NOW + 7 * DAY);
    let claims = response.headers.claims();
    assert!(claims.starts_with(&format!(r#"{{"iat":{begins},"exp":{ends},"#)), "{claims}");
    // It has begun after the cut, and so it is good at once.
    let token = format!("__Host-session={}", response.headers.token());
    assert_eq!(rejection(&under(&list), &[&token]), None);
}

#[test]
fn who_renews_begins_when_the_list_says() {
    let list = List::default();
    let ((), response) = request(&under(&list), &[&old()], |session| {
        session.renew();
        session.save().unwrap();
        list.known().cut = NOW + 30;
        session.set_user("43");
        session.save().unwrap();
        list.known().cut = 0;
    });
    assert_eq!(list.known().begun, [Some("42".into()), Some("43".into())]);
    assert!(response.headers.claims().starts_with(&format!(r#"{{"iat":{},"#, NOW + 30)));
}

#[test]
fn delete_ends_the_session_that_the_cookie_brought() {
    let list = List::default();
    let ((), response) = request(&under(&list), &[&old()], |session| session.delete().unwrap());
    assert!(response.headers.cookie().contains("Max-Age=0"));
    assert_eq!((response.outcome, list.known().awaited), (Outcome::Deleted, 1));
    assert_eq!(list.known().told, [(ended("old", Some("42"), BEGAN), now())]);

    let list = List::default();
    request(&under(&list), &[&cookie(r#""sid":"s""#)], |session| session.delete().unwrap());
    assert_eq!(list.told(), [ended("s", None, BEGAN)]);
}

/// What a handler does, and whether the session that the cookie brought ends.
#[track_caller]
fn ends(expected: bool, handler: impl FnOnce(&mut OpenSession<&Sealer>)) -> Response {
    let list = List::default();
    let ((), response) = request(&under(&list), &[&old()], handler);
    let one = [ended("old", Some("42"), BEGAN)];
    assert_eq!(list.told(), if expected { &one[..] } else { &[] });
    assert_eq!(list.known().awaited, usize::from(expected));
    response
}

#[test]
fn a_renewed_session_ends_when_the_new_one_is_sent() {
    let renewed = ends(true, |session| {
        session.renew();
        session.save().unwrap();
    });
    let claims = renewed.headers.claims();
    let start = format!(r#"{{"iat":{NOW},"exp":{},"sid":"{}","#, NOW + 7 * DAY, new_name());
    assert!(claims.starts_with(&start) && claims.contains(r#""a":1"#), "{claims}");
    assert_eq!(renewed.outcome, Outcome::Saved);

    let renewed = ends(true, |session| {
        session.save().unwrap();
        session.renew();
        session.save().unwrap();
    });
    assert!(renewed.headers.claims().starts_with(&start), "another name than it had");

    let unsaved = ends(false, |session| session.renew());
    assert!(unsaved.headers.sets_none());

    // What was saved is the old one; it is sent and lives.
    let before = ends(false, |session| {
        session.save().unwrap();
        session.renew();
    });
    assert!(before.headers.claims().contains(r#""sid":"old""#));

    let failed = ends(false, |session| {
        session.renew();
        session.insert("b", "x".repeat(5000)).unwrap();
        assert!(matches!(session.save(), Err(SaveError::TooLarge { .. })));
    });
    assert!(failed.headers.sets_none());

    ends(false, |session| session.save().unwrap());
    ends(false, |session| session.insert("b", 1).unwrap());
}

#[test]
fn another_user_ends_the_session_of_the_former() {
    let response = ends(true, |session| {
        session.set_user("43");
        session.save().unwrap();
    });
    assert!(response.headers.claims().contains(r#""sub":"43""#));
    ends(true, |session| {
        session.set_user("43");
        session.delete().unwrap();
    });
}

#[test]
fn one_that_was_renewed_again_and_again_ends_once() {
    ends(true, |session| {
        session.renew();
        session.renew();
        session.save().unwrap();
    });
    ends(true, |session| {
        session.renew();
        session.save().unwrap();
        session.set_user("43");
        session.save().unwrap();
    });
    // What was saved first is sent, and the old one has made way for it.
    let response = ends(true, |session| {
        session.renew();
        session.save().unwrap();
        session.renew();
    });
    assert_eq!(response.outcome, Outcome::Saved);
}

#[test]
fn the_last_of_save_and_delete_wins_and_both_end_the_old_one() {
    let begun = ends(true, |session| {
        session.delete().unwrap();
        session.insert("b", 2).unwrap();
        session.save().unwrap();
    });
    let exp = NOW + 7 * DAY;
    let claims = format!(r#"{{"iat":{NOW},"exp":{exp},"sid":"{}","b":2}}"#, new_name());
    assert_eq!(begun.headers.claims(), claims);

    for save_first in [false, true] {
        let deleted = ends(true, |session| {
            if save_first {
                session.save().unwrap();
            }
            session.renew();
            session.save().unwrap();
            session.delete().unwrap();
            session.delete().unwrap();
        });
        assert!(deleted.headers.cookie().contains("Max-Age=0"));
    }
    // A save that fails undoes no logout.
    ends(true, |session| {
        session.delete().unwrap();
        session.insert("b", "x".repeat(5000)).unwrap();
        session.save().unwrap_err();
    });
}

#[test]
fn who_brought_none_ends_none() {
    let list = List::default();
    for cookies in [&[][..], &["__Host-session=junk"]] {
        request(&under(&list), cookies, |session| session.delete().unwrap());
        let ((), response) = request(&under(&list), cookies, |session| {
            session.renew();
            session.save().unwrap();
            session.set_user("42");
            session.save().unwrap();
        });
        assert_eq!((response.outcome, list.known().awaited), (Outcome::Saved, 0));
    }
    assert!(list.told().is_empty());
}

#[test]
fn a_request_without_a_response_ends_nothing() {
    let (list, cookie) = (List::default(), old());
    let sealer = under(&list);
    let mut session = OpenSession::open(&sealer, [cookie.as_bytes()], now()).unwrap();
    session.delete().unwrap();
    session.abandon();
    assert_eq!(session.delete(), Err(SaveError::Finished));
    assert_eq!(session.save(), Err(SaveError::Finished));
    assert_eq!(finish(&mut session).unwrap().outcome(), Outcome::Read);
    drop(session);
    assert!(list.told().is_empty());
}

#[test]
fn nothing_after_the_response_head_revokes() {
    let (list, cookie) = (List::default(), old());
    let sealer = under(&list);
    let mut session = OpenSession::open(&sealer, [cookie.as_bytes()], now()).unwrap();
    assert_eq!(finish(&mut session).unwrap().outcome(), Outcome::Read);
    assert_eq!(session.delete(), Err(SaveError::Finished));
    assert_eq!(finish(&mut session).unwrap().outcome(), Outcome::Read);
    assert!(list.told().is_empty());
}

/// Of a session whose end is so near that it is sealed again unasked.
fn near() -> String {
    let exp = NOW + DAY;
    let claims = format!(r#"{{"iat":{BEGAN},"exp":{exp},"sid":"old"}}"#);
    format!("__Host-session={}", Minter::own().token(claims))
}

#[test]
fn what_another_request_has_ended_meanwhile_does_not_come_back() {
    let renews = |session: &mut OpenSession<&Sealer>| {
        session.renew();
        session.save().unwrap();
    };
    for (cookie, handler) in [
        (old(), (|session| session.save().unwrap()) as fn(&mut OpenSession<&Sealer>)),
        (old(), renews),
        (near(), |_| ()),
        (near(), |session| session.insert("a", 1).unwrap()),
    ] {
        let list = List::default();
        let ((), good) = request(&under(&list), &[&cookie], handler);
        assert!(!good.headers.sets_none(), "the test tests something");

        let list = List::default();
        let ((), response) = request(&under(&list), &[&cookie], |session| {
            handler(session);
            list.ends("old");
        });
        assert!(response.headers.sets_none() && list.known().awaited == 0);
        assert_eq!(response.outcome, Outcome::Revoked);
        assert!(list.told().is_empty());
        // It was read all the same.
        assert_eq!(
            response.headers.0,
            [("vary", "Cookie".into()), ("cache-control", "private".into())]
        );
    }
}

/// Two logins from one visitor's session: a form sent twice.
#[test]
fn who_logs_in_is_in_whatever_has_become_of_the_session_before() {
    let logs_in = |session: &mut OpenSession<&Sealer>| {
        session.set_user("43");
        session.save().unwrap();
    };
    let begins = |session: &mut OpenSession<&Sealer>| {
        session.delete().unwrap();
        session.save().unwrap();
    };
    for handler in [logs_in as fn(&mut OpenSession<&Sealer>), begins] {
        let list = List::default();
        let ((), response) = request(&under(&list), &[&old()], |session| {
            list.ends("old");
            handler(session);
        });
        assert!(!response.headers.sets_none());
        assert_eq!(response.outcome, Outcome::Saved);
    }
}

#[test]
fn nor_where_all_sessions_were_ended_and_it_has_no_name() {
    let renews = |session: &mut OpenSession<&Sealer>| {
        session.renew();
        session.save().unwrap();
    };
    for handler in
        [(|_| ()) as fn(&mut OpenSession<&Sealer>), |session| session.save().unwrap(), renews]
    {
        let list = List::default();
        let accepting = builder(&list).dangerous_accept_without_sid().build().unwrap();
        let ((), response) = request(&accepting, &[&cookie(r#""sub":"42""#)], |session| {
            list.known().cut = BEGAN + 1;
            handler(session);
        });
        assert!(response.headers.sets_none());
        assert_eq!(response.outcome, Outcome::Revoked);
    }
}

#[test]
fn who_deletes_what_was_ended_meanwhile_still_loses_the_cookie() {
    let list = List::default();
    let ((), response) = request(&under(&list), &[&old()], |session| {
        session.delete().unwrap();
        list.ends("old");
    });
    assert!(response.headers.cookie().contains("Max-Age=0"));
    assert_eq!(response.outcome, Outcome::Deleted);
}

#[test]
fn a_session_that_only_reads_is_not_told() {
    let list = List::default();
    let ((), response) = request(&under(&list), &[&old()], |_| list.ends("old"));
    assert_eq!(response.outcome, Outcome::Read);
    assert_eq!(list.known().asked.len(), 1, "the list is not asked again");
}

#[test]
fn of_two_cookies_the_one_that_was_not_ended_counts() {
    let list = List::default();
    list.ends("old");
    let good = cookie(r#""sid":"good","b":1"#);
    for cookies in [format!("{}; {good}", old()), format!("{good}; {}", old())] {
        let (keys, _) = request(&under(&list), &[&cookies], |session| {
            assert_eq!(session.rejection(), None);
            session.keys()
        });
        assert_eq!(keys, ["b"]);
    }
    // Also behind one of which nothing is known.
    list.known().unknown.push("old".into());
    assert_eq!(rejection(&under(&list), &[&format!("{}; {good}", old())]), None);
}

/// An empty session in place of one that may be good would log its user out.
#[test]
fn an_unknown_status_outranks_a_revoked_session() {
    let list = List::default();
    list.ends("old");
    list.known().unknown.push("s".into());
    let unknown = cookie(r#""sid":"s""#);
    for cookies in [format!("{}; {unknown}", old()), format!("{unknown}; {}", old())] {
        refused(&under(&list), &[&cookies]);
    }
}

#[test]
fn without_randomness_no_session_gets_a_name() {
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
        session.renew();
        session.save()
    });
    assert_eq!(saved, Err(SaveError::NoRandomness));
    assert!(list.known().awaited == 0 && list.told().is_empty());
    // One that has a name keeps it.
    let (saved, response) = request(&[&old()], |session| session.save());
    assert_eq!(saved, Ok(()));
    assert!(response.headers.claims().contains(r#""sid":"old""#));
    // One that has none keeps the cookie that it has, and the log says why.
    let (_, response) = request(&[&cookie("")], |_| Ok(()));
    assert!(response.headers.sets_none());
    assert_eq!(response.refresh_error, Some(SaveError::NoRandomness));
}

#[test]
fn tools_ask_the_list_too() {
    let list = List::default();
    let token = Minter::own().token(alive(r#""sid":"old""#));
    let verify = |token: &str| under(&list).verify(token.as_bytes(), now());
    assert_eq!(verify(&token), Ok(alive(r#""sid":"old""#)));
    assert_eq!(verify(&Minter::own().token(alive(""))), Err(Rejection::NoSid));
    list.ends("old");
    assert_eq!(verify(&token), Err(Rejection::Revoked));
    list.known().unknown.push("old".into());
    assert_eq!(verify(&token), Err(Rejection::RevocationUnknown));
}

/// The 503 of a logout that is not durable removes the cookies as the logout does.
#[test]
fn a_failed_acknowledgement_is_an_error_that_removes_every_cookie() {
    let list = List::default();
    let former = CookieSpec::builder("former").build().unwrap();
    let elsewhere = CookieSpec::builder("session").path("/old").build().unwrap();
    let spec = CookieSpec::builder("session").build().unwrap();
    let sealer = builder(&list).cookie(spec).previous_cookie(former).previous_cookie(elsewhere);
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
        session.renew();
        session.save().unwrap();
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
fn debug_tells_of_nobody() {
    let list = List::default();
    let session = ended("old", Some("42"), BEGAN);
    assert_eq!(
        format!("{session:?}"),
        format!("SessionRef {{ issued_at: UnixTime({BEGAN}), .. }}")
    );
    let (sealer, cookie) = (under(&list), old());
    let mut session = OpenSession::open(&sealer, [cookie.as_bytes()], now()).unwrap();
    session.delete().unwrap();
    let shown = format!("{session:?} {:?}", session.finish());
    assert!(!shown.contains("old") && !shown.contains("42"), "{shown}");
}

/// A future that is polled again must not turn the error into a success.
#[test]
fn a_failed_finish_never_becomes_good() {
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
