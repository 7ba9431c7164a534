//! The software device, and the vectors that it makes.

use std::{collections::BTreeSet, fs};

use data_encoding::BASE64URL_NOPAD as BASE64URL;
use e2e::device::{
    Case, Challenge, Device, Expected, Kind, Registration, cases, decode, is_signed, public_key,
    quoted,
};
use serde_json::{Value, json};

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/waxseal-core/tests/data");

fn vectors(name: &str) -> Value {
    let text = fs::read(format!("{DATA}/{name}")).expect("a file with vectors");
    serde_json::from_slice(&text).expect("JSON")
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a string")
}

/// ES256 in RFC 7515, A.3.
#[test]
fn a_signature_of_another_implementation_is_verified() {
    let key = json!({
        "kty": "EC",
        "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    });
    let token = "eyJhbGciOiJFUzI1NiJ9.\
        eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt\
        cGxlLmNvbS9pc19yb290Ijp0cnVlfQ.\
        DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSA\
        pmWQxfKTUJqPP3-Kg6NU1Q";
    let key = public_key(&key).expect("a point");
    assert!(is_signed(token, &key));
    assert!(!is_signed(&token.replace("joUiLA0", "joUiLA1").replace("DtEhU", "DtEhV"), &key));
    assert!(!is_signed(token, &Device::numbered(1).public_key()));
}

/// The device proves what Chromium proves.
#[test]
fn the_proofs_of_chromium_have_the_form_of_the_devices() {
    let vectors = vectors("dbsc-chromium.json");
    let proofs = vectors["proofs"].as_array().expect("a list");
    let device = Device::numbered(1);
    let names = |value: &Value| -> BTreeSet<String> {
        value.as_object().expect("an object").keys().cloned().collect()
    };
    let mut numbers = [0, 0];
    for proof in proofs {
        let (token, challenge) = (text(&proof["proof"]), text(&proof["challenge"]));
        let is_registration = proof["kind"] == "registration";
        numbers[usize::from(is_registration)] += 1;
        let own = if is_registration {
            device.registration(challenge)
        } else {
            device.refresh(challenge)
        };
        let [own_header, own_claims] = decode(&own.sign()).expect("a token");
        let [header, claims] = decode(token).expect("a token");
        assert!(is_signed(token, text(&proof["key"])));
        assert_eq!(claims, own_claims);
        assert_eq!(names(&header), names(&own_header));
        assert_eq!([&header["alg"], &header["typ"]], ["ES256", "dbsc+jwt"]);
        if is_registration {
            assert_eq!(names(&header["jwk"]), names(&own_header["jwk"]));
            assert_eq!(public_key(&header["jwk"]).as_deref(), proof["key"].as_str());
        }
    }
    assert_eq!(numbers, [4, 2], "refreshes and registrations");
}

#[test]
fn the_frozen_cases_are_those_of_the_device() {
    let frozen = vectors("dbsc-invalid.json");
    assert_eq!(frozen["cases"], serde_json::to_value(cases()).expect("JSON"));
}

/// The reasons are true: another verifier gives the same ones.
#[test]
fn each_case_is_refused_for_its_reason() {
    for case in cases() {
        let Case { kind, challenge, url, key, .. } = &case;
        let verified = Expected { kind: *kind, challenge, url, key }.verify(&case.proof);
        assert_eq!(verified.as_ref().err(), case.reason.as_ref(), "{}", case.name);
        assert!(verified.is_err() || verified.as_ref() == Ok(key), "{}", case.name);
    }
}

fn is_about_the_signature(case: &Case) -> bool {
    case.reason == Some("the signature is not valid")
}

/// A case has the one defect of its name: the signature of all others is good, except where the
/// name speaks of it, or where the token has no three parts.
#[test]
fn each_case_has_one_defect() {
    let cases = cases();
    let names: BTreeSet<_> = cases.iter().map(|case| &case.name).collect();
    assert_eq!(names.len(), cases.len(), "every name occurs once");
    let of = |kind, is_valid| {
        let cases = cases.iter().filter(move |case| case.kind == kind);
        let cases = cases.filter(move |case| case.reason.is_none() == is_valid);
        cases.map(|case| case.proof.clone()).collect::<BTreeSet<_>>()
    };
    for kind in [Kind::Registration, Kind::Refresh] {
        assert!(of(kind, true).is_disjoint(&of(kind, false)), "{kind:?}");
    }
    let unsigned: BTreeSet<_> = cases
        .iter()
        .filter(|case| !case.is_signed && !is_about_the_signature(case))
        .map(|case| &*case.name)
        .collect();
    let expected = [
        "RS256 with an RSA key",
        "alg HS256 with the public key",
        "alg none without a signature",
        "claims with padding",
        "detached claims",
        "dot at the end",
        "dot at the start",
        "empty quotes",
        "four parts",
        "header with padding",
        "JSON serialization",
        "nothing",
        "refresh with the jwk of another device",
        "signature with other unused bits",
        "signature with padding",
        "space before the signature",
        "text after the quotes",
        "two parts",
        "two tokens",
    ];
    assert_eq!(unsigned, BTreeSet::from(expected));
    // The key in the header is another one there.
    let signed = cases.iter().filter(|case| case.is_signed && is_about_the_signature(case));
    assert_eq!(signed.map(|case| &*case.name).collect::<Vec<_>>(), ["opposite point"]);
}

/// ECDSA has two signatures for each text: s and n - s. P-256 has no rule against one of them.
#[test]
fn both_signatures_are_valid() {
    let cases = cases();
    let find = |name: &str| cases.iter().find(|case| case.name == name).expect("a case");
    let [low, high] = ["signature with the low s", "signature with the high s"].map(find);
    assert!(low.is_signed && high.is_signed);
    let s = |case: &Case| {
        let signature = case.proof.rsplit_once('.').expect("three parts").1;
        BASE64URL.decode(signature.as_bytes()).expect("base64url")[32..].to_vec()
    };
    // n / 2 begins with 7f ff ff ff 80.
    assert!(s(low)[0] < 0x80 && s(high)[0] >= 0x7f && s(low) < s(high));
}

#[test]
fn the_thumbprint_is_of_the_members_in_order() {
    let device = Device::numbered(1);
    let [x, y] = ["x", "y"].map(|name| device.jwk()[name].clone());
    let members = format!(r#"{{"crv":"P-256","kty":"EC","x":{x},"y":{y}}}"#);
    assert_eq!(device.jwk().to_string(), members);
    assert_eq!(device.thumbprint().len(), 43);
    assert_eq!(public_key(&device.jwk()), Some(device.public_key()));
    assert_ne!(Device::new().public_key(), Device::new().public_key());
}

#[test]
fn the_headers_of_a_server_are_parsed() {
    let header = r#"(ES256 RS256);path="/a"; challenge="b\"\\c";authorization="d""#;
    let expected = Registration {
        algorithms: vec!["ES256".into(), "RS256".into()],
        path: "/a".into(),
        challenge: r#"b"\c"#.into(),
        authorization: Some("d".into()),
    };
    assert_eq!(Registration::parse(header), Some(expected));
    for bad in [
        "",
        "ES256",
        "(ES256",
        "(ES256);path",
        "(ES256);path=\"/a\"",
        "(ES256);path=/a;challenge=b",
    ] {
        assert_eq!(Registration::parse(bad), None, "{bad}");
    }

    let parse = |value: &str| {
        let parsed = Challenge::parse(value)?;
        Some((parsed.challenge, parsed.id))
    };
    assert_eq!(parse(r#""a";id="b""#), Some(("a".into(), Some("b".into()))));
    assert_eq!(parse(&quoted(r#"a"\"#)), Some((r#"a"\"#.into(), None)));
    for bad in ["", "a", "\"a", "\"a\"b", "\"a\";id=b", "\"a\\b\"", "\"ä\""] {
        assert_eq!(parse(bad), None, "{bad}");
    }
}
