//! Another request revokes the session during this one.

use waxseal_core::{Outcome, SaveError};

use super::{
    list::List,
    requests::{DAY, Handler, ISSUED, Save, builder, cookie, old, request, under},
    support::{Minter, NOW},
};

/// The cookie of a session that expires so soon that the cookie is refreshed.
fn near() -> String {
    let exp = NOW + DAY;
    let claims = format!(r#"{{"iat":{ISSUED},"exp":{exp},"sid":"old","sub":"42"}}"#);
    format!("__Host-session={}", Minter::own().token(claims))
}

/// The operations that save the session of the cookie.
const SAVES: [Save; 4] = [
    |session| session.save(),
    |session| session.renew(),
    |session| session.confirm_user(),
    |session| session.revoke_others(),
];

#[test]
fn a_session_revoked_after_a_save_is_not_sent() {
    let handlers: [(String, Handler); 6] = [
        (old(), |session| SAVES[0](session).unwrap()),
        (old(), |session| SAVES[1](session).unwrap()),
        (old(), |session| SAVES[2](session).unwrap()),
        (old(), |session| SAVES[3](session).unwrap()),
        (near(), |_| ()),
        (near(), |session| session.insert("a", 1).unwrap()),
    ];
    for (cookie, handler) in handlers {
        let list = List::default();
        let ((), good) = request(&under(&list), &[&cookie], handler);
        assert!(!good.headers.sets_none(), "without a revocation, the cookie is set");

        let list = List::default();
        let ((), response) = request(&under(&list), &[&cookie], |session| {
            handler(session);
            list.revoked_by_another("old");
        });
        response.assert_revoked();
        assert!(list.known().requested.is_empty());
    }
}

/// I-1.
#[test]
fn saving_a_revoked_session_is_an_error() {
    for save in SAVES {
        for another in [
            |list: &List| list.revoked_by_another("old"),
            |list: &List| {
                list.cut_off_by_another("42");
            },
        ] {
            let list = List::default();
            let (saved, response) = request(&under(&list), &[&old()], |session| {
                another(&list);
                session.insert("a", 2).unwrap();
                let saved = save(session);
                assert_eq!(session.user().as_deref(), Some("42"));
                saved
            });
            assert_eq!(saved, Err(SaveError::Revoked));
            assert!(saved.unwrap_err().to_string().contains("ask the user to log in"));
            assert!(response.headers.sets_none());
            assert!(list.known().requested.is_empty());

            // What was saved before is not sent either, also after a renewal.
            for earlier in SAVES {
                let list = List::default();
                let (saved, response) = request(&under(&list), &[&old()], |session| {
                    earlier(session).unwrap();
                    another(&list);
                    save(session)
                });
                assert_eq!(saved, Err(SaveError::Revoked));
                response.assert_revoked();
                assert!(list.known().requested.is_empty());
            }
        }
    }
}

/// A status that has become unknown does not undo the good status at the start of the request.
#[test]
fn a_session_whose_status_becomes_unknown_is_saved() {
    for save in SAVES {
        let list = List::default();
        let ((), response) = request(&under(&list), &[&old()], |session| {
            list.known().unknown.push("old".into());
            save(session).unwrap();
        });
        assert_eq!(response.outcome, Outcome::Saved);
    }
}

/// A form that is sent twice logs in twice from one session.
#[test]
fn a_login_succeeds_although_the_old_session_is_revoked() {
    let handlers: [Handler; 3] = [
        |session| session.log_in("43").unwrap(),
        |session| session.clear_user(&[]).unwrap(),
        |session| {
            session.delete().unwrap();
            session.save().unwrap();
        },
    ];
    for handler in handlers {
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
    let handlers: [Handler; 3] =
        [|_| (), |session| session.save().unwrap(), |session| session.renew().unwrap()];
    for handler in handlers {
        let list = List::default();
        let accepting = builder(&list).dangerous_accept_without_sid().build().unwrap();
        let ((), response) = request(&accepting, &[&cookie(r#""sub":"42""#)], |session| {
            handler(session);
            list.cut_off_by_another("42");
        });
        response.assert_revoked();
    }
}
