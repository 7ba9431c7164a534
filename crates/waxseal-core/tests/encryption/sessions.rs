//! What encrypted sessions share with signed ones.

use std::time::Duration;

use waxseal_core::{
    Acknowledgement, CookieSpec, Jwks, Marker, OpenSession, RandomError, Recorded, Rejection,
    Revocation, RevocationStatus, Revocations, SaveError, Sealer, Secret, SessionView,
};

use super::{
    CALLS, LAST, encrypted,
    jwe::Jwe,
    log_in, request,
    support::{MICRODOT_KEY, Minter, NOW, alive, b64, now, secret, unb64},
    user, user_at,
};

#[test]
fn nobody_reads_the_data_without_the_key() {
    let sealer = encrypted();
    let token = log_in(&sealer, NOW);
    let parts: Vec<_> = token.split('.').collect();
    assert_eq!(parts.len(), 5);
    assert_eq!(unb64(parts[0]), Jwe::own().header, "the header of RFC 7516, constant for a key");
    assert!(parts[1].is_empty());
    let claims = Jwe::own().claims(&token).unwrap();
    for secret in [r#""sub":"susan""#, r#""theme":"dark""#] {
        assert!(claims.contains(secret), "{claims}");
    }
    assert_eq!(user(&sealer, &token), Ok(Some("susan".into())));
    assert_ne!(log_in(&sealer, NOW).split('.').nth(3), Some(parts[3]), "another IV");
}

