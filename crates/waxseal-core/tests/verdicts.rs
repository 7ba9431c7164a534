//! Correctly signed but odd tokens, and incorrectly signed ones: what becomes
//! of each, in our own cookie and in Microdot's.

mod support;

use Rejection::{Claims, Expired, Header, Malformed, NotYetValid, Signature, TooLarge, UnknownKey};
use support::{Minter, NOW, alive, b64, microdot, own, verdict};
use waxseal_core::Rejection;

/// Claims as Microdot writes them: no times unless given.
fn plain(members: &str) -> String {
    format!("{{{members}}}")
}

#[track_caller]
fn accepts(token: &str, sealer: &waxseal_core::Sealer) {
    assert!(verdict(sealer, token).is_ok(), "{:?} {token}", verdict(sealer, token));
}

/// Both dialects come to the same verdict about these members.
#[track_caller]
fn both(members: &str, expected: Result<(), Rejection>) {
    let ours = verdict(&own(), &Minter::own().token(alive(members)));
    assert_eq!(ours.map(drop), expected, "own: {members}");
    let theirs = verdict(&microdot(), &Minter::microdot().token(plain(members)));
    assert_eq!(theirs.map(drop), expected, "Microdot: {members}");
}

/// The verdicts about a time claim; in our own tokens it stands beside the
/// two that are required.
#[track_caller]
fn time(name: &str, json: &str, expected: Result<(), Rejection>) {
    let member = format!(r#""{name}":{json}"#);
    let theirs = verdict(&microdot(), &Minter::microdot().token(plain(&member)));
    assert_eq!(theirs.map(drop), expected, "Microdot: {member}");

    let required = match name {
        "exp" => format!(r#""iat":{NOW},"#),
        "iat" => format!(r#""exp":{},"#, NOW + 100),
        _ => format!(r#""iat":{NOW},"exp":{},"#, NOW + 100),
    };
    let ours = verdict(&own(), &Minter::own().token(plain(&(required + &member))));
    assert_eq!(ours.map(drop), expected, "own: {member}");
}

#[test]
fn exp() {
    time("exp", &(NOW - 1).to_string(), Err(Expired));
    time("exp", &NOW.to_string(), Err(Expired));
    time("exp", &(NOW + 1).to_string(), Ok(()));
    time("exp", "-1", Err(Expired));
    time("exp", "0", Err(Expired));
}

#[test]
fn fractional_times() {
    time("exp", &format!("{NOW}.5"), Err(Expired));
    time("exp", &format!("{}.5", NOW + 1), Ok(()));
    time("exp", "1.9e9", Ok(()));
    time("nbf", &format!("{}.25", NOW - 1), Ok(()));
    time("iat", &format!("{}.25", NOW - 1), Ok(()));
}

#[test]
fn times_that_are_no_numbers() {
    for name in ["exp", "nbf", "iat"] {
        for json in
            ["\"1900000000\"", "\"x\"", "\"\"", "null", "[]", "[1900000000]", "{}", "true", "false"]
        {
            time(name, json, Err(Claims));
        }
        for json in [
            "NaN",
            "Infinity",
            "-Infinity",
            "01900000000",
            "+1900000000",
            "0x7fffffff",
            "1900000000.",
        ] {
            time(name, json, Err(Claims));
        }
        // Over 2^63, and over what a float holds.
        for json in ["9223372036854775808", "18446744073709551615", "1e19", "1e400", "-1e400"] {
            time(name, json, Err(Claims));
        }
    }
    time("exp", "9223372036854775807", Ok(()));
}

#[test]
fn the_future() {
    for name in ["nbf", "iat"] {
        time(name, &(NOW + 60).to_string(), Ok(()));
        time(name, &(NOW + 61).to_string(), Err(NotYetValid));
    }
}

#[test]
fn exp_and_iat_are_required_in_our_own() {
    let minter = Minter::own();
    for claims in ["{}".into(), format!(r#"{{"exp":{}}}"#, NOW + 9), format!(r#"{{"iat":{NOW}}}"#)]
    {
        assert_eq!(verdict(&own(), &minter.token(claims)), Err(Claims));
    }
    accepts(&Minter::microdot().token("{}"), &microdot());
}

#[test]
fn strings_that_are_none() {
    for json in ["1", "null", "[]", "{}", "true"] {
        both(&format!(r#""sub":{json}"#), Err(Claims));
        both(&format!(r#""jti":{json}"#), Err(Claims));
        for name in ["iss", "sid"] {
            let member = format!(r#""{name}":{json}"#);
            assert_eq!(verdict(&own(), &Minter::own().token(alive(&member))), Err(Claims));
            let theirs = verdict(&microdot(), &Minter::microdot().token(plain(&member)));
            assert_eq!(theirs, Ok(vec![name.into()]), "the application's data");
        }
    }
    both(r#""sub":"42","jti":"x""#, Ok(()));
    both(r#""iss":"x","sid":"x""#, Ok(()));
}

#[test]
fn any_aud() {
    for json in [r#""x""#, r#"["x"]"#, "null", "[]", r#""""#] {
        both(&format!(r#""aud":{json}"#), Err(Claims));
    }
}

#[test]
fn remember_is_a_bool_in_our_own() {
    accepts(&Minter::own().token(alive(r#""remember":true"#)), &own());
    for json in ["1", "null", r#""true""#] {
        let member = format!(r#""remember":{json}"#);
        assert_eq!(verdict(&own(), &Minter::own().token(alive(&member))), Err(Claims));
        accepts(&Minter::microdot().token(plain(&member)), &microdot());
    }
}

#[test]
fn payloads_that_are_not_one_object() {
    for (minter, sealer, good) in
        [(Minter::own(), own(), alive("")), (Minter::microdot(), microdot(), plain(""))]
    {
        let odd = [
            "[]".into(),
            "null".into(),
            "1".into(),
            "\"{}\"".into(),
            String::new(),
            format!("{good}{good}"),
            format!("{good} x"),
            format!("{good},"),
            format!("\u{feff}{good}"),
            good.replace('}', ",}"),
            good.replace('{', "{,"),
            good.replace('}', ""),
        ];
        for payload in odd {
            assert_eq!(verdict(&sealer, &minter.token(&payload)), Err(Claims), "{payload}");
        }
        let utf16: Vec<u8> = good.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(verdict(&sealer, &minter.token(utf16)), Err(Claims));
        // White space around and inside is JSON.
        accepts(&minter.token(format!(" \n\t\r{good} \n")), &sealer);
        accepts(&minter.token(good.replace(',', " , ").replace(':', " : ")), &sealer);
    }
}

#[test]
fn bytes_that_are_no_text() {
    for bytes in [
        b"\"\xff\"".as_slice(),
        b"\"\xc0\x80\"",
        b"\"\xed\xa0\xbd\xed\xb8\x80\"", // CESU-8
        b"\"\xe2\x82\"",
        b"\"\n\"",
        b"\"\0\"",
        b"\"\\x41\"",
        b"\"\\ud83d",
    ] {
        let payload = [b"{\"a\":", bytes, b"}"].concat();
        assert_eq!(verdict(&microdot(), &Minter::microdot().token(payload)), Err(Claims));
    }
}

#[test]
fn duplicate_names() {
    both(r#""a":1,"b":2,"a":1"#, Err(Claims));
    both(r#""a":1,"\u0061":1"#, Err(Claims));
    both(r#""":1,"":1"#, Err(Claims));
    both(r#""nbf":1,"nbf":1"#, Err(Claims));
    both(r#""nbf":1,"n\u0062f":1"#, Err(Claims));
    let exp = format!(r#"{{"iat":{NOW},"\u0065xp":1,"exp":{}}}"#, NOW + 9);
    assert_eq!(verdict(&own(), &Minter::own().token(exp)), Err(Claims));
    both(r#""a":1,"A":1,"á":1"#, Ok(()));
    // Deeper down they are the application's.
    both(r#""a":{"b":1,"b":2}"#, Ok(()));
}

#[test]
fn an_escaped_claim_is_that_claim() {
    let token = Minter::microdot().token(r#"{"\u0065xp":1}"#);
    assert_eq!(verdict(&microdot(), &token), Err(Expired));
}

#[test]
fn odd_data() {
    both(r#""a":NaN"#, Err(Claims));
    both(r#""a":[Infinity]"#, Err(Claims));
    both(r#""a":01"#, Err(Claims));
    both(r#""a":1e400"#, Ok(()));
    both(r#""a":123456789012345678901234567890"#, Ok(()));
    both(r#""a":"\ud800""#, Ok(()));
    both(r#""a":[1.5,"\u00e9",null,{"b":[]}]"#, Ok(()));
    // A lone surrogate cannot be a name: it has no text to compare.
    both(r#""\ud800":1"#, Err(Claims));
}

#[test]
fn nesting() {
    let nested = |depth: usize| format!(r#""a":{}{}"#, "[".repeat(depth), "]".repeat(depth));
    for depth in [1, 64, 99] {
        both(&nested(depth), Ok(()));
    }
    for depth in [100, 128, 900] {
        both(&nested(depth), Err(Claims));
    }
    // Far over the size limit, and the limit lifted.
    assert_eq!(
        verdict(&microdot(), &Minter::microdot().token(plain(&nested(100_000)))),
        Err(TooLarge)
    );
    let wide = waxseal_core::Sealer::builder(support::secret()).max_token_bytes(1 << 20).build();
    let token = Minter::own().token(alive(&nested(100_000)));
    assert_eq!(verdict(&wide.unwrap(), &token), Err(Claims));
}

#[test]
fn headers() {
    let own_kid = Minter::own().kid().to_owned();
    let header = |text: &str| text.replace("KID", &own_kid);

    // The same header in other words.
    for text in [
        r#"{"kid":"KID","alg":"HS256"}"#,
        r#"{ "alg" : "HS256", "kid" : "KID" }"#,
        r#"{"alg":"HS256","typ":"JWT","kid":"KID"}"#,
        r#"{"alg":"HS256","typ":"jwt","kid":"KID"}"#,
    ] {
        let text = header(text);
        accepts(&Minter::own().token_with(&text, alive("")), &own());
        accepts(&Minter::microdot().token_with(&text, plain("")), &microdot());
    }
    for text in [
        r#"{"alg":"none"}"#,
        r#"{"alg":"None","kid":"KID"}"#,
        r#"{"alg":"hs256","kid":"KID"}"#,
        r#"{"alg":"HS512","kid":"KID"}"#,
        r#"{"alg":"HS384","kid":"KID"}"#,
        r#"{"alg":null,"kid":"KID"}"#,
        r#"{"alg":["HS256"],"kid":"KID"}"#,
        r#"{"kid":"KID"}"#,
        r#"{"alg":"HS256","typ":"at+jwt","kid":"KID"}"#,
        r#"{"alg":"HS256","typ":5,"kid":"KID"}"#,
        r#"{"alg":"HS256","typ":null,"kid":"KID"}"#,
        r#"{"alg":"HS256","kid":5}"#,
        r#"{"alg":"HS256","kid":null}"#,
        r#"{"alg":"HS256","crit":[],"kid":"KID"}"#,
        r#"{"alg":"HS256","crit":["exp"],"kid":"KID"}"#,
        r#"{"alg":"HS256","crit":["b64"],"b64":false,"kid":"KID"}"#,
        r#"{"alg":"HS256","b64":true,"kid":"KID"}"#,
        r#"{"alg":"HS256","jwk":{"kty":"oct","k":"AAAA"},"kid":"KID"}"#,
        r#"{"alg":"HS256","jku":"https://example.com","kid":"KID"}"#,
        r#"{"alg":"HS256","x5u":"https://example.com","kid":"KID"}"#,
        r#"{"alg":"HS256","zip":"DEF","kid":"KID"}"#,
        r#"{"alg":"HS256","enc":"A256GCM","kid":"KID"}"#,
        r#"{"alg":"HS256","cty":"JWT","kid":"KID"}"#,
        r#"{"alg":"HS256","x":1,"kid":"KID"}"#,
        r#"{"alg":"HS256","alg":"HS256","kid":"KID"}"#,
        r#"{"alg":"HS256","kid":"KID","kid":"KID"}"#,
        r#"{"alg":"HS256","\u0061lg":"none","kid":"KID"}"#,
        r#"{"alg":"HS256","kid":"KID"}{}"#,
        r#"["HS256","JWT","KID"]"#,
        r#""HS256""#,
        "",
        "{}",
        "\u{feff}{\"alg\":\"HS256\",\"kid\":\"KID\"}",
    ] {
        let text = header(text);
        assert_eq!(
            verdict(&own(), &Minter::own().token_with(&text, alive(""))),
            Err(Header),
            "{text}"
        );
        let theirs = verdict(&microdot(), &Minter::microdot().token_with(&text, plain("")));
        assert_eq!(theirs, Err(Header), "{text}");
    }
    let long = format!(r#"{{"alg":"HS256","kid":"{}"}}"#, "k".repeat(200));
    assert_eq!(verdict(&own(), &Minter::own().token_with(&long, alive(""))), Err(Header));
}

#[test]
fn kids() {
    for header in [
        r#"{"alg":"HS256","typ":"JWT"}"#.to_owned(),
        r#"{"alg":"HS256","kid":"somebody"}"#.into(),
        r#"{"alg":"HS256","kid":""}"#.into(),
        Minter::own().header.replace(r#""}"#, r#"x"}"#),
    ] {
        let token = Minter::own().token_with(&header, alive(""));
        assert_eq!(verdict(&own(), &token), Err(UnknownKey), "{header}");
        // Microdot has one key, whatever the header calls it.
        accepts(&Minter::microdot().token_with(&header, plain("")), &microdot());
    }
    let escaped = r#"{"alg":"HS256","kid":"\u00e9"}"#;
    accepts(&Minter::microdot().token_with(escaped, plain("")), &microdot());
    assert_eq!(verdict(&own(), &Minter::own().token_with(escaped, alive(""))), Err(UnknownKey));
}

#[test]
fn a_header_has_256_characters_at_most() {
    for (len, expected) in [(168, Ok(())), (169, Err(Header))] {
        let header = format!(r#"{{"alg":"HS256","kid":"{}"}}"#, "k".repeat(len));
        assert_eq!(b64(&header).len() <= 256, expected.is_ok());
        let token = Minter::microdot().token_with(&header, plain(""));
        assert_eq!(verdict(&microdot(), &token).map(drop), expected);
    }
}

#[test]
fn every_emitter_of_microdots_dialect() {
    for header in [
        r#"{"alg":"HS256","typ":"JWT"}"#,
        r#"{"typ":"JWT","alg":"HS256"}"#,
        r#"{"typ": "JWT", "alg": "HS256"}"#,
        r#"{"alg":"HS256"}"#,
    ] {
        accepts(&Minter::microdot().token_with(header, r#"{"username":"joe"}"#), &microdot());
    }
    // A token that MicroPython made, fixed.
    let fixed = "eyJ0eXAiOiAiSldUIiwgImFsZyI6ICJIUzI1NiJ9.eyJ1c2VybmFtZSI6ICJzdXNhbiJ9.\
        6gkThX0SIJN4hqN2xbHoEsDq1uUF0Srami8UMHbBCxU";
    assert_eq!(verdict(&microdot(), fixed), Ok(vec!["username".into()]));
}

#[test]
fn exactly_one_string_per_token() {
    for (minter, sealer, claims) in [
        (Minter::own(), own(), alive(r#""u":"x""#)),
        (Minter::microdot(), microdot(), plain(r#""u":"x""#)),
    ] {
        let good = minter.token(&claims);
        accepts(&good, &sealer);
        for odd in [
            format!("{good}="),
            format!("{good}=="),
            format!("{good}A"),
            format!("{good}."),
            format!(".{good}"),
            format!("{good}.x"),
            format!("Bearer {good}"),
            format!("\"{good}\""),
            good.replace('.', ". "),
            good.replacen('.', ".!", 1),
            good.replacen('.', "..", 1),
            good.replace('.', "-"),
            good.replace('.', "%2E"),
            good.rsplit_once('.').unwrap().0.into(),
            good.split_once('.').unwrap().1.into(),
            good.split_once('.').unwrap().0.into(),
            good.rsplit_once('.').unwrap().0.to_owned() + ".",
        ] {
            let rejection = verdict(&sealer, &odd).unwrap_err();
            assert!(matches!(rejection, Malformed | Signature | Header), "{rejection:?} {odd}");
        }
        assert_eq!(verdict(&sealer, ""), Err(Malformed));

        // The same bytes, encoded otherwise, and correctly signed as such.
        let (header, payload) = (b64(&minter.header), b64(&claims));
        for odd in
            [format!("{payload}="), format!("{payload}\n"), format!(" {payload}"), "A".into()]
        {
            assert_eq!(
                verdict(&sealer, &minter.signed(&format!("{header}.{odd}"))),
                Err(Claims),
                "{odd:?}"
            );
        }
        // Nonzero trailing bits: the last of `…A`, `…Q`, `…g`, `…w` encodes the
        // same byte as the letter after it.
        let padded = [claims.clone(), format!("{claims} "), format!("{claims}  ")];
        let payload_with_bits = padded.iter().map(b64).find(|payload| payload.len() % 4 == 2);
        let payload = payload_with_bits.unwrap();
        accepts(&minter.signed(&format!("{header}.{payload}")), &sealer);
        let mut odd = payload.clone().into_bytes();
        *odd.last_mut().unwrap() += 1;
        let odd = String::from_utf8(odd).unwrap();
        assert_eq!(verdict(&sealer, &minter.signed(&format!("{header}.{odd}"))), Err(Claims));
        let odd_header = format!("{}=.{payload}", b64(&minter.header));
        assert_eq!(verdict(&sealer, &minter.signed(&odd_header)), Err(Malformed));
    }
}

#[test]
fn signatures_of_another_length() {
    let good = Minter::microdot().token("{}");
    let (message, _) = good.rsplit_once('.').unwrap();
    for len in [0, 16, 31, 33, 64] {
        let odd = format!("{message}.{}", b64(vec![0; len]));
        assert!(matches!(verdict(&microdot(), &odd), Err(Malformed | Signature)), "{len}");
    }
    assert_eq!(verdict(&microdot(), &format!("{message}.{}", b64([0; 32]))), Err(Signature));
}

#[test]
fn every_bit_matters() {
    for (minter, sealer, claims) in [
        (Minter::own(), own(), alive(r#""username":"susan""#)),
        (Minter::microdot(), microdot(), plain(r#""username":"susan""#)),
    ] {
        let good = minter.token(claims);
        for at in 0..good.len() {
            for bit in 0..8 {
                let mut bytes = good.clone().into_bytes();
                bytes[at] ^= 1 << bit;
                let cookie = [sealer.cookie().name().as_bytes(), b"=", &bytes].concat();
                let session = waxseal_core::OpenSession::open(&sealer, [&*cookie], support::now());
                assert!(session.unwrap().is_new(), "byte {at}, bit {bit}");
            }
        }
    }
}

#[test]
fn sizes() {
    for payload in [8 << 10, 1 << 20] {
        let members = format!(r#""a":"{}""#, "x".repeat(payload));
        both(&members, Err(TooLarge));
        let header = format!(r#"{{"alg":"HS256","kid":"{}"}}"#, "x".repeat(payload));
        let token = Minter::microdot().token_with(header, "{}");
        assert_eq!(verdict(&microdot(), &token), Err(TooLarge));
    }
    // To the byte: three parts of a token always leave some length out.
    let minter = Minter::microdot();
    let of = |len: usize| minter.token(format!(r#"{{"a":"{}"}}"#, "x".repeat(len)));
    let fits = (0..4096).map(of).take_while(|token| token.len() <= 4096).last().unwrap();
    assert!(fits.len() > 4092);
    accepts(&fits, &microdot());
}

#[test]
fn keys_are_bound_to_a_secret_and_a_name() {
    for minter in [
        Minter::derived(b"another secret of thirty-two byte", "__Host-session"),
        Minter::derived(support::SECRET, "session"),
        Minter::microdot(),
    ] {
        assert_eq!(verdict(&own(), &minter.token(alive(""))), Err(UnknownKey));
        // Even under our kid.
        let token = minter.token_with(&Minter::own().header, alive(""));
        assert_eq!(verdict(&own(), &token), Err(Signature));
    }
    assert_eq!(verdict(&microdot(), &Minter::own().token(alive(""))), Err(Signature));
    // The secret itself is no key.
    let raw = waxseal_core::Sealer::microdot(support::SECRET).unwrap();
    assert_eq!(verdict(&raw, &Minter::own().token(alive(""))), Err(Signature));
}
