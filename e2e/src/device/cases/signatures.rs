//! Defects of the signature.

use p256::ecdsa::Signature;
use serde_json::json;

use super::{super::signed_text, Cases, REFRESH};

/// The order of the group, n.
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, //
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

/// The signature with n - s, which is as valid as the one with s.
pub(super) fn negated(signature: &[u8]) -> Vec<u8> {
    let mut negated = signature.to_vec();
    let mut borrow = false;
    for (byte, order) in negated[32..].iter_mut().zip(ORDER).rev() {
        let (difference, first) = order.overflowing_sub(*byte);
        let (difference, second) = difference.overflowing_sub(borrow.into());
        (*byte, borrow) = (difference, first || second);
    }
    negated
}

/// The signature whose s is more than n / 2.
pub(super) fn with_high_s(signature: &[u8]) -> Vec<u8> {
    let parsed = Signature::from_slice(signature).expect("a signature");
    let is_low = parsed.normalize_s() == parsed;
    if is_low { negated(signature) } else { signature.to_vec() }
}

/// The signature in DER, as X.509 has it.
fn der(signature: &[u8]) -> Vec<u8> {
    let integer = |bytes: &[u8]| {
        let start = bytes.iter().position(|byte| *byte != 0).unwrap_or(31);
        let sign = if bytes[start] < 0x80 { &[][..] } else { &[0] };
        let value = [sign, &bytes[start..]].concat();
        [&[2, u8::try_from(value.len()).expect("at most 33")], &*value].concat()
    };
    let integers = [integer(&signature[..32]), integer(&signature[32..])].concat();
    [&[0x30, u8::try_from(integers.len()).expect("at most 70")], &*integers].concat()
}

impl Cases<'_> {
    pub(super) fn signatures(&mut self) {
        let proof = self.refresh();
        let good = self.device.sign(proof.text().as_bytes());
        let (r, s) = good.split_at(32);
        let flipped = |index: usize| {
            let mut bytes = good.clone();
            bytes[index] ^= 1;
            bytes
        };
        let swapped = [s, r].concat();
        let by_another = self.other.sign(proof.text().as_bytes());
        let of_the_claims = self.device.sign(proof.json()[1].as_bytes());
        for (name, signature) in [
            ("first byte of the signature changed", flipped(0)),
            ("last byte of the signature changed", flipped(63)),
            ("signature of another device", by_another),
            ("signature of the claims alone", of_the_claims),
            ("r and s swapped", swapped),
            ("signature in DER", der(&good)),
            ("signature of 63 bytes", good[..63].to_vec()),
            ("signature of 65 bytes", [&*good, &[0]].concat()),
            ("signature after a zero byte", [&[0], &*good].concat()),
            ("signature with a recovery ID", [&*good, &[1]].concat()),
            ("signature twice", [&*good, &*good].concat()),
            ("signature of zeros", vec![0; 64]),
            ("signature with r = 0", [&[0; 32], s].concat()),
            ("signature with s = 0", [r, &[0; 32]].concat()),
            ("signature with r = n", [&ORDER, s].concat()),
            ("signature with s = n", [r, &ORDER].concat()),
            ("signature with r = s = n", [ORDER, ORDER].concat()),
            ("signature of ones", vec![0xff; 64]),
            ("empty signature", vec![]),
        ] {
            let proof = self.refresh().with_signature(&signature);
            self.unrefreshed(name, "the signature is not valid", proof);
        }
        let signature = proof.sign();
        let signature = signature.rsplit_once('.').expect("three parts").1;
        let claims = json!({ "jti": REFRESH, "sub": "admin" }).to_string();
        let changed = format!("{}.{signature}", signed_text(&proof.json()[0], claims));
        self.unrefreshed("claims changed after signing", "the signature is not valid", changed);
        let header = format!("{} ", proof.json()[0]);
        let changed = format!("{}.{signature}", signed_text(header, &proof.json()[1]));
        self.unrefreshed("header changed after signing", "the signature is not valid", changed);

        let flipped = {
            let proof = self.registration();
            let mut bytes = self.device.sign(proof.text().as_bytes());
            bytes[40] ^= 0x10;
            proof.with_signature(&bytes)
        };
        self.unregistered("registration: signature changed", "the signature is not valid", flipped);
        let proof = self.registration();
        let by_another = proof.with_signature(&self.other.sign(proof.text().as_bytes()));
        let reason = "the signature is not valid";
        self.unregistered("registration: key of another device", reason, by_another);
    }
}
