//! Eight bytes of text at once, as one word: its lowest byte comes first.

const ONES: u64 = u64::MAX / 0xFF;

/// How many of eight bytes, from the lowest, come before the first that is a
/// quote, a backslash or a control character.
///
/// Each test sets the high bit of a byte that is one, and perhaps of bytes above
/// it: exact for the first.
#[inline]
pub(super) const fn plain_bytes(bytes: u64) -> usize {
    const fn below(bytes: u64, limit: u8) -> u64 {
        bytes.wrapping_sub(ONES.wrapping_mul(limit as u64)) & !bytes
    }
    const fn equal(bytes: u64, byte: u8) -> u64 {
        below(bytes ^ ONES.wrapping_mul(byte as u64), 1)
    }
    let special = (below(bytes, 0x20) | equal(bytes, b'"') | equal(bytes, b'\\')) & (ONES << 7);
    special.trailing_zeros() as usize / 8
}

/// Whether eight bytes are all digits: 0x30 to 0x39 and nothing else has a 3 in
/// its upper half and keeps it when 6 is added. A carry out of a byte below
/// comes from one that is no digit.
#[inline]
pub(super) const fn are_digits(bytes: u64) -> bool {
    const UPPER: u64 = ONES * 0xF0;
    let more = bytes.wrapping_add(ONES * 6);
    (bytes & UPPER) == ONES * 0x30 && (more & UPPER) == ONES * 0x30
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_bytes_are_counted() {
        for byte in 0..=u8::MAX {
            let plain = byte >= 0x20 && byte != b'"' && byte != b'\\';
            for at in 0..8 {
                for around in [b'a', 0x7f, 0x80, 0xff, b'!', b'#', b'[', b']'] {
                    let mut bytes = [around; 8];
                    bytes[at] = byte;
                    let count = plain_bytes(u64::from_le_bytes(bytes));
                    assert_eq!(count, if plain { 8 } else { at }, "{bytes:?}");
                    // What comes behind the first does not matter.
                    bytes[7] = 0;
                    let count = plain_bytes(u64::from_le_bytes(bytes));
                    assert_eq!(count, if plain { 7 } else { at }, "{bytes:?}");
                }
            }
        }
    }

    #[test]
    fn digits_are_told() {
        for byte in 0..=u8::MAX {
            for at in 0..8 {
                for around in [b'0', b'9'] {
                    let mut bytes = [around; 8];
                    bytes[at] = byte;
                    assert_eq!(
                        are_digits(u64::from_le_bytes(bytes)),
                        byte.is_ascii_digit(),
                        "{bytes:?}"
                    );
                }
            }
        }
    }
}
