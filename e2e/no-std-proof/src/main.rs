//! Seals a session, opens it, and refuses a forged one, on nothing but `core`
//! and `alloc`. If any dependency pulled in `std`, the panic handler in
//! `platform.rs` would be the second one and this would not build (E0152).
//! Exits with 0 if all went well, else with the number of the step that failed.

#![no_std]
#![no_main]

extern crate alloc;

mod platform;

use alloc::string::{String, ToString};

use waxseal_core::{Alone, Handle, Rejection, Sealer, Secret, UnixTime};

const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

fn proof() -> Result<(), u8> {
    let secret = Secret::new([7; 32]).map_err(|_| 1)?;
    let sealer = Sealer::builder(secret).build().map_err(|_| 2)?;

    let alone = Alone::open(&sealer, [], NOW);
    let session = Handle::new(&alone);
    session.insert("username", "susan").map_err(|_| 3)?;
    session.save().map_err(|_| 4)?;
    let closing = alone.close();
    let line = closing.set_cookie().next().ok_or(5)?;
    let cookie = line.split(';').next().ok_or(5)?.to_string();

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
