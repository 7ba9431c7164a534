//! The published test vectors, which a second implementation made.

use std::time::Duration;

use serde_json::Value;
use waxseal_core::{Jwks, Sealer, Secret, UnixTime};

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../../docs/vectors/vectors.json")).unwrap()
}

fn sealer(case: &Value, defaults: &Value) -> Sealer {
    if case["mode"] == "microdot" {
        return Sealer::microdot(defaults["microdot_key"].as_str().unwrap()).unwrap();
    }
    let secret = Secret::new(defaults["secret"].as_str().unwrap()).unwrap();
    let absolute = case["absolute"].as_u64().or(defaults["absolute"].as_u64()).unwrap();
    Sealer::builder(secret).absolute_timeout(Duration::from_secs(absolute)).build().unwrap()
}

#[test]
fn every_verdict() {
    let vectors = vectors();
    let cases = vectors["cases"].as_array().unwrap();
    assert!(cases.len() > 50);
    for case in cases {
        let now = UnixTime::from_secs(case["now"].as_u64().unwrap());
        let token = case["token"].as_str().unwrap();
        let name = &case["name"];
        match sealer(case, &vectors["defaults"]).verify(token.as_bytes(), now) {
            Ok(claims) => {
                assert_eq!(case["verdict"], "ok", "{name}");
                assert_eq!(case["claims"], claims, "{name}");
            }
            Err(rejection) => assert_eq!(case["verdict"], rejection.as_str(), "{name}"),
        }
    }
}

#[test]
fn every_derivation() {
    for derivation in vectors()["derivations"].as_array().unwrap() {
        let secret = Secret::new(derivation["secret"].as_str().unwrap()).unwrap();
        let json = Jwks::derived(&secret, derivation["cookie"].as_str().unwrap()).expose();
        let jwks: Value = serde_json::from_str(&json).unwrap();
        let key = &jwks["keys"][0];
        assert_eq!((&key["k"], &key["kid"]), (&derivation["key"], &derivation["kid"]));
        assert_eq!(key["waxseal:cookie"], derivation["cookie"]);
        assert!(Jwks::parse(&json).is_ok());
    }
}
