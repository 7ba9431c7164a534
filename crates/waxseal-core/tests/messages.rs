//! What operators and developers read: errors, and the values in a log. Other tests check
//! that these show no secret and no session.

mod support;

use std::error::Error as _;

use support::{Minter, NOW, alive, now, own, request, secret};
use waxseal_core::{
    Acknowledgement, BuildError, CookieSpecError, Jwks, NotDurable, OpenSession, RandomError,
    Rejection, Revocation, Sealer, SecretError, SessionRef, Successor, Target, UnixTime,
};
#[cfg(feature = "device-bound")]
use waxseal_core::{DeviceBindingError, DeviceRequest, DeviceResponse};

#[test]
fn an_error_says_what_to_change() {
    for (error, end) in [
        (CookieSpecError::Name, "letters, digits and !#$%&'*+-.^_`|~"),
        (CookieSpecError::Path, "and not end with a space"),
        (CookieSpecError::Domain, "such as example.com"),
        (CookieSpecError::MaxAge, "1 second to 400 days"),
    ] {
        assert!(error.to_string().ends_with(end), "{error}");
    }
}

#[test]
fn the_failure_of_randomness_and_of_a_store_are_named() {
    assert_eq!(RandomError.to_string(), "the random source failed");
    let error = NotDurable::new("the store is locked");
    assert!(error.to_string().ends_with("is not durable: the store is locked"), "{error}");
}

/// An error that `main` returns says what to do.
#[test]
fn debug_of_a_configuration_error_is_its_message() {
    let error = SecretError::NotSet { variable: "SESSION_SECRET".into() };
    assert_eq!(format!("{error:?}"), error.to_string());
    assert_eq!(format!("{:?}", CookieSpecError::Path), CookieSpecError::Path.to_string());
    let error = Jwks::parse("{").unwrap_err();
    assert_eq!(format!("{error:?}"), error.to_string());
    assert!(error.to_string().starts_with("the text is not a JSON Web Key Set"), "{error}");
    let error = BuildError::NoSealingKey { algorithm: "HS256" };
    assert_eq!(
        format!("{error:?}"),
        "the key set has no HS256 key that seals; add one, or call encrypted()"
    );
    let error = BuildError::NoSealingKey { algorithm: "A256CBC-HS512" };
    assert!(error.to_string().ends_with("or remove the call of encrypted()"), "{error}");
    #[cfg(feature = "device-bound")]
    {
        let error = BuildError::DeviceBinding(DeviceBindingError::Path);
        assert_eq!(format!("{error:?}"), DeviceBindingError::Path.to_string());
    }
}

/// They contain tokens.
#[cfg(feature = "device-bound")]
#[test]
fn debug_of_a_request_of_device_binding_and_its_response_shows_no_token() {
    let (cookies, proof) = ([&b"secret=1"[..]], Some(&b"secret"[..]));
    let request = DeviceRequest { method: "POST", cookies: &cookies, proof, identifier: proof };
    assert_eq!(format!("{request:?}"), "DeviceRequest { method: \"POST\", .. }");
    let response = DeviceResponse {
        status: 200,
        headers: vec![("set-cookie", "secret".into())],
        body: "secret".into(),
        outcome: "refreshed",
    };
    let shown = "DeviceResponse { status: 200, outcome: \"refreshed\", .. }";
    assert_eq!(format!("{response:?}"), shown);
}

#[test]
fn the_cause_of_an_unreadable_entry_is_its_source() {
    request(&own(), &[], NOW, |session| {
        session.insert("a", "text").unwrap();
        let error = session.get::<u32>("a").unwrap_err();
        let source = error.source().unwrap();
        assert!(source.to_string().starts_with("invalid type: string"), "{source}");
    });
}

#[test]
fn every_rejection_has_its_own_sentence() {
    let all = [
        Rejection::ClockNotSet,
        Rejection::TooLarge,
        Rejection::Malformed,
        Rejection::Header,
        Rejection::UnknownKey,
        Rejection::Signature,
        Rejection::Claims,
        Rejection::NotEncrypted,
        Rejection::NotYetValid,
        Rejection::Expired,
        Rejection::NoSid,
        Rejection::Revoked,
        Rejection::RevocationUnknown,
    ]
    .map(|rejection| rejection.to_string());
    for (at, text) in all.iter().enumerate() {
        assert!(!text.is_empty() && !all[..at].contains(text), "{text}");
    }
}

#[test]
fn a_time_is_its_seconds() {
    assert_eq!(UnixTime::from_secs(5).to_string(), "5");
}

#[test]
fn debug_names_the_type() {
    assert_eq!(format!("{:?}", secret()), "Secret(..)");
    let pending = Acknowledgement::new(std::future::pending());
    assert_eq!(format!("{pending:?}"), "Acknowledgement(..)");
    let builder = format!("{:?}", Sealer::builder(secret()));
    assert!(builder.starts_with("SealerBuilder { keys: Secret(Secret(..)), cookie: "), "{builder}");
    let set = Jwks::derived(&secret(), "session");
    assert_eq!(format!("{set:?}"), "Jwks { cookie: \"session\", kids: [\"9rEnwMqi\"], .. }");
}

#[test]
fn debug_of_a_revocation_names_its_kind() {
    let session = SessionRef { id: "a".into(), user: None, issued_at: now(), stamp: 0 };
    let successor = Successor { session: session.clone(), must_be_good: true, also: None };
    assert_eq!(format!("{successor:?}"), "Successor { must_be_good: true, .. }");
    let revocation = Revocation { target: Target::Session(session), successor: Some(successor) };
    assert_eq!(format!("{revocation:?}"), "Revocation { target: Session(..), .. }");
    assert_eq!(format!("{:?}", revocation.target), "Target(..)");
}

#[test]
fn debug_of_a_session_shows_its_state() {
    let cookie = format!("__Host-session={}", Minter::own().token(alive(r#""a":1"#)));
    let sealer = own();
    let mut session = OpenSession::open(&sealer, [cookie.as_bytes()], now()).unwrap();
    let shown = format!("{session:?}");
    assert!(shown.starts_with("OpenSession { issued_at: "), "{shown}");
    assert!(shown.ends_with("rejection: None, finished: false, .. }"), "{shown}");
    let finish = session.finish();
    let shown = format!("{finish:?}");
    assert!(shown.starts_with("Finish { changes: Some(ResponseChanges { outcome: "), "{shown}");
}
