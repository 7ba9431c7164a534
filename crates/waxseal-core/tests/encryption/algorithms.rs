//! From signed to encrypted sessions, and back.

use waxseal_core::{BuildError, Jwks, JwksError, Rejection, Sealer, SealerBuilder, UnixTime};

use super::{
    encrypted,
    jwe::Jwe,
    log_in, request,
    support::{Minter, NOW, alive, b64, own, secret},
    user, user_at,
};

const DAY: u64 = 86_400;

fn builder() -> SealerBuilder {
    Sealer::builder(secret())
}

fn at(secs: u64) -> UnixTime {
    UnixTime::from_secs(secs)
}

#[test]
fn signed_sessions_are_accepted_until_a_time_and_then_encrypted() {
    let sealer = builder().encrypted().also_accept_signed(at(NOW)).build().unwrap();
    let issued_at = |secs: u64| {
        Minter::own()
            .token(format!(r#"{{"iat":{secs},"exp":{},"sub":"susan","n":1E05}}"#, secs + 7 * DAY))
    };
    let before = issued_at(NOW - 1);
    let cookie = format!("__Host-session={before}");
    let (_, response) = request(&sealer, &[&cookie], NOW, |session| session.keys());
    let claims = Jwe::own().claims(response.token()).unwrap();
    for part in [r#""n":1E05"#, r#""sub":"susan""#, &format!(r#""iat":{}"#, NOW - 1)] {
        assert!(claims.contains(part), "{claims}");
    }
    assert_eq!(user(&encrypted(), response.token()), Ok(Some("susan".into())));

    for secs in [NOW, NOW + 1, NOW + 50] {
        assert_eq!(user(&sealer, &issued_at(secs)), Err(Rejection::NotEncrypted), "{secs}");
    }
    // The absolute timeout closes the window.
    assert_eq!(user_at(&sealer, &before, NOW + 30 * DAY), Err(Rejection::Expired));
    assert_eq!(user(&sealer, &log_in(&sealer, NOW + 50)), Ok(Some("susan".into())));
}

#[test]
fn a_sealer_that_signs_can_accept_encrypted_sessions() {
    let sealer = builder().also_accept_encrypted().build().unwrap();
    let token = log_in(&encrypted(), NOW);
    let cookie = format!("__Host-session={token}");
    let (_, response) = request(&sealer, &[&cookie], NOW, |session| session.keys());
    assert!(Minter::own().signs(response.token()), "it signs");
    assert_eq!(user(&own(), response.token()), Ok(Some("susan".into())));
    assert_eq!(user(&sealer, &log_in(&own(), NOW)), Ok(Some("susan".into())));
}

/// Three servers, and 200 users who send requests to any of them all the time.
struct Site {
    servers: [Sealer; 3],
    tokens: Vec<String>,
    time: u64,
    bits: u64,
}

impl Site {
    fn new(sealer: impl Fn() -> Sealer) -> Self {
        let servers = [(); 3].map(|()| sealer());
        let tokens = (0..200).map(|user| log_in(&servers[user % 3], NOW)).collect();
        Self { servers, tokens, time: NOW, bits: 1 }
    }

    fn random(&mut self, below: usize) -> usize {
        self.bits = self.bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        usize::try_from(self.bits >> 33).unwrap() % below
    }

    /// Replaces one server after the other.
    fn replace(&mut self, sealer: impl Fn() -> Sealer) {
        for server in 0..3 {
            self.servers[server] = sealer();
            self.time += 60;
            self.requests();
        }
    }

    fn requests(&mut self) {
        for _ in 0..400 {
            let (user, server) = (self.random(200), self.random(3));
            let cookie = format!("__Host-session={}", self.tokens[user]);
            let (found, response) =
                request(&self.servers[server], &[&cookie], self.time, |session| {
                    let found = session.user();
                    session.insert("seen", self.time).unwrap();
                    session.save().unwrap();
                    found
                });
            assert_eq!(found.as_deref(), Some("susan"), "user {user} on server {server}");
            response.token().clone_into(&mut self.tokens[user]);
        }
        // Some users log in again.
        for _ in 0..20 {
            let (user, server) = (self.random(200), self.random(3));
            self.tokens[user] = log_in(&self.servers[server], self.time);
        }
    }

    /// Every user sends a request. Then `only`, which accepts one kind of token, accepts every
    /// session.
    fn ends_with(mut self, only: &Sealer) {
        for token in &mut self.tokens {
            let cookie = format!("__Host-session={token}");
            let (_, response) =
                request(&self.servers[0], &[&cookie], self.time, |session| session.keys());
            if !response.sets_none() {
                response.token().clone_into(token);
            }
            assert_eq!(user_at(only, token, self.time), Ok(Some("susan".into())));
        }
    }
}

/// The time before which signed sessions are issued: after the last server was replaced.
const SIGNED_UNTIL: u64 = NOW + 200 * 60;

/// The two phases of a roll-out: first every server reads both, then each of them begins to
/// encrypt.
#[test]
fn a_roll_out_over_three_servers_logs_nobody_out() {
    let mut site = Site::new(own);
    site.replace(|| builder().also_accept_encrypted().build().unwrap());
    site.replace(|| builder().encrypted().also_accept_signed(at(SIGNED_UNTIL)).build().unwrap());
    site.ends_with(&encrypted());
}

/// The same phases in reverse order.
#[test]
fn a_roll_back_over_three_servers_logs_nobody_out() {
    let mut site = Site::new(encrypted);
    site.replace(|| builder().encrypted().also_accept_signed(at(SIGNED_UNTIL)).build().unwrap());
    site.replace(|| builder().also_accept_encrypted().build().unwrap());
    site.ends_with(&own());
}

#[test]
fn contradictions_are_build_errors() {
    let error = |builder: SealerBuilder| builder.build().unwrap_err();
    assert!(matches!(
        error(builder().also_accept_signed(at(NOW))),
        BuildError::SameAlgorithm { algorithm: "HS256" }
    ));
    assert!(matches!(
        error(builder().encrypted().also_accept_encrypted()),
        BuildError::SameAlgorithm { algorithm: "A256CBC-HS512" }
    ));
    let endless = builder().encrypted().also_accept_signed(at(NOW)).absolute_timeout(None);
    assert_eq!(error(endless), BuildError::SignedNeedsAbsoluteTimeout);
}

fn set(keys: &[&str]) -> String {
    let bound = r#""kty":"oct","waxseal:cookie":"__Host-session""#;
    let keys: Vec<_> = keys.iter().map(|key| format!("{{{bound},{key}}}")).collect();
    format!(r#"{{"keys":[{}]}}"#, keys.join(","))
}

#[test]
fn a_key_file_has_keys_of_both_kinds() {
    let (k, small) = (b64([7; 64]), b64([8; 32]));
    let encrypting = format!(
        r#""kid":"e","alg":"dir","enc":"A256CBC-HS512","k":"{k}","key_ops":["encrypt","decrypt"]"#
    );
    let verifying = format!(r#""kid":"s","k":"{small}","key_ops":["verify"]"#);
    let signing = format!(r#""kid":"s","k":"{small}","key_ops":["sign","verify"]"#);
    let parse = |keys: &[&str]| Jwks::parse(&set(keys)).unwrap();

    let sealer = Sealer::builder(parse(&[&encrypting, &verifying])).encrypted();
    let sealer = sealer.also_accept_signed(at(NOW)).build().unwrap();
    let claims = alive(r#""sub":"susan""#);
    let signed = Minter::raw([8; 32], "s", "__Host-session").token(&claims);
    let token = Jwe::with_key([7; 64], "e").token(&claims);
    for token in [&signed, &token] {
        assert_eq!(user(&sealer, token), Ok(Some("susan".into())));
    }
    // One file for both phases.
    let both = parse(&[&encrypting, &signing]);
    let signs = Sealer::builder(both).also_accept_encrypted().build().unwrap();
    for token in [&signed, &token] {
        assert_eq!(user(&signs, token), Ok(Some("susan".into())));
    }
    let error = |builder: SealerBuilder| builder.build().unwrap_err();
    assert!(matches!(
        error(Sealer::builder(parse(&[&signing])).encrypted()),
        BuildError::NoSealingKey { algorithm: "A256CBC-HS512" }
    ));
    assert!(matches!(
        error(Sealer::builder(parse(&[&encrypting])).encrypted().also_accept_signed(at(NOW))),
        BuildError::NoKey { algorithm: "HS256" }
    ));
    assert!(matches!(
        error(Sealer::builder(parse(&[&encrypting, &verifying]))),
        BuildError::NoSealingKey { algorithm: "HS256" }
    ));
}

#[test]
fn a_wrong_key_makes_the_set_unusable() {
    let k = b64([7; 64]);
    let key = |members: &str| format!(r#""kid":"e",{members}"#);
    let dir = r#""alg":"dir","enc":"A256CBC-HS512","key_ops":["decrypt"]"#;
    for (members, reason) in [
        (format!(r#"{dir},"k":"{}""#, b64([7; 32])), "64 bytes"),
        (format!(r#"{dir},"k":"{}""#, b64([7; 65])), "64 bytes"),
        (format!(r#"{dir},"k":"{k}","use":"sig""#), "use"),
        (format!(r#""alg":"dir","enc":"A256GCM","key_ops":["decrypt"],"k":"{k}""#), "enc"),
        (format!(r#""alg":"dir","key_ops":["decrypt"],"k":"{k}""#), "enc"),
        (format!(r#""alg":"dir","enc":"A256CBC-HS512","key_ops":["verify"],"k":"{k}""#), "key_ops"),
        (format!(r#""alg":"A256KW","key_ops":["decrypt"],"k":"{k}""#), "alg"),
    ] {
        let error = Jwks::parse(&set(&[&key(&members)])).unwrap_err().to_string();
        assert!(error.contains(reason), "{members}: {error}");
    }
    // One key must not have two purposes.
    let signing = format!(r#""kid":"s","k":"{k}","key_ops":["sign","verify"]"#);
    let encrypting = key(&format!(r#"{dir},"k":"{k}""#));
    let error = Jwks::parse(&set(&[&signing, &encrypting])).unwrap_err();
    assert!(matches!(error, JwksError::Key { index: 1, .. }), "{error}");
}
