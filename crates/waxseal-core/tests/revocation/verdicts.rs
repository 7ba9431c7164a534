//! The configuration, and what the status of a session means for a request.

use std::time::Duration;

use waxseal_core::{BuildError, OpenSession, Outcome, Rejection, Sealer, SealerBuilder};

use super::{
    list::{List, STAMP},
    requests::{
        DAY, ISSUED, builder, cookie, new_id, old, refused, rejection, request, stamped, under,
    },
    support::{Minter, NOW, alive, now},
};

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
fn the_list_is_checked_last_with_the_id_the_user_the_issue_time_and_the_stamp() {
    let list = List::default();
    let minter = Minter::own();
    let expired = minter.token(format!(r#"{{"iat":{ISSUED},"exp":{NOW},"sid":"old"}}"#));
    let forged = minter.token(alive(r#""sid":"old""#)).replacen('.', ".e", 1);
    for token in [&*expired, &*forged, "malformed"] {
        assert!(rejection(&under(&list), &[&format!("__Host-session={token}")]).is_some());
    }
    assert!(list.known().checked.is_empty());

    assert_eq!(rejection(&under(&list), &[&cookie(r#""sid":"s""#)]), None);
    assert_eq!(rejection(&under(&list), &[&stamped("old", "42", STAMP)]), None);
    let expected = [
        (Some("s".into()), None, ISSUED, 0),
        (Some("old".into()), Some("42".into()), ISSUED, STAMP),
    ];
    assert_eq!(list.known().checked, expected);
}

#[test]
fn a_session_with_an_unknown_status_cannot_be_opened() {
    let list = List::default();
    list.known().unknown.push("old".into());
    refused(&under(&list), &[&old()]);
    assert!(list.revoked().is_empty());
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

/// The unbound copy of a session is accepted only if the list says that no key was registered.
#[cfg(feature = "device-bound")]
#[test]
fn an_unknown_registration_is_an_unknown_status() {
    use waxseal_core::DeviceBinding;
    let list = List::default();
    let sealer = builder(&list).device_bound(DeviceBinding::default()).build().unwrap();
    assert_eq!(rejection(&sealer, &[&old()]), None);
    list.known().unknown.push("old~unbound".into());
    refused(&sealer, &[&old()]);

    // It outranks a session without a proof cookie.
    let bound = cookie(r#""sid":"s""#);
    list.revoked_by_another("s~unbound");
    assert_eq!(rejection(&sealer, &[&bound]), Some(Rejection::ProofMissing));
    refused(&sealer, &[&format!("{bound}; {}", old())]);
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
