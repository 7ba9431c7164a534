//! The verdicts on unusual tokens with a valid signature, and on tokens with an invalid one, in
//! both formats.

mod support;

use Rejection::{Claims, Expired, Header, Malformed, NotYetValid, Signature, TooLarge, UnknownKey};
use support::{Minter, NOW, alive, b64, microdot, own, verdict};
use waxseal_core::Rejection;

/// Claims as Microdot writes them, without times.
fn plain(members: &str) -> String {
    format!("{{{members}}}")
}

#[track_caller]
fn accepts(token: &str, sealer: &waxseal_core::Sealer) {
    assert!(verdict(sealer, token).is_ok(), "{:?} {token}", verdict(sealer, token));
}

/// Checks that both formats give the same verdict on these claims.
#[track_caller]
fn both(members: &str, expected: Result<(), Rejection>) {
    let ours = verdict(&own(), &Minter::own().token(alive(members)));
    assert_eq!(ours.map(drop), expected, "own: {members}");
    let theirs = verdict(&microdot(), &Minter::microdot().token(plain(members)));
    assert_eq!(theirs.map(drop), expected, "Microdot: {members}");
}

/// Checks the verdicts on a time claim. In waxseal's format, it is added to the two required times.
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
fn exp_must_be_in_the_future() {
    time("exp", &(NOW - 1).to_string(), Err(Expired));
    time("exp", &NOW.to_string(), Err(Expired));
    time("exp", &(NOW + 1).to_string(), Ok(()));
    time("exp", "-1", Err(Expired));
    time("exp", "0", Err(Expired));
}

#[test]
fn fractional_times_are_accepted() {
    time("exp", &format!("{NOW}.5"), Err(Expired));
    time("exp", &format!("{}.5", NOW + 1), Ok(()));
    time("exp", "1.9e9", Ok(()));
    time("nbf", &format!("{}.25", NOW - 1), Ok(()));
    time("iat", &format!("{}.25", NOW - 1), Ok(()));
}

#[test]
fn times_that_are_not_numbers_are_rejected() {
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
        // Over 2^63, and over the range of a float.
        for json in ["9223372036854775808", "18446744073709551615", "1e19", "1e400", "-1e400"] {
            time(name, json, Err(Claims));
        }
    }
    time("exp", "9223372036854775807", Ok(()));
}

#[test]
fn a_token_from_the_future_is_rejected() {
    for name in ["nbf", "iat"] {
        time(name, &(NOW + 60).to_string(), Ok(()));
        time(name, &(NOW + 61).to_string(), Err(NotYetValid));
    }
}

