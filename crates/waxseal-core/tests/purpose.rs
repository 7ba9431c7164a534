//! Keys by what they are for: applications and markers.

mod support;

use support::{Minter, NOW, alive, b64, request, secret, unb64, verdict};
use waxseal_core::{
    BuildError, CookieSpec, Jwks, Main, Marker, Rejection, Sealer, SealerBuilder, UnixTime,
};

struct Admin;

impl Marker for Admin {
    const PURPOSE: &'static str = "admin";
}

struct Named<const WHICH: usize>;

impl Marker for Named<0> {
    const PURPOSE: &'static str = "";
}

impl Marker for Named<1> {
    const PURPOSE: &'static str = "a\0app=b";
}

impl Marker for Named<2> {
    const PURPOSE: &'static str = "main";
}

fn builder() -> SealerBuilder {
    Sealer::builder(secret())
}

fn token(sealer: &Sealer) -> String {
    request(sealer, &[], NOW, |session| session.log_in("susan").unwrap()).1.token().to_owned()
}

/// S-M2 and S-L14: under one secret and one cookie name.
#[test]
fn no_purpose_accepts_the_sessions_of_another() {
    let sealers = [
        builder().build().unwrap(),
        builder().application("shop").build().unwrap(),
        builder().application("admin").build().unwrap(),
        builder().marker::<Admin>().build().unwrap(),
        builder().application("shop").marker::<Admin>().build().unwrap(),
    ];
    let tokens: Vec<_> = sealers.iter().map(token).collect();
    for (at, sealer) in sealers.iter().enumerate() {
        for (from, token) in tokens.iter().enumerate() {
            let expected = if at == from { Ok(vec![]) } else { Err(Rejection::UnknownKey) };
            assert_eq!(verdict(sealer, token), expected, "{from} in {at}");
        }
    }
    let markers: Vec<_> = sealers.iter().map(Sealer::marker).collect();
    assert_eq!(markers, ["main", "main", "main", "admin", "admin"]);
}

#[test]
fn the_main_session_needs_no_marker() {
    let main = builder().build().unwrap();
    for same in [builder().marker::<Main>(), builder().marker::<Named<2>>()] {
        assert_eq!(verdict(&same.build().unwrap(), &token(&main)), Ok(vec![]));
    }
}

#[test]
fn a_previous_cookie_has_the_purpose_of_the_sealer() {
    let previous = CookieSpec::builder("previous").build().unwrap();
    let before = builder().application("shop").cookie(previous.clone()).build().unwrap();
    let cookie = format!("previous={}", token(&before));
    let user = |builder: SealerBuilder| {
        let sealer = builder.previous_cookie(previous.clone()).build().unwrap();
        request(&sealer, &[&cookie], NOW, |session| session.user()).0
    };
    assert_eq!(user(builder().application("shop")).as_deref(), Some("susan"));
    assert_eq!(user(builder()), None);
}

#[test]
fn names_are_checked() {
    let application = |name: &str| builder().application(name).build().map(drop);
    let refused = |part| Err(BuildError::Purpose { part });
    for name in ["", "a b", "a/b", "a\0marker=b", "é", &"x".repeat(65)] {
        assert_eq!(application(name), refused("application"), "{name:?}");
    }
    for name in ["a", "Shop-1.0_b", &"x".repeat(64)] {
        assert_eq!(application(name), Ok(()), "{name:?}");
    }
    assert_eq!(builder().marker::<Named<0>>().build().map(drop), refused("marker"));
    assert_eq!(builder().marker::<Named<1>>().build().map(drop), refused("marker"));
    let text = BuildError::Purpose { part: "marker" }.to_string();
    assert_eq!(text, "the marker must be 1 to 64 letters, digits and -._");
}

