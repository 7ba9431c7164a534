//! The same test of every version of the application.

use tower_sessions::MemoryStore;

use crate::{client::Browser, servers};

fn works(url: &str) {
    let mut browser = Browser::at(url);
    assert_eq!(browser.page(), "Not logged in, 0 items in your cart");
    assert!(browser.cookies.is_empty());

    let refused = browser.log_in("susan", "honey");
    assert_eq!((refused.status, refused.lines.len()), (403, 0));

    browser.post("/items");
    assert_eq!(browser.page(), "Not logged in, 1 items in your cart");
    let login = browser.log_in("susan", "wax");
    assert_eq!((login.status, login.lines.len()), (303, 1));
    assert_eq!(browser.page(), "Hello susan, 1 items in your cart");
    browser.post("/items");
    browser.post("/items");
    assert_eq!(browser.page(), "Hello susan, 3 items in your cart");

    assert_eq!(Browser::at(url).page(), "Not logged in, 0 items in your cart");
    let mut forger = browser.clone();
    for value in forger.cookies.values_mut() {
        let first = if value.starts_with('A') { "B" } else { "A" };
        value.replace_range(..1, first);
    }
    assert_eq!(forger.page(), "Not logged in, 0 items in your cart");

    browser.post("/logout");
    assert!(browser.cookies.is_empty());
    assert_eq!(browser.page(), "Not logged in, 0 items in your cart");
}

#[test]
fn before_tower_sessions() {
    works(&servers::tower_sessions_::before(MemoryStore::default()));
}

#[test]
fn before_actix_session() {
    works(&servers::actix_session_::before());
}

#[test]
fn before_axum_extra() {
    works(&servers::axum_extra_::before());
}

#[test]
fn after_on_axum() {
    works(&servers::after_axum());
}

#[test]
fn after_on_actix() {
    works(&servers::after_actix());
}

#[test]
fn while_sessions_of_tower_sessions_move() {
    works(&servers::tower_sessions_::moving(MemoryStore::default()));
}

#[test]
fn while_sessions_of_actix_session_move() {
    works(&servers::actix_session_::moving());
}

#[test]
fn while_the_cookies_of_axum_extra_move() {
    works(&servers::axum_extra_::moving());
}
