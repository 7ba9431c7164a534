//! Requests with cookies of the test, and what their responses carry.

use std::cell::Cell;

use waxseal_core::{
    OpenSession, Outcome, Rejection, SaveError, Sealer, SealerBuilder, SessionRef, UnixTime,
};

use super::{
    list::List,
    support::{Headers, Minter, NOW, alive, b64, finish, now, secret},
};

pub const DAY: u64 = 86_400;
pub const ISSUED: u64 = NOW - 3600;

pub type Handler = fn(&mut OpenSession<&Sealer>);
pub type Save = fn(&mut OpenSession<&Sealer>) -> Result<(), SaveError>;

pub fn builder(list: &List) -> SealerBuilder {
    Sealer::builder(secret()).revocations(list.clone())
}

pub fn under(list: &List) -> Sealer {
    builder(list).build().unwrap()
}

/// The ID of every new session, except after [`request_with_ids`].
pub fn new_id() -> String {
    b64([9; 16])
}

pub fn cookie(members: &str) -> String {
    format!("__Host-session={}", Minter::own().token(alive(members)))
}

/// The session `old` of the user 42.
pub fn old() -> String {
    cookie(r#""sid":"old","sub":"42","a":1"#)
}

/// A session of a user with a stamp.
pub fn stamped(sid: &str, user: &str, stamp: u64) -> String {
    cookie(&format!(r#""sid":"{sid}","wx_rev":{stamp},"sub":"{user}""#))
}

/// A session that was issued an hour ago, without a stamp.
pub fn session_ref(sid: &str, user: Option<&str>) -> SessionRef {
    let (id, user) = (sid.into(), user.map(String::from));
    SessionRef { id, user, issued_at: UnixTime::from_secs(ISSUED), stamp: 0 }
}

pub struct Response {
    pub headers: Headers,
    pub outcome: Outcome,
    pub refresh_error: Option<SaveError>,
    pub has_unrevoked_session: bool,
}

impl Response {
    /// The `Cookie` header of the next request.
    pub fn cookie(&self) -> String {
        format!("__Host-session={}", self.headers.token())
    }

    /// The claim `wx_rev` of the session.
    pub fn stamp(&self) -> Option<u64> {
        let claims: serde_json::Value = serde_json::from_str(&self.headers.claims()).unwrap();
        claims.get("wx_rev").map(|stamp| stamp.as_u64().unwrap())
    }

    /// Another request has revoked the session, so the browser keeps its cookie.
    #[track_caller]
    pub fn assert_revoked(&self) {
        assert_eq!(self.outcome, Outcome::Revoked);
        // The session was read.
        let headers = [("vary", "Cookie".into()), ("cache-control", "private".into())];
        assert_eq!(self.headers.0, headers);
    }
}

/// One request on a platform with randomness.
pub fn request<R>(
    sealer: &Sealer,
    cookies: &[&str],
    handler: impl FnOnce(&mut OpenSession<&Sealer>) -> R,
) -> (R, Response) {
    answer(open(sealer, cookies).with_randomness(|| Ok([9; 16])), handler)
}

/// One request in which each new session ID differs.
pub fn request_with_ids<R>(
    sealer: &Sealer,
    cookies: &[&str],
    handler: impl FnOnce(&mut OpenSession<&Sealer>) -> R,
) -> (R, Response) {
    thread_local!(static LAST: Cell<u128> = const { Cell::new(0) });
    let next = || {
        LAST.set(LAST.get() + 1);
        Ok(LAST.get().to_be_bytes())
    };
    answer(open(sealer, cookies).with_randomness(next), handler)
}

pub fn open<'s>(sealer: &'s Sealer, cookies: &[&str]) -> OpenSession<&'s Sealer> {
    let headers = cookies.iter().map(|header| header.as_bytes());
    OpenSession::open(sealer, headers, now()).unwrap()
}

/// Checks the response to a request if the status of its session is unknown.
pub fn refused(sealer: &Sealer, cookies: &[&str]) {
    let headers = cookies.iter().map(|header| header.as_bytes());
    let unavailable = OpenSession::open(sealer, headers, now()).unwrap_err();
    assert!(unavailable.to_string().contains("respond with 503"), "{unavailable}");
    let mut response = Headers::default();
    unavailable.changes.apply(&mut response);
    // The cookie stays, and no shared cache stores the response.
    assert!(response.sets_none());
    assert_eq!(response.0.len(), 2, "{response:?}");
}

pub fn answer<R>(
    mut session: OpenSession<&Sealer>,
    handler: impl FnOnce(&mut OpenSession<&Sealer>) -> R,
) -> (R, Response) {
    let result = handler(&mut session);
    let changes = finish(&mut session).unwrap();
    let (outcome, refresh_error) = (changes.outcome(), changes.refresh_error().cloned());
    let has_unrevoked_session = changes.has_unrevoked_session();
    let mut headers = Headers::default();
    changes.apply(&mut headers);
    (result, Response { headers, outcome, refresh_error, has_unrevoked_session })
}

pub fn rejection(sealer: &Sealer, cookies: &[&str]) -> Option<Rejection> {
    open(sealer, cookies).rejection()
}
