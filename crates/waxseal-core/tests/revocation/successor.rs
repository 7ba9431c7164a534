//! The session from which a revocation comes: the store decides whether it may continue.

use waxseal_core::{Outcome, Rejection, SessionRef, Successor, UnixTime};

use super::{
    list::{List, STAMP},
    requests::{Handler, ISSUED, new_id, rejection, request, stamped, under},
    support::NOW,
};

/// The stamp of the presented session.
const BEFORE: u64 = STAMP - 5;

fn presented() -> String {
    stamped("old", "42", BEFORE)
}

/// The presented session, which must be good.
fn must_be_good() -> Successor {
    let (id, user) = ("old".into(), Some("42".into()));
    let session = SessionRef { id, user, issued_at: UnixTime::from_secs(ISSUED), stamp: BEFORE };
    Successor { session, must_be_good: true, also: None }
}

/// A new session, which is sent in any case.
fn issued(id: String, user: Option<&str>) -> Successor {
    let (user, issued_at) = (user.map(String::from), UnixTime::from_secs(NOW));
    Successor {
        session: SessionRef { id, user, issued_at, stamp: STAMP },
        must_be_good: false,
        also: None,
    }
}

/// The successors of the revocations of a request.
fn successors(handler: Handler) -> Vec<Option<Successor>> {
    let list = List::default();
    request(&under(&list), &[&presented()], handler);
    let requested = &list.known().requested;
    requested.iter().map(|revocation| revocation.successor.clone()).collect()
}

const MUST_BE_GOOD: [Handler; 9] = [
    |session| session.renew().unwrap(),
    |session| session.confirm_user().unwrap(),
    |session| session.revoke_others().unwrap(),
    |session| {
        session.renew().unwrap();
        session.renew().unwrap();
    },
    |session| {
        session.renew().unwrap();
        session.confirm_user().unwrap();
    },
    |session| {
        session.confirm_user().unwrap();
        session.save().unwrap();
    },
    |session| {
        session.renew().unwrap();
        session.revoke_others().unwrap();
    },
    |session| {
        session.revoke_others().unwrap();
        session.renew().unwrap();
    },
    |session| {
        session.revoke_others().unwrap();
        session.confirm_user().unwrap();
        session.save().unwrap();
    },
];

#[test]
fn a_session_that_continues_must_be_good() {
    for handler in MUST_BE_GOOD {
        assert!(successors(handler) == [Some(must_be_good())]);
    }
}

/// A thief must not move a session past a revocation that this server has not read.
#[test]
fn a_session_that_the_store_knows_as_revoked_does_not_continue() {
    for handler in MUST_BE_GOOD {
        for another in [
            |list: &List| list.revoked_in_the_store("old"),
            |list: &List| {
                list.cut_off_in_the_store("42");
            },
        ] {
            let list = List::default();
            another(&list);
            let ((), response) = request(&under(&list), &[&presented()], handler);
            assert_eq!(list.known().awaited, 1);
            response.assert_revoked();
            assert_eq!(list.known().stamp(), STAMP + 1, "nothing is recorded");
            assert_eq!(rejection(&under(&list), &[&presented()]), Some(Rejection::Revoked));
        }
    }
}

#[test]
fn a_login_need_not_be_good() {
    let logs_in: Handler = |session| session.log_in("42").unwrap();
    assert!(successors(logs_in) == [Some(issued(new_id(), Some("42")))]);
    let other: Handler = |session| session.log_in("43").unwrap();
    assert!(successors(other) == [Some(issued(new_id(), Some("43")))]);
    let anonymous: Handler = |session| session.clear_user(&[]).unwrap();
    assert!(successors(anonymous) == [Some(issued(new_id(), None))]);
    let after_renewal: Handler = |session| {
        session.renew().unwrap();
        session.log_in("42").unwrap();
        session.renew().unwrap();
    };
    assert!(successors(after_renewal) == [Some(issued(new_id(), Some("42")))]);
    let after_logout: Handler = |session| {
        session.delete().unwrap();
        session.log_in("42").unwrap();
    };
    assert!(successors(after_logout) == [Some(issued(new_id(), Some("42")))]);
    assert!(successors(|session| session.delete().unwrap()) == [None]);
}

/// It is sent as it is, so that the server that has revoked the user's sessions rejects it.
#[test]
fn a_login_that_the_store_knows_as_revoked_keeps_its_stamp() {
    // The last two were issued by a server that has read the cutoff.
    for (is_full, presented) in
        [(false, BEFORE), (true, BEFORE), (false, STAMP + 1), (true, STAMP + 1)]
    {
        let list = List::default();
        list.cut_off_in_the_store("42");
        list.known().is_full = is_full;
        let cookie = stamped("old", "42", presented);
        let ((), response) =
            request(&under(&list), &[&cookie], |session| session.log_in("42").unwrap());
        assert_eq!((response.outcome, response.stamp()), (Outcome::Saved, Some(STAMP)));
        for cookie in [response.cookie(), cookie] {
            assert_eq!(rejection(&under(&list), &[&cookie]), Some(Rejection::Revoked));
        }
    }
}

/// The revocation of the other sessions comes from the presented session, also if its ID has
/// changed before.
#[test]
fn revoke_others_before_another_session_comes_from_the_presented_one() {
    let handlers: [Handler; 4] = [
        |session| session.log_in("43").unwrap(),
        |session| session.clear_user(&[]).unwrap(),
        |session| session.delete().unwrap(),
        |session| {
            session.delete().unwrap();
            session.save().unwrap();
        },
    ];
    for next in handlers {
        let is_first = |handler: &dyn Fn(&List)| {
            let list = List::default();
            handler(&list);
            let first = list.known().requested[0].clone();
            assert!(first.successor == Some(must_be_good()));
        };
        is_first(&|list| {
            request(&under(list), &[&presented()], |session| {
                session.revoke_others().unwrap();
                next(session);
            });
        });
        is_first(&|list| {
            request(&under(list), &[&presented()], |session| {
                session.renew().unwrap();
                session.revoke_others().unwrap();
                next(session);
            });
        });
    }
}
