//! An entry as bytes, for the feed of a store: its kind, the user, the key, and a number.

use waxseal_core::UnixTime;

use super::Entry;
use crate::{
    error::StoreFailure,
    key::{SessionKey, UserKey},
    transaction::END_OF_STAMPS,
};

const SESSION: u8 = 1;
const USER: u8 = 2;
const EVERYONE: u8 = 3;
const ISSUED_BEFORE: u8 = 4;

const NO_KEY: [u8; 16] = [0; 16];

impl Entry {
    pub(crate) fn to_bytes(self) -> Vec<u8> {
        let (kind, user, key, number) = match self {
            Self::Session { key, user, since } => {
                (SESSION, user.unwrap_or(UserKey::NONE).0, key.0, since.as_secs())
            }
            Self::User { key, cutoff } => (USER, key.0, NO_KEY, cutoff),
            Self::Everyone { cutoff } => (EVERYONE, NO_KEY, NO_KEY, cutoff),
            Self::IssuedBefore { time } => (ISSUED_BEFORE, NO_KEY, NO_KEY, time.as_secs()),
        };
        [&[kind][..], &user, &key, &number.to_be_bytes()].concat()
    }

    /// An error if the bytes are damaged, or of a newer release.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, StoreFailure> {
        parse(bytes).ok_or_else(|| {
            StoreFailure::new("the revocation store has an entry that this release cannot read")
        })
    }
}

fn parse(bytes: &[u8]) -> Option<Entry> {
    let (kind, rest) = bytes.split_first()?;
    let (user, rest) = rest.split_first_chunk()?;
    let (key, rest) = rest.split_first_chunk()?;
    let number = Some(u64::from_be_bytes(rest.try_into().ok()?)).filter(|n| *n < END_OF_STAMPS)?;
    match (*kind, UserKey(*user), *key) {
        (SESSION, user, key) => Some(Entry::Session {
            key: SessionKey(key),
            user: Some(user).filter(|user| *user != UserKey::NONE),
            since: UnixTime::from_secs(u32::try_from(number).ok()?.into()),
        }),
        (USER, key, NO_KEY) => Some(Entry::User { key, cutoff: number }),
        (EVERYONE, UserKey::NONE, NO_KEY) => Some(Entry::Everyone { cutoff: number }),
        (ISSUED_BEFORE, UserKey::NONE, NO_KEY) => {
            Some(Entry::IssuedBefore { time: UnixTime::from_secs(number) })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_read_as_they_were_written() {
        let (key, user) = (SessionKey::new("a"), UserKey::new("42"));
        let since = UnixTime::from_secs(1_800_000_000);
        let entries = [
            Entry::Session { key, user: Some(user), since },
            Entry::Session { key, user: None, since },
            Entry::User { key: user, cutoff: END_OF_STAMPS - 1 },
            Entry::Everyone { cutoff: 0 },
            Entry::IssuedBefore { time: since },
        ];
        let too_late = Entry::User { key: user, cutoff: END_OF_STAMPS };
        Entry::from_bytes(&too_late.to_bytes()).unwrap_err();
        for entry in entries {
            let bytes = entry.to_bytes();
            assert_eq!(Entry::from_bytes(&bytes).unwrap(), entry);
            for end in 0..bytes.len() {
                assert!(Entry::from_bytes(&bytes[..end]).is_err());
            }
            assert!(Entry::from_bytes(&[&bytes[..], &[0]].concat()).is_err());
        }
    }

    #[test]
    fn unknown_kinds_and_wrong_numbers_are_errors() {
        let valid = Entry::Everyone { cutoff: 7 }.to_bytes();
        for (at, byte) in [(0, 0), (0, 5), (1, 1), (17, 1), (33, 1)] {
            let mut bytes = valid.clone();
            bytes[at] = byte;
            assert!(Entry::from_bytes(&bytes).is_err(), "{at}");
        }
    }
}
