//! Seals a session, opens it, and rejects a forged one, with only `core` and
//! `alloc`. If a dependency used `std`, the panic handler in `platform.rs` would be
//! a duplicate, and the build would fail (E0152). Exits with 0 on success, and
//! otherwise with the number of the step that failed.

#![no_std]
#![no_main]

extern crate alloc;

mod platform;

use alloc::string::{String, ToString};
use core::{
    future::Future as _,
    pin::pin,
    task::{Context, Poll, Waker},
};

use waxseal_core::{OpenSession, Rejection, Sealer, Secret, UnixTime};

const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

fn proof() -> Result<(), u8> {
    let secret = Secret::new([7; 32]).map_err(|_| 1)?;
    let sealer = Sealer::builder(secret).build().map_err(|_| 2)?;

    let mut session = OpenSession::open(&sealer, [], NOW).map_err(|_| 3)?;
    session.insert("username", "susan").map_err(|_| 3)?;
    session.save().map_err(|_| 4)?;
    let finish = pin!(session.finish()).poll(&mut Context::from_waker(Waker::noop()));
    let Poll::Ready(Ok(changes)) = finish else { return Err(5) };
    let line = changes.set_cookie_lines().next().ok_or(5)?;
    let cookie = line.split(';').next().ok_or(5)?.to_string();

    let session = OpenSession::open(&sealer, [cookie.as_bytes()], NOW).map_err(|_| 6)?;
    if session.get::<String>("username").map_err(|_| 6)?.as_deref() != Some("susan") {
        return Err(7);
    }
    let mut forged = cookie.into_bytes();
    if let Some(byte) = forged.last_mut() {
        *byte ^= 4;
    }
    let session = OpenSession::open(&sealer, [&*forged], NOW).map_err(|_| 8)?;
    if session.rejection() != Some(Rejection::Signature) {
        return Err(8);
    }
    Ok(())
}

#[unsafe(no_mangle)]
extern "C" fn run() -> i32 {
    proof().map_or_else(i32::from, |()| 0)
}
