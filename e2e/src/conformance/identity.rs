//! Who the user of a session is, over several requests.

use serde_json::json;

use crate::{
    client::{Client, Jar},
    server::{Format, Server},
};

const NO_COOKIES: [&str; 0] = [];

/// S-H2: a user who logs in over the session of another, with a stolen cookie or at a shared
/// browser, gets nothing of it.
pub fn a_login_over_the_session_of_another_user_gets_no_data(server: &Server) {
    let client = Client::of(server);
    let mut admin = Jar::default();
    admin.take(&client.script("login admin\ninsert is_admin true\nsave", &NO_COOKIES));
    assert_eq!(client.script("read", &admin.cookies()).json(), json!({"is_admin": true}));

    let mut mallory = Jar::default();
    let response = client.script("login mallory\nread", &admin.cookies());
    assert_eq!(response.json(), json!({}), "in the same request");
    mallory.take(&response);
    assert_eq!(client.script("read", &mallory.cookies()).json(), json!({}));
    assert_eq!(client.script("state", &mallory.cookies()).json()["user"], "mallory");
}

/// The data of an anonymous visitor, such as a cart, stays; a logout keeps only what it names.
pub fn an_anonymous_visitor_keeps_the_data_through_a_login(server: &Server) {
    let (client, mut jar) = (Client::of(server), Jar::default());
    jar.take(&client.script("insert cart [1]\ninsert theme \"dark\"\nsave", &NO_COOKIES));
    jar.take(&client.script("login susan", &jar.cookies()));
    assert_eq!(client.script("read", &jar.cookies()).json(), json!({"cart": [1], "theme": "dark"}));
    jar.take(&client.script("clear-user theme", &jar.cookies()));
    assert_eq!(client.script("read", &jar.cookies()).json(), json!({"theme": "dark"}));
    assert_eq!(client.script("state", &jar.cookies()).json()["user"], json!(null));
}

/// A change of identity is sent without a save. After one that fails, a save is an error.
pub fn changes_of_identity_save_at_once_or_fail_loudly(server: &Server) {
    let (client, mut jar) = (Client::of(server), Jar::default());
    jar.take(&client.script("login susan\ninsert a 1", &NO_COOKIES));
    assert_eq!(client.script("require", &jar.cookies()).json(), "susan");
    assert_eq!(client.script("read", &jar.cookies()).json(), json!({}), "a needs a save");

    for step in ["login", "confirm", "renew", "clear-user a"] {
        let (script, cookies) = match step {
            // An empty user.
            "login" => ("login \nsave".into(), jar.cookies()),
            "confirm" => ("confirm\nsave".into(), vec![]),
            step => (format!("insert a \"{}\"\n{step}\nsave", "x".repeat(3040)), jar.cookies()),
        };
        let response = client.script(&script, &cookies);
        assert_eq!(response.status, 500, "{step}: {}", response.body);
        assert!(response.set_cookies(server.mint.cookie).is_empty(), "{step}");
    }
}

/// A login, a confirmation and a renewal change the session ID; only a login changes `iat`.
pub fn changes_of_identity_change_the_session_id(server: &Server) {
    if server.format() == Format::Microdot {
        return; // Microdot's sessions have no session ID.
    }
    let (client, mint) = (Client::of(server), &server.mint);
    let old = mint.pair(&mint.alive(r#""sid":"old","sub":"susan","auth_time":1700000000,"a":1"#));
    let before = client.script("state", &[&old]).json();
    assert_eq!((&before["id"], &before["authenticated"]), (&json!("old"), &json!(1_700_000_000)));
    for (step, authenticates, is_new) in
        [("renew", false, false), ("confirm", true, false), ("login susan", true, true)]
    {
        let response = client.script(&format!("{step}\nstate"), &[&old]);
        let (during, mut jar) = (response.json(), Jar::default());
        jar.take(&response);
        let after = client.script("state", &jar.cookies()).json();
        assert_eq!(during["id"], after["id"], "{step}: the ID of the cookie that is sent");
        assert_ne!(after["id"], "old", "{step}");
        assert_eq!(after["issued"] != before["issued"], is_new, "{step}");
        assert_eq!(after["authenticated"] != before["authenticated"], authenticates, "{step}");
        assert_eq!(client.script("read", &jar.cookies()).json(), json!({"a": 1}), "{step}");
    }
}

/// A session that is not remembered expires sooner on the server.
pub fn a_session_can_have_shorter_timeouts(server: &Server) {
    let (client, mut jar) = (Client::of(server), Jar::default());
    jar.take(&client.script("timeouts 1800 7200\nsave", &NO_COOKIES));
    let state = client.script("state", &jar.cookies()).json();
    let lasts = |state: &serde_json::Value| {
        state["expires"].as_u64().zip(state["issued"].as_u64()).map(|(end, start)| end - start)
    };
    let expected = (server.format() == Format::Waxseal).then_some(1800);
    assert_eq!(lasts(&state), expected);
    let response = client.script("timeouts 99999999 99999999\nsave\nstate", &jar.cookies());
    // The idle timeout counts from this save, which can be seconds later; a longer one would end
    // with the absolute timeout.
    let lasts = lasts(&response.json());
    assert_eq!(lasts.is_some(), expected.is_some());
    assert!(lasts.is_none_or(|secs| (1800..7200).contains(&secs)), "only shorter: {lasts:?}");
}

/// S-M3: a form that no cookie can hold is an error, also field by field.
pub fn data_that_cannot_fit_is_an_error(server: &Server) {
    let client = Client::of(server);
    // The server on picoserve has a small buffer.
    let large = format!("write {{\"a\":\"{}\"}}\nsave", "x".repeat(3100));
    let fields: Vec<_> = (0..400).map(|n| format!("insert {n} 0")).collect();
    for script in [large, fields.join("\n") + "\nsave"] {
        let response = client.script(&script, &NO_COOKIES);
        assert_eq!(response.status, 500);
        assert!(response.set_cookies(server.mint.cookie).is_empty());
        assert!(response.body.contains("keep less data"), "{}", response.body);
    }
}
