//! A thief with everything that a browser and its server exchange, but not with the key.

use std::time::Duration;

use e2e::{
    device::{Challenge, Device, Registration, decode},
    https::Exchange,
};
use serde_json::{Value, json};
use thirtyfour::error::WebDriverResult;

use super::{
    site::{Answer, COOKIE, Jar, REFRESH, REGISTER, Site},
    user::{User, is_proof, supported, with_browser},
};

const PROOF: &str = "secure-session-response";
const IDENTIFIER: &str = "sec-secure-session-id";

/// What a thief has seen of a browser that has registered and refreshed.
struct Seen {
    /// The cookies from before the registration.
    unbound: Jar,
    /// All cookies after it.
    bound: Jar,
    offer: Registration,
    registration: String,
    identifier: String,
    /// The challenge of the last refresh, and the proof.
    challenge: String,
    proof: String,
}

fn sent(exchange: &Exchange, name: &str) -> String {
    exchange.sent(name).expect("the browser sends the header").to_owned()
}

async fn seen(user: &User) -> WebDriverResult<Seen> {
    let registration = user.log_in_bound("susan", 1).await?;
    user.visit_without_proof().await?;
    let login = user.site.exchanges("POST /login").remove(0);
    let offer = login.response_headers["secure-session-registration"].to_str().expect("ASCII");
    let exchanges = user.site.exchanges(REFRESH);
    let [.., asked, refreshed] = &*exchanges else { panic!("two requests: {exchanges:?}") };
    assert_eq!([asked.status.as_u16(), refreshed.status.as_u16()], [403, 200]);
    let challenge = asked.response_headers["secure-session-challenge"].to_str();
    Ok(Seen {
        unbound: Jar::set_by(&login.response_headers),
        bound: user.cookies().await?,
        offer: Registration::parse(offer).expect("an offer"),
        registration: sent(&registration, PROOF),
        identifier: sent(refreshed, IDENTIFIER),
        challenge: Challenge::parse(challenge.expect("ASCII")).expect("a challenge").challenge,
        proof: sent(refreshed, PROOF),
    })
}

impl Seen {
    async fn prove(&self, site: &Site, proof: &str) -> Answer {
        site.send(REFRESH, &self.bound, &[(IDENTIFIER, &self.identifier), (PROOF, proof)]).await
    }

    /// The browser's proof with another header.
    fn with_header(&self, change: impl FnOnce(&mut Value)) -> String {
        let [mut header, _] = decode(&self.proof).expect("a token");
        change(&mut header);
        let header = data_encoding::BASE64URL_NOPAD.encode(header.to_string().as_bytes());
        let (_, rest) = self.proof.split_once('.').expect("three parts");
        format!("{header}.{rest}")
    }
}

fn assert_refused(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert!(answer.sets_no_cookie(), "{answer:?}");
}

/// The browser that has this identifier forgets it.
fn assert_ended(answer: &Answer, identifier: &str) {
    assert_refused(answer, 200);
    let body: Value = serde_json::from_str(&answer.body).expect("JSON");
    assert_eq!(body, json!({"session_identifier": identifier, "continue": false}));
}

async fn no_refresh(site: &Site, seen: &Seen) {
    let own = Device::new();
    let challenge = &*seen.challenge;
    // The challenge is good.
    assert_eq!(seen.prove(site, &seen.proof).await.status, 200);

    assert_refused(&seen.prove(site, "").await, 403);
    assert_refused(&seen.prove(site, &own.refresh(challenge).sign()).await, 403);
    assert_refused(&seen.prove(site, &own.registration(challenge).sign()).await, 403);
    assert_refused(&seen.prove(site, &seen.registration).await, 403);
    let smuggled = seen.with_header(|header| header["jwk"] = own.jwk());
    assert_refused(&seen.prove(site, &smuggled).await, 403);
    let unsigned = own.refresh(challenge).header("alg", "none");
    assert_refused(&seen.prove(site, &unsigned.with_signature(b"")).await, 403);
    assert_refused(&seen.prove(site, &format!("{}.", unsigned.text())).await, 403);
    assert_refused(&seen.prove(site, &unsigned.text()).await, 403);
    for algorithm in ["none", "RS256", "HS256"] {
        let proof = seen.with_header(|header| header["alg"] = algorithm.into());
        assert_refused(&seen.prove(site, &proof).await, 403);
        let proof = own.refresh(challenge).header("alg", algorithm).sign();
        assert_refused(&seen.prove(site, &proof).await, 403);
    }
}

