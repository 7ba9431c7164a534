//! The comparisons that are measured. The tokens are those of a second implementation.

use std::hint::black_box;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use e2e::mint::Mint;
use waxseal::{Sealer, Secret};
use waxseal_core::{DeviceRoute, OpenSession};

use super::{Classes, Random};
use crate::{
    devices::{self, Registered},
    ours,
    subject::{NOW, SECRET},
};

/// The bytes of every tag: of HMAC-SHA-256, and of half of HMAC-SHA-512.
const TAG_LEN: usize = 32;

pub(super) struct Subject {
    pub(super) name: &'static str,
    /// Whether the comparison ends at the first wrong byte: the test of the test.
    leaks_tag: bool,
    /// Whether a valid padding takes longer: the test of the test.
    leaks_padding: bool,
    pub(super) mint: Mint,
    /// The text before the token.
    start: String,
    /// The claims of a token with a random text in it.
    claims: Box<dyn Fn(&str) -> String>,
    pub(super) accepts: Box<dyn FnMut(&[u8]) -> bool>,
}

impl Subject {
    fn new(
        name: &'static str,
        mint: Mint,
        start: String,
        claims: impl Fn(&str) -> String + 'static,
        accepts: impl FnMut(&[u8]) -> bool + 'static,
    ) -> Self {
        let (claims, accepts) = (Box::new(claims), Box::new(accepts));
        let mut subject =
            Self { name, leaks_tag: false, leaks_padding: false, mint, start, claims, accepts };
        let good = subject.start.clone() + &subject.token(&mut Random::new());
        assert!((subject.accepts)(good.as_bytes()), "{name}");
        subject
    }

    pub(super) const fn leaks(&self, classes: Classes) -> bool {
        match classes {
            Classes::FirstOrLast | Classes::OneOrAll => self.leaks_tag,
            Classes::Paddings => self.leaks_padding,
        }
    }

    fn token(&self, random: &mut Random) -> String {
        self.mint.token(&(self.claims)(&encode(random.bytes::<12>())))
    }

    /// An input with a wrong tag. Every input has the same length.
    pub(super) fn input(&self, classes: Classes, is_second: bool, random: &mut Random) -> String {
        let token = match classes {
            Classes::Paddings => self.mint.token_of_blocks(&plaintext(!is_second, random)),
            _ => self.token(random),
        };
        let (message, good) = token.rsplit_once('.').expect("a token");
        let good: [u8; TAG_LEN] = decode(good).try_into().expect("a tag");
        // Another byte: the good one, changed by 1 to 255.
        let change = (random.below(255) + 1) as u8;
        let (mut first, mut second) = (good, random.bytes());
        match classes {
            Classes::FirstOrLast => {
                second = good;
                first[0] ^= change;
                second[TAG_LEN - 1] ^= change;
            }
            Classes::OneOrAll => first[TAG_LEN / 2] ^= change,
            Classes::Paddings => first = second,
        }
        // The same work for both classes.
        let tag = [first, second][usize::from(is_second)];
        format!("{}{message}.{}", self.start, encode(tag))
    }
}

