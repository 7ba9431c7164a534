//! Somebody at the login page.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

use crate::{
    client::{Client, Jar, Response},
    server::Server,
};

const NOBODY: [&str; 0] = [];

/// Logs in, in a browser without a cookie.
pub fn log_in(client: &Client, name: &str) -> Jar {
    let response = client.form("/", &format!("username={name}"), &NOBODY);
    assert_eq!(response.status, 303, "{}", response.body);
    let mut jar = Jar::default();
    jar.take(&response);
    jar
}

/// Logs out with the cookie of `jar`, which stays: as a thief has it.
pub fn log_out(client: &Client, jar: &Jar) -> Response {
    client.form("/logout", "", &jar.cookies())
}

/// Whether the cookie of `jar` is one of somebody who is logged in.
pub fn is_in(client: &Client, jar: &Jar) -> bool {
    let response = client.get("/", &jar.cookies());
    assert_eq!(response.status, 200, "{}", response.body);
    response.body.contains("Hello")
}

/// All log out at once, and in the midst of it the server is killed: those whose
/// logout was acknowledged, by their place among `jars`.
pub fn log_out_until_killed(server: &Server, jars: &[Jar]) -> Vec<usize> {
    let half = jars.len() / 2;
    let acknowledged = Mutex::new(Vec::new());
    let known = || acknowledged.lock().unwrap_or_else(PoisonError::into_inner);
    let (next, killed) = (AtomicUsize::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let client = Client::of(server);
                while !killed.load(SeqCst) {
                    let user = next.fetch_add(1, SeqCst);
                    let Some(jar) = jars.get(user) else { return };
                    let Some(response) = client.try_form("/logout", "", &jar.cookies()) else {
                        return;
                    };
                    assert_eq!(response.status, 303);
                    known().push(user);
                }
            });
        }
        scope.spawn(|| {
            while known().len() < half {
                thread::sleep(Duration::from_millis(1));
            }
            server.kill();
            killed.store(true, SeqCst);
        });
    });
    let acknowledged = acknowledged.into_inner().unwrap_or_else(PoisonError::into_inner);
    assert!((half..jars.len()).contains(&acknowledged.len()), "{}", acknowledged.len());
    acknowledged
}
