//! The input is the header of a correctly signed token. The library must accept
//! exactly the headers that `serde_json` and docs/wire-format.md accept.
#![cfg_attr(fuzzing, no_main)]

use fuzz::{Kind, MICRODOT, Object, WAXSEAL, request, see, support};
use waxseal_core::Rejection;

fuzz::target!(|header: &[u8]| {
    for (kind, claims) in [(&*WAXSEAL, support::alive("")), (&*MICRODOT, "{}".into())] {
        let token = kind.minter().token_with(header, claims);
        let cookie = kind.cookie(&token);
        let (seen, _) = request(&kind.sealer, [cookie.as_bytes()], see);
        let expected =
            if token.len() > 4096 { Err(Rejection::TooLarge) } else { verdict(kind, header) };
        assert_eq!(seen.map(drop), expected, "{}", kind.is_microdot);
    }
});

fn verdict(kind: &Kind, header: &[u8]) -> Result<(), Rejection> {
    let known = support::b64(header).len() <= 256;
    let text = known.then(|| str::from_utf8(header).ok()).flatten().ok_or(Rejection::Header)?;
    // `serde_json` can borrow a name only if the name has no escapes.
    let Object::<&str>(members) = serde_json::from_str(text).map_err(|_| Rejection::Header)?;
    let value = |wanted: &str| {
        members.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.get())
    };
    let is_string = |json: &str| json.starts_with('"');
    let known = members.iter().all(|(name, _)| ["alg", "typ", "kid"].contains(name))
        // Compared as text, because a value with escapes is not accepted.
        && value("alg") == Some("\"HS256\"")
        && value("typ").is_none_or(|typ| typ.eq_ignore_ascii_case("\"JWT\""))
        && value("kid").is_none_or(is_string);
    if !known {
        return Err(Rejection::Header);
    }
    // Microdot has only one key, so any `kid` is accepted.
    let ours = format!("\"{}\"", kind.minter().kid());
    if kind.is_microdot || value("kid") == Some(&ours) {
        Ok(())
    } else {
        Err(Rejection::UnknownKey)
    }
}
