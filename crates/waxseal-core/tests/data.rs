//! Reading and writing the data of a session.

mod support;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use support::{NOW, microdot, own, request};
use waxseal_core::WriteError;

#[test]
fn a_reserved_key_is_an_error_that_names_it() {
    let of_both = ["sub", "aud", "exp", "nbf", "iat", "jti"];
    let of_waxseal = ["iss", "sid", "remember", "auth_time", "cnf", "wx_rev", "wx_idle", "wx_abs"];
    let reserved = [&of_both[..], &of_waxseal].concat();
    request(&own(), &[], NOW, |session| {
        for name in &reserved {
            let name = *name;
            let error = session.insert(name, 1).unwrap_err();
            assert!(matches!(&error, WriteError::Reserved { key } if key == name));
            assert!(error.to_string().contains(name));
            assert!(session.set_data(BTreeMap::from([(name, 1)])).is_err());
        }
        assert!(session.keys().is_empty());
    });
    request(&microdot(), &[], NOW, |session| {
        for name in reserved {
            let free = of_waxseal.contains(&name);
            assert_eq!(session.insert(name, 1).is_ok(), free, "{name}");
        }
    });
}

#[test]
fn nan_becomes_null() {
    request(&own(), &[], NOW, |session| {
        session.insert("a", [f64::NAN, f64::INFINITY, 1.5]).unwrap();
        assert_eq!(session.get("a").unwrap(), Some([None, None, Some(1.5)]));
        session.insert("b", f32::NAN).unwrap();
        assert!(session.get::<f32>("b").is_err());
    });
}

#[test]
fn data_nested_too_deeply_to_be_read_is_an_error() {
    let nested =
        |depth: usize| (0..depth).fold(serde_json::json!(1), |value, _| serde_json::json!([value]));
    request(&own(), &[], NOW, |session| {
        session.insert("a", nested(99)).unwrap();
        assert!(matches!(session.insert("a", nested(100)), Err(WriteError::TooDeep { .. })));
    });
}

/// The error of more data than a cookie can hold.
#[track_caller]
fn is_too_large(result: Result<(), WriteError>, key: Option<&str>) {
    let error = result.unwrap_err();
    let expected = key.map(String::from);
    assert!(
        matches!(&error, WriteError::TooLarge { key, limit: 3072 } if *key == expected),
        "{error:?}"
    );
    let text = error.to_string();
    assert!(text.contains("more than 3072 bytes") && text.contains("keep less data"), "{text}");
}

/// S-M3: the work ends at the limit for every form.
#[test]
fn data_that_cannot_fit_is_refused_before_it_is_parsed() {
    /// An endless sequence.
    struct Endless(&'static str);

    impl Serialize for Endless {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_seq(std::iter::repeat_n(self.0, usize::MAX))
        }
    }

    request(&own(), &[], NOW, |session| {
        session.insert("kept", 1).unwrap();
        // Only with the feature `std` does serialization stop; without it, it needs memory.
        if cfg!(feature = "std") {
            is_too_large(session.insert("a", Endless("field")), Some("a"));
            is_too_large(session.set_data(BTreeMap::from([("a", Endless("field"))])), None);
        }
        is_too_large(session.insert("a", "x".repeat(3071)), Some("a"));
        is_too_large(session.insert("a", "x".repeat(2_000_000)), Some("a"));
        let form: BTreeMap<_, _> = (0..6000).map(|n| (format!("field{n}"), "")).collect();
        is_too_large(session.set_data(&form), None);
        // One field after the other.
        let inserted = form.keys().take_while(|key| session.insert(key, "").is_ok()).count();
        assert!((200..400).contains(&inserted), "{inserted}");
        is_too_large(session.insert("another", "x".repeat(99)), Some("another"));
        // A smaller value in place of a larger one always fits.
        session.insert("field1", 1).unwrap();
        assert_eq!(session.get("kept").unwrap(), Some(1));
        session.clear_data();
        session.insert("a", "x".repeat(3000)).unwrap();
    });
}

#[test]
fn values_are_read_by_type() {
    request(&own(), &[], NOW, |session| {
        session.insert("a", "text").unwrap();
        assert_eq!(session.get::<String>("b").unwrap(), None);
        let error = session.get::<u32>("a").unwrap_err();
        assert_eq!(error.to_string(), r#"the session's entry "a" cannot be read as u32"#);
        assert!(session.remove("a"));
        assert!(!session.remove("a"));
        session.insert("b", 1).unwrap();
        session.clear_data();
        assert!(session.keys().is_empty());
    });
}

#[test]
fn the_data_is_read_and_written_as_a_struct() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct User {
        name: String,
        cart: Vec<u32>,
    }
    let susan = || User { name: "susan".into(), cart: vec![1, 2] };

    let ((), response) = request(&own(), &[], NOW, |session| {
        session.insert("gone", 1).unwrap();
        session.set_data(susan()).unwrap();
        session.save().unwrap();
        assert!(matches!(session.set_data(vec![1]), Err(WriteError::NotAnObject)));
        assert_eq!(session.keys(), ["name", "cart"]);
    });
    let cookie = format!("__Host-session={}", response.token());
    request(&own(), &[&cookie], NOW, |session| {
        assert_eq!(session.data::<User>().unwrap(), susan());
        assert!(session.data::<BTreeMap<String, u8>>().is_err());
    });
}

#[test]
fn a_value_is_serialized_once() {
    struct Once(std::cell::Cell<Option<Vec<u8>>>);
    impl Serialize for Once {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_seq(self.0.take().unwrap_or_default())
        }
    }
    request(&own(), &[], NOW, |session| {
        session.insert("a", Once(std::cell::Cell::new(Some(vec![1, 2])))).unwrap();
        assert_eq!(session.get("a").unwrap(), Some(vec![1, 2]));
    });
}
