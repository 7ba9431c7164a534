//! A user at the login page.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

use crate::{
    client::{Client, Jar, Response},
    server::Server,
};

const NO_COOKIES: [&str; 0] = [];

/// Logs in with a browser that has no cookie.
pub fn log_in(client: &Client, name: &str) -> Jar {
    log_in_at(client, "/", name)
}

/// Like [`log_in`], for a server with another path of the login.
pub fn log_in_at(client: &Client, path: &str, name: &str) -> Jar {
    let response = client.form(path, &format!("username={name}&password=wax"), &NO_COOKIES);
    assert_eq!(response.status, 303, "{}", response.body);
    let mut jar = Jar::default();
    jar.take(&response);
    jar
}

/// Logs out. The cookie stays in `jar`, as a stolen copy would.
pub fn log_out(client: &Client, jar: &Jar) -> Response {
    client.form("/logout", "", &jar.cookies())
}

/// Returns whether a user with the cookie in `jar` is logged in.
pub fn is_in(client: &Client, jar: &Jar) -> bool {
    let response = client.get("/", &jar.cookies());
    assert_eq!(response.status, 200, "{}", response.body);
    response.body.contains("Hello")
}

/// Returns whether a user with the cookie in `jar` is logged in, on a server that may not serve
/// sessions now.
pub fn is_accepted(client: &Client, jar: &Jar) -> bool {
    let response = client.get("/", &jar.cookies());
    assert!([200, 503].contains(&response.status), "{}: {}", response.status, response.body);
    response.body.contains("Hello")
}

/// Polls a condition for at most a minute.
pub fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while start.elapsed() < Duration::from_mins(1) {
        if is_so() {
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("not within a minute: {what}");
}

/// Logs out all users in parallel, and kills the server halfway. Returns the indices in `jars`
/// of the acknowledged logouts.
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
    assert!(acknowledged.len() >= half, "{}", acknowledged.len());
    acknowledged
}
