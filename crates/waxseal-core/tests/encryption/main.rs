//! Encrypted sessions, against a second implementation of their tokens.

#[path = "../support/mod.rs"]
mod support;

mod algorithms;
mod forgeries;
mod jwe;
mod sessions;

use std::{
    cell::Cell,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

use waxseal_core::{OpenSession, RandomError, Rejection, Sealer, UnixTime};

use self::support::{Headers, NOW, finish, secret};

/// Different bits at each call.
#[expect(clippy::unnecessary_wraps, reason = "the type of a source")]
fn random() -> Result<[u8; 16], RandomError> {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let mut bits = [0x5a; 16];
    bits[..8].copy_from_slice(&NEXT.fetch_add(1, Relaxed).to_le_bytes());
    CALLS.set(CALLS.get() + 1);
    LAST.set(bits);
    Ok(bits)
}

thread_local! {
    /// How often this thread has called `random`, and the last answer.
    static CALLS: Cell<u32> = const { Cell::new(0) };
    static LAST: Cell<[u8; 16]> = const { Cell::new([0; 16]) };
}

fn encrypted() -> Sealer {
    Sealer::builder(secret()).encrypted().build().unwrap()
}

/// Runs one request. Returns the changes to the response.
fn request<R>(
    sealer: &Sealer,
    cookies: &[&str],
    at: u64,
    handler: impl FnOnce(&mut OpenSession<&Sealer>) -> R,
) -> (R, Headers) {
    let headers = cookies.iter().map(|header| header.as_bytes());
    let session = OpenSession::open(sealer, headers, UnixTime::from_secs(at)).unwrap();
    let mut session = session.with_randomness(random);
    let result = handler(&mut session);
    let mut response = Headers::default();
    finish(&mut session).unwrap().apply(&mut response);
    (result, response)
}

/// The user of a token and its rejection, on this server at this time.
fn user_at(sealer: &Sealer, token: &str, at: u64) -> Result<Option<String>, Rejection> {
    let cookie = format!("{}={token}", sealer.cookie().name());
    let read = |session: &mut OpenSession<&Sealer>| match session.rejection() {
        None => Ok(session.user()),
        Some(rejection) => Err(rejection),
    };
    request(sealer, &[&cookie], at, read).0
}

fn user(sealer: &Sealer, token: &str) -> Result<Option<String>, Rejection> {
    user_at(sealer, token, NOW)
}

/// Logs susan in, and returns the token.
fn log_in(sealer: &Sealer, at: u64) -> String {
    let (result, response) = request(sealer, &[], at, |session| {
        session.insert("theme", "dark")?;
        Ok::<_, Box<dyn std::error::Error>>(session.log_in("susan")?)
    });
    result.unwrap();
    response.token().to_owned()
}
