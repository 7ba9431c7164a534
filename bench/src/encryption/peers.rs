//! The peers that encrypt, with the same session.

use cookie::{CookieJar, Key};
use jwt_simple::prelude::{A256KWKey, Duration as Length};

use crate::{
    rounds::Rounds,
    subject::{Claims, Data, SECRET, claims, data},
};

pub(super) const JAR: &str = "cookie-rs private jar + serde_json";

pub(super) fn add(rounds: &mut Rounds) {
    cookie(rounds);
    jwe(rounds);
}

fn cookie(rounds: &mut Rounds) {
    let key = Key::from(&SECRET);
    let seal = move || {
        let mut jar = CookieJar::new();
        let json = serde_json::to_string(&claims()).unwrap();
        jar.private_mut(&key).add(("session", json));
        jar
    };
    let key = Key::from(&SECRET);
    let private = seal().get("session").unwrap().clone();
    rounds.add("encrypted open", JAR, move || {
        let mut jar = CookieJar::new();
        jar.add_original(private.clone());
        let cookie = jar.private(&key).get("session").unwrap();
        serde_json::from_str::<Claims>(cookie.value()).unwrap()
    });
    rounds.add("encrypted save", "cookie-rs private jar + serde_json: add", seal);
}

/// A JWE with `A256KW` and `A256GCM`: the crate has no `dir`.
fn jwe(rounds: &mut Rounds) {
    let key = || A256KWKey::from_bytes(&SECRET[..32]).unwrap();
    let claims = || jwt_simple::claims::Claims::with_custom_claims(data(), Length::from_days(7));
    let (decrypting, token) = (key(), key().encrypt(claims()).unwrap());
    rounds.add("encrypted open", "jwt-simple JWE", move || {
        decrypting.decrypt_token::<Data>(&token, None).unwrap()
    });
    let encrypting = key();
    rounds.add("encrypted save", "jwt-simple JWE: encrypt", move || {
        encrypting.encrypt(claims()).unwrap()
    });
}
