//! What operators and developers read: errors, entries, and the values in a log.

use std::{error::Error as _, time::Duration};

use tempfile::TempDir;
use waxseal_core::UnixTime;
use waxseal_revocation::{
    Entry, OpenError, RevocationList, SessionKey, Store, UserKey, operator::Operator,
};

#[test]
fn an_error_says_which_values_are_allowed() {
    for (error, allowed) in [
        (OpenError::AbsoluteTimeout, "from 1 second to 10 years"),
        (OpenError::MaxSessions, "from 4 to 100000000"),
        (OpenError::MaxStaleness, "from 1 second to 1 hour"),
    ] {
        assert!(error.to_string().ends_with(allowed), "{error}");
        assert!(error.source().is_none());
    }
}

#[test]
fn an_error_of_a_store_has_the_cause_as_its_source() {
    let folder = TempDir::new().unwrap();
    let store = Store::sqlite(folder.path().join("none/sessions.db"));
    let error = RevocationList::builder(store).open().unwrap_err();
    let cause = error.source().unwrap().to_string();
    assert!(!cause.is_empty() && error.to_string().ends_with(&cause), "{error}");
    // Rust prints the error that `main` returns with `Debug`.
    assert_eq!(format!("{error:?}"), error.to_string());
    let OpenError::Store(error) = error else { panic!("{error}") };
    assert_eq!(error.source().unwrap().to_string(), cause);
    assert_eq!(format!("{error:?}"), error.to_string());
}

#[test]
fn a_time_in_the_future_says_what_to_do() {
    let list = RevocationList::memory().unwrap();
    let error = list.revoke_issued_before(UnixTime::from_secs(u64::MAX)).unwrap_err();
    assert!(error.to_string().ends_with("issued before a past time"), "{error}");
}

#[test]
fn an_entry_is_one_line() {
    let id = "AAECAwQFBgcICQoLDA0ODw";
    let (key, user) = (SessionKey::new(id), UserKey::new("susan"));
    let since = UnixTime::from_secs(1_800_000_000);
    let cutoff = 1_800_000_000_999;
    for (entry, line) in [
        (
            Entry::Session { key, user: Some(user), since },
            format!("session {id} of user GPrLyA0q4L9asixB-146rw, revoked {since}"),
        ),
        (Entry::Session { key, user: None, since }, format!("session {id}, revoked {since}")),
        (
            Entry::User { key: user, cutoff },
            format!("all sessions of user GPrLyA0q4L9asixB-146rw, revoked {since}"),
        ),
        (Entry::Everyone { cutoff }, format!("all sessions, revoked {since}")),
        (Entry::IssuedBefore { time: since }, format!("all sessions issued before {since}")),
    ] {
        assert_eq!(entry.to_string(), line);
    }
}

#[test]
fn debug_shows_no_session_id_and_no_user() {
    let entry = Entry::Session {
        key: SessionKey::new("AAECAwQFBgcICQoLDA0ODw"),
        user: Some(UserKey::new("susan")),
        since: UnixTime::from_secs(0),
    };
    let shown = format!("{entry:?}");
    assert!(
        shown.starts_with("Session { key: SessionKey(..), user: Some(UserKey(..)), "),
        "{shown}"
    );
}

#[test]
fn debug_of_a_list_shows_its_state() {
    let list = RevocationList::memory().unwrap();
    pollster::block_on(list.revoke_user("42")).unwrap();
    assert_eq!(format!("{list:?}"), "RevocationList { current: true, entries: 1, .. }");
}

#[test]
fn debug_of_a_builder_shows_its_settings() {
    let builder = RevocationList::builder(Store::sqlite("sessions.db"));
    let builder = builder.absolute_timeout(Duration::from_secs(60)).max_sessions(7);
    assert_eq!(
        format!("{builder:?}"),
        "RevocationListBuilder { store: Store(sessions.db), absolute_timeout: 60s, \
         max_sessions: 7, max_staleness: 15s }"
    );
}

#[test]
fn debug_of_an_operator_shows_nothing_of_the_store() {
    let folder = TempDir::new().unwrap();
    let store = Store::sqlite(folder.path().join("sessions.db"));
    drop(RevocationList::builder(store.clone()).open().unwrap());
    assert_eq!(format!("{:?}", Operator::open(&store).unwrap()), "Operator(..)");
}
