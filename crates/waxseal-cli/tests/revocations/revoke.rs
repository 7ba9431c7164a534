//! What the commands revoke.

use super::*;

#[test]
fn a_running_server_follows_every_command() {
    let place = Place::with_list();
    let list = place.open();
    let susan = issued_now(&list, ID, Some("susan"));
    let other = issued_now(&list, "AAAAAAAAAAAAAAAAAAAAAg", Some("susan"));
    let joe = issued_now(&list, "AAAAAAAAAAAAAAAAAAAAAw", Some("joe"));
    let old = SessionRef { issued_at: UnixTime::from_secs(now() - DAY), ..joe.clone() };
    for session in [&susan, &other, &joe, &old] {
        assert!(is_good(&list, session));
    }

    let said = place.says(&["revoke-session", ID]);
    assert_eq!(said, format!("Revoked session {ID}.\n"));
    becomes_revoked(&list, &susan);
    assert!(is_good(&list, &other));

    let said = place.says(&["revoke-user", "susan"]);
    assert_eq!(said, "Revoked all sessions of user \"susan\".\n");
    becomes_revoked(&list, &other);
    assert!(is_good(&list, &joe));

    place.says(&["revoke-before", &(now() - 60).to_string()]);
    becomes_revoked(&list, &old);
    assert!(is_good(&list, &joe));

    assert_eq!(place.says(&["revoke-all"]), "Revoked all sessions of all users.\n");
    becomes_revoked(&list, &joe);

    for user in ["susan", "joe"] {
        assert!(is_good(&list, &issued_now(&list, "BAAAAAAAAAAAAAAAAAAAAA", Some(user))));
    }
    // A server that starts later knows the same.
    drop(list);
    let list = place.open();
    for session in [&susan, &other, &joe, &old] {
        assert_eq!(list.status(session), RevocationStatus::Revoked);
    }
}

#[test]
fn a_user_or_a_session_id_may_look_like_an_option() {
    let place = Place::with_list();
    let list = place.open();
    let id = "-AAAAAAAAAAAAAAAAAAAAQ";
    let (one, two) = (issued_now(&list, id, None), issued_now(&list, ID, Some("-x")));
    place.says(&["revoke-session", id]);
    place.says(&["revoke-user", "-x"]);
    becomes_revoked(&list, &one);
    becomes_revoked(&list, &two);
    assert_eq!(place.says(&["list", "--user", "-x"]).lines().count(), 1);
}

#[test]
fn an_id_of_another_form_is_revoked_with_a_warning() {
    let place = Place::with_list();
    let list = place.open();
    for id in ["AAAAAAAAAAAAAAAAAAAAA", "a session of another issuer"] {
        let ran = place.run(&["revoke-session", id]);
        assert_eq!((ran.code, ran.out), (Some(0), format!("Revoked session {id}.\n")));
        assert!(ran.err.contains("warning: this session ID"), "{}", ran.err);
        becomes_revoked(&list, &session(id, None, now()));
    }
    place.fails(&["revoke-session", ""], 2);
}

#[test]
fn revoke_before_compares_the_issue_time() {
    let place = Place::with_list();
    for (time, shown) in [
        ("1705305600", "2024-01-15 08:00:00 UTC"),
        ("2024-01-15T09:00:00.5+01:00", "2024-01-15 08:00:01 UTC"),
    ] {
        let said = place.says(&["revoke-before", time]);
        assert_eq!(said, format!("Revoked all sessions issued before {shown}.\n"));
    }
    let list = place.open();
    let time = 1_705_305_601;
    assert_eq!(list.status(&session(ID, None, time - 1)), RevocationStatus::Revoked);
    assert!(is_good(&list, &session(ID, None, time)));
}

#[test]
fn a_time_that_is_in_the_future_or_without_a_zone_is_wrong_usage() {
    let place = Place::with_list();
    let ahead = (now() + 3600).to_string();
    for (time, cause) in [
        (&*ahead, "in the future"),
        ("2999-01-01T00:00:00Z", "in the future"),
        ("2026-11-24", "a date with a zone"),
        ("now", "a date with a zone"),
        ("-1", ""),
        ("", ""),
    ] {
        let error = place.fails(&["revoke-before", time], 2);
        assert!(error.contains(cause), "{time}: {error}");
    }
    assert_eq!(place.says(&["count"]), "sessions: 0\ncutoffs: 0\n");
}

#[test]
fn commands_that_run_at_the_same_time_all_take_effect() {
    let place = Place::with_list();
    let list = place.open();
    thread::scope(|scope| {
        for user in 0..16 {
            let place = &place;
            scope.spawn(move || place.says(&["revoke-user", &user.to_string()]));
        }
    });
    assert_eq!(place.says(&["count"]), "sessions: 0\ncutoffs: 16\n");
    for user in 0..16 {
        becomes_revoked(&list, &session(ID, Some(&user.to_string()), now()));
    }
}

#[test]
fn create_revokes_the_sessions_that_were_issued_before() {
    let place = Place::new();
    let said = place.says(&["create"]);
    assert_eq!(said, "Created a revocation list, and revoked every session issued before.\n");
    let list = place.open();
    assert_eq!(list.status(&session(ID, None, now())), RevocationStatus::Revoked);
    assert!(is_good(&list, &issued_now(&list, ID, None)));
}

#[test]
fn create_for_the_first_roll_out_revokes_nothing() {
    let place = Place::new();
    let said = place.says(&["create", "--trust-existing"]);
    assert_eq!(said, "Created a revocation list. No session was revoked.\n");
    let list = place.open();
    assert!(is_good(&list, &session(ID, None, now() - DAY)));
    assert_eq!(place.says(&["list"]), "");
}

#[test]
fn create_leaves_an_existing_list_as_it_is() {
    let place = Place::with_list();
    let list = place.open();
    place.says(&["revoke-user", "42"]);
    let before = place.says(&["list", "--json"]);
    for arguments in [&["create"][..], &["create", "--trust-existing"]] {
        let error = place.fails(arguments, 1);
        assert!(error.contains("already exists, so nothing was changed"), "{error}");
        assert!(error.contains("revoke-all"), "{error}");
    }
    assert_eq!(place.says(&["list", "--json"]), before);
    assert!(is_good(&list, &session(ID, Some("43"), now())));
}
