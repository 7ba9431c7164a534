//! Seals a session, opens it, and refuses a forged one, on nothing but `core`
//! and `alloc`. If any dependency pulled in `std`, the panic handler in
//! `platform.rs` would be the second one and this would not build (E0152).
//! Exits with 0 if all went well, else with the number of the step that failed.

#![no_std]
#![no_main]

extern crate alloc;

mod platform;

use alloc::string::{String, ToString};

use waxseal_core::{Alone, Handle, Rejection, ResponseHeaders, Sealer, Secret, UnixTime};

const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

/// Keeps the one `Set-Cookie` line.
#[derive(Default)]
struct Line(String);

impl ResponseHeaders for Line {
    fn joined(&self, _: &str) -> Option<String> {
        None
    }

    fn set(&mut self, _: &'static str, _: String) {}

    fn append(&mut self, _: &'static str, value: String) {
        self.0 = value;
    }

    fn remove(&mut self, _: &'static str) {}
}

fn proof() -> Result<(), u8> {
    let secret = Secret::new([7; 32]).map_err(|_| 1)?;
    let sealer = Sealer::builder(secret).build().map_err(|_| 2)?;

    let alone = Alone::open(&sealer, [], NOW);
    let session = Handle::new(&alone);
    session.insert("username", "susan").map_err(|_| 3)?;
    session.save().map_err(|_| 4)?;
    let mut line = Line::default();
    alone.close().apply(&mut line);
    let cookie = line.0.split(';').next().ok_or(5)?.to_string();

    let alone = Alone::open(&sealer, [cookie.as_bytes()], NOW);
    let session = Handle::new(&alone);
    if session.get::<String>("username").map_err(|_| 6)?.as_deref() != Some("susan") {
        return Err(7);
    }
    let mut forged = cookie.into_bytes();
    if let Some(byte) = forged.last_mut() {
        *byte ^= 4;
    }
    let alone = Alone::open(&sealer, [&*forged], NOW);
    if Handle::new(&alone).rejection() != Some(Rejection::Signature) {
        return Err(8);
    }
    Ok(())
}

#[unsafe(no_mangle)]
extern "C" fn run() -> i32 {
    proof().map_or_else(i32::from, |()| 0)
}
