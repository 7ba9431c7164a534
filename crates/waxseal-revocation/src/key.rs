//! The keys of sessions and users in the list: 16 bytes each.

use std::{
    fmt,
    hash::{BuildHasherDefault, Hash, Hasher},
};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

/// A session in the list: the 128 bits of a session ID that waxseal has issued, or the
/// first half of the SHA-256 of another one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SessionKey(pub(crate) [u8; 16]);

impl SessionKey {
    /// The key of the session with this session ID.
    #[must_use]
    pub fn new(id: &str) -> Self {
        Self::decode(id).unwrap_or_else(|| Self(hash(b"waxseal session\0", id)))
    }

    /// The bits of an ID in the one form that waxseal writes.
    fn decode(id: &str) -> Option<Self> {
        if id.len() != 22 {
            return None;
        }
        // The decoder needs room for whole groups, and refuses trailing bits.
        let mut bytes = [0; 18];
        let len = BASE64_URL_SAFE_NO_PAD.decode_slice(id, &mut bytes).ok()?;
        bytes.get(..len)?.try_into().ok().map(Self)
    }
}

/// The session ID, if waxseal has issued it; otherwise the hash in base64url.
impl fmt::Display for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64_URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for SessionKey {
    // A session ID does not belong in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionKey(..)")
    }
}

/// A user in the list: the first half of the SHA-256 of `"waxseal user\0"` and the user.
/// The list does not contain users in plain text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct UserKey(pub(crate) [u8; 16]);

impl UserKey {
    /// Stands for the user of a session without a user.
    pub(crate) const NONE: Self = Self([0; 16]);

    /// The key of this user.
    #[must_use]
    pub fn new(user: &str) -> Self {
        Self(hash(b"waxseal user\0", user))
    }

    pub(crate) fn of(user: Option<&str>) -> Self {
        user.map_or(Self::NONE, Self::new)
    }
}

/// 22 characters of base64url.
impl fmt::Display for UserKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64_URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for UserKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserKey(..)")
    }
}

/// The hasher of tables by key. A key is random or a hash already, and no client chooses it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct KeyHasher(u64);

pub(crate) type ByKey = BuildHasherDefault<KeyHasher>;

impl Hasher for KeyHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64((*byte).into());
        }
    }

    fn write_u64(&mut self, part: u64) {
        self.0 = (self.0 ^ part).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Folds both halves, because IDs of other issuers can be equal in one of them.
fn fold(key: [u8; 16]) -> u64 {
    let key = u128::from_le_bytes(key);
    u64::try_from(key & u128::from(u64::MAX)).unwrap_or(0) ^ u64::try_from(key >> 64).unwrap_or(0)
}

impl Hash for SessionKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(fold(self.0));
    }
}

impl Hash for UserKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(fold(self.0));
    }
}

fn hash(kind: &[u8], text: &str) -> [u8; 16] {
    let digest: [u8; 32] = Sha256::new().chain_update(kind).chain_update(text).finalize().into();
    digest.first_chunk().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::{collections::HashSet, hash::BuildHasher as _};

    use super::*;

    #[test]
    fn an_issued_id_is_its_own_key_and_any_other_is_hashed() {
        let id = "AAECAwQFBgcICQoLDA0ODw";
        assert_eq!(SessionKey::new(id).0, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
        assert_eq!(SessionKey::new(id).to_string(), id);
        // The last character has bits that are not part of the ID.
        for other in ["AAECAwQFBgcICQoLDA0ODx", "AAECAwQFBgcICQoLDA0OD=", "", "a", "é"] {
            assert_ne!(SessionKey::new(other), SessionKey::new(id), "{other}");
            assert_ne!(SessionKey::new(other).to_string(), other);
        }
    }

    #[test]
    fn a_user_is_hashed_as_documented() {
        // printf 'waxseal user\0susan' | sha256sum
        assert_eq!(UserKey::new("susan").0, USER);
        assert_ne!(UserKey::new(""), UserKey::NONE);
        assert_eq!(UserKey::of(None), UserKey::NONE);
    }

    /// Keys that differ in one half only are not in one place of a table.
    #[test]
    fn both_halves_of_a_key_count_for_its_hash() {
        let halves = [(3, 1), (1, 2), (3, 2), (4, 0), (8, 0), (0, 5)];
        let keys = halves.map(|(low, high): (u128, u128)| (high << 64 | low).to_le_bytes());
        let hash = |key: &dyn Fn([u8; 16]) -> u64| keys.map(key).into_iter().collect();
        let sessions: HashSet<u64> = hash(&|key| ByKey::default().hash_one(SessionKey(key)));
        let users: HashSet<u64> = hash(&|key| ByKey::default().hash_one(UserKey(key)));
        assert_eq!((sessions.len(), users.len()), (keys.len(), keys.len()));
    }

    const USER: [u8; 16] = [
        0x18, 0xfa, 0xcb, 0xc8, 0x0d, 0x2a, 0xe0, 0xbf, 0x5a, 0xb2, 0x2c, 0x41, 0xfb, 0x5e, 0x3a,
        0xaf,
    ];
}