#[test]
fn tokens_of_the_second_implementation_are_accepted() {
    let sealer = encrypted();
    for len in 0..64 {
        let claims = alive(&format!(r#""sub":"susan","x":"{}""#, "y".repeat(len)));
        let token = Jwe::own().token(&claims);
        assert_eq!(user(&sealer, &token), Ok(Some("susan".into())), "{len}");
        assert_eq!(sealer.verify(token.as_bytes(), now()).unwrap(), claims);
    }
}

#[test]
fn each_seal_draws_16_bytes_and_writes_them() {
    let sealer = encrypted();
    let token = log_in(&sealer, NOW);
    let cookie = format!("__Host-session={token}");
    // A save of an existing session draws no session ID.
    CALLS.set(0);
    let (result, response) = request(&sealer, &[&cookie], NOW, |session| session.save());
    result.unwrap();
    assert_eq!(CALLS.get(), 1);
    assert_eq!(response.token().split('.').nth(2), Some(&*b64(LAST.get())));
    // So does a refresh: three and a half of seven days are over.
    CALLS.set(0);
    let (_, response) = request(&sealer, &[&cookie], NOW + 4 * 86_400, |session| session.keys());
    assert_eq!(CALLS.get(), 1);
    assert_eq!(response.token().split('.').nth(2), Some(&*b64(LAST.get())));
    // A request that only reads draws nothing.
    CALLS.set(0);
    let (_, response) = request(&sealer, &[&cookie], NOW, |session| session.keys());
    assert!(CALLS.get() == 0 && response.sets_none());
}

#[test]
fn without_randomness_nothing_is_saved() {
    let sealer = encrypted();
    let open = || OpenSession::open(&sealer, [b"".as_slice()], now()).unwrap();
    assert_eq!(open().save(), Err(SaveError::NoRandomness));
    let mut failing = open().with_randomness(|| Err(RandomError));
    assert_eq!(failing.log_in("susan"), Err(SaveError::NoRandomness));
    assert!(SaveError::NoRandomness.to_string().contains("random"));
}

#[test]
fn the_size_limit_counts_the_encrypted_size() {
    let sealer = encrypted();
    let size = |len: usize| {
        let insert = |session: &mut OpenSession<&Sealer>| {
            session.insert("x", "y".repeat(len)).unwrap();
            session.save()
        };
        match request(&sealer, &[], NOW, insert) {
            (Ok(()), response) => Ok(response.cookie().len()),
            (Err(error), _) => Err(error),
        }
    };
    let fits = (2500..3000).rev().find(|len| size(*len).is_ok()).unwrap();
    assert!(size(fits).unwrap() <= 4096);
    let Err(SaveError::TooLarge { size: bytes, limit: 4096 }) = size(fits + 16) else {
        panic!("it does not fit")
    };
    // A step of 16 bytes, in base64.
    assert!((4097..4097 + 44).contains(&bytes), "{bytes}");
}

#[test]
fn timeouts_and_claims_are_those_of_signed_sessions() {
    let sealer = encrypted();
    let token = log_in(&sealer, NOW);
    assert_eq!(user_at(&sealer, &token, NOW + 7 * 86_400), Err(Rejection::Expired));
    let short = Sealer::builder(secret()).encrypted().absolute_timeout(Duration::from_secs(60));
    let short = short.idle_timeout(Duration::from_secs(60)).build().unwrap();
    assert_eq!(user_at(&short, &token, NOW + 61), Err(Rejection::Expired));
    for (claims, rejection) in [
        ("[]", Rejection::Claims),
        ("{}", Rejection::Claims),
        ("", Rejection::Claims),
        (r#"{"iat":1,"exp":2}"#, Rejection::Expired),
        (r#"{"iat":1900000000,"exp":1900000001}"#, Rejection::NotYetValid),
    ] {
        assert_eq!(user(&sealer, &Jwe::own().token(claims)), Err(rejection), "{claims}");
    }
    assert_eq!(user(&sealer, &Jwe::own().token([0xff])), Err(Rejection::Claims), "no UTF-8");
}

#[test]
fn keys_rotate() {
    let old = Secret::new(*b"the secret of last year, retired").unwrap();
    let token = log_in(&Sealer::builder(old.clone()).encrypted().build().unwrap(), NOW);
    assert_eq!(user(&encrypted(), &token), Err(Rejection::UnknownKey));
    let rotating = Sealer::builder(secret()).encrypted().fallback_secret(old).build().unwrap();
    let cookie = format!("__Host-session={token}");
    let (_, response) = request(&rotating, &[&cookie], NOW, |session| session.keys());
    assert_eq!(user(&encrypted(), response.token()), Ok(Some("susan".into())), "refreshed");
}

struct Admin;

impl Marker for Admin {
    const PURPOSE: &'static str = "admin";
}

#[test]
fn every_purpose_has_its_own_key() {
    let builder = || Sealer::builder(secret()).encrypted();
    let sealers = [
        builder().build(),
        builder().application("shop").build(),
        builder().marker::<Admin>().build(),
        builder().application("shop").marker::<Admin>().build(),
        builder().cookie(CookieSpec::builder("__Host-other").build().unwrap()).build(),
    ];
    let contexts = [
        "__Host-session",
        "__Host-session\0app=shop",
        "__Host-session\0marker=admin",
        "__Host-session\0app=shop\0marker=admin",
        "__Host-other",
    ];
    let sealers = sealers.map(Result::unwrap);
    for ((at, sealer), context) in sealers.iter().enumerate().zip(contexts) {
        let token = log_in(sealer, NOW);
        assert!(Jwe::derived(context).claims(&token).is_some(), "{context}");
        for (other, sealer) in sealers.iter().enumerate() {
            assert_eq!(user(sealer, &token).is_ok(), at == other, "{context}");
        }
    }
}

#[test]
fn previous_cookies_keep_their_format() {
    let previous = || CookieSpec::builder("__Host-old").build().unwrap();
    let signed =
        Minter::derived(super::support::SECRET, "__Host-old").token(alive(r#""sub":"susan""#));
    let encrypted = Jwe::derived("__Host-old").token(alive(r#""sub":"susan""#));
    let builder = || Sealer::builder(secret()).encrypted();
    let of_signed = builder().previous_cookie(previous()).build().unwrap();
    let of_encrypted = builder().previous_encrypted_cookie(previous()).build().unwrap();
    for (sealer, good, bad) in
        [(&of_signed, &signed, &encrypted), (&of_encrypted, &encrypted, &signed)]
    {
        let read = |token: &str| {
            let cookie = format!("__Host-old={token}");
            request(sealer, &[&cookie], NOW, |session| session.user())
        };
        let (found, response) = read(good);
        assert_eq!(found.as_deref(), Some("susan"));
        assert!(Jwe::own().claims(response.token()).is_some(), "it moves, encrypted");
        assert_eq!(read(bad).0, None);
    }
}

#[test]
fn microdots_sessions_migrate() {
    let since = super::UnixTime::from_secs(NOW - 60);
    let sealer = Sealer::builder(secret()).encrypted();
    let sealer = sealer.dangerous_migrate_weak_microdot(MICRODOT_KEY, since).build().unwrap();
    // Claims of our own in a foreign token are dropped.
    let token = Minter::microdot().token(r#"{"username":"joe","sid":"planted","wx_rev":9}"#);
    let cookie = format!("session={token}");
    let (_, response) = request(&sealer, &[&cookie], NOW, |session| session.keys());
    let claims = Jwe::own().claims(response.token()).unwrap();
    assert!(claims.contains(r#""username":"joe""#), "{claims}");
    assert!(!claims.contains("planted") && !claims.contains("wx_rev"), "{claims}");
}

/// A list whose next stamp is 9, and which has revoked nothing.
#[derive(Debug)]
struct List;

impl Revocations for List {
    fn absolute_timeout(&self) -> Duration {
        Duration::from_secs(30 * 86_400)
    }

    fn stamp(&self) -> Option<u64> {
        Some(5)
    }

    fn status(&self, _: SessionView<'_>) -> RevocationStatus {
        RevocationStatus::Good
    }

    fn revoke(&self, _: Revocation) -> Acknowledgement {
        let recorded = Recorded { stamp: 9, was_revoked: false, is_cutoff: true, is_revoked: true };
        Acknowledgement::new(std::future::ready(Ok(recorded)))
    }
}

#[test]
fn a_session_that_is_sealed_again_is_encrypted_with_another_iv() {
    let sealer = Sealer::builder(secret()).encrypted().revocations(List).build().unwrap();
    let token = log_in(&sealer, NOW);
    assert!(Jwe::own().claims(&token).unwrap().contains(r#""wx_rev":5"#));
    let cookie = format!("__Host-session={token}");
    CALLS.set(0);
    let (result, response) = request(&sealer, &[&cookie], NOW, |session| session.revoke_others());
    result.unwrap();
    let claims = Jwe::own().claims(response.token()).unwrap();
    assert!(claims.contains(r#""wx_rev":9"#), "{claims}");
    // Two tokens were made, and the second was sent.
    assert!(CALLS.get() >= 2);
    assert_eq!(response.token().split('.').nth(2), Some(&*b64(LAST.get())));
    assert_eq!(user(&sealer, response.token()), Ok(Some("susan".into())));
}

#[test]
fn exported_keys_seal_and_open() {
    let exported = Jwks::derived_encryption(&secret(), "__Host-session");
    let json = exported.expose();
    assert!(json.contains(r#""alg":"dir","enc":"A256CBC-HS512""#), "one kind of key");
    assert!(json.contains(r#""key_ops":["encrypt","decrypt"]"#), "both operations");
    let sealer = Sealer::builder(Jwks::parse(&json).unwrap()).encrypted().build().unwrap();
    let token = log_in(&sealer, NOW);
    assert_eq!(user(&encrypted(), &token), Ok(Some("susan".into())));
    assert_eq!(user(&sealer, &log_in(&encrypted(), NOW)), Ok(Some("susan".into())));
}
