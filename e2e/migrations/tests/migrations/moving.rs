//! Sessions of the old library move to waxseal, and no user logs in again.

use tower_sessions::MemoryStore;

use crate::{client::Browser, servers};

const NEW: &str = "__Host-session";

/// A user of the old application who has two items in the cart.
fn user_of(url: &str, name: &str) -> Browser {
    let mut browser = Browser::at(url);
    assert_eq!(browser.log_in(name, "wax").status, 303);
    browser.post("/items");
    browser.post("/items");
    browser
}

/// Moves a session. Returns the old cookies.
fn moves(before: &str, moving: &str) -> Browser {
    let old = user_of(before, "susan").moved_to(moving);
    let mut browser = old.clone();
    assert_eq!(browser.page(), "Hello susan, 2 items in your cart");
    assert_eq!(browser.cookies.keys().collect::<Vec<_>>(), [NEW], "the old cookies are gone");
    assert_eq!(browser.page(), "Hello susan, 2 items in your cart");
    browser.post("/logout");
    assert_eq!(browser.page(), "Not logged in, 0 items in your cart");

    // Beside a new session, the old one is removed and not used.
    let mut both = user_of(before, "susan").moved_to(moving);
    let mut new = Browser::at(moving);
    assert_eq!(new.log_in("david", "wax").status, 303);
    both.cookies.append(&mut new.cookies);
    assert_eq!(both.page(), "Hello david, 0 items in your cart");
    both.post("/logout");
    assert_eq!(both.page(), "Not logged in, 0 items in your cart");

    // The first request can be a login or a logout, too.
    let mut login = user_of(before, "susan").moved_to(moving);
    assert_eq!(login.log_in("david", "wax").status, 303);
    assert_eq!(login.page(), "Hello david, 0 items in your cart");
    let mut logout = user_of(before, "susan").moved_to(moving);
    logout.post("/logout");
    assert!(logout.cookies.is_empty());
    assert_eq!(logout.page(), "Not logged in, 0 items in your cart");
    old
}

#[test]
fn from_tower_sessions() {
    let store = MemoryStore::default();
    let before = servers::tower_sessions_::before(store.clone());
    let mut copy = moves(&before, &servers::tower_sessions_::moving(store));
    // The move has deleted the session in the store.
    assert_eq!(copy.page(), "Not logged in, 0 items in your cart");
}

#[test]
fn from_actix_session() {
    let mut copy = moves(&servers::actix_session_::before(), &servers::actix_session_::moving());
    // The server keeps no list of moved cookies: a copy moves again until the layer is removed.
    assert_eq!(copy.page(), "Hello susan, 2 items in your cart");
}

#[test]
fn from_axum_extra() {
    let mut copy = moves(&servers::axum_extra_::before(), &servers::axum_extra_::moving());
    assert_eq!(copy.page(), "Hello susan, 2 items in your cart");
}
