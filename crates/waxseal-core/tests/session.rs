//! Changes of a handler to a session, and the resulting response.

mod support;

use std::{
    sync::atomic::{AtomicU8, Ordering},
    time::Duration,
};

use support::{MICRODOT_KEY, Minter, NOW, alive, microdot, own, own_as, request, secret};
use waxseal_core::{
    BuildError, CookieSpec, OpenSession, Outcome, RandomError, Rejection, SaveError, Sealer,
    Secret, SecretError, UnixTime,
};

const WEEK: u64 = 7 * 86_400;

#[test]
fn a_saved_session_is_read_back() {
    let sealer = own();
    let ((), response) = request(&sealer, &[], NOW, |session| {
        assert!(session.is_new());
        assert_eq!((session.issued_at(), session.expires_at()), (None, None));
        session.insert("username", "susan").unwrap();
        session.save().unwrap();
        assert_eq!(session.issued_at(), Some(UnixTime::from_secs(NOW)));
        assert_eq!(session.expires_at(), Some(UnixTime::from_secs(NOW + WEEK)));
    });
    let token = response.token().to_owned();
    assert!(Minter::own().signs(&token));
    assert_eq!(
        response.cookie(),
        format!("__Host-session={token}; Path=/; Max-Age=604800; Secure; HttpOnly; SameSite=Lax")
    );
    assert_eq!(
        response.claims(),
        format!(r#"{{"iat":{NOW},"exp":{},"username":"susan"}}"#, NOW + WEEK)
    );

    let cookie = format!("a=b; __Host-session={token}; c=d");
    let ((), response) = request(&sealer, &[&cookie], NOW + 60, |session| {
        assert!(!session.is_new());
        assert_eq!(session.rejection(), None);
        assert_eq!(session.get("username").unwrap(), Some("susan".to_owned()));
        assert_eq!(session.issued_at(), Some(UnixTime::from_secs(NOW)));
        assert_eq!(session.expires_at(), Some(UnixTime::from_secs(NOW + WEEK)));
    });
    assert!(response.sets_none());
}

/// Whether the changes after `handler` report unsaved data.
fn unsaved(handler: impl FnOnce(&mut OpenSession<&Sealer>)) -> bool {
    let sealer = own();
    let mut session = OpenSession::open(&sealer, [], support::now()).unwrap();
    handler(&mut session);
    support::finish(&mut session).unwrap().has_unsaved_changes()
}

#[test]
fn remember_returns_what_was_set_until_the_next_login() {
    let ((), response) = request(&own(), &[], NOW, |session| {
        session.log_in("42").unwrap();
        assert_eq!(session.remember(), None);
        session.set_remember(false);
        session.save().unwrap();
    });
    request(&own(), &[response.cookie()], NOW, |session| {
        assert_eq!(session.remember(), Some(false));
        session.log_in("42").unwrap();
        assert_eq!(session.remember(), None);
    });
    // The application of Microdot may have an entry of this name.
    let cookie = format!("session={}", Minter::microdot().token(r#"{"remember":true}"#));
    request(&microdot(), &[&cookie], NOW, |session| assert_eq!(session.remember(), None));
}

#[test]
fn no_cookie_is_sent_without_a_save() {
    let ((), response) = request(&own(), &[], NOW, |session| session.insert("a", 1).unwrap());
    assert!(response.sets_none());

    assert!(unsaved(|session| session.insert("a", 1).unwrap()));
    assert!(!unsaved(|session| session.renew().unwrap()));
    assert!(!unsaved(|session| session.log_in("42").unwrap()));
    assert!(unsaved(|session| session.set_timeouts(Duration::MAX, Duration::MAX)));
    assert!(unsaved(|session| session.set_remember(true)));
    assert!(!unsaved(|session| assert!(session.keys().is_empty())));
    assert!(!unsaved(|session| {
        session.insert("a", 1).unwrap();
        session.save().unwrap();
    }));
    // The handler knows.
    let too_large = "x".repeat(3000);
    assert!(!unsaved(|session| {
        session.insert("a", &too_large).unwrap();
        session.save().unwrap_err();
    }));
    assert!(unsaved(|session| {
        session.insert("a", &too_large).unwrap();
        session.save().unwrap_err();
        session.remove("a");
        session.save().unwrap();
        session.insert("a", 1).unwrap();
    }));
}

#[test]
fn the_last_save_is_sent_without_later_changes() {
    let ((), response) = request(&own(), &[], NOW, |session| {
        session.insert("a", 1).unwrap();
        session.save().unwrap();
        session.insert("a", 2).unwrap();
    });
    assert!(response.claims().ends_with(r#""a":1}"#));

    let ((), response) = request(&own(), &[], NOW, |session| {
        session.insert("a", 1).unwrap();
        session.save().unwrap();
        session.insert("a", 2).unwrap();
        session.save().unwrap();
    });
    assert!(response.claims().ends_with(r#""a":2}"#));
}

#[test]
fn the_last_of_save_and_delete_wins() {
    let ((), response) = request(&own(), &[], NOW, |session| {
        session.insert("a", 1).unwrap();
        session.save().unwrap();
        session.delete().unwrap();
        assert!(session.keys().is_empty());
        assert_eq!((session.issued_at(), session.expires_at()), (None, None));
    });
    assert_eq!(
        response.cookie(),
        "__Host-session=; Path=/; Expires=Thu, 01 Jan 1970 00:00:01 GMT; Max-Age=0; Secure; HttpOnly; SameSite=Lax"
    );

    let token = Minter::own().token(alive(r#""a":1,"sid":"old""#));
    let cookie = format!("__Host-session={token}");
    let ((), response) = request(&own(), &[&cookie], NOW, |session| {
        session.delete().unwrap();
        session.insert("b", 2).unwrap();
        session.save().unwrap();
        assert_eq!(session.issued_at(), Some(UnixTime::from_secs(NOW)), "a new session");
    });
    assert_eq!(response.claims(), format!(r#"{{"iat":{NOW},"exp":{},"b":2}}"#, NOW + WEEK));
}

#[test]
fn another_save_keeps_iat_and_extends_exp() {
    let issued = NOW - 29 * 86_400;
    let claims = format!(
        r#"{{ "b" : 1E5, "sid": "old","iat":{issued},"sub":"42","exp":{},"iss":"x","a":1}}"#,
        NOW + 50
    );
    let cookie = format!("__Host-session={}", Minter::own().token(claims));
    let ((), response) = request(&own(), &[&cookie], NOW, |session| session.save().unwrap());
    // The absolute timeout of 30 days ends before the idle timeout.
    assert_eq!(
        response.claims(),
        format!(
            r#"{{"iat":{issued},"exp":{},"sid":"old","b":1E5,"sub":"42","iss":"x","a":1}}"#,
            NOW + 86_400
        )
    );
    assert!(response.cookie().contains("; Max-Age=86400; "));
}

#[test]
fn activity_extends_a_session_and_keeps_its_data() {
    let near =
        format!(r#"{{"iat":{},"exp":{},"sid":"s","a":1}}"#, NOW - 86_400, NOW + WEEK / 2 - 1);
    let cookie = format!("__Host-session={}", Minter::own().token(near));
    let ((), response) =
        request(&own(), &[&cookie], NOW, |session| session.insert("a", 2).unwrap());
    assert_eq!(
        response.claims(),
        format!(r#"{{"iat":{},"exp":{},"sid":"s","a":1}}"#, NOW - 86_400, NOW + WEEK)
    );
}

#[test]
fn the_first_valid_cookie_counts() {
    let minter = Minter::own();
    let good =
        |name: &str| format!("__Host-session={}", minter.token(alive(&format!(r#""{name}":1"#))));
    let expired = format!("__Host-session={}", minter.token(r#"{"iat":1,"exp":2}"#));
    let keys = |cookies: &[&str]| request(&own(), cookies, NOW, |session| session.keys()).0;

    for malformed in ["__Host-session=malformed", "__Host-session=", &expired] {
        assert_eq!(keys(&[&format!("{malformed}; {}", good("a"))]), ["a"]);
        assert_eq!(keys(&[&format!("{}; {malformed}", good("a"))]), ["a"]);
        assert_eq!(keys(&[malformed, &good("a")]), ["a"]);
        assert_eq!(keys(&[&good("a"), malformed]), ["a"]);
    }
    assert_eq!(keys(&[&format!("{}; {}", good("a"), good("b"))]), ["a"]);
    let neighbours = format!("x=1; __Host-session2=2; {}; y", good("a"));
    assert_eq!(keys(&[&neighbours]), ["a"]);
    let renamed = good("a").replacen('=', "x=", 1);
    assert_eq!(request(&own(), &[&renamed], NOW, |session| session.rejection()).0, None);
}

#[test]
fn at_most_sixteen_cookies_are_verified() {
    let minter = Minter::own();
    let forged =
        format!("__Host-session={}.e30.{}; ", support::b64(&minter.header), "A".repeat(43));
    let malformed = "__Host-session=x; __Host-session=a.b.c; ".repeat(40);
    let good = format!("__Host-session={}", minter.token(alive("")));
    let rejection =
        |cookie: String| request(&own(), &[&cookie], NOW, |session| session.rejection()).0;
    assert_eq!(rejection(malformed.clone() + &forged.repeat(15) + &good), None);
    assert_eq!(rejection(malformed + &forged.repeat(16) + &good), Some(Rejection::Signature));
}

#[test]
fn the_rejection_of_the_latest_check_is_reported() {
    let expired = Minter::own().token(r#"{"iat":1,"exp":2}"#);
    let cookie = format!("__Host-session=x; __Host-session={expired}; __Host-session=y");
    assert_eq!(
        request(&own(), &[&cookie], NOW, |session| session.rejection()).0,
        Some(Rejection::Expired)
    );
}

#[test]
fn a_rejected_cookie_stays_unchanged() {
    for token in ["malformed".to_owned(), Minter::own().token(r#"{"iat":1,"exp":2}"#)] {
        let cookie = format!("__Host-session={token}");
        let (new, response) = request(&own(), &[&cookie], NOW, |session| session.is_new());
        assert!(new);
        assert!(response.sets_none());
    }
}

#[test]
fn a_clock_that_was_never_set_is_an_error() {
    let cookie = format!("__Host-session={}", Minter::own().token(alive("")));
    let (rejection, _) = request(&own(), &[&cookie], 12, |session| {
        assert_eq!(session.save(), Err(SaveError::ClockNotSet));
        session.rejection()
    });
    assert_eq!(rejection, Some(Rejection::ClockNotSet));
}

#[test]
fn saving_or_deleting_after_the_finish_is_an_error() {
    let sealer = own();
    let mut session = OpenSession::open(&sealer, [], support::now()).unwrap();
    drop(support::finish(&mut session));
    assert_eq!(session.save(), Err(SaveError::Finished));
    assert_eq!(session.delete(), Err(SaveError::Finished));
}

#[test]
fn a_too_large_session_is_an_error_with_both_sizes_and_sends_no_cookie() {
    let sealer = own();
    let save = |len: usize| {
        request(&sealer, &[], NOW, |session| {
            session.insert("a", "x".repeat(len)).unwrap();
            session.save()
        })
    };
    let largest = (0..3060).rev().find(|len| save(*len).0.is_ok()).unwrap();
    let size = save(largest).1.cookie().len();
    assert!((4093..=4096).contains(&size), "{size}");
    let (result, response) = save(largest + 3);
    assert!(
        matches!(result, Err(SaveError::TooLarge { size: 4097..4104, limit: 4096 })),
        "{result:?}"
    );
    assert!(response.sets_none());

    // The earlier save is sent.
    let ((), response) = request(&sealer, &[], NOW, |session| {
        session.insert("a", "small").unwrap();
        session.save().unwrap();
        session.insert("a", "x".repeat(3060)).unwrap();
        session.save().unwrap_err();
    });
    assert!(response.claims().ends_with(r#""a":"small"}"#));
}

#[test]
fn a_line_of_4096_bytes_is_not_too_large() {
    // Base64 skips some lengths, so names of several lengths are tried.
    let largest = ["a", "aa", "aaa"].into_iter().flat_map(|name| {
        let sealer = own_as(CookieSpec::builder(name).build().unwrap());
        let lens = 2700..3000;
        lens.filter_map(move |len| {
            let (saved, response) = request(&sealer, &[], NOW, |session| {
                session.insert("a", "x".repeat(len)).unwrap();
                session.save().is_ok()
            });
            saved.then(|| response.cookie().len())
        })
    });
    assert_eq!(largest.max(), Some(4096));
}

#[test]
fn a_server_with_a_small_limit_opens_the_tokens_that_it_saves() {
    let sealer = Sealer::builder(secret()).max_token_bytes(300).build().unwrap();
    let ((), response) = request(&sealer, &[], NOW, |session| {
        session.insert("a", "x".repeat(300)).unwrap();
        assert!(matches!(session.save(), Err(SaveError::TooLarge { limit: 300, .. })));
        session.insert("a", "x").unwrap();
        session.save().unwrap();
    });
    assert!(response.cookie().len() <= 300);
}

/// Saves twice on a platform with randomness.
fn save_with_id(
    cookies: &[&str],
    random: fn() -> Result<[u8; 16], RandomError>,
) -> Result<support::Headers, SaveError> {
    let sealer = own();
    let headers = cookies.iter().map(|header| header.as_bytes());
    let session = OpenSession::open(&sealer, headers, support::now()).unwrap();
    let mut session = session.with_randomness(random);
    session.save()?;
    session.save()?;
    let mut response = support::Headers::default();
    support::finish(&mut session).unwrap().apply(&mut response);
    Ok(response)
}

#[test]
fn with_randomness_a_session_has_an_id() {
    static CALLS: AtomicU8 = AtomicU8::new(0);
    let counted = || Ok([CALLS.fetch_add(1, Ordering::Relaxed); 16]);

    let response = save_with_id(&[], || Ok([0xFF; 16])).unwrap();
    assert!(response.claims().contains(r#","sid":"_____________________w"}"#));
    let cookie = format!("__Host-session={}", response.token());
    let again = save_with_id(&[&cookie], || Ok([0; 16])).unwrap();
    assert_eq!(again.claims(), response.claims(), "the session keeps its ID");
    save_with_id(&[], counted).unwrap();
    assert_eq!(CALLS.load(Ordering::Relaxed), 1, "a session that is saved twice has one ID");
    assert_eq!(save_with_id(&[], || Err(RandomError)).unwrap_err(), SaveError::NoRandomness);
}

#[test]
fn a_lower_absolute_timeout_is_effective_at_once() {
    let sealer =
        Sealer::builder(secret()).absolute_timeout(Duration::from_secs(3600)).build().unwrap();
    let cookie = format!("__Host-session={}", Minter::own().token(alive("")));
    let (rejection, _) = request(&sealer, &[&cookie], NOW, |session| session.rejection());
    assert_eq!(rejection, Some(Rejection::Expired));
}

#[test]
fn two_cookie_names_are_two_sessions() {
    let other = own_as(CookieSpec::builder("__Host-other").build().unwrap());
    let token = Minter::own().token(alive(""));
    let cookie = format!("__Host-session={token}; __Host-other={token}");
    let (rejection, _) = request(&other, &[&cookie], NOW, |session| session.rejection());
    assert_eq!(rejection, Some(Rejection::UnknownKey));
}

#[test]
fn contradictory_limits_are_errors() {
    let builder = || Sealer::builder(secret());
    assert_eq!(
        builder().idle_timeout(None).absolute_timeout(None).build().unwrap_err(),
        BuildError::NoTimeout
    );
    assert_eq!(
        builder().idle_timeout(Duration::from_millis(999)).build().unwrap_err(),
        BuildError::ZeroTimeout
    );
    assert_eq!(builder().max_token_bytes(255).build().unwrap_err(), BuildError::SizeLimit);
    assert!(builder().max_token_bytes(256).build().is_ok());
    assert!(builder().idle_timeout(None).build().is_ok());
    // A huge timeout does not overflow.
    let forever = builder().idle_timeout(Duration::MAX).absolute_timeout(None).build().unwrap();
    let ((), response) = request(&forever, &[], NOW, |session| session.save().unwrap());
    let cookie = format!("__Host-session={}", response.token());
    assert_eq!(request(&forever, &[&cookie], NOW, |session| session.rejection()).0, None);
}

#[test]
fn short_secrets_are_errors() {
    for len in [0, 31] {
        let error = Secret::new(vec![0; len]).unwrap_err();
        assert_eq!(error, SecretError::TooShort { len });
        assert!(error.to_string().contains("32"));
    }
    assert!(Secret::new([0; 32]).is_ok());
    assert_eq!(Sealer::microdot("").unwrap_err(), BuildError::EmptyKey);
    assert!(Sealer::microdot("x").is_ok());
}

#[test]
fn debug_shows_no_secret() {
    let shown = [
        format!("{:?}", secret()),
        format!("{:?}", Sealer::builder(secret())),
        format!("{:#?}", own()),
        format!("{:#?}", microdot()),
        format!("{:?}", Secret::new(support::SECRET).map(waxseal_core::KeySource::from)),
    ];
    let secret = std::str::from_utf8(support::SECRET).unwrap();
    let key = std::str::from_utf8(MICRODOT_KEY).unwrap();
    for shown in shown {
        for hidden in [secret, key, &format!("{:?}", support::SECRET), &format!("{MICRODOT_KEY:?}")]
        {
            assert!(!shown.contains(hidden), "{shown}");
        }
        assert!(!shown.contains("keyed"), "{shown}");
    }
}

#[test]
fn debug_shows_no_session() {
    let sealer = own();
    let cookie = format!("__Host-session={}", Minter::own().token(alive(r#""a":"visible""#)));
    let mut session = OpenSession::open(&sealer, [cookie.as_bytes()], support::now()).unwrap();
    session.insert("b", "inserted").unwrap();
    session.save().unwrap();
    let before = format!("{session:?}");
    let finish = session.finish();
    let shown = format!("{before} {session:?} {finish:?}");
    for hidden in ["visible", "inserted", "eyJ"] {
        assert!(!shown.contains(hidden), "{shown}");
    }
}

#[test]
fn remember_sets_or_omits_max_age() {
    let browser_session = CookieSpec::builder("__Host-session").until_browser_closes().build();
    for (sealer, by_itself) in [(own(), true), (own_as(browser_session.unwrap()), false)] {
        let lasts = |remember: Option<bool>, cookies: &[&str]| {
            let ((), response) = request(&sealer, cookies, NOW, |session| {
                if let Some(remember) = remember {
                    session.set_remember(remember);
                }
                session.save().unwrap();
            });
            let cookie = format!("__Host-session={}", response.token());
            (response.cookie().contains("; Max-Age=604800;"), cookie)
        };
        assert_eq!(lasts(None, &[]).0, by_itself);
        for remember in [true, false] {
            let (lasting, cookie) = lasts(Some(remember), &[]);
            assert_eq!(lasting, remember);
            // The session keeps the setting.
            assert_eq!(lasts(None, &[&cookie]).0, remember);
        }
    }
}

#[test]
fn the_browser_keeps_the_cookie_no_longer_than_the_session() {
    let spec = CookieSpec::builder("a").max_age(Duration::from_secs(9 * 86_400)).build().unwrap();
    let max_age = |sealer: &Sealer| {
        let ((), response) = request(sealer, &[], NOW, |session| session.save().unwrap());
        response.cookie().split("; ").find_map(|part| part.strip_prefix("Max-Age=")?.parse().ok())
    };
    assert_eq!(max_age(&own_as(spec.clone())), Some(WEEK));
    let absolute_only = Sealer::builder(secret()).cookie(spec).idle_timeout(None).build().unwrap();
    assert_eq!(max_age(&absolute_only), Some(9 * 86_400));
    let as_long = CookieSpec::builder("a").max_age(Duration::from_secs(WEEK)).build().unwrap();
    assert_eq!(max_age(&own_as(as_long)), Some(WEEK));
    let short = CookieSpec::builder("a").max_age(Duration::from_secs(WEEK - 1)).build().unwrap();
    let refused = Sealer::builder(secret()).cookie(short).build().unwrap_err();
    assert_eq!(refused, BuildError::MaxAgeUnderIdleTimeout);
}

/// Counters have these words as labels.
#[test]
fn an_outcome_is_one_word() {
    let outcomes =
        [Outcome::Read, Outcome::Saved, Outcome::Deleted, Outcome::Refreshed, Outcome::Revoked];
    let words = ["read", "saved", "deleted", "refreshed", "revoked"];
    assert_eq!(outcomes.map(Outcome::as_str), words);
}
