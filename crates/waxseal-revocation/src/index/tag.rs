//! What stands for a user where the name would take too much room.

use std::hash::{BuildHasher as _, RandomState};

/// 48 bits of a hash under this process's own key, so that nobody can choose a
/// user name that has the tag of another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tag(pub(super) [u8; 6]);

/// The key.
#[derive(Debug, Default)]
pub(super) struct Tags(RandomState);

impl Tags {
    pub(super) fn hash(&self, sub: &str) -> u64 {
        self.0.hash_one(sub)
    }

    /// The tag of a user; never the one that stands for nobody.
    pub(super) fn of(&self, sub: &str) -> Tag {
        let [first, second, third, fourth, fifth, sixth, ..] = self.hash(sub).to_le_bytes();
        Tag([first | 1, second, third, fourth, fifth, sixth])
    }
}

impl Tag {
    /// For sessions without a user.
    pub(super) const NOBODY: Self = Self([0; 6]);

    /// For a table of tags.
    pub(super) const fn spread(self) -> u64 {
        let [first, second, third, fourth, fifth, sixth] = self.0;
        let tag = u64::from_le_bytes([first, second, third, fourth, fifth, sixth, 0, 0]);
        tag.wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }
}
