//! The input is an item of the stream in Redis, with any fields. Revocation files have
//! no target, because redb decodes them, and redb panics on some damaged files.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use waxseal_revocation::{
    Entry,
    fuzzing::{decode, encode},
};

#[derive(Arbitrary, Debug)]
enum Name {
    Sid,
    Sub,
    Begun,
    Before,
    Other(Vec<u8>),
}

#[derive(Arbitrary, Debug)]
enum Data {
    Time(u64),
    Sid([u8; 16]),
    Bytes(Vec<u8>),
}

fn field((name, value): (Name, Data)) -> (Vec<u8>, Vec<u8>) {
    let name = match name {
        Name::Sid => "sid".into(),
        Name::Sub => "sub".into(),
        Name::Begun => "begun".into(),
        Name::Before => "before".into(),
        Name::Other(name) => name,
    };
    let value = match value {
        Data::Time(secs) => secs.to_string().into(),
        Data::Sid(bits) => data_encoding::BASE64URL_NOPAD.encode(&bits).into(),
        Data::Bytes(bytes) => bytes,
    };
    (name, value)
}

fuzz_target!(|input: (String, Vec<(Name, Data)>)| {
    let (id, fields) = input;
    let fields: Vec<_> = fields.into_iter().map(field).collect();
    let has = |wanted: &str| fields.iter().any(|(name, _)| name == wanted.as_bytes());
    let (has_sid, has_sub) = (has("sid"), has("sub"));
    let Some(entry) = decode(id, fields) else { return };
    // An item about one session or one user never revokes more than that.
    match &entry {
        Entry::All { .. } => assert!(!has_sid && !has_sub),
        Entry::User { .. } => assert!(!has_sid && has_sub),
        _ => assert!(has_sid),
    }
    assert_eq!(decode("1-1".into(), encode(&entry)), Some(entry));
});