#[test]
fn exp_and_iat_are_required_in_waxseals_format() {
    let minter = Minter::own();
    for claims in ["{}".into(), format!(r#"{{"exp":{}}}"#, NOW + 9), format!(r#"{{"iat":{NOW}}}"#)]
    {
        assert_eq!(verdict(&own(), &minter.token(claims)), Err(Claims));
    }
    accepts(&Minter::microdot().token("{}"), &microdot());
}

#[test]
fn string_claims_of_another_type_are_rejected() {
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
fn every_aud_is_rejected() {
    for json in [r#""x""#, r#"["x"]"#, "null", "[]", r#""""#] {
        both(&format!(r#""aud":{json}"#), Err(Claims));
    }
}

#[test]
fn remember_is_a_bool_in_waxseals_format() {
    accepts(&Minter::own().token(alive(r#""remember":true"#)), &own());
    for json in ["1", "null", r#""true""#] {
        let member = format!(r#""remember":{json}"#);
        assert_eq!(verdict(&own(), &Minter::own().token(alive(&member))), Err(Claims));
        accepts(&Minter::microdot().token(plain(&member)), &microdot());
    }
}

#[test]
fn claims_that_are_not_one_object_are_rejected() {
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
        // JSON allows white space around and inside.
        accepts(&minter.token(format!(" \n\t\r{good} \n")), &sealer);
        accepts(&minter.token(good.replace(',', " , ").replace(':', " : ")), &sealer);
    }
}

#[test]
fn bytes_that_are_not_utf_8_are_rejected() {
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
fn duplicate_names_are_rejected() {
    both(r#""a":1,"b":2,"a":1"#, Err(Claims));
    both(r#""a":1,"\u0061":1"#, Err(Claims));
    both(r#""":1,"":1"#, Err(Claims));
    both(r#""nbf":1,"nbf":1"#, Err(Claims));
    both(r#""nbf":1,"n\u0062f":1"#, Err(Claims));
    let exp = format!(r#"{{"iat":{NOW},"\u0065xp":1,"exp":{}}}"#, NOW + 9);
    assert_eq!(verdict(&own(), &Minter::own().token(exp)), Err(Claims));
    both(r#""a":1,"A":1,"á":1"#, Ok(()));
    // Below the top level, the application decides.
    both(r#""a":{"b":1,"b":2}"#, Ok(()));
}

#[test]
fn an_escaped_claim_is_that_claim() {
    let token = Minter::microdot().token(r#"{"\u0065xp":1}"#);
    assert_eq!(verdict(&microdot(), &token), Err(Expired));
}

#[test]
fn data_may_be_any_json() {
    both(r#""a":NaN"#, Err(Claims));
    both(r#""a":[Infinity]"#, Err(Claims));
    both(r#""a":01"#, Err(Claims));
    both(r#""a":1e400"#, Ok(()));
    both(r#""a":123456789012345678901234567890"#, Ok(()));
    both(r#""a":"\ud800""#, Ok(()));
    both(r#""a":[1.5,"\u00e9",null,{"b":[]}]"#, Ok(()));
    // A lone surrogate cannot be a name, because it has no text to compare.
    both(r#""\ud800":1"#, Err(Claims));
}

#[test]
fn the_depth_of_data_is_limited() {
    let nested = |depth: usize| format!(r#""a":{}{}"#, "[".repeat(depth), "]".repeat(depth));
    for depth in [1, 64, 99] {
        both(&nested(depth), Ok(()));
    }
    for depth in [100, 128, 900] {
        both(&nested(depth), Err(Claims));
    }
    // Far over the size limit, with the limit raised.
    assert_eq!(
        verdict(&microdot(), &Minter::microdot().token(plain(&nested(100_000)))),
        Err(TooLarge)
    );
    let wide = waxseal_core::Sealer::builder(support::secret()).max_token_bytes(1 << 20).build();
    let token = Minter::own().token(alive(&nested(100_000)));
    assert_eq!(verdict(&wide.unwrap(), &token), Err(Claims));
}

#[test]
fn only_known_headers_are_accepted() {
    let own_kid = Minter::own().kid().to_owned();
    let header = |text: &str| text.replace("KID", &own_kid);

    // The same header in other spellings.
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
fn kid_must_name_the_key() {
    for header in [
        r#"{"alg":"HS256","typ":"JWT"}"#.to_owned(),
        r#"{"alg":"HS256","kid":"unknown"}"#.into(),
        r#"{"alg":"HS256","kid":""}"#.into(),
        Minter::own().header.replace(r#""}"#, r#"x"}"#),
    ] {
        let token = Minter::own().token_with(&header, alive(""));
        assert_eq!(verdict(&own(), &token), Err(UnknownKey), "{header}");
        // Microdot has one key and ignores the kid.
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
fn tokens_of_every_writer_of_microdots_format_are_accepted() {
    for header in [
        r#"{"alg":"HS256","typ":"JWT"}"#,
        r#"{"typ":"JWT","alg":"HS256"}"#,
        r#"{"typ": "JWT", "alg": "HS256"}"#,
        r#"{"alg":"HS256"}"#,
    ] {
        accepts(&Minter::microdot().token_with(header, r#"{"username":"joe"}"#), &microdot());
    }
    // A fixed token of MicroPython.
    let fixed = "eyJ0eXAiOiAiSldUIiwgImFsZyI6ICJIUzI1NiJ9.eyJ1c2VybmFtZSI6ICJzdXNhbiJ9.\
        6gkThX0SIJN4hqN2xbHoEsDq1uUF0Srami8UMHbBCxU";
    assert_eq!(verdict(&microdot(), fixed), Ok(vec!["username".into()]));
}

#[test]
fn a_token_has_exactly_one_encoding() {
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

        // Another encoding of the same bytes, correctly signed.
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
        // Nonzero trailing bits: a final `A`, `Q`, `g` or `w` encodes the same byte as the letter
        // after it.
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
fn signatures_of_another_length_are_rejected() {
    let good = Minter::microdot().token("{}");
    let (message, _) = good.rsplit_once('.').unwrap();
    for len in [0, 16, 31, 33, 64] {
        let odd = format!("{message}.{}", b64(vec![0; len]));
        assert!(matches!(verdict(&microdot(), &odd), Err(Malformed | Signature)), "{len}");
    }
    assert_eq!(verdict(&microdot(), &format!("{message}.{}", b64([0; 32]))), Err(Signature));
}

#[test]
fn a_token_with_one_flipped_bit_is_rejected() {
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
fn the_size_limit_is_exact() {
    for payload in [8 << 10, 1 << 20] {
        let members = format!(r#""a":"{}""#, "x".repeat(payload));
        both(&members, Err(TooLarge));
        let header = format!(r#"{{"alg":"HS256","kid":"{}"}}"#, "x".repeat(payload));
        let token = Minter::microdot().token_with(header, "{}");
        assert_eq!(verdict(&microdot(), &token), Err(TooLarge));
    }
    // Base64 skips some lengths of a token, so several are tried.
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
        // The same with this server's kid.
        let token = minter.token_with(&Minter::own().header, alive(""));
        assert_eq!(verdict(&own(), &token), Err(Signature));
    }
    assert_eq!(verdict(&microdot(), &Minter::own().token(alive(""))), Err(Signature));
    // The secret itself is not a key.
    let raw = waxseal_core::Sealer::microdot(support::SECRET).unwrap();
    assert_eq!(verdict(&raw, &Minter::own().token(alive(""))), Err(Signature));
}

#[test]
fn a_dot_in_the_signature_is_one_part_too_many() {
    let mut token = Minter::own().token(alive(""));
    assert!(verdict(&own(), &token).is_ok());
    let at = token.len() - 10;
    token.replace_range(at..=at, ".");
    assert_eq!(verdict(&own(), &token), Err(Rejection::Malformed));
}