/// A random text of ten blocks, with a padding of any length.
fn plaintext(has_valid_padding: bool, random: &mut Random) -> [u8; 160] {
    let mut text = random.bytes();
    let padding = random.below(16) + 1;
    text[160 - padding..].fill(padding as u8);
    // No padding has such a byte.
    text[159] ^= u8::from(!has_valid_padding) << 7;
    text
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn decode(text: &str) -> Vec<u8> {
    BASE64_URL_SAFE_NO_PAD.decode(text).expect("base64")
}

pub(super) fn subjects() -> Vec<Subject> {
    let secret = |mint: &Mint| Secret::new(mint.secret).unwrap();
    let (signing, encrypting) = (Mint::waxseal(), Mint::encrypted());
    let signed = Sealer::builder(secret(&signing)).build().unwrap();
    let encrypted = Sealer::builder(secret(&encrypting)).encrypted().build().unwrap();
    vec![
        leaky_comparison(),
        leaky_decryption(),
        session("a signed cookie", signing, move |token| signed.verify(token, ours::now()).is_ok()),
        session("an encrypted cookie", encrypting, move |token| {
            encrypted.verify(token, ours::now()).is_ok()
        }),
        proof(),
        identifier(),
    ]
}

fn session(
    name: &'static str,
    mint: Mint,
    accepts: impl FnMut(&[u8]) -> bool + 'static,
) -> Subject {
    let claims = |text: &str| format!(r#"{{"iat":{NOW},"exp":{},"a":"{text}"}}"#, NOW + 604_800);
    Subject::new(name, mint, String::new(), claims, accepts)
}

/// A comparison that ends at the first wrong byte.
fn leaky_comparison() -> Subject {
    let mint = Mint::waxseal();
    let accepts = |token: &[u8]| {
        let token = str::from_utf8(token).unwrap();
        let claims = decode(token.split('.').nth(1).unwrap());
        let good = Mint::waxseal().token(str::from_utf8(&claims).unwrap());
        let [good, given] = [&good, token].map(|token| decode(token.rsplit('.').next().unwrap()));
        good.iter().zip(&given).map(black_box).all(|(good, given)| good == given)
    };
    Subject { leaks_tag: true, ..session("a comparison that leaks", mint, accepts) }
}

/// A program that decrypts first, and computes the tag only if the padding is valid.
fn leaky_decryption() -> Subject {
    let accepts = |token: &[u8]| {
        let (mint, token) = (Mint::encrypted(), str::from_utf8(token).unwrap());
        let text = mint.text_of_blocks(token);
        let padding = usize::from(*text.last().unwrap());
        let is_valid = (1..=16).contains(&padding)
            && text[text.len() - padding..].iter().all(|byte| usize::from(*byte) == padding);
        let sealer = Sealer::builder(Secret::new(mint.secret).unwrap()).encrypted();
        is_valid && sealer.build().unwrap().verify(token.as_bytes(), ours::now()).is_ok()
    };
    let subject = session("a decryption that leaks", Mint::encrypted(), accepts);
    Subject { leaks_padding: true, ..subject }
}

/// The mint of a token of device binding.
fn device_mint(context: &'static str) -> Mint {
    Mint::derived(str::from_utf8(&SECRET).unwrap(), context)
}

fn proof() -> Subject {
    let Registered { sealer, bound, .. } = devices::register();
    // The proof cookie comes last.
    let (session, proof) = bound.split_once("; ").unwrap();
    let (session, proof) =
        if session.contains("-bound-") { (proof, session) } else { (session, proof) };
    let (name, token) = proof.split_once('=').unwrap();
    let fields = String::from_utf8(decode(token.split('.').nth(1).unwrap())).unwrap();
    let fields: Vec<_> = fields.split('.').map(String::from).collect();
    let [expiry, thumbprint, _, id] = <[String; 4]>::try_from(fields).unwrap();
    Subject::new(
        "the proof cookie of a device",
        device_mint("__Host-session\0device=proof"),
        format!("{session}; {name}="),
        // A proof cookie has no key, and nothing reads it.
        move |text| format!("{expiry}.{thumbprint}.{text}.{id}"),
        move |header| OpenSession::open(sealer, [header], ours::now()).unwrap().user().is_some(),
    )
}

fn identifier() -> Subject {
    let Registered { sealer, .. } = devices::register();
    Subject::new(
        "the identifier of a device",
        device_mint("__Host-session\0device=identifier"),
        String::new(),
        |text| format!("{}.thumbprint.{text}.id", NOW + 604_800),
        move |identifier| {
            let request = devices::request(&[], None, Some(identifier));
            // An accepted identifier gets a challenge; another one ends the binding.
            devices::answer(sealer, DeviceRoute::Refresh, request).status == 403
        },
    )
}