async fn no_other_identifier(site: &Site, seen: &Seen) {
    let own = Device::new();
    let proof = own.refresh(&seen.challenge).sign();
    let prove = async |identifier: &str, proof: &str, jar: &Jar| {
        site.send(REFRESH, jar, &[(IDENTIFIER, identifier), (PROOF, proof)]).await
    };
    // One that names the key of the thief, with the signature of the true one.
    let mut parts: Vec<_> = seen.identifier.split('.').collect();
    let claims = data_encoding::BASE64URL_NOPAD.decode(parts[1].as_bytes()).expect("base64url");
    let claims = String::from_utf8(claims).expect("text");
    let mut fields: Vec<_> = claims.split('.').collect();
    let (thumbprint, key) = (own.thumbprint(), own.public_key());
    (fields[1], fields[2]) = (&thumbprint, &key);
    let claims = data_encoding::BASE64URL_NOPAD.encode(fields.join(".").as_bytes());
    parts[1] = &claims;
    let forged = parts.join(".");
    // Tokens of other kinds.
    let (_, proof_cookie) = seen.bound.0.iter().find(|(name, _)| is_proof(name)).expect("a proof");
    let session = &seen.bound.0[COOKIE];
    for identifier in ["", "session-1", &forged, &seen.challenge, proof_cookie, session] {
        for jar in [&seen.bound, &seen.bound.session_only(), &Jar::default()] {
            for proof in [&proof, &seen.proof] {
                assert_ended(&prove(identifier, proof, jar).await, identifier);
            }
        }
    }

    // The thief's own session, bound to the thief's own device.
    let login = site.log_in("mallory").await;
    let offer = login.header("secure-session-registration").expect("an offer");
    let offer = Registration::parse(offer).expect("an offer");
    let jar = Jar::set_by(&login.headers);
    let registration = own.registration(&offer.challenge).sign();
    let answer = site.send(REGISTER, &jar, &[(PROOF, &registration)]).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let body: Value = serde_json::from_str(&answer.body).expect("JSON");
    let identifier = body["session_identifier"].as_str().expect("text");
    let mut own_proof = jar.clone();
    own_proof.0.extend(Jar::set_by(&answer.headers).0);
    assert_eq!(site.who(&own_proof).await, "mallory, bound");
    // Beside the stolen session it is another binding, and its proof opens nothing.
    assert_ended(&prove(identifier, &proof, &seen.bound).await, identifier);
    assert_ended(&prove(identifier, &proof, &seen.bound.session_only()).await, identifier);
    let mut mixed = own_proof.clone();
    mixed.0.insert(COOKIE.into(), seen.bound.0[COOKIE].clone());
    assert_eq!(site.who(&mixed).await, "nobody, ProofMissing");
    // Under the name of the stolen proof, too.
    let value = own_proof.0.into_iter().find(|(name, _)| is_proof(name)).expect("a proof").1;
    let name = seen.bound.0.keys().find(|name| is_proof(name)).expect("a proof").clone();
    mixed.0.insert(name, value);
    assert_eq!(site.who(&mixed).await, "nobody, ProofMissing");
    // The stolen identifier with a challenge for the thief's key.
    let challenge = site.send(REFRESH, &jar, &[(IDENTIFIER, identifier)]).await;
    let challenge = challenge.header("secure-session-challenge").expect("a challenge");
    let challenge = Challenge::parse(challenge).expect("a challenge").challenge;
    let proof = own.refresh(&challenge).sign();
    assert_refused(&seen.prove(site, &proof).await, 403);
}

async fn no_registration(site: &Site, seen: &Seen) {
    let own = Device::new();
    let proof = own.registration(&seen.offer.challenge).sign();
    for jar in [&seen.unbound, &seen.bound, &seen.bound.session_only(), &Jar::default()] {
        for proof in [&proof, &seen.registration, ""] {
            assert_refused(&site.send(REGISTER, jar, &[(PROOF, proof)]).await, 400);
        }
    }
}

async fn no_replay(site: &Site, seen: &Seen) {
    // The minute of the challenge, which is documented.
    assert_eq!(seen.prove(site, &seen.proof).await.status, 200);
    site.clock.advance(Duration::from_mins(1));
    let answer = seen.prove(site, &seen.proof).await;
    assert_refused(&answer, 403);
    assert!(answer.header("secure-session-challenge").is_some(), "the browser tries again");
    assert_refused(&site.send(REGISTER, &seen.unbound, &[(PROOF, &seen.registration)]).await, 400);
    // The copy from before the registration has ended 70 seconds after the login.
    assert_eq!(site.who(&seen.unbound).await, "nobody, ProofMissing");
}

#[tokio::test]
async fn a_thief_without_the_key_gets_nothing() {
    supported().await;
    with_browser(Site::start().await, async move |user| {
        let seen = seen(&user).await?;
        assert_eq!(decode(&seen.proof).expect("a token")[1]["jti"], seen.challenge);
        no_refresh(&user.site, &seen).await;
        no_other_identifier(&user.site, &seen).await;
        no_registration(&user.site, &seen).await;
        no_replay(&user.site, &seen).await;
        // Nothing of this disturbs the user.
        assert_eq!(user.visit_without_proof().await?, "susan, bound");
        Ok(())
    })
    .await;
}
