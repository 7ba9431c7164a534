//! A simulated year of sessions with random timeouts and random users.

mod support;

use std::time::Duration;

use proptest::prelude::*;
use support::{Minter, NOW, request, secret};
use waxseal_core::{OpenSession, Sealer, Secret};

const HOUR: u64 = 3600;
const YEAR: u64 = 365 * 24 * HOUR;

#[derive(Clone, Copy, Debug)]
struct Limits {
    idle: Option<u64>,
    absolute: Option<u64>,
}

fn limits() -> impl Strategy<Value = Limits> {
    let idle = prop::option::weighted(0.8, 1..60 * 24 * HOUR);
    let absolute = prop::option::weighted(0.8, 1..YEAR);
    (idle, absolute)
        .prop_filter("one limit at least", |(idle, absolute)| idle.is_some() || absolute.is_some())
        .prop_map(|(idle, absolute)| Limits { idle, absolute })
}

/// The time before each request of a user.
fn pauses() -> impl Strategy<Value = Vec<u64>> {
    prop_oneof![Just(60), Just(HOUR), Just(24 * HOUR), Just(30 * 24 * HOUR)]
        .prop_flat_map(|longest| prop::collection::vec(1..longest, 1..200))
}

fn sealer(limits: Limits, rotated: bool) -> Sealer {
    let new = || Secret::new([9; 32]).unwrap();
    let builder = if rotated {
        Sealer::builder(new()).fallback_secret(secret())
    } else {
        Sealer::builder(secret()).fallback_secret(new())
    };
    let secs = |limit: Option<u64>| limit.map(Duration::from_secs);
    builder.idle_timeout(secs(limits.idle)).absolute_timeout(secs(limits.absolute)).build().unwrap()
}

fn expiry(claims: &str) -> u64 {
    let (_, rest) = claims.split_once(r#""exp":"#).unwrap();
    rest.split([',', '}']).next().unwrap().parse().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn sessions_expire_only_at_their_timeouts(
        limits in limits(),
        pauses in pauses(),
        rotated_at in prop::option::of(0..YEAR),
    ) {
        let rotated = |now| rotated_at.is_some_and(|at| now - NOW >= at);
        let sealer_at = |now| sealer(limits, rotated(now));
        let ((), response) = request(&sealer_at(NOW), &[], NOW, |session| session.save().unwrap());
        let (mut token, mut exp) = (response.token().to_owned(), expiry(&response.claims()));
        let (mut now, mut renewed_at, mut refreshed) = (NOW, NOW, rotated(NOW));

        for pause in pauses {
            now += pause;
            if now > NOW + YEAR {
                break;
            }
            let cookie = format!("__Host-session={token}");
            let (alive, response) = request(&sealer_at(now), &[&cookie], now, |session| !session.is_new());

            // No session outlives its timeouts.
            let over = limits.absolute.is_some_and(|limit| now >= NOW + limit);
            let idle = limits.idle.is_some_and(|limit| pause >= limit);
            prop_assert!(!(alive && (over || idle)), "outlived at {now}");
            // No active session expires: after a pause of half the idle timeout, the session is
            // still valid.
            let active = limits.idle.is_none_or(|limit| pause <= limit / 2);
            prop_assert!(alive || over || !active, "died early at {now}");
            if !alive {
                prop_assert!(response.sets_none());
                break;
            }

            if response.sets_none() {
                continue;
            }
            // The cookie is refreshed once per rotation, and otherwise in the second half of the
            // idle timeout.
            let new = expiry(&response.claims());
            if new == exp {
                prop_assert!(rotated(now) && !refreshed, "an unnecessary cookie at {now}");
                refreshed = true;
            } else {
                let half = limits.idle.unwrap().div_ceil(2);
                prop_assert!(new > exp);
                prop_assert!(now - renewed_at > limits.idle.unwrap() - half || exp - now < half);
                prop_assert!(exp - now < half, "renewed too early at {now}");
                refreshed |= rotated(now);
                renewed_at = now;
            }
            prop_assert!(limits.absolute.is_none_or(|limit| new <= NOW + limit));
            let signed_by = if rotated(now) { Minter::derived(&[9; 32], "__Host-session") } else { Minter::own() };
            prop_assert!(signed_by.signs(response.token()));
            (token, exp) = (response.token().to_owned(), new);
        }
    }
}

#[test]
fn expires_at_is_the_exp_of_the_cookie() {
    let sealer = sealer(Limits { idle: Some(100), absolute: Some(150) }, false);
    let ((), response) = request(&sealer, &[], NOW, |session| session.save().unwrap());
    let cookie = format!("__Host-session={}", response.token());
    let at = |now| {
        request(&sealer, &[&cookie], now, |session: &mut OpenSession<&Sealer>| session.is_new())
    };
    assert!(at(NOW + 50).1.sets_none());
    let (new, response) = at(NOW + 51);
    assert!(!new);
    assert_eq!(expiry(&response.claims()), NOW + 150, "the earlier timeout");
    assert!(at(NOW + 100).0);
}
