//! The input is `Cookie` headers, one per line. The library must not panic, and every
//! accepted session must come from a signed token.
//!
//! The target replaces `~` after the last dot of a value with the correct signature,
//! so that the fuzzer reaches the code behind the check of the signature.
#![cfg_attr(fuzzing, no_main)]

use std::borrow::Cow;

use data_encoding::BASE64URL_NOPAD;
use fuzz::{Kind, MICRODOT, MIGRATING, Minter, Object, Seen, WAXSEAL, request, see};
use waxseal_core::SaveError;

fuzz::target!(|input: &[u8]| {
    for kind in [&*WAXSEAL, &*MICRODOT, &*MIGRATING] {
        let headers: Vec<_> =
            input.split(|byte| *byte == b'\n').map(|header| signed(kind, header)).collect();
        for saves in [false, true] {
            open(kind, &headers, saves);
        }
    }
});

/// Replaces the placeholders in a header with signatures.
fn signed(kind: &Kind, header: &[u8]) -> Vec<u8> {
    let pairs = header.split(|byte| *byte == b';').map(|pair| {
        let (minter, value) = minter_of(kind, pair)?;
        let message = str::from_utf8(value.strip_suffix(b".~")?).ok()?;
        Some(Cow::Owned(format!("{}={}", minter.cookie, minter.signed(message)).into_bytes()))
    });
    let pairs: Vec<Cow<'_, [u8]>> = header
        .split(|byte| *byte == b';')
        .zip(pairs)
        .map(|(came, signed)| signed.unwrap_or(Cow::Borrowed(came)))
        .collect();
    pairs.join(&b';')
}

/// Returns the signer of the cookie `pair` and the value, or `None` for an unknown cookie.
fn minter_of<'k, 'p>(kind: &'k Kind, pair: &'p [u8]) -> Option<(&'k Minter, &'p [u8])> {
    let pair = pair.trim_ascii();
    let at = pair.iter().position(|byte| *byte == b'=')?;
    let minter = kind.minters.iter().find(|minter| minter.cookie.as_bytes() == &pair[..at])?;
    Some((minter, &pair[at + 1..]))
}

fn open(kind: &Kind, headers: &[Vec<u8>], saves: bool) {
    let handler = |session: &mut fuzz::Session<'_>| {
        let (seen, is_new) = (see(session), session.is_new());
        let saved = saves.then(|| session.save());
        (seen, is_new, saved)
    };
    let cookies = headers.iter().map(Vec::as_slice);
    let ((seen, is_new, saved), response) = request(&kind.sealer, cookies, handler);
    let entries = match seen {
        Ok(seen) if !is_new => {
            assert!(carries(kind, headers, &seen), "{seen:?} was not signed");
            seen.entries
        }
        Ok(seen) => seen.entries,
        Err(_) => Vec::new(),
    };
    match saved {
        Some(Err(SaveError::TooLarge { .. })) => {}
        Some(Err(error)) => panic!("{error}"),
        // Without a save, the sealer may refresh the cookie with the current key and name.
        None if response.sets_none() => {}
        Some(Ok(())) | None => assert_eq!(kind.reopen(&response).unwrap().entries, entries),
    }
}

/// Returns whether one of the cookies is a signed token with these entries.
fn carries(kind: &Kind, headers: &[Vec<u8>], seen: &Seen) -> bool {
    let pairs = headers.iter().flat_map(|header| header.split(|byte| *byte == b';'));
    pairs.filter_map(|pair| minter_of(kind, pair)).any(|(minter, value)| {
        let Ok(token) = str::from_utf8(value) else { return false };
        minter.signs(token) && entries(kind, token) == Some(&*seen.entries).map(<[_]>::to_vec)
    })
}

/// Decodes the data in a token.
fn entries(kind: &Kind, token: &str) -> Option<Vec<(String, String)>> {
    let claims = BASE64URL_NOPAD.decode(token.split('.').nth(1)?.as_bytes()).ok()?;
    let Object::<String>(members) = serde_json::from_slice(&claims).ok()?;
    let data = members.into_iter().filter(|(name, _)| !kind.reserves(name));
    Some(data.map(|(name, value)| (name, value.get().into())).collect())
}