/// The member `waxseal:purpose` of a key file, and a token of its key.
fn key_file(purpose: &str) -> Jwks {
    let member = if purpose.is_empty() {
        String::new()
    } else {
        format!(r#","waxseal:purpose":"{purpose}""#)
    };
    let k = b64([7; 32]);
    Jwks::parse(&format!(
        r#"{{"keys":[{{"kty":"oct","kid":"1","k":"{k}","key_ops":["sign","verify"],"waxseal:cookie":"__Host-session"{member}}}]}}"#
    ))
    .unwrap()
}

#[test]
fn a_key_file_fits_only_its_purpose() {
    let purposes = ["", "shop", "shop/admin", "/admin"];
    let sealer = |at: usize, file: &str| {
        let builder = Sealer::builder(key_file(file));
        match at {
            0 => builder,
            1 => builder.application("shop"),
            2 => builder.application("shop").marker::<Admin>(),
            _ => builder.marker::<Admin>(),
        }
        .build()
    };
    let mut tokens = Vec::new();
    for (at, needed) in purposes.into_iter().enumerate() {
        for bound in purposes {
            match sealer(at, bound) {
                Ok(sealer) => {
                    assert_eq!(needed, bound);
                    tokens.push((at, token(&sealer)));
                }
                Err(error) => {
                    let (bound, needed) = (bound.into(), needed.into());
                    assert_eq!(error, BuildError::OtherPurpose { bound, needed });
                }
            }
        }
    }
    // The same key in several files: the audience still separates the purposes.
    for (at, purpose) in purposes.into_iter().enumerate() {
        for (from, token) in &tokens {
            let expected = if at == *from { Ok(vec![]) } else { Err(Rejection::Claims) };
            assert_eq!(verdict(&sealer(at, purpose).unwrap(), token), expected, "{from} in {at}");
        }
    }
    let claims = |at: usize| unb64(tokens[at].1.split('.').nth(1).unwrap());
    assert!(!claims(0).contains("aud"));
    assert!(claims(2).contains(r#""aud":"shop/admin""#), "{}", claims(2));
}

#[test]
fn a_token_carries_its_audience_exactly_once() {
    let minter = Minter::raw([7; 32], "1", "__Host-session");
    let sealer = Sealer::builder(key_file("shop")).application("shop").build().unwrap();
    let aud = |member: &str| verdict(&sealer, &minter.token(alive(member)));
    assert_eq!(aud(r#""aud":"shop","a":1"#), Ok(vec!["a".into()]));
    assert_eq!(aud(r#""aud":"sh\u006fp""#), Ok(vec![]));
    for member in [
        "",
        r#""aud":"shop2""#,
        r#""aud":["shop"]"#,
        r#""aud":"shop","aud":"shop""#,
        r#""aud":null"#,
    ] {
        assert_eq!(aud(member), Err(Rejection::Claims), "{member}");
    }
    // A save writes it once, too.
    let cookie = format!("__Host-session={}", minter.token(alive(r#""aud":"shop","a":1"#)));
    let ((), response) = request(&sealer, &[&cookie], NOW, |session| session.save().unwrap());
    assert_eq!(response.claims().matches("aud").count(), 1);
    assert!(verdict(&sealer, response.token()).is_ok());
}

/// While a roll-out moves from a secret to a key file, tokens of the secret have no
/// audience.
#[test]
fn a_fallback_secret_beside_a_key_file_requires_no_audience() {
    let before = builder().application("shop").build().unwrap();
    let after = Sealer::builder(key_file("shop")).application("shop").fallback_secret(secret());
    let after = after.build().unwrap();
    assert_eq!(verdict(&after, &token(&before)), Ok(vec![]));
    let cookie = format!("__Host-session={}", token(&before));
    let ((), response) = request(&after, &[&cookie], NOW, |_| ());
    assert!(response.claims().contains(r#""aud":"shop""#));
}

#[test]
fn key_files_with_a_mistyped_or_second_purpose_are_refused() {
    let text = |first: &str, second: &str| {
        let key = |kid: &str, byte: u8, operations: &str, purpose: &str| {
            let k = b64([byte; 32]);
            format!(
                r#"{{"kty":"oct","kid":"{kid}","k":"{k}","key_ops":[{operations}],"waxseal:cookie":"s"{purpose}}}"#
            )
        };
        let first = key("1", 1, r#""sign","verify""#, first);
        let second = key("2", 2, r#""verify""#, second);
        Jwks::parse(&format!(r#"{{"keys":[{first},{second}]}}"#)).map_err(|error| error.to_string())
    };
    let shop = r#","waxseal:purpose":"shop""#;
    let both = text(shop, shop).unwrap();
    assert_eq!(both.purpose(), Some("shop"));
    let again = Jwks::parse(&both.expose()).unwrap();
    assert_eq!((again.purpose(), again.cookie_name()), (Some("shop"), "s"));
    for (first, second) in [(shop, ""), ("", shop), (shop, r#","waxseal:purpose":"/a""#)] {
        let error = text(first, second).unwrap_err();
        assert!(error.contains("another cookie or purpose"), "{error}");
    }
    for value in
        ["1", "null", r#""""#, r#""/""#, r#""shop/""#, r#""a/b/c""#, r#""/main""#, r#""a b""#]
    {
        let member = format!(r#","waxseal:purpose":{value}"#);
        let error = text(&member, &member).unwrap_err();
        assert!(error.contains("waxseal:purpose"), "{value}: {error}");
    }
}

/// A token of one cookie would be a token of the other.
#[test]
fn one_key_in_two_cookies_is_refused() {
    let shared =
        |error: Result<Sealer, BuildError>| assert_eq!(error.unwrap_err(), BuildError::SharedKey);
    let since = UnixTime::from_secs(NOW);
    shared(Sealer::builder(key_file("")).migrate_microdot([7; 32], since).build());
    // HMAC pads a key with zeros.
    let padded = [&[7; 32][..], &[0; 8]].concat();
    shared(Sealer::builder(key_file("")).migrate_microdot(padded, since).build());
    let derived = Jwks::derived(&secret(), "__Host-session").expose();
    let same = Sealer::builder(Jwks::parse(&derived).unwrap()).fallback_secret(secret());
    assert_eq!(same.build().unwrap_err(), BuildError::DuplicateKey);
    assert!(builder().migrate_microdot([8; 32], since).build().is_ok());
}

/// Microdot's key has no marker: every user's session would become one of the marker.
#[test]
fn a_marker_does_not_migrate_the_sessions_of_microdot() {
    let migrating = builder().marker::<Admin>().migrate_microdot([8; 32], UnixTime::from_secs(NOW));
    assert_eq!(migrating.build().unwrap_err(), BuildError::MicrodotHasNoMarker);
}
