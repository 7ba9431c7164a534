//! Checks which cookies the core accepts and rejects.

use alloc::string::String;

use core::{
    future::Future as _,
    pin::pin,
    task::{Context, Poll, Waker},
};

use waxseal_core::{
    OpenSession, Rejection, ResponseChanges, SaveError, Sealer, SealerBuilder, Secret, UnixTime,
};

use crate::{Checked, check};

const NOW: u64 = 1_800_000_000;
const DAY: u64 = 86_400;

/// Cookies signed with Microdot's key `top-secret`, and their users. The tokens are
/// from MicroPython, and from PyJWT with both orders of its header.
const MICRODOT: [(&str, &str); 3] = [
    (
        "session=eyJ0eXAiOiAiSldUIiwgImFsZyI6ICJIUzI1NiJ9.eyJ1c2VybmFtZSI6ICJzdXNhbiJ9.\
         6gkThX0SIJN4hqN2xbHoEsDq1uUF0Srami8UMHbBCxU",
        "susan",
    ),
    (
        "session=eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ1c2VybmFtZSI6ImpvZSJ9.\
         5c9Xq2Di-vQM__F2bTaGWfFhqQNGvJjLZzXrbPfCE94",
        "joe",
    ),
    (
        "session=eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJ1c2VybmFtZSI6ImpvZSJ9.\
         83K9GgiHjp6aXGhYwGBCQiaG5keoRgm0-POkVrkM-xw",
        "joe",
    ),
];

pub fn all() -> Checked {
    let sealer = sealer(7).ok_or("the sealer can be built")?;
    let cookie = sealed(&sealer).ok_or("a session can be sealed")?;
    check("a sealed session opens", name(&sealer, &cookie, NOW).as_deref() == Some("susan"))?;
    rejections(&sealer, &cookie)?;
    #[cfg(feature = "encrypted")]
    encrypted(&cookie)?;
    microdot()?;
    clock(&sealer, &cookie)
}

fn builder(secret: u8) -> Option<SealerBuilder> {
    Some(Sealer::builder(Secret::new([secret; 32]).ok()?))
}

fn sealer(secret: u8) -> Option<Sealer> {
    builder(secret)?.build().ok()
}

/// Returns the changes to the response. Without a revocation list, they are ready at
/// once.
fn finish(session: &mut OpenSession<&Sealer>) -> Option<ResponseChanges> {
    let finish = pin!(session.finish()).poll(&mut Context::from_waker(Waker::noop()));
    if let Poll::Ready(Ok(changes)) = finish { Some(changes) } else { None }
}

/// Returns the cookie of a new session of the user susan.
fn sealed(sealer: &Sealer) -> Option<String> {
    let session = OpenSession::open(sealer, [], UnixTime::from_secs(NOW)).ok()?;
    let mut session = session.with_randomness(|| Ok(*b"not random at al"));
    session.insert("username", "susan").ok()?;
    session.save().ok()?;
    let changes = finish(&mut session)?;
    changes.set_cookie_lines().next()?.split(';').next().map(String::from)
}

fn name(sealer: &Sealer, cookie: &str, now: u64) -> Option<String> {
    let session = OpenSession::open(sealer, [cookie.as_bytes()], UnixTime::from_secs(now));
    session.ok()?.get("username").ok()?
}

fn rejection(sealer: &Sealer, cookie: &str, now: u64) -> Option<Rejection> {
    let session = OpenSession::open(sealer, [cookie.as_bytes()], UnixTime::from_secs(now)).ok()?;
    session.rejection().filter(|_| session.is_new() && session.keys().is_empty())
}

fn rejections(sealer: &Sealer, cookie: &str) -> Checked {
    let forged = flipped(cookie);
    let signature = Some(Rejection::Signature);
    check("a changed signature is rejected", rejection(sealer, &forged, NOW) == signature)?;
    let late = rejection(sealer, cookie, NOW + 8 * DAY);
    check("an expired session is rejected", late == Some(Rejection::Expired))?;
    let other = self::sealer(8).ok_or("a second sealer can be built")?;
    let unknown = Some(Rejection::UnknownKey);
    check("an unknown key is rejected", rejection(&other, cookie, NOW) == unknown)?;
    let small = builder(7).and_then(|builder| builder.max_token_bytes(256).build().ok());
    let small = small.ok_or("a small sealer can be built")?;
    let long = alloc::format!("{cookie}{}", "x".repeat(256));
    let large = rejection(&small, &long, NOW);
    check("a cookie over the limit is rejected", large == Some(Rejection::TooLarge))
}

/// Changes the first character of the signature.
fn flipped(cookie: &str) -> String {
    let (message, signature) = cookie.rsplit_once('.').unwrap_or_default();
    let first = if signature.starts_with('A') { 'B' } else { 'A' };
    let rest = signature.get(1..).unwrap_or_default();
    alloc::format!("{message}.{first}{rest}")
}

#[cfg(feature = "encrypted")]
fn encrypted(signed: &str) -> Checked {
    let sealer = builder(7).and_then(|builder| builder.encrypted().build().ok());
    let sealer = sealer.ok_or("a sealer that encrypts can be built")?;
    let cookie = sealed(&sealer).ok_or("a session can be encrypted")?;
    check("it is encrypted", cookie.split('.').count() == 5)?;
    check("it opens", name(&sealer, &cookie, NOW).as_deref() == Some("susan"))?;
    let changed = rejection(&sealer, &flipped(&cookie), NOW);
    check("a changed tag is rejected", changed == Some(Rejection::Signature))?;
    let signed = rejection(&sealer, signed, NOW);
    check("a signed session is rejected", signed == Some(Rejection::Malformed))
}

fn microdot() -> Checked {
    let sealer = Sealer::microdot("top-secret")
        .map_err(|_| "the sealer for Microdot's format can be built")?;
    for (cookie, user) in MICRODOT {
        let accepted = name(&sealer, cookie, NOW).as_deref() == Some(user);
        check("Microdot's token is accepted", accepted)?;
        let rejection = rejection(&sealer, &flipped(cookie), NOW);
        check(
            "Microdot's token with a changed signature is rejected",
            rejection == Some(Rejection::Signature),
        )?;
    }
    let other =
        Sealer::microdot("another").map_err(|_| "the sealer for Microdot's format can be built")?;
    let rejection = rejection(&other, MICRODOT[0].0, NOW);
    check("Microdot's token of another key is rejected", rejection == Some(Rejection::Signature))
}

/// Checks a board that has just started and has no battery for its clock.
fn clock(sealer: &Sealer, cookie: &str) -> Checked {
    let rejection = rejection(sealer, cookie, 0);
    check("without a clock, no cookie is accepted", rejection == Some(Rejection::ClockNotSet))?;
    let session = OpenSession::open(sealer, [], UnixTime::from_secs(0));
    let saved = session.map_err(|_| "the session is unavailable")?.save();
    check("without a clock, no session is saved", saved == Err(SaveError::ClockNotSet))
}
