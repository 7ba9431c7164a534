//! Properties that hold for any input.

mod support;

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Map, Value};
use support::{Minter, NOW, alive, microdot, now, own, request};
use waxseal_core::{OpenSession, Rejection, Sealer};

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_filter("finite", |float| float.is_finite()).prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((".{0,6}", inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// JSON that a parser and a writer would spell differently.
fn odd_spelling() -> impl Strategy<Value = String> {
    prop_oneof![
        "-?[1-9][0-9]{0,40}(\\.[0-9]{1,20})?([eE][-+]?[0-9]{1,3})?",
        r#""(\\u00[0-9a-fA-F]{2}|\\/|[ -!#-\[\]-~é🦀]){0,9}""#,
        r"\[ *(1|\{ \}|null)( *, *(true|-0|1E1))* \]",
    ]
}

fn reserved(name: &str) -> bool {
    ["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "sid", "remember"].contains(&name)
}

fn object() -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::btree_map(".{0,8}".prop_filter("free", |name| !reserved(name)), json(), 0..5)
        .prop_map(|members: BTreeMap<_, _>| members.into_iter().collect())
}

/// Saves an object, opens it again, and returns it.
fn round_trip(sealer: &Sealer, object: &Map<String, Value>) -> Option<Map<String, Value>> {
    let (saved, response) = request(sealer, &[], NOW, |session| {
        session.set_data(object).unwrap();
        session.save()
    });
    saved.ok()?;
    let cookie = format!("{}={}", sealer.cookie().name(), response.token());
    Some(request(sealer, &[&cookie], NOW, |session| session.data().unwrap()).0)
}

fn opens(sealer: &Sealer, header: &[u8]) -> bool {
    let mut session = OpenSession::open(sealer, [header], now()).unwrap();
    let accepted = !session.is_new();
    let mut response = support::Headers::default();
    support::finish(&mut session).unwrap().apply(&mut response);
    accepted
}

proptest! {
    #[test]
    fn open_of_save_is_the_identity(object in object()) {
        for sealer in [own(), microdot()] {
            // A save may only fail if the session is too large.
            if let Some(back) = round_trip(&sealer, &object) {
                prop_assert_eq!(&back, &object);
            }
        }
    }

    #[test]
    fn unmodified_values_round_trip_byte_for_byte(
        names in prop::collection::btree_set("[a-z]{1,6}|u[A-F0-9]", 0..5),
        values in prop::collection::vec(odd_spelling(), 5),
    ) {
        let members: Vec<_> = names
            .iter()
            .filter(|name| !reserved(name))
            .zip(&values)
            // A key keeps its spelling, too.
            .map(|(name, value)| format!(r#""\u0078{name}":{value}"#))
            .collect();
        let members = members.join(",");
        let cookie = format!("__Host-session={}", Minter::own().token(alive(&members)));
        let (saved, response) = request(&own(), &[&cookie], NOW, |session| {
            if let Some(rejection) = session.rejection() {
                assert_eq!(rejection, Rejection::TooLarge);
            }
            session.save().is_ok() && !session.is_new()
        });
        if saved {
            let end = format!("{members}}}");
            prop_assert!(response.claims().ends_with(&end), "{} {end}", response.claims());
        }
    }

    #[test]
    fn any_bytes_open_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        for sealer in [own(), microdot()] {
            prop_assert!(!opens(&sealer, &bytes));
            let named = [sealer.cookie().name().as_bytes(), b"=", &bytes].concat();
            prop_assert!(!opens(&sealer, &named));
        }
    }

    #[test]
    fn any_signed_bytes_open_without_panic(
        header in prop_oneof![Just(None), prop::collection::vec(any::<u8>(), 0..300).prop_map(Some)],
        claims in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..300),
            r#"[{}\[\]",:0-9eE.a-f\\u -]{0,60}"#.prop_map(String::into_bytes),
            r#"\{"(exp|iat|nbf|a)":[-0-9eE.]{1,30}\}"#.prop_map(String::into_bytes),
        ],
    ) {
        for (minter, sealer) in [(Minter::own(), own()), (Minter::microdot(), microdot())] {
            let header = header.as_deref().unwrap_or(minter.header.as_bytes());
            let token = minter.token_with(header, &claims);
            // The refreshed token of an accepted one is accepted, too.
            let cookie = format!("{}={token}", sealer.cookie().name());
            if opens(&sealer, cookie.as_bytes()) {
                let ((), response) = request(&sealer, &[&cookie], NOW, |s| s.save().unwrap());
                let cookie = format!("{}={}", sealer.cookie().name(), response.token());
                prop_assert!(opens(&sealer, cookie.as_bytes()));
            }
        }
    }
}
