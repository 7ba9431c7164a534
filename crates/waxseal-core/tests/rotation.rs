//! Rotation and migration: previous keys and cookies are accepted and replaced with the current
//! ones.

mod support;

use std::time::Duration;

use support::{Headers, MICRODOT_KEY, Minter, NOW, alive, b64, request, secret, unb64};
use waxseal_core::{
    BuildError, CookieSpec, Jwks, JwksError, OpenSession, Outcome, Rejection, ResponseHeaders as _,
    Sealer, SealerBuilder, Secret, UnixTime,
};

const OLD: &[u8] = b"the secret of last year, retired";
const WEEK: u64 = 7 * 86_400;

fn old() -> Minter {
    Minter::derived(OLD, "__Host-session")
}

fn builder() -> SealerBuilder {
    Sealer::builder(secret())
}

fn rotating() -> Sealer {
    builder().fallback_secret(Secret::new(OLD).unwrap()).build().unwrap()
}

/// A request that only reads its session, and the changes to its response.
fn read(sealer: &Sealer, cookies: &[&str]) -> (Option<Rejection>, Vec<String>, Headers) {
    let ((rejection, keys), response) =
        request(sealer, cookies, NOW, |session| (session.rejection(), session.keys()));
    (rejection, keys, response)
}

fn spec(name: &str) -> CookieSpec {
    CookieSpec::builder(name).build().unwrap()
}

