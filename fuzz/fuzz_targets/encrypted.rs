//! The input is a token for a sealer that encrypts: any bytes, or a correctly encrypted token
//! with any header, any claims, or one changed byte. Claims get the verdict that they get
//! in a signed token; everything else must be rejected.
#![cfg_attr(fuzzing, no_main)]

use arbitrary::Arbitrary;
use fuzz::{NOW, Object, WAXSEAL, jwe::Jwe, request, see, support};
use std::sync::LazyLock;
use waxseal_core::{Rejection, Sealer, UnixTime};

static SEALER: LazyLock<Sealer> =
    LazyLock::new(|| Sealer::builder(support::secret()).encrypted().build().unwrap());
static JWE: LazyLock<Jwe> = LazyLock::new(Jwe::own);

#[derive(Arbitrary, Debug)]
enum Input<'a> {
    Token(&'a [u8]),
    Header(&'a str),
    Claims(&'a [u8]),
    Changed { claims: &'a [u8], at: usize, byte: u8 },
}

fuzz::target!(|input: Input<'_>| {
    let now = UnixTime::from_secs(NOW);
    match input {
        // Nobody guesses a tag.
        Input::Token(token) => drop(SEALER.verify(token, now).unwrap_err()),
        Input::Header(header) => {
            let token = JWE.token_with(header, support::alive(""));
            let expected =
                if token.len() > 4096 { Err(Rejection::TooLarge) } else { verdict(header) };
            assert_eq!(SEALER.verify(token.as_bytes(), now).map(drop), expected);
        }
        Input::Claims(claims) => {
            let token = JWE.token(claims);
            let signed = WAXSEAL.minter().token(claims);
            if token.len().max(signed.len()) > 4096 {
                return;
            }
            let cookie = format!("__Host-session={token}");
            let (encrypted, _) = request(&SEALER, [cookie.as_bytes()], see);
            let (signed, _) = request(&WAXSEAL.sealer, [WAXSEAL.cookie(&signed).as_bytes()], see);
            assert_eq!(encrypted, signed);
        }
        Input::Changed { claims, at, byte } => {
            let good = JWE.token(claims).into_bytes();
            let mut token = good.clone();
            let at = at % token.len();
            token[at] = byte;
            if token != good {
                SEALER.verify(&token, now).unwrap_err();
            }
        }
    }
});

fn verdict(header: &str) -> Result<(), Rejection> {
    if support::b64(header).len() > 256 {
        return Err(Rejection::Header);
    }
    let Object::<&str>(members) = serde_json::from_str(header).map_err(|_| Rejection::Header)?;
    let value = |wanted: &str| {
        members.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.get())
    };
    let known = members.iter().all(|(name, _)| ["alg", "enc", "typ", "kid"].contains(name))
        && value("alg") == Some("\"dir\"")
        && value("enc") == Some("\"A256CBC-HS512\"")
        && value("typ").is_none_or(|typ| typ.eq_ignore_ascii_case("\"JWT\""))
        && value("kid").is_none_or(|json| json.starts_with('"'));
    if !known {
        return Err(Rejection::Header);
    }
    let ours = JWE.header.split('"').nth(11).map(|kid| format!("\"{kid}\""));
    if value("kid") == ours.as_deref() { Ok(()) } else { Err(Rejection::UnknownKey) }
}
