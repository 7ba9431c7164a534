//! Only bytes under a verified MAC reach the vectorized decoder, which is `unsafe` code of another
//! crate.

use alloc::{borrow::ToOwned as _, format, string::String, vec::Vec};
use core::{
    future::Future as _,
    pin::pin,
    task::{Context, Poll, Waker},
};

use crate::{OpenSession, Sealer, Secret, UnixTime, base64url::vectorized_decodes};

const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

fn token(sealer: &Sealer) -> String {
    let mut session = OpenSession::open(sealer, [], NOW).unwrap().with_randomness(|| Ok([7; 16]));
    session.insert("text", "x".repeat(100)).unwrap();
    session.save().unwrap();
    let Poll::Ready(Ok(changes)) =
        pin!(session.finish()).poll(&mut Context::from_waker(Waker::noop()))
    else {
        panic!("nothing to wait for")
    };
    let line = changes.set_cookie_lines().next().unwrap();
    let (_, value) = line.split_once('=').unwrap();
    value.split_once(';').unwrap().0.to_owned()
}

/// The token with each character replaced, each prefix of it, and it with more behind it.
fn changed(token: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    for at in 0..token.len() {
        let (before, after) = token.split_at(at);
        for replacement in ["A", "_", ".", "!", "="] {
            tokens.push(format!("{before}{replacement}{}", &after[1..]));
        }
        tokens.push(before.to_owned());
        tokens.push(format!("{before}.{after}"));
        tokens.push(format!("{before}AAAA{after}"));
    }
    tokens.retain(|changed| changed != token);
    tokens
}

/// How often the decoder runs for a valid token, after no run for the changed ones.
fn decodes_of(sealer: &Sealer) -> usize {
    let token = token(sealer);
    let before = vectorized_decodes();
    for changed in changed(&token) {
        assert!(sealer.verify(changed.as_bytes(), NOW).is_err(), "{changed}");
        assert_eq!(vectorized_decodes(), before, "{changed}");
    }
    sealer.verify(token.as_bytes(), NOW).unwrap();
    vectorized_decodes() - before
}

fn secret() -> Secret {
    Secret::new([7; 32]).unwrap()
}

#[test]
fn the_decoder_gets_the_claims_of_a_signed_token_after_its_signature() {
    assert_eq!(decodes_of(&Sealer::builder(secret()).build().unwrap()), 1);
    assert_eq!(decodes_of(&Sealer::microdot([7; 32]).unwrap()), 1);
}

#[cfg(feature = "encryption")]
#[test]
fn the_decoder_gets_nothing_of_an_encrypted_token() {
    assert_eq!(decodes_of(&Sealer::builder(secret()).encrypted().build().unwrap()), 0);
}
