//! The peers, with the same session.

use cookie::{Cookie, CookieJar, Key};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use jwt_compact::{
    AlgorithmExt as _, UntrustedToken,
    alg::{Hs256, Hs256Key},
};
use jwt_simple::prelude::{Duration as Length, HS256Key, MACLike as _};

use crate::{
    rounds::Rounds,
    subject::{Claims, Data, SECRET, claims, data},
};

pub(crate) fn add(rounds: &mut Rounds) {
    jsonwebtoken(rounds);
    jwt_compact(rounds);
    jwt_simple(rounds);
    cookie(rounds);
}

/// jsonwebtoken, with the backend that this process has selected.
pub(crate) fn jsonwebtoken(rounds: &mut Rounds) {
    let (sign, verify) = (EncodingKey::from_secret(&SECRET), DecodingKey::from_secret(&SECRET));
    let token = jsonwebtoken::encode(&Header::default(), &claims(), &sign).unwrap();
    let validation = Validation::new(Algorithm::HS256);
    rounds.add("open", "jsonwebtoken", move || {
        jsonwebtoken::decode::<Claims>(&token, &verify, &validation).unwrap()
    });
    rounds.add("save", "jsonwebtoken: encode", move || {
        jsonwebtoken::encode(&Header::default(), &claims(), &sign).unwrap()
    });
}

fn jwt_compact(rounds: &mut Rounds) {
    let key = Hs256Key::new(SECRET);
    let header = jwt_compact::Header::empty();
    let token = Hs256.token(&header, &jwt_compact::Claims::new(data()), &key).unwrap();
    rounds.add("open", "jwt-compact", move || {
        let token = UntrustedToken::new(&token).unwrap();
        Hs256.validator::<Data>(&key).validate(&token).unwrap()
    });
}

fn jwt_simple(rounds: &mut Rounds) {
    let key = HS256Key::from_bytes(&SECRET);
    let claims = jwt_simple::claims::Claims::with_custom_claims(data(), Length::from_days(7));
    let token = key.authenticate(claims).unwrap();
    rounds.add("open", "jwt-simple", move || key.verify_token::<Data>(&token, None).unwrap());
}

fn cookie(rounds: &mut Rounds) {
    let key = Key::from(&SECRET);
    let json = serde_json::to_string(&claims()).unwrap();
    let parsed = |cookie: Option<Cookie<'_>>| {
        serde_json::from_str::<Claims>(cookie.unwrap().value()).unwrap()
    };

    let mut jar = CookieJar::new();
    jar.signed_mut(&key).add(("session", json.clone()));
    let (signed, signed_key) = (jar.get("session").unwrap().clone(), key.clone());
    rounds.add("open", "cookie-rs signed jar + serde_json", move || {
        let mut jar = CookieJar::new();
        jar.add_original(signed.clone());
        parsed(jar.signed(&signed_key).get("session"))
    });

    let mut jar = CookieJar::new();
    jar.private_mut(&key).add(("session", json));
    let private = jar.get("session").unwrap().clone();
    rounds.add("open", "cookie-rs private jar + serde_json", move || {
        let mut jar = CookieJar::new();
        jar.add_original(private.clone());
        parsed(jar.private(&key).get("session"))
    });
}
