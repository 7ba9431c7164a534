//! Tokens that have changed, and tokens that another program has made differently.

use waxseal_core::{OpenSession, Rejection, UnixTime};

use super::{
    encrypted,
    jwe::Jwe,
    log_in,
    support::{Headers, Minter, NOW, alive, b64, finish, own},
    user,
};

#[test]
fn every_bit_counts() {
    let sealer = encrypted();
    let token = log_in(&sealer, NOW);
    for at in 0..token.len() {
        for bit in 0..8 {
            let mut bytes = token.clone().into_bytes();
            bytes[at] ^= 1 << bit;
            let verdict = sealer.verify(&bytes, UnixTime::from_secs(NOW));
            assert!(verdict.is_err(), "bit {bit} of byte {at}");
        }
    }
}

#[test]
fn every_part_belongs_to_its_token() {
    let sealer = encrypted();
    let (one, other) = (log_in(&sealer, NOW), log_in(&sealer, NOW + 1));
    let parts = |token: &str| token.split('.').map(String::from).collect::<Vec<_>>();
    for part in [2, 3, 4] {
        let mut mixed = parts(&one);
        mixed[part] = parts(&other)[part].clone();
        assert_eq!(user(&sealer, &mixed.join(".")), Err(Rejection::Signature), "{part}");
        for len in 0..parts(&one)[part].len() {
            let mut cut = parts(&one);
            cut[part].truncate(len);
            assert_eq!(user(&sealer, &cut.join(".")), Err(Rejection::Signature), "{part}: {len}");
        }
        for more in ["A", "AA", "AAAA", "="] {
            let mut longer = parts(&one);
            longer[part] += more;
            assert_eq!(user(&sealer, &longer.join(".")), Err(Rejection::Signature), "{part}");
        }
    }
    for swap in [(2, 3), (3, 4), (2, 4)] {
        let mut swapped = parts(&one);
        swapped.swap(swap.0, swap.1);
        assert_eq!(user(&sealer, &swapped.join(".")), Err(Rejection::Signature));
    }
}

/// A buffer of zeros would complete it to the same bytes.
#[test]
fn an_iv_without_the_zeros_at_its_end_is_refused() {
    let sealer = encrypted();
    let session = OpenSession::open(&sealer, [], UnixTime::from_secs(NOW)).unwrap();
    let mut session = session.with_randomness(|| Ok([0; 16]));
    session.log_in("susan").unwrap();
    let mut response = Headers::default();
    finish(&mut session).unwrap().apply(&mut response);
    let token = response.token();
    assert_eq!(user(&sealer, token), Ok(Some("susan".into())));
    for bytes in 0..16 {
        let shorter = token.replace(&b64([0; 16]), &b64(vec![0; bytes]));
        assert_eq!(user(&sealer, &shorter), Err(Rejection::Signature), "{bytes}");
    }
}

#[test]
fn the_shape_is_five_parts_without_an_encrypted_key() {
    let sealer = encrypted();
    let token = log_in(&sealer, NOW);
    let (header, rest) = token.split_once("..").unwrap();
    for odd in [
        String::new(),
        "....".into(),
        format!("{token}."),
        format!(".{token}"),
        format!("{header}.AAAA.{rest}"),
        format!("{header}.{rest}"),
        token.replace('.', ""),
        // Signed with the signing key of the same secret.
        Minter::own().token(alive(r#""sub":"susan""#)),
        format!("{header}.{}.{}", b64("{}"), "A".repeat(43)),
    ] {
        let verdict = user(&sealer, &odd);
        let header_is_empty = odd == "....";
        let expected = if header_is_empty { Rejection::Header } else { Rejection::Malformed };
        assert_eq!(verdict, Err(expected), "{odd}");
    }
}

#[test]
fn no_other_header_is_accepted() {
    let sealer = encrypted();
    let jwe = Jwe::own();
    let claims = alive(r#""sub":"susan""#);
    let kid = jwe.header.split('"').nth(11).unwrap();
    let header = |members: &str| format!(r#"{{{members},"kid":"{kid}"}}"#);
    let good = r#""alg":"dir","enc":"A256CBC-HS512""#;
    for members in [
        good,
        r#""enc":"A256CBC-HS512","alg":"dir""#,
        r#""alg" : "dir" , "enc":"A256CBC-HS512","typ":"JWT""#,
    ] {
        let token = jwe.token_with(&header(members), &claims);
        assert_eq!(user(&sealer, &token), Ok(Some("susan".into())), "{members}");
    }
    for members in [
        r#""alg":"HS256""#,
        r#""alg":"dir""#,
        r#""enc":"A256CBC-HS512""#,
        r#""alg":"HS256","enc":"A256CBC-HS512""#,
        r#""alg":"dir","enc":"A256GCM""#,
        r#""alg":"dir","enc":"A128CBC-HS256""#,
        r#""alg":"A256KW","enc":"A256CBC-HS512""#,
        r#""alg":"none","enc":"A256CBC-HS512""#,
        r#""alg":"Dir","enc":"A256CBC-HS512""#,
        &format!(r#"{good},"zip":"DEF""#),
        &format!(r#"{good},"crit":["exp"]"#),
        &format!(r#"{good},"cty":"JWT""#),
        &format!(r#"{good},"typ":"JOSE""#),
        &format!(r#"{good},"p2c":1000000000"#),
        &format!(r#"{good},"enc":"A256CBC-HS512""#),
        &format!(r#"{good},"jwk":{{}}"#),
    ] {
        let token = jwe.token_with(&header(members), &claims);
        assert_eq!(user(&sealer, &token), Err(Rejection::Header), "{members}");
    }
    let unknown = r#"{"alg":"dir","enc":"A256CBC-HS512","kid":"other"}"#;
    assert_eq!(user(&sealer, &jwe.token_with(unknown, &claims)), Err(Rejection::UnknownKey));
}

/// Only the owner of the key can make these, so the error tells nothing.
#[test]
fn wrong_padding_is_a_wrong_token() {
    let sealer = encrypted();
    let jwe = Jwe::own();
    let claims = alive(r#""sub":"susan""#);
    for last in [0_u8, 17, 16, 255] {
        let mut text = claims.clone().into_bytes();
        text.resize(text.len().next_multiple_of(16), b' ');
        *text.last_mut().unwrap() = last;
        let token = jwe.padded(&jwe.header, &text);
        assert_eq!(user(&sealer, &token), Err(Rejection::Signature), "{last}");
    }
    assert_eq!(user(&sealer, &jwe.padded(&jwe.header, b"")), Err(Rejection::Signature));
}

/// A sealer that signs knows no encrypted token, with the feature as without it.
#[test]
fn a_sealer_that_signs_accepts_no_encrypted_token() {
    let token = log_in(&encrypted(), NOW);
    assert_eq!(user(&own(), &token), Err(Rejection::Malformed));
}
