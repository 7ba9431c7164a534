//! The smallest program with the core: it opens a cookie of 300 bytes and saves
//! the session. With the feature `typed`, it also reads and sets an entry, which
//! requires `serde_json`.

#![no_std]
#![no_main]

#[cfg(feature = "typed")]
extern crate alloc;

use core::{
    future::Future as _,
    hint::black_box,
    pin::pin,
    task::{Context, Poll, Waker},
};

use cortex_m_rt::entry;
use waxseal_core::{OpenSession, Sealer, Secret, UnixTime};

const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

/// The session of the other token, encrypted.
#[cfg(feature = "encrypted")]
const COOKIE: &str = "__Host-session=eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2Q0JDLUhTNTEyIiwia2lkIjoiSlFfYk\
    9TbVIifQ..00n5LrAl8W26cyhi1SsYhw.zGydnMpyednUfHPKT762Uwmp4s-2pCFu5rNHQCLnzN0O\
    tEmwBrT988Lo9btSXSBBqPVrrqo-ewMOKB5nCv6pADufCt8p9wC2TI35MSs_8LMm7SPpW8yQUOjAH\
    yHWTEKF-RmGl10t6A2cS7xUXRJU5nLBvwMdaWYilK-9xEnwPE7_fwCNNMa1F5GXINmEsOZ64CjtE3\
    qYhgUVhalxT_HfGQ.G2LfxbpR2CHu6DM5EoGtMss47LThx_oUKMQGLvouLSU";

/// A token of 300 bytes with the times, `sid`, a user name, a counter and a note.
#[cfg(not(feature = "encrypted"))]
const COOKIE: &str = "__Host-session=eyJhbGciOiJIUzI1NiIsImtpZCI6InBwQkVpQU43In0.eyJpYXQiOjE3OTk5O\
    TkwMDAsImV4cCI6MTgwMDYwMzgwMCwic2lkIjoiQWdJQ0FnSUNBZ0lDQWdJQ0FnSUNBZyIsInVzZ\
    XJuYW1lIjoic3VzYW4iLCJ2aXNpdHMiOjEsIm5vdGUiOiJ4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e\
    Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eCJ9.lu4aGk3zH9ejbiCLJviL5v50RMA9WoLE\
    k6let7POXcA";

fn visit() -> Result<(), &'static str> {
    let cookie = black_box(COOKIE);
    let secret = Secret::new([7; 32]).map_err(|_| "the secret is too short")?;
    let builder = Sealer::builder(secret);
    #[cfg(feature = "encrypted")]
    let builder = builder.encrypted();
    let sealer = builder.build().map_err(|_| "the sealer cannot be built")?;
    let session = OpenSession::open(&sealer, [cookie.as_bytes()], NOW);
    let session = session.map_err(|_| "the session is unavailable")?;
    #[cfg(feature = "encrypted")]
    let session = session.with_randomness(|| Ok(*b"not random at al"));
    let mut session = session;
    if session.is_new() {
        return Err("the cookie was not accepted");
    }
    #[cfg(feature = "typed")]
    {
        let name: Option<alloc::string::String> =
            session.get("username").map_err(|_| "the user name is not a string")?;
        if name.as_deref() != Some("susan") {
            return Err("the session has another user name");
        }
        session.insert("visits", 2).map_err(|_| "the entry cannot be inserted")?;
    }
    session.save().map_err(|_| "the session cannot be saved")?;
    let finish = pin!(session.finish()).poll(&mut Context::from_waker(Waker::noop()));
    let Poll::Ready(Ok(changes)) = finish else { return Err("the changes are not ready") };
    let line = changes.set_cookie_lines().next().ok_or("the response does not set the cookie")?;
    black_box(line);
    Ok(())
}

#[entry]
fn main() -> ! {
    firmware::run(visit)
}
