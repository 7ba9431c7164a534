//! `revoke_others` before a change of the user, in one request.

use waxseal_core::{Outcome, Rejection};

use super::{
    list::{List, STAMP},
    requests::{rejection, request_with_ids, stamped, under},
    revoke_others::{RECORD, ends_the_others},
};

#[test]
fn a_login_of_another_user_ends_the_sessions_of_the_first() {
    let (_, response) = ends_the_others(|session| {
        session.revoke_others().unwrap();
        session.log_in("43").unwrap();
    });
    assert_eq!((response.outcome, response.stamp()), (Outcome::Saved, Some(STAMP)));

    // The first user logs in again.
    let (_, response) = ends_the_others(|session| {
        session.revoke_others().unwrap();
        session.log_in("43").unwrap();
        session.log_in("42").unwrap();
    });
    assert_eq!((response.outcome, response.stamp()), (Outcome::Saved, Some(RECORD)));
}

#[test]
fn two_users_can_each_end_their_sessions() {
    let list = List::default();
    let sealer = under(&list);
    let cookies = [("old", "42"), ("other", "42"), ("another", "43")];
    let cookies = cookies.map(|(id, user)| stamped(id, user, STAMP));
    let ((), response) = request_with_ids(&sealer, &[&cookies[0]], |session| {
        session.revoke_others().unwrap();
        session.log_in("43").unwrap();
        session.revoke_others().unwrap();
    });
    assert_eq!(list.cut_off(), ["42", "43"]);
    for cookie in cookies {
        assert_eq!(rejection(&sealer, &[&cookie]), Some(Rejection::Revoked));
    }
    assert_eq!(rejection(&sealer, &[&response.cookie()]), None);
}

#[test]
fn without_the_user_all_sessions_end() {
    let (_, response) = ends_the_others(|session| {
        session.revoke_others().unwrap();
        session.clear_user(&[]).unwrap();
    });
    assert_eq!((response.outcome, response.stamp()), (Outcome::Saved, Some(STAMP)));

    let (_, response) = ends_the_others(|session| {
        session.revoke_others().unwrap();
        session.delete().unwrap();
    });
    assert_eq!(response.outcome, Outcome::Deleted);
    assert!(response.headers.cookie().contains("Max-Age=0"));

    let (_, response) = ends_the_others(|session| {
        session.revoke_others().unwrap();
        session.delete().unwrap();
        session.log_in("42").unwrap();
    });
    assert_eq!(response.outcome, Outcome::Saved);
}
