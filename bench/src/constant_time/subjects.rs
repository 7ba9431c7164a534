//! The comparisons that are measured.

use std::hint::black_box;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use waxseal::{Sealer, Secret};
use waxseal_core::{DeviceRoute, OpenSession};

use super::{TAG_CHARS, TAG_LEN};
use crate::{
    devices::{self, Registered},
    ours,
    subject::SECRET,
};

pub(super) struct Subject {
    pub(super) name: &'static str,
    /// Whether the comparison ends at the first wrong byte: the test of the test.
    pub(super) leaks: bool,
    /// An accepted input. The tag is at its end.
    pub(super) input: Vec<u8>,
    pub(super) accepts: Box<dyn FnMut(&[u8]) -> bool>,
}

impl Subject {
    fn new(
        name: &'static str,
        input: impl Into<Vec<u8>>,
        mut accepts: impl FnMut(&[u8]) -> bool + 'static,
    ) -> Self {
        let input = input.into();
        assert!(accepts(&input), "{name}");
        Self { name, leaks: false, input, accepts: Box::new(accepts) }
    }

    pub(super) fn tag(&self) -> [u8; TAG_LEN] {
        let text = &self.input[self.input.len() - TAG_CHARS..];
        BASE64_URL_SAFE_NO_PAD.decode(text).unwrap().try_into().unwrap()
    }
}

pub(super) fn subjects() -> Vec<Subject> {
    let encrypted = Sealer::builder(Secret::new(SECRET).unwrap()).encrypted().build().unwrap();
    let Registered { sealer, bound, identifier, .. } = devices::register();
    // The proof cookie comes last.
    let (session, proof) = bound.split_once("; ").unwrap();
    let (session, proof) =
        if session.contains("-bound-") { (proof, session) } else { (session, proof) };
    vec![
        leaky(),
        token("a signed cookie", ours::sealer()),
        token("an encrypted cookie", encrypted),
        Subject::new(
            "the proof cookie of a device",
            format!("{session}; {proof}"),
            move |header| {
                OpenSession::open(sealer, [header], ours::now()).unwrap().user().is_some()
            },
        ),
        Subject::new("the identifier of a device", identifier, move |identifier| {
            let request = devices::request(&[], None, Some(identifier));
            // An accepted identifier gets a challenge; another one ends the binding.
            devices::answer(sealer, DeviceRoute::Refresh, request).status == 403
        }),
    ]
}

fn value(sealer: &Sealer) -> String {
    let pair = ours::cookie(sealer, crate::subject::NOW);
    pair.split_once('=').unwrap().1.to_owned()
}

fn token(name: &'static str, sealer: Sealer) -> Subject {
    Subject::new(name, value(&sealer), move |token| sealer.verify(token, ours::now()).is_ok())
}

/// The comparison of a signed cookie, and then one that ends at the first wrong byte.
fn leaky() -> Subject {
    let sealer = ours::sealer();
    let good = value(&sealer).into_bytes();
    let accepts = {
        let good = good.clone();
        move |token: &[u8]| {
            let is_accepted = sealer.verify(token, ours::now()).is_ok();
            let start = good.len() - TAG_CHARS;
            let tags = good[start..].iter().zip(&token[start..]);
            let is_equal = tags.map(black_box).all(|(good, given)| good == given);
            black_box(is_equal);
            is_accepted
        }
    };
    Subject { leaks: true, ..Subject::new("a comparison that leaks", good, accepts) }
}
