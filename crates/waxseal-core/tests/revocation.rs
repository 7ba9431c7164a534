//! Sessions that end before their time: what the sealer asks of a list of
//! them, when it ends one, and what the response then carries.

mod support;

use std::{
    cell::RefCell,
    future::ready,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use support::{Headers, MICRODOT_KEY, Minter, NOW, alive, b64, now, own, secret};
use waxseal_core::{
    Alone, BuildError, CookieSpec, Ended, Handle, NotRecorded, Opened, Outcome, Recording,
    Rejection, Revocations, SaveError, Sealer, SealerBuilder, Share, Standing, UnixTime,
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
    /// What this list was told to end.
    told: Vec<(Ended, UnixTime)>,
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
    fn told(&self) -> Vec<Ended> {
        self.known().told.iter().map(|(session, _)| session.clone()).collect()
    }
}

impl Revocations for List {
    fn absolute_limit(&self) -> Duration {
        Duration::from_secs(30 * DAY)
    }

    fn standing(&self, sid: Option<&str>, sub: Option<&str>, begun: UnixTime) -> Standing {
        let mut known = self.known();
        known.asked.push((sid.map(String::from), sub.map(String::from), begun.as_secs()));
        let named = |names: &[String]| sid.is_some_and(|sid| names.iter().any(|name| name == sid));
        if named(&known.unknown) {
            Standing::Unknown
        } else if named(&known.ended) || begun.as_secs() < known.cut {
            Standing::Ended
        } else {
            Standing::Good
        }
    }

    fn begin(&self, sub: Option<&str>, now: UnixTime) -> Option<UnixTime> {
        let mut known = self.known();
        known.begun.push(sub.map(String::from));
        (!known.refuses).then(|| now.max(UnixTime::from_secs(known.cut)))
    }

    fn end(&self, session: Ended, now: UnixTime) -> Recording {
        self.known().told.push((session, now));
        Box::pin(ready(Err(NotRecorded::new("the test says so"))))
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

fn ended(sid: &str, sub: Option<&str>, begun: u64) -> Ended {
    Ended { sid: sid.into(), sub: sub.map(String::from), begun: UnixTime::from_secs(begun) }
}

struct Response {
    headers: Headers,
    outcome: Outcome,
    /// Whether its head has something to wait for.
    waits: bool,
    reseal_error: Option<SaveError>,
}

/// One request on a platform with randomness.
fn request<R>(
    sealer: &Sealer,
    cookies: &[&str],
    handler: impl FnOnce(&Handle<&Alone<'_>>) -> R,
) -> (R, Response) {
    let headers = cookies.iter().map(|header| header.as_bytes());
    answer(&Alone::open(sealer, headers, now()).with_randomness(|| Ok([9; 16])), handler)
}

fn answer<R>(alone: &Alone<'_>, handler: impl FnOnce(&Handle<&Alone<'_>>) -> R) -> (R, Response) {
    let result = handler(&Handle::new(alone));
    let closing = alone.close();
    let (outcome, reseal_error) = (closing.outcome(), closing.reseal_error().cloned());
    let mut headers = Headers::default();
    closing.apply(&mut headers);
    let waits = alone.recording().is_some();
    assert!(alone.recording().is_none(), "it is to be awaited once");
    (result, Response { headers, outcome, waits, reseal_error })
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
    let error = build(|builder| builder.absolute(None)).unwrap_err();
    assert_eq!(error, BuildError::RevocationsNeedAbsoluteLimit);
    let limit = 30 * DAY;
    let (longer, as_long) = (Some(days(30) + Duration::from_secs(1)), Some(days(30)));
    let absolute = |limit| builder(&List::default()).absolute(limit).build().map(drop);
    assert_eq!(absolute(longer), Err(BuildError::RevocationsTooShort { limit }));
    assert_eq!(absolute(as_long), Ok(()));
    assert!(absolute(longer).unwrap_err().to_string().contains("2592000 seconds"));

    let microdot = |builder: SealerBuilder| builder.dangerous_accept_weak_microdot("key", now());
    let error = microdot(builder(&List::default())).build().map(drop).unwrap_err();
    assert_eq!(error, BuildError::MicrodotHasNoSid);
    assert!(error.to_string().contains("dangerous_accept_without_sid"), "{error}");
    let told = microdot(builder(&List::default())).dangerous_accept_without_sid();
    assert!(told.build().is_ok());
}

#[test]
fn one_that_was_ended_is_an_empty_session() {
    let list = List::default();
    let data = |session: &Handle<&Alone<'_>>| {
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
fn while_a_standing_is_unknown_nothing_can_be_saved() {
    let list = List::default();
    list.known().unknown.push("old".into());
    let ((), response) = request(&under(&list), &[&old()], |session| {
        assert_eq!(session.rejection(), Some(Rejection::StandingUnknown));
        assert!(session.keys().is_empty());
        assert_eq!(session.save(), Err(SaveError::StandingUnknown));
        session.renew();
        session.set_user("42");
        assert_eq!(session.save(), Err(SaveError::StandingUnknown));
    });
    assert!(response.headers.sets_none() && !response.waits);
    assert!(list.known().begun.is_empty());
}

#[test]
fn no_session_begins_under_a_list_that_cannot_be_trusted() {
    let list = List::default();
    list.known().refuses = true;
    let (saved, response) = request(&under(&list), &[], |session| session.save());
    assert_eq!(saved, Err(SaveError::StandingUnknown));
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
    assert_eq!((told, response.outcome), (None, Outcome::Resealed));
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
    let ((), response) = request(&accepting, &[&named], |session| session.delete());
    assert!(response.waits);
    assert_eq!(list.told(), [ended(&new_name(), Some("42"), BEGAN)]);
}

/// There is no name by which it could end; only what ends all of its user does.
#[test]
fn ending_one_without_a_name_removes_it_from_the_browser_alone() {
    let list = List::default();
    let accepting = builder(&list).dangerous_accept_without_sid().build().unwrap();
    for handler in [
        |session: &Handle<&Alone<'_>>| session.delete(),
        |session: &Handle<&Alone<'_>>| {
            session.save().unwrap();
            session.delete();
        },
        |session: &Handle<&Alone<'_>>| {
            session.renew();
            session.save().unwrap();
        },
    ] {
        let ((), response) = request(&accepting, &[&cookie(r#""sub":"42""#)], handler);
        assert!(!response.headers.sets_none() && !response.waits);
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
        .dangerous_accept_weak_microdot(MICRODOT_KEY, UnixTime::from_secs(since))
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
    let ((), response) = request(&under(&list), &[&escaped], |session| session.delete());
    assert!(response.waits);
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
        // Without a list nobody reads it.
        assert_eq!(rejection(&own(), &[&cookie]), None);
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
        assert_eq!(session.started_at(), Some(UnixTime::from_secs(NOW + 30)));
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
    let ((), response) = request(&under(&list), &[&old()], |session| session.delete());
    assert!(response.headers.cookie().contains("Max-Age=0"));
    assert_eq!((response.outcome, response.waits), (Outcome::Deleted, true));
    assert_eq!(list.known().told, [(ended("old", Some("42"), BEGAN), now())]);

    let list = List::default();
    request(&under(&list), &[&cookie(r#""sid":"s""#)], |session| session.delete());
    assert_eq!(list.told(), [ended("s", None, BEGAN)]);
}

/// What a handler does, and whether the session that the cookie brought ends.
#[track_caller]
fn ends(expected: bool, handler: impl FnOnce(&Handle<&Alone<'_>>)) -> Response {
    let list = List::default();
    let ((), response) = request(&under(&list), &[&old()], handler);
    let one = [ended("old", Some("42"), BEGAN)];
    assert_eq!(list.told(), if expected { &one[..] } else { &[] });
    assert_eq!(response.waits, expected);
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
        session.delete();
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
        session.delete();
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
            session.delete();
            session.delete();
        });
        assert!(deleted.headers.cookie().contains("Max-Age=0"));
    }
    // A save that fails undoes no logout.
    ends(true, |session| {
        session.delete();
        session.insert("b", "x".repeat(5000)).unwrap();
        session.save().unwrap_err();
    });
}

#[test]
fn who_brought_none_ends_none() {
    let list = List::default();
    for cookies in [&[][..], &["__Host-session=junk"]] {
        request(&under(&list), cookies, |session| session.delete());
        let ((), response) = request(&under(&list), cookies, |session| {
            session.renew();
            session.save().unwrap();
            session.set_user("42");
            session.save().unwrap();
        });
        assert_eq!((response.outcome, response.waits), (Outcome::Saved, false));
    }
    assert!(list.told().is_empty());
}

struct Mine<'s>(&'s Sealer, RefCell<Opened>);

impl Share for &Mine<'_> {
    fn with<R>(&self, f: impl FnOnce(&Sealer, &mut Opened) -> R) -> R {
        f(self.0, &mut self.1.borrow_mut())
    }
}

#[test]
fn a_request_without_a_response_ends_nothing() {
    let (list, cookie) = (List::default(), old());
    let sealer = under(&list);
    let mine = Mine(&sealer, RefCell::new(sealer.open([cookie.as_bytes()], now())));
    Handle::new(&mine).delete();
    mine.1.borrow_mut().abandon();
    assert!(mine.1.borrow_mut().recording().is_none());
    // Nor does what comes after it.
    Handle::new(&mine).delete();
    assert_eq!(Handle::new(&mine).save(), Err(SaveError::Closed));
    assert!(list.told().is_empty());
    drop(mine);
    assert!(list.told().is_empty());
}

#[test]
fn what_comes_after_the_response_head_ends_nothing() {
    let (list, cookie) = (List::default(), old());
    let sealer = under(&list);
    let alone = Alone::open(&sealer, [cookie.as_bytes()], now());
    assert_eq!(alone.close().outcome(), Outcome::Read);
    Handle::new(&alone).delete();
    assert!(alone.recording().is_none() && list.told().is_empty());
}

/// Of a session whose end is so near that it is sealed again unasked.
fn near() -> String {
    let exp = NOW + DAY;
    let claims = format!(r#"{{"iat":{BEGAN},"exp":{exp},"sid":"old"}}"#);
    format!("__Host-session={}", Minter::own().token(claims))
}

#[test]
fn what_another_request_has_ended_meanwhile_does_not_come_back() {
    let renews = |session: &Handle<&Alone<'_>>| {
        session.renew();
        session.save().unwrap();
    };
    for (cookie, handler) in [
        (old(), (|session| session.save().unwrap()) as fn(&Handle<&Alone<'_>>)),
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
        assert!(response.headers.sets_none() && !response.waits);
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
    let logs_in = |session: &Handle<&Alone<'_>>| {
        session.set_user("43");
        session.save().unwrap();
    };
    let begins = |session: &Handle<&Alone<'_>>| {
        session.delete();
        session.save().unwrap();
    };
    for handler in [logs_in as fn(&Handle<&Alone<'_>>), begins] {
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
    let renews = |session: &Handle<&Alone<'_>>| {
        session.renew();
        session.save().unwrap();
    };
    for handler in [(|_| ()) as fn(&Handle<&Alone<'_>>), |session| session.save().unwrap(), renews]
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
        session.delete();
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

/// An empty session beside one that may be good would log its user out.
#[test]
fn that_one_is_unknown_is_told_before_that_another_was_ended() {
    let list = List::default();
    list.ends("old");
    list.known().unknown.push("s".into());
    let unknown = cookie(r#""sid":"s""#);
    for cookies in [format!("{}; {unknown}", old()), format!("{unknown}; {}", old())] {
        let (told, _) =
            request(&under(&list), &[&cookies], |session| (session.rejection(), session.save()));
        assert_eq!(told, (Some(Rejection::StandingUnknown), Err(SaveError::StandingUnknown)));
    }
}

#[test]
fn without_randomness_no_session_gets_a_name() {
    let list = List::default();
    let sealer = builder(&list).dangerous_accept_without_sid().build().unwrap();
    let request = |cookies: &[&str], handler: fn(&Handle<&Alone<'_>>) -> Result<(), SaveError>| {
        let headers = cookies.iter().map(|header| header.as_bytes());
        answer(&Alone::open(&sealer, headers, now()), handler)
    };
    let (saved, response) = request(&[], |session| session.save());
    assert_eq!(saved, Err(SaveError::NoRandomness));
    assert!(response.headers.sets_none());
    let (saved, response) = request(&[&old()], |session| {
        session.renew();
        session.save()
    });
    assert_eq!(saved, Err(SaveError::NoRandomness));
    assert!(!response.waits && list.told().is_empty());
    // One that has a name keeps it.
    let (saved, response) = request(&[&old()], |session| session.save());
    assert_eq!(saved, Ok(()));
    assert!(response.headers.claims().contains(r#""sid":"old""#));
    // One that has none keeps the cookie that it has, and the log says why.
    let (_, response) = request(&[&cookie("")], |_| Ok(()));
    assert!(response.headers.sets_none());
    assert_eq!(response.reseal_error, Some(SaveError::NoRandomness));
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
    assert_eq!(verify(&token), Err(Rejection::StandingUnknown));
}

/// What the list could not record is removed from this browser as by a delete.
#[test]
fn an_unrecorded_end_removes_every_cookie() {
    let list = List::default();
    let former = CookieSpec::builder("former").build().unwrap();
    let elsewhere = CookieSpec::builder("session").path("/old").build().unwrap();
    let spec = CookieSpec::builder("session").build().unwrap();
    let sealer = builder(&list).cookie(spec).former(former).former(elsewhere).build().unwrap();
    let ((), deleted) = request(&sealer, &[], |session| session.delete());
    let mut unrecorded = Headers::default();
    sealer.close_unrecorded().apply(&mut unrecorded);
    assert_eq!(unrecorded.lines().len(), 3);
    assert_eq!(unrecorded.0, deleted.headers.0);
}

#[test]
fn debug_tells_of_nobody() {
    let list = List::default();
    let session = ended("old", Some("42"), BEGAN);
    assert_eq!(format!("{session:?}"), format!("Ended {{ begun: UnixTime({BEGAN}), .. }}"));
    let (sealer, cookie) = (under(&list), old());
    let opened = sealer.open([cookie.as_bytes()], now());
    let mine = Mine(&sealer, RefCell::new(opened));
    Handle::new(&mine).delete();
    let shown = format!("{:?}", mine.1.borrow());
    assert!(!shown.contains("old") && !shown.contains("42"), "{shown}");
}