#[test]
fn a_session_under_a_fallback_key_is_refreshed_unchanged() {
    let claims = alive(r#""sid":"s","sub":"42","n":1E05"#);
    let cookie = format!("__Host-session={}", old().token(&claims));
    let ((), response) = request(&rotating(), &[&cookie], NOW, |session| {
        assert_eq!(session.rejection(), None);
        session.insert("unsaved", 1).unwrap();
    });
    assert!(Minter::own().signs(response.token()));
    assert_eq!(response.claims(), claims, "same iat, exp, sid and data");

    // The next request does not refresh it again.
    let cookie = format!("__Host-session={}", response.token());
    assert!(read(&rotating(), &[&cookie]).2.sets_none());
    // Without the fallback secret, the old key is unknown.
    let cookie = format!("__Host-session={}", old().token(&claims));
    assert_eq!(read(&support::own(), &[&cookie]).0, Some(Rejection::UnknownKey));
}

#[test]
fn a_refresh_that_would_be_too_large_keeps_the_cookie() {
    let fits = (2000..3000).rev().find_map(|len| {
        let token = old().token(alive(&format!(r#""a":"{}""#, "x".repeat(len))));
        (token.len() <= 4096).then_some(token)
    });
    let cookie = format!("__Host-session={}", fits.unwrap());
    let sealer = rotating();
    let mut session = OpenSession::open(&sealer, [cookie.as_bytes()], support::now()).unwrap();
    assert_eq!(session.rejection(), None);
    let changes = support::finish(&mut session).unwrap();
    assert!(changes.refresh_error().is_some());
    let mut response = Headers::default();
    changes.apply(&mut response);
    assert!(response.sets_none());
}

#[test]
fn any_of_64_keys_is_found() {
    let secrets = |index: u8| Secret::new([index; 32]).unwrap();
    let sealer = (1..64)
        .fold(builder(), |builder, index| builder.fallback_secret(secrets(index)))
        .build()
        .unwrap();
    for index in 1..64 {
        let minter = Minter::derived(&[index; 32], "__Host-session");
        for header in [minter.header.clone(), minter.header.replace(',', ", ")] {
            let cookie = format!("__Host-session={}", minter.token_with(&header, alive("")));
            assert_eq!(read(&sealer, &[&cookie]).0, None, "{index}");
        }
    }
    let twice = builder().fallback_secret(secret()).build().unwrap_err();
    assert_eq!(twice, BuildError::DuplicateKey);
    let twice =
        builder().fallback_secret(secrets(1)).fallback_secret(secrets(1)).build().unwrap_err();
    assert_eq!(twice, BuildError::DuplicateKey);
}

fn jwk(letter: char, operations: &str) -> String {
    let k = letter.to_string().repeat(42);
    format!(
        r#"{{"kty":"oct","kid":"{letter}","k":"{k}A","key_ops":{operations},"waxseal:cookie":"__Host-session"}}"#
    )
}

const SIGN: &str = r#"["sign","verify"]"#;
const VERIFY: &str = r#"["verify"]"#;

fn jwks(keys: &[String]) -> Result<Jwks, JwksError> {
    Jwks::parse(&format!(r#"{{"keys":[{}]}}"#, keys.join(",")))
}

#[test]
fn a_key_set_signs_with_one_and_verifies_with_all() {
    let set = |keys: &[String]| Sealer::builder(jwks(keys).unwrap()).build().unwrap();
    let (before, after) = (set(&[jwk('a', SIGN)]), set(&[jwk('b', SIGN), jwk('a', VERIFY)]));
    let ((), response) = request(&before, &[], NOW, |session| session.save().unwrap());
    assert_eq!(unb64(response.token().split('.').next().unwrap()), r#"{"alg":"HS256","kid":"a"}"#);

    let cookie = format!("__Host-session={}", response.token());
    let (rejection, _, response) = read(&after, &[&cookie]);
    assert_eq!(rejection, None);
    assert_eq!(unb64(response.token().split('.').next().unwrap()), r#"{"alg":"HS256","kid":"b"}"#);
    let cookie = format!("__Host-session={}", response.token());
    assert_eq!(read(&before, &[&cookie]).0, Some(Rejection::UnknownKey));
}

#[test]
fn one_bad_key_rejects_the_set() {
    let good = jwk('a', SIGN);
    assert_eq!(jwks(std::slice::from_ref(&good)).unwrap().cookie_name(), "__Host-session");
    let long = good.replace(r#""kid":"a""#, &format!(r#""kid":"{}""#, "k".repeat(128)));
    let sealer = Sealer::builder(jwks(&[long]).unwrap()).build().unwrap();
    let ((), response) = request(&sealer, &[], NOW, |session| session.save().unwrap());
    assert_eq!(read(&sealer, &[&format!("__Host-session={}", response.token())]).0, None);
    assert!(jwks(&[good.replace('{', r#"{"alg":"HS256","use":"sig","x":[1],"#)]).is_ok());
    for (from, to) in [
        (r#""oct""#, r#""RSA""#),
        (r#""kty":"oct","#, ""),
        (r#""kid":"a","#, ""),
        (r#""kid":"a""#, r#""kid":"""#),
        (r#""kid":"a""#, r#""kid":5"#),
        (r#""kid":"a""#, r#""kid":"a\"b""#),
        (r#""kid":"a""#, r#""kid":"a\\b""#),
        (r#""kid":"a""#, "\"kid\":\"a\u{85}\""),
        (r#""kid":"a""#, &format!(r#""kid":"{}""#, "k".repeat(129))),
        (r#""kid":"a""#, r#""kid":"a","kid":"a""#),
        (r#""kid":"a""#, r#""kid":"a","alg":"HS512""#),
        (r#""kid":"a""#, r#""kid":"a","use":"enc""#),
        ("aaaaA", "aA"),
        ("aaaaA", "aaaaB"),
        ("aaaaA", "aaaaA="),
        (SIGN, r#"["sign"]"#),
        (SIGN, r#"["verify","sign"]"#),
        (SIGN, "[]"),
        (SIGN, VERIFY),
        (r#","waxseal:cookie":"__Host-session""#, ""),
        (r#""__Host-session""#, "5"),
    ] {
        let bad = good.replace(from, to);
        assert_ne!(bad, good, "{from}");
        assert!(jwks(&[bad]).is_err(), "{from} -> {to}");
    }
    for keys in [
        vec![],
        vec![good.clone(), good.clone()],
        vec![good.clone(), jwk('b', SIGN)],
        vec![good.clone(), jwk('a', VERIFY).replace(r#""kid":"a""#, r#""kid":"b""#)],
        vec![good.clone(), jwk('b', VERIFY).replace("__Host-session", "other")],
        vec!["5".into()],
    ] {
        assert!(jwks(&keys).is_err(), "{keys:?}");
    }
    for text in ["", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":[]}{}"#, r#"{"keys":[],"keys":[]}"#] {
        assert_eq!(Jwks::parse(text).unwrap_err(), JwksError::NotASet, "{text}");
    }
    let other = Sealer::builder(jwks(&[good]).unwrap()).cookie(spec("other")).build().unwrap_err();
    assert_eq!(other, BuildError::OtherCookie { bound: "__Host-session".into() });
    let shown = format!("{:?}", jwks(&[jwk('a', SIGN)]));
    assert!(!shown.contains("aaaa"), "{shown}");
}

/// HMAC pads a key of up to 64 bytes with zeros, so the two keys would be one (S-L10).
#[test]
fn a_key_with_zeros_at_the_end_is_the_same_key() {
    let padded = |zeros: usize| {
        let k = [
            &data_encoding::BASE64URL_NOPAD
                .decode(format!("{}A", "a".repeat(42)).as_bytes())
                .unwrap()[..],
            &vec![0; zeros],
        ]
        .concat();
        let other = jwk('a', VERIFY).replace(r#""kid":"a""#, r#""kid":"b""#);
        other.replace(&format!("{}A", "a".repeat(42)), &b64(k))
    };
    for zeros in [0, 1, 32] {
        assert!(jwks(&[jwk('a', SIGN), padded(zeros)]).is_err(), "{zeros}");
    }
    // Longer keys are hashed.
    assert!(jwks(&[jwk('a', SIGN), padded(33)]).is_ok());
}

#[test]
fn a_previous_cookie_is_migrated_and_removed() {
    let sealer = builder()
        .previous_cookie(spec("sid"))
        .fallback_secret(Secret::new(OLD).unwrap())
        .build()
        .unwrap();
    let claims = alive(r#""sid":"s","a":1"#);
    // Under the current secret and under a fallback secret.
    for minter in [Minter::derived(support::SECRET, "sid"), Minter::derived(OLD, "sid")] {
        let cookie = format!("sid={}", minter.token(&claims));
        let (rejection, keys, response) = read(&sealer, &[&cookie]);
        assert_eq!((rejection, &*keys), (None, &["a".to_owned()][..]));
        let [removal, line] = response.lines()[..] else { panic!("{:?}", response.lines()) };
        assert!(removal.starts_with("sid=; Path=/; Expires="), "{removal}");
        assert!(line.starts_with("__Host-session="), "{line}");
        assert_eq!(response.claims(), claims);

        // A save migrates it, too.
        let ((), response) = request(&sealer, &[&cookie], NOW, |session| session.save().unwrap());
        assert_eq!(response.lines().len(), 2);
        // It is ignored if the request has a current cookie, even a malformed one.
        let (rejection, ..) = read(&sealer, &[&format!("{cookie}; __Host-session=malformed")]);
        assert_eq!(rejection, Some(Rejection::Malformed));
    }
    // A previous cookie is removed when the current one is set, also after a delete.
    let ours = format!("__Host-session={}", Minter::own().token(&claims));
    let ((), response) = request(&sealer, &[&format!("{ours}; sid=any")], NOW, |session| {
        session.delete().unwrap();
        session.save().unwrap();
    });
    assert_eq!(response.lines().len(), 2, "{:?}", response.lines());
    // Without a previous cookie in the request, no line removes it.
    let ((), response) = request(&sealer, &[&ours], NOW, |session| session.save().unwrap());
    assert_eq!(response.lines().len(), 1);
    let two = builder().previous_cookie(spec("sid")).previous_cookie(spec("old")).build().unwrap();
    let ((), response) =
        request(&two, &[&format!("{ours}; old=any")], NOW, |session| session.save().unwrap());
    let [old, _] = response.lines()[..] else { panic!("{:?}", response.lines()) };
    assert!(old.starts_with("old=;"), "{old}");
    // A current cookie stays unchanged, and a logout removes both.
    let cookie = format!("__Host-session={}", Minter::own().token(&claims));
    assert!(read(&sealer, &[&cookie]).2.sets_none());
    let ((), response) = request(&sealer, &[&cookie], NOW, |session| session.delete().unwrap());
    let names: Vec<_> =
        response.lines().iter().map(|line| line.split('=').next().unwrap()).collect();
    assert_eq!(names, ["__Host-session", "sid"]);
    assert!(response.lines().iter().all(|line| line.contains("Max-Age=0")));
}

/// A server behind a gateway may have changed the session that the gateway only refreshes.
#[test]
fn a_refresh_does_not_follow_another_line_for_its_cookie() {
    let sealer = builder().previous_cookie(spec("sid")).build().unwrap();
    let cookie = format!("sid={}", Minter::derived(support::SECRET, "sid").token(alive("")));
    let lines = |others: &[&str], saves: bool| {
        let mut session = OpenSession::open(&sealer, [cookie.as_bytes()], support::now()).unwrap();
        if saves {
            session.save().unwrap();
        }
        let changes = support::finish(&mut session).unwrap();
        assert_eq!(changes.outcome(), if saves { Outcome::Saved } else { Outcome::Refreshed });
        let mut response = support::Headers::default();
        for line in others {
            response.append("set-cookie", (*line).into());
        }
        changes.apply(&mut response);
        let names = response.lines().into_iter().map(|line| line.split('=').next().unwrap());
        names.map(str::to_owned).collect::<Vec<_>>()
    };
    for (others, saves) in [
        (&[][..], false),
        (&["x__Host-session=1", "__Host-session2=1"], false),
        (&["__Host-session=; Max-Age=0"], true),
    ] {
        let names: Vec<_> = others.iter().map(|line| line.split('=').next().unwrap()).collect();
        assert_eq!(lines(others, saves), [&names[..], &["sid", "__Host-session"]].concat());
    }
    for others in [
        ["__Host-session=; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "a=1"],
        ["a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "__Host-session=a.b.c"],
    ] {
        let names = others.map(|line| line.split('=').next().unwrap());
        assert_eq!(lines(&others, false), [&names[..], &["sid"]].concat(), "{others:?}");
    }
    // The server behind it still has the previous cookie: a logout, or a login.
    for other in ["sid=; Max-Age=0", "sid=a.b.c"] {
        assert_eq!(lines(&[other], false), ["sid"]);
        assert_eq!(
            lines(&["a=1", other, "__Host-session=a"], false),
            ["a", "sid", "__Host-session"]
        );
    }
}

#[test]
fn malformed_cookies_do_not_hide_a_previous_cookie() {
    let planted = |name: &str| format!("{name}=x; ").repeat(40);
    let sealer = builder().previous_cookie(spec("sid")).build().unwrap();
    let good = format!("sid={}", Minter::derived(support::SECRET, "sid").token(alive("")));
    assert_eq!(read(&sealer, &[&(planted("sid") + &good)]).0, None);
    assert_eq!(read(&since(NOW), &[&(planted("session") + &microdots(""))]).0, None);
    // Of any number of genuine cookies, the last of Microdot's counts, and the first of waxseal's.
    let many: Vec<_> = (0..30).map(|n| microdots(&format!(r#""n{n}":1"#))).collect();
    assert_eq!(read(&since(NOW), &[&many.join("; ")]).1, ["n29"]);
}

/// The name `session` can be planted by another site of the domain, and `__Host-old` cannot.
#[test]
fn planted_cookies_do_not_displace_a_previous_cookie() {
    let since = UnixTime::from_secs(NOW - WEEK);
    let sealer = builder().previous_cookie(spec("__Host-old"));
    let sealer = sealer.dangerous_migrate_weak_microdot(MICRODOT_KEY, since).build().unwrap();
    let old = Minter::derived(support::SECRET, "__Host-old").token(alive(r#""good":1"#));
    let old = format!("__Host-old={old}");
    let genuine = Minter::microdot().token("{}");
    let (message, _) = genuine.rsplit_once('.').unwrap();
    let planted = format!("session={message}.{}; ", "A".repeat(43));
    for count in [15, 16, 17, 40] {
        for cookies in [old.clone() + "; " + &planted.repeat(count), planted.repeat(count) + &old] {
            let (rejection, keys, _) = read(&sealer, &[&cookies]);
            assert_eq!((rejection, keys), (None, vec!["good".into()]), "{count}");
        }
    }
}

#[test]
fn all_previous_cookies_of_one_name_are_removed() {
    let at = |path: &str| CookieSpec::builder("sid").path(path).build().unwrap();
    let sealer = builder().previous_cookie(at("/app")).previous_cookie(at("/")).build().unwrap();
    let cookie = format!("sid={}", Minter::derived(support::SECRET, "sid").token(alive("")));
    let (_, _, response) = read(&sealer, &[&cookie]);
    let [app, root, _] = response.lines()[..] else { panic!("{:?}", response.lines()) };
    assert!(app.starts_with("sid=; Path=/app;") && root.starts_with("sid=; Path=/;"));

    let twice = builder().previous_cookie(at("/")).previous_cookie(at("/")).build().unwrap_err();
    assert_eq!(twice, BuildError::SameCookie);
    let now = support::now();
    let twice = builder().migrate_microdot([1; 32], now).migrate_microdot([2; 32], now);
    assert_eq!(twice.build().unwrap_err(), BuildError::SameCookie);
}

#[test]
fn a_refreshed_cookie_is_not_stored_in_shared_caches() {
    let cookie = format!("__Host-session={}", old().token(alive("")));
    let sealer = rotating();
    let mut session = OpenSession::open(&sealer, [cookie.as_bytes()], support::now()).unwrap();
    let public = || {
        Headers(vec![("cache-control", "public".into()), ("cdn-cache-control", "max-age=9".into())])
    };
    let mut response = public();
    support::finish(&mut session).unwrap().apply(&mut response);
    assert!(!response.sets_none());
    assert!(response.0.contains(&("cache-control", "private".into())), "{response:?}");
    assert!(response.0.iter().all(|(name, _)| *name != "cdn-cache-control"), "{response:?}");

    // If the session is only read, the application decides about caches.
    let mut session = OpenSession::open(&sealer, [], support::now()).unwrap();
    let mut response = public();
    support::finish(&mut session).unwrap().apply(&mut response);
    let [_, _, vary] = &response.0[..] else { panic!("{response:?}") };
    assert_eq!(*vary, ("vary", "Cookie".into()));
}

#[test]
fn a_cookie_at_a_previous_path_or_domain_is_removed() {
    let now = || CookieSpec::builder("sid");
    let previous =
        [now().path("/app").build().unwrap(), now().domain("example.com").build().unwrap()];
    let sealer =
        previous.into_iter().fold(builder().cookie(spec("sid")), SealerBuilder::previous_cookie);
    let sealer = sealer.build().unwrap();
    let ((), response) = request(&sealer, &[], NOW, |session| session.save().unwrap());
    let [path, domain, ours] = response.lines()[..] else { panic!("{:?}", response.lines()) };
    assert!(path.starts_with("sid=; Path=/app; Expires="), "{path}");
    assert!(domain.starts_with("sid=; Path=/; Domain=example.com; Expires="), "{domain}");
    assert!(ours.starts_with("sid=eyJ"), "{ours}");
    let ((), response) = request(&sealer, &[], NOW, |session| session.delete().unwrap());
    assert_eq!(response.lines().len(), 3);
    assert!(read(&sealer, &[]).2.sets_none());

    for same in [spec("sid"), now().same_site_strict().build().unwrap()] {
        let error = builder().cookie(spec("sid")).previous_cookie(same).build().unwrap_err();
        assert_eq!(error, BuildError::SameCookie);
    }
    let set = jwks(&[jwk('a', SIGN)]).unwrap();
    let error = Sealer::builder(set).previous_cookie(spec("sid")).build().unwrap_err();
    assert_eq!(error, BuildError::NoPreviousKey);
}

fn since(time: u64) -> Sealer {
    let builder =
        builder().dangerous_migrate_weak_microdot(MICRODOT_KEY, UnixTime::from_secs(time));
    builder.build().unwrap()
}

fn microdots(members: &str) -> String {
    format!("session={}", Minter::microdot().token(format!("{{{members}}}")))
}

#[test]
fn a_session_of_microdot_is_migrated() {
    let moved = NOW - 5 * 86_400;
    let cookie = microdots(
        r#""username":"susan","iat":5,"sid":"x","sub":"admin","iss":1,"jti":"y","remember":"z","auth_time":"t","cnf":1,"wx_rev":2,"wx_idle":1,"wx_abs":"u""#,
    );
    let (_, keys, response) = read(&since(moved), &[&cookie]);
    assert_eq!(keys, ["username"]);
    let [removal, _] = response.lines()[..] else { panic!("{:?}", response.lines()) };
    assert_eq!(
        removal,
        "session=; Path=/; Expires=Thu, 01 Jan 1970 00:00:01 GMT; Max-Age=0; HttpOnly"
    );
    let expected = format!(r#"{{"iat":{moved},"exp":{},"username":"susan"}}"#, NOW + WEEK);
    assert_eq!(response.claims(), expected);

    request(&since(moved), &[&cookie], NOW, |session| {
        assert_eq!(session.user(), None, "the application has not set a user");
        assert_eq!(session.issued_at(), Some(UnixTime::from_secs(moved)));
        session.insert("unsaved", 1).unwrap();
    });
    // Unsaved changes do not restore the claims that the migration drops.
    let ((), response) = request(&since(moved), &[&cookie], NOW, |session| {
        session.insert("unsaved", 1).unwrap();
    });
    assert_eq!(response.claims(), expected);
}

#[test]
fn the_exp_of_microdot_is_kept() {
    let cookie = microdots(&format!(r#""a":1,"exp":{}"#, NOW + 60));
    for save in [false, true] {
        let ((), response) = request(&since(NOW), &[&cookie], NOW, |session| {
            if save {
                session.save().unwrap();
            }
        });
        assert!(response.claims().contains(&format!(r#""exp":{},"#, NOW + 60)), "{save}");
        // Later requests keep it, too.
        let cookie = format!("__Host-session={}", response.token());
        assert!(read(&since(NOW), &[&cookie]).2.sets_none());
        let ((), response) =
            request(&since(NOW), &[&cookie], NOW + 9, |session| session.save().unwrap());
        assert!(response.claims().contains(&format!(r#""exp":{},"#, NOW + 60)), "{save}");
    }
    let cookie = microdots(&format!(r#""a":1,"exp":{NOW}"#));
    assert_eq!(read(&since(NOW), &[&cookie]).0, Some(Rejection::Expired));
}

/// S-L7: it is an absolute timeout of the session, which no later limit extends.
#[test]
fn the_exp_of_microdot_is_kept_although_the_limits_grow() {
    let moved = NOW - 86_400;
    let cookie = microdots(&format!(r#""a":1,"exp":{}"#, NOW + 60));
    for unsaved in [false, true] {
        let ((), response) = request(&since(moved), &[&cookie], NOW, |session| {
            if unsaved {
                session.insert("b", 1).unwrap();
            }
        });
        let claims = response.claims();
        assert_eq!(claims, format!(r#"{{"iat":{moved},"exp":{},"a":1,"wx_abs":86460}}"#, NOW + 60));
        let cookie = format!("__Host-session={}", response.token());
        let year = Duration::from_secs(365 * 86_400);
        let later = builder().idle_timeout(year).absolute_timeout(year).build().unwrap();
        for renews in [false, true] {
            let ((), response) = request(&later, &[&cookie], NOW, |session| {
                session.set_timeouts(Duration::MAX, Duration::MAX);
                if renews { session.renew().unwrap() } else { session.save().unwrap() }
            });
            assert!(response.claims().contains(&format!(r#""exp":{},"#, NOW + 60)));
        }
        // A login is another session.
        let ((), response) =
            request(&later, &[&cookie], NOW, |session| session.log_in("42").unwrap());
        assert!(!response.claims().contains("wx_abs"));
    }
}

#[test]
fn the_attributes_of_the_migrated_cookie_remove_it() {
    let spec = CookieSpec::builder_microdot().path("/child").build().unwrap();
    let sealer = builder()
        .dangerous_migrate_weak_microdot(MICRODOT_KEY, UnixTime::from_secs(NOW))
        .microdot_cookie(spec);
    let (_, keys, response) = read(&sealer.build().unwrap(), &[&microdots(r#""a":1"#)]);
    assert_eq!(keys, ["a"]);
    assert!(response.lines()[0].starts_with("session=; Path=/child; "));
}

#[test]
fn the_migration_window_ends_after_the_absolute_timeout() {
    let month = 30 * 86_400;
    let cookie = microdots(r#""a":1"#);
    let (_, _, response) = read(&since(NOW - month + 9), &[&cookie]);
    assert!(response.claims().contains(&format!(r#""exp":{},"#, NOW + 9)));
    assert_eq!(read(&since(NOW - month), &[&cookie]).0, Some(Rejection::Expired));
}

#[test]
fn the_last_cookie_of_microdot_counts_unless_there_is_a_current_one() {
    let (one, two) = (microdots(r#""one":1"#), microdots(r#""two":1"#));
    assert_eq!(read(&since(NOW), &[&format!("{one}; {two}")]).1, ["two"]);
    let ours = format!("__Host-session={}", Minter::own().token(alive(r#""ours":1"#)));
    let (_, keys, response) = read(&since(NOW), &[&format!("{ours}; {one}")]);
    assert_eq!(keys, ["ours"]);
    assert!(response.sets_none());
    let ((), response) = request(&since(NOW), &[&ours], NOW, |session| session.delete().unwrap());
    assert_eq!(response.lines().len(), 2, "a logout removes both cookies");
    // Neither key opens the other's cookie.
    let token = Minter::microdot().token(alive(""));
    assert!(read(&since(NOW), &[&format!("__Host-session={token}")]).0.is_some());
    let token = Minter::own().token(alive(""));
    assert!(read(&since(NOW), &[&format!("session={token}")]).0.is_some());
}

#[test]
fn a_migration_requires_a_strong_key_and_an_absolute_timeout() {
    let now = support::now();
    let error = |builder: SealerBuilder| builder.build().unwrap_err();
    assert_eq!(
        error(builder().migrate_microdot([1; 31], now)),
        BuildError::WeakMicrodotKey { len: 31 }
    );
    assert_eq!(error(builder().migrate_microdot("", now)), BuildError::EmptyKey);
    assert_eq!(error(builder().dangerous_migrate_weak_microdot("", now)), BuildError::EmptyKey);
    assert_eq!(
        error(builder().absolute_timeout(None).migrate_microdot([1; 32], now)),
        BuildError::MicrodotNeedsAbsoluteTimeout
    );
    assert_eq!(
        error(builder().cookie(CookieSpec::insecure_http()).migrate_microdot([1; 32], now)),
        BuildError::SameCookie
    );
    let day = Duration::from_secs(86_400);
    assert!(builder().absolute_timeout(day).migrate_microdot([1; 32], now).build().is_ok());
}

/// Browsers keep a partitioned cookie beside an unpartitioned one.
#[test]
fn a_previous_cookie_can_differ_in_its_partition() {
    let spec = |name: &str| CookieSpec::builder(name).build().unwrap();
    let partitioned = CookieSpec::builder("sid").partitioned().build().unwrap();
    let sealer = builder().cookie(partitioned).previous_cookie(spec("sid")).build().unwrap();
    let ((), response) = request(&sealer, &[], NOW, |session| session.save().unwrap());
    let [removal, line] = response.lines()[..] else { panic!("{response:?}") };
    assert!(removal.contains("Max-Age=0") && !removal.contains("Partitioned"), "{removal}");
    assert!(line.ends_with("; Partitioned"), "{line}");
    let same = builder().cookie(spec("sid")).previous_cookie(spec("sid"));
    assert_eq!(same.build().unwrap_err(), BuildError::SameCookie);
    let domain = |domain| CookieSpec::builder("sid").domain(domain).build().unwrap();
    let same = builder().cookie(domain("example.com")).previous_cookie(domain("Example.COM"));
    assert_eq!(same.build().unwrap_err(), BuildError::SameCookie);
}
